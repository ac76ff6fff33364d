"""Calibration methods and their adjustment by ratio and shift."""
