"""Reasons in plain English, from SHAP contributions."""
