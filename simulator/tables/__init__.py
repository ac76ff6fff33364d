"""From the simulated hospital to the canonical tables, with planted mess and leaks."""
