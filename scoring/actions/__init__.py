"""The next action of each line, what it costs, and what it is worth."""
