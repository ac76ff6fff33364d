"""Fitting and tuning LightGBM boosters."""
