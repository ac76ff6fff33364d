"""One import from start to finish: every record loaded, looked up, set aside, or quarantined."""
