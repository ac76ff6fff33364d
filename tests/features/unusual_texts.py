"""Texts that the contract's rules read or refuse: one unusual cell per row, the others valid."""

from __future__ import annotations

TEXT_KINDS = ("denial_id", "denied_on", "denied_amount", "appeal_due_on", "beds", "urgent", "level_of_care")

_GOOD = ("2026-01-01", "1.50", "2026-02-01", "2.5", "true", "7")

_DAYS = (
    "2024-02-29", "2026-02-29", "1900-02-29", "2000-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00",
    "2026-1-1", "20260101", "2026-01-01 00:00:00", " 2026-01-01", "1900-01-01", "9999-12-31", "1901-01-01",
    "1900-12-31", "2199-12-31", "2200-01-01", "0000-01-01", "infinity", "epoch", "2026-01-01\t", "yesterday",
)  # fmt: skip
_DOLLARS = (
    "0", "-0.00", "12", "12.5", "-12.50", "12.505", "1e3", "$12", "1,200", ".5", "5.", "+5", "9999999999999999.99",
    "12345678901234567", "00012.30", "NaN", "١٢", "(5)", "--5",
)  # fmt: skip
_NUMBERS = (
    "0", "-0.5", "1e10", "1E-10", "1e400", "1e308", "1e-320", "1e-400", "-1e309", "NaN", "inf", "0x10", "1_000",
    "12345678901234567890.123", "1e5000",
)  # fmt: skip
_BOOLEANS = ("true", "false", "1", "0", "True", "yes", "t", "2")

ODD_TEXTS = (
    *((day, *_GOOD[1:]) for day in _DAYS),
    *((*_GOOD[:1], amount, *_GOOD[2:]) for amount in _DOLLARS if "," not in amount),
    *((*_GOOD[:2], day, *_GOOD[3:]) for day in _DAYS),
    *((*_GOOD[:3], number, *_GOOD[4:]) for number in _NUMBERS),
    *((*_GOOD[:4], word, *_GOOD[5:]) for word in _BOOLEANS),
    *((*_GOOD[:1], "", "", "", "", "") for _ in range(1)),
)
"""Rows of six cells in the order of `TEXT_KINDS` after the ID."""
