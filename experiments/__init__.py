"""Questions asked of data, each with its command and its figures."""
