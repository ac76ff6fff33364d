"""Leakage probes: find features, columns, and tables that contain information from the future."""
