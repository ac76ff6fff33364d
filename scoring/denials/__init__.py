"""The denial list: values up to the deadline, and the day to work."""
