"""Synthea's CSV output folder as an AR extract: one account a claim, its ledger tied to what the claim says is due."""
