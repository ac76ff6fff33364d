"""Write the simulated hospital as canonical tables, with realistic noise and optional leaks."""
