"""Load an extract into DuckDB: staging, quarantine, duplicate keys, and control totals."""
