"""Plausibility checks beyond the contract: sums, dates, volume, codes, and references between tables."""
