"""Read Excel workbooks as tables, from their XML, without running anything."""
