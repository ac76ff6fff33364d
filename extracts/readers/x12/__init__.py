"""Import X12 remittances (835) and claims (837)."""
