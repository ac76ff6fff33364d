"""Publish a run atomically, and remove old runs."""
