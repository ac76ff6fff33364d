"""The contract of the canonical extract: tables, columns, metadata, parsing, and file names."""
