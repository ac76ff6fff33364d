"""Templates of self-contained HTML pages: one file each, no network requests, and a strict content policy."""
