"""The next action for each line: what it is, what it costs, and the present value of a recovery."""
