"""The patient-pay list: accounts, households, and who gets a line."""
