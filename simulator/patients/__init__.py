"""Patient balances, and how patients and the billing office behave."""
