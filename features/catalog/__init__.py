"""The feature catalogs of accounts and denials, one module per family."""
