"""SQL dialects: small records of pure text, with no database driver.

A dialect enters together with an engine that runs it in the tests. DuckDB, Spark, and PostgreSQL have one.
"""
