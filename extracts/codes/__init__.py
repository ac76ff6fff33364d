"""What claim adjustment codes (CARC, RARC) mean and which of them are never a denial."""
