"""The page of `payrank check`."""
