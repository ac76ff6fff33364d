"""The canonical AR extract: its contract, loading, checks, and the readers that import other formats."""
