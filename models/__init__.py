"""What a trained model is: the bundle on disk, its predictions, calibration, explanations and registry."""
