"""Engines that run a plan where the tables are: DuckDB in this process, Spark, and PostgreSQL."""
