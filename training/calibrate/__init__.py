"""Calibrating on recent matured labels, adjusted for season."""
