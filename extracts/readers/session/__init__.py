"""One import from start to finish: every record loaded, looked up, skipped, or quarantined."""
