"""What the simulator knows and an extract hides: chances, dollars, and the best possible ranking."""
