"""Rules that no score outranks, as dated data with citations."""
