"""Find, recognize, and stage the tables of an Epic export."""
