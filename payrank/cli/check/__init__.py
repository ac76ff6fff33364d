"""`payrank check`: the checks and their page."""
