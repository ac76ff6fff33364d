"""The report of a run, its audit, and the changes since the run before."""
