"""`payrank models`: list, show, compare, promote, roll back, export."""
