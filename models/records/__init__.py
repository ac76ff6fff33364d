"""The records that a bundle's manifest holds about its training."""
