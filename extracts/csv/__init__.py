"""Read CSV as bytes, records, and DuckDB relations, without losing a line."""
