"""Point-in-time features: who is scored as of when, what was known then, and what happened after."""
