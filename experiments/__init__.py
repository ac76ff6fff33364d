"""Experiments: questions about data and speed, each with the command that answers it and its results."""
