"""Format a feature's value for a reader: in its usual unit, and a code never without its meaning."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping

from payrank.extracts.codes.descriptions import read_descriptions
from payrank.extracts.contract.privacy import MIN_PEOPLE

CODED = ("group_code", "carc", "rarc")
"""Features whose values are codes: always shown with their meaning."""
ZERO_TEXTS = {"count": "no", "dollars": "nothing"}
"""How zero is written, by unit."""
MAX_CATEGORY_LENGTH = 60
"""Characters of a site's own category that a sentence shows."""

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def format_value(unit: str, value: float | str, *, feature: str = "") -> str:
    """Return a value in its usual unit.

    >>> format_value("dollars", 1234.5), format_value("days", 1.0), format_value("share", 0.256)
    ('$1,234', '1 day', '26%')
    >>> format_value("category", "197", feature="carc")
    '197 (no prior authorization)'
    """
    return format_category(value, feature) if isinstance(value, str) else _format_number(unit, value)


def format_category(value: str, feature: str) -> str:
    """Return a category's text: a code with its meaning, a site's own category as it is, on one short line.

    >>> format_category("workers_comp", "payer_class"), format_category("UNKNOWN", "service_line")
    ("workers' compensation", 'unknown')
    """
    codes = read_descriptions().get(feature, {})
    meaning = codes.get(value)
    if meaning is not None:
        return f"{value} ({meaning})" if feature in CODED else meaning
    plain = " ".join(_INVISIBLE.sub(" ", value.replace("_", " ")).split())
    plain = plain if len(plain) <= MAX_CATEGORY_LENGTH else plain[: MAX_CATEGORY_LENGTH - 1] + "\u2026"
    if feature in CODED:
        return f"{plain} (no description on file)"
    return "unknown" if plain.lower() in {"unknown", ""} else plain


def format_support(count: float) -> str:
    """Return how many earlier outcomes a rate is based on.

    >>> format_support(1152.0), format_support(3.0), format_support(0.2)
    ('1,152', 'fewer than 11', 'no')
    """
    if round(count) < 1:
        return "no"
    return f"{count:,.0f}" if round(count) >= MIN_PEOPLE else f"fewer than {MIN_PEOPLE}"


_KEY_TEXTS: Mapping[str, str] = {
    "payer_id": "this payer",
    "carc": "CARC {}",
    "rarc": "RARC {}",
    "group_code": "group {}",
}


def format_rate_key(key: str, value: object) -> str:
    """Return what a rate refers to, for one of its keys.

    >>> format_rate_key("carc", "16"), format_rate_key("site_clinic", "north")
    ('CARC 16 (information missing or wrong)', 'clinic north')
    """
    label = key.upper() if key in ("carc", "rarc") else key.removeprefix("site_").replace("_", " ")
    if key == "payer_id" or not isinstance(value, str):
        return _KEY_TEXTS["payer_id"] if key == "payer_id" else f"this {label}"
    pattern = _KEY_TEXTS.get(key, f"{label} {{}}" if key.startswith("site_") else "{}")
    return pattern.replace("{}", format_category(value, key))


def _format_number(unit: str, value: float) -> str:
    formatter = _FORMATTERS.get(unit)
    if formatter is not None:
        return formatter(value)
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.1f}"


def _format_dollars(value: float) -> str:
    return f"-${-value:,.0f}" if value <= -0.5 else f"${abs(value):,.0f}"


def _format_days(value: float) -> str:
    whole = round(value)
    return f"{whole:,} day" + ("" if abs(whole) == 1 else "s")


def _format_log_odds(value: float) -> str:
    if abs(value) < 0.1:
        return "about average"
    return ("well " if abs(value) > 1 else "") + ("above average" if value > 0 else "below average")


_FORMATTERS: Mapping[str, Callable[[float], str]] = {
    "dollars": _format_dollars,
    "days": _format_days,
    "share": lambda value: f"{value:.0%}",
    "rate": lambda value: f"{value:.0%}",
    "yes/no": lambda value: "yes" if value >= 0.5 else "no",
    "month": lambda value: calendar.month_name[int(value)],
    "weekday": lambda value: calendar.day_name[int(value) - 1],
    "log odds": _format_log_odds,
}
"""How a value of each unit is formatted."""
