"""Templates of the pages that people open: one file each, no request to anywhere, under a strict content policy."""
