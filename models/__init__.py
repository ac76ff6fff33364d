"""Trained models: the bundle on disk, predictions, calibration, explanations, monitoring, and the registry."""
