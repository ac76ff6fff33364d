"""How each engine besides DuckDB spells what we render: small records, pure text, no driver."""
