"""How a feature's value is told: in the units of the trade, a code never without what it means."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping

from payrank.extracts.codes.descriptions import read_descriptions
from payrank.extracts.contract.privacy import MIN_PEOPLE

CODED = ("group_code", "carc", "rarc")
"""Features that show codes: a reader never gets one without what it means."""
NONE = {"count": "no", "dollars": "nothing"}
"""How none at all is said."""
LONGEST_WORD = 60
"""Characters of a site's own word that a sentence shows."""

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def show_value(unit: str, value: float | str, *, feature: str = "") -> str:
    """Return a value in the trade's units.

    >>> show_value("dollars", 1234.5), show_value("days", 1.0), show_value("share", 0.256)
    ('$1,234', '1 day', '26%')
    >>> show_value("category", "197", feature="carc")
    '197 (no prior authorization)'
    """
    return show_word(value, feature) if isinstance(value, str) else _show_number(unit, value)


def show_word(value: str, feature: str) -> str:
    """Return a category's value in words: a code with its meaning, a site's own word as it is, on one short line.

    >>> show_word("workers_comp", "payer_class"), show_word("UNKNOWN", "service_line")
    ("workers' compensation", 'unknown')
    """
    codes = read_descriptions().get(feature, {})
    meaning = codes.get(value)
    if meaning is not None:
        return f"{value} ({meaning})" if feature in CODED else meaning
    plain = " ".join(_UNSEEN.sub(" ", value.replace("_", " ")).split())
    plain = plain if len(plain) <= LONGEST_WORD else plain[: LONGEST_WORD - 1] + "\u2026"
    if feature in CODED:
        return f"{plain} (a code without a meaning on file)"
    return "unknown" if plain.lower() in {"unknown", ""} else plain


def show_support(count: float) -> str:
    """Return how many earlier outcomes stand behind a rate.

    >>> show_support(1152.0), show_support(3.0), show_support(0.2)
    ('1,152', 'fewer than 11', 'none')
    """
    if round(count) < 1:
        return "none"
    return f"{count:,.0f}" if round(count) >= MIN_PEOPLE else f"fewer than {MIN_PEOPLE}"


_OF_KEY: Mapping[str, str] = {
    "payer_id": "this payer",
    "carc": "reason {}",
    "rarc": "remark {}",
    "group_code": "group {}",
}


def show_key(key: str, value: object) -> str:
    """Return what a rate is of, for one of its keys.

    >>> show_key("carc", "16"), show_key("payer_class", "medicare"), show_key("site_clinic", "north")
    ('reason 16 (information missing or wrong)', 'Medicare', 'clinic north')
    """
    named = key.removeprefix("site_").replace("_", " ")
    if key == "payer_id" or not isinstance(value, str):
        return _OF_KEY["payer_id"] if key == "payer_id" else f"this {named}"
    pattern = _OF_KEY.get(key, f"{named} {{}}" if key.startswith("site_") else "{}")
    return pattern.replace("{}", show_word(value, key))


def _show_number(unit: str, value: float) -> str:
    show = _SHOWN.get(unit)
    if show is not None:
        return show(value)
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.1f}"


def _show_dollars(value: float) -> str:
    return f"-${-value:,.0f}" if value <= -0.5 else f"${abs(value):,.0f}"


def _show_days(value: float) -> str:
    whole = round(value)
    return f"{whole:,} day" + ("" if abs(whole) == 1 else "s")


def _show_evidence(value: float) -> str:
    if abs(value) < 0.1:
        return "about average"
    return ("well " if abs(value) > 1 else "") + ("above average" if value > 0 else "below average")


_SHOWN: Mapping[str, Callable[[float], str]] = {
    "dollars": _show_dollars,
    "days": _show_days,
    "share": lambda value: f"{value:.0%}",
    "rate": lambda value: f"{value:.0%}",
    "yes/no": lambda value: "yes" if value >= 0.5 else "no",
    "month": lambda value: calendar.month_name[int(value)],
    "weekday": lambda value: calendar.day_name[int(value) - 1],
    "log odds": _show_evidence,
}
"""How a value of each unit is told."""
