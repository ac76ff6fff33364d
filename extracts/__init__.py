"""The canonical AR extract: its contract, its loading and checking, readers for other formats, the simulator."""
