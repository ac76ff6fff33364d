"""Models of earlier periods scored on later ones."""
