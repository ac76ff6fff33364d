"""Features that a site declares for itself in its settings or its extract."""
