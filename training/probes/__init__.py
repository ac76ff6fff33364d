"""Checks for leakage and for features that a model should not lean on."""
