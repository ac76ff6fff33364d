"""Predicted vs. actual for earlier runs."""
