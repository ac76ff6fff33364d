"""Exact SHAP values from precomputed tables."""
