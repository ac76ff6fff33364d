"""Read 835 and 837 files into staged claims, payments, and balances."""
