"""Render a catalog as SQL: the plan of a frame and its steps."""
