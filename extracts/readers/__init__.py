"""Readers of other systems' formats: each fills the canonical tables, and accounts for every record that it read."""
