"""People, visits, coverage, and payers of the simulated hospital."""
