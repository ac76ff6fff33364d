"""The canonical tables as a contract: columns, metadata, parsing, and which file holds which table."""
