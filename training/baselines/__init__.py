"""Simple rankers that a model has to beat."""
