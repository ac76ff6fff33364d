"""Worklist files: CSV, Excel, HTML, and the scores in Parquet."""
