"""Point-in-time features: the population as of a date, what was known about it then, and what happened afterward."""
