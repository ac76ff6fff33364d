"""Reads X12 remittances (835) and claims (837): segments, envelopes, balances, and the canonical rows they give."""
