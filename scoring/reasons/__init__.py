"""Reasons in words, from SHAP contributions."""
