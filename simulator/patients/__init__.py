"""What patients of the simulated hospital owe, and how they and the office behave."""
