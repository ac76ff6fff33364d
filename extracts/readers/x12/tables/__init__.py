"""Convert staged X12 records to canonical tables."""
