"""Scheduling lines over working days within capacity."""
