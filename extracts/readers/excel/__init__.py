"""Excel workbooks as tables, read from their XML without running anything."""
