"""Metrics with confidence intervals over households."""
