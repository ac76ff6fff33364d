"""Claims of the simulated hospital: remittances, denials, appeals, takebacks."""
