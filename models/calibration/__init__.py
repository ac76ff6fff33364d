"""Calibration maps, and their adjustment by segment and for a shifted base rate."""
