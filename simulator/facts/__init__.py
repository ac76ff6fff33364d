"""Published facts that the simulated hospital is checked against."""
