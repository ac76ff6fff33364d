"""Rendering a catalog to SQL: the plan of a frame and its steps."""
