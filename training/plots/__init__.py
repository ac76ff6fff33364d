"""Plots of the design, the metrics, the fairness audit, and SHAP values."""
