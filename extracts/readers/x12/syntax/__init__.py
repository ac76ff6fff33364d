"""X12 syntax: delimiters, envelopes, segments, and elements."""
