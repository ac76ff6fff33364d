"""The denial list: values up to the deadline, and the day on which to work each denial."""
