"""Features that a site defines in its settings, in addition to the catalog."""
