"""Import sessions: every record of every source file is loaded, used for reference, skipped, or quarantined."""
