"""Metrics by segment, and the fairness audit."""
