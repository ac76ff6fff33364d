"""Finding, recognizing, and staging the tables of an Epic export."""
