"""Reference distributions, drift, and categories not seen in training."""
