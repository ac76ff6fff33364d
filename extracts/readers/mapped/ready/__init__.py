"""Ready-made mappings for systems that publish their field names."""
