"""Typed records of a training, as the manifest of a bundle stores them."""
