"""What the simulator knows and an extract hides: probabilities, expected dollars, and the best possible ranking."""
