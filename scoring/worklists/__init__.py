"""Worklist files: CSV, Excel, HTML, and the score files in Parquet."""
