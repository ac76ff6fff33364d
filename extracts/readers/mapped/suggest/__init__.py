"""Draft a mapping from the headers and contents of a user's files."""
