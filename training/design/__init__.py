"""The temporal design: which snapshots train, calibrate, and test."""
