"""The model card: one self-contained page per bundle."""
