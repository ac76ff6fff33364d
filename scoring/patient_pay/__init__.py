"""The patient-pay list: accounts, households, and the guarantors who get a line."""
