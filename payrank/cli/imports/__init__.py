"""`payrank import`: other systems' files to canonical AR tables."""
