"""The relations that features read, each cut to what was known before the snapshot."""
