"""Publishing a run all at once, and which earlier runs to keep."""
