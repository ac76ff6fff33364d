"""Who comes to the simulated hospital: people, visits, coverage, payers."""
