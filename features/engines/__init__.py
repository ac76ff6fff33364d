"""Engines besides the embedded DuckDB: the contract judged, and the plan run, where the tables are."""
