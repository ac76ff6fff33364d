"""Mappings of systems whose field names are public."""
