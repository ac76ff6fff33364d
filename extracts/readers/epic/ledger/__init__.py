"""Hospital and professional ledgers of an Epic export."""
