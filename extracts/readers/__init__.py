"""Readers for other systems' formats. Each fills the canonical tables and accounts for every record that it reads."""
