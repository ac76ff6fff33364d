"""Why a score is what it is, in words: the largest SHAP contributions of a row as sentences of the trade.

Contributions are on the log-odds scale of the model's raw score. What the shown reasons leave out is kept as one last
entry, so that base value plus contributions is the raw score, exactly as explained.
"""

from __future__ import annotations

import calendar
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from features.catalog import Feature
from scoring.worklist import Reason

REST = "all_other"
CODED = ("group_code", "carc", "rarc")
"""Features that show codes: a reader never gets one without what it means."""
NONE = {"count": "no", "dollars": "nothing"}
"""How none at all is said."""
KEPT = 8
"""Reasons kept of each row; the rest is summed into one."""


@cache
def read_codes() -> Mapping[str, Mapping[str, str]]:
    """Read what codes mean, by the feature that shows them."""
    return tomllib.loads(files("scoring").joinpath("codes.toml").read_text("utf-8"))


def show_value(unit: str, value: float | str, *, feature: str = "") -> str:
    """Return a value in the trade's units.

    >>> show_value("dollars", 1234.5), show_value("days", 1.0), show_value("share", 0.256)
    ('$1,234', '1 day', '26%')
    >>> show_value("category", "197", feature="carc")
    '197 (no prior authorisation)'
    """
    if isinstance(value, str):
        codes = read_codes().get(feature)
        if codes is None:
            return value.replace("_", " ")
        meaning = codes.get(value)
        if meaning is None:
            return f"{value} (a code without a meaning on file)" if feature in CODED else value.replace("_", " ")
        return f"{value} ({meaning})" if value.upper() == value else meaning
    return _show_number(unit, value)


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


def explain_rows(
    features: Sequence[Feature], data: pd.DataFrame, contributions: np.ndarray, kept: int = KEPT
) -> list[tuple[Reason, ...]]:
    """Return the reasons of each row, the strongest first, then the sum of all others.

    A feature that another one tells of (`told_by`) adds its contribution there: a rate's reason holds its support's.

    Parameters
    ----------
    features
        The columns of `contributions`, in order; each names a column of `data`.
    data
        Rows x features, and the supports behind rates.
    contributions
        Rows x features, log-odds.
    """
    contributions = _told_together(features, contributions)
    columns = {feature.name: data[feature.name].to_numpy() for feature in features}
    supports = {
        feature.name: data[_support_of(feature)].to_numpy() for feature in features if "{support}" in feature.phrase
    }
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")
    found = []
    for row in range(len(data)):
        reasons: list[Reason] = []
        for place in order[row]:
            if len(reasons) == kept or contributions[row, place] == 0:
                break
            feature = features[place]
            text = _sentence(feature, columns[feature.name][row], supports.get(feature.name), row)
            if text:
                value = columns[feature.name][row]
                known = None if _is_unknown(value) else value if isinstance(value, str) else float(value)
                reasons.append(Reason(feature.name, text, known, float(contributions[row, place])))
        rest = float(contributions[row].sum()) - sum(reason.contribution for reason in reasons)
        reasons.append(Reason(REST, "Everything else taken together", None, rest))
        found.append(tuple(reasons))
    return found


def _told_together(features: Sequence[Feature], contributions: np.ndarray) -> np.ndarray:
    places = {feature.name: place for place, feature in enumerate(features)}
    together = np.zeros_like(contributions)
    for place, feature in enumerate(features):
        together[:, places.get(feature.told_by, place)] += contributions[:, place]
    return together


def top_reasons(reasons: Sequence[Reason], shown: int) -> tuple[Reason, ...]:
    """Return the first reasons, without the sum of all others."""
    return tuple(reason for reason in reasons if reason.feature != REST)[:shown]


def _support_of(feature: Feature) -> str:
    return feature.name.replace("_rate_", "_support_", 1)


def _is_unknown(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _sentence(feature: Feature, value: object, support: np.ndarray | None, row: int) -> str:
    """Return one reason's text; `{s}` in a phrase is the plural's ending."""
    if _is_unknown(value):
        return feature.absent
    known = value if isinstance(value, str) else float(value)  # type: ignore[arg-type]  # a NumPy number
    phrase = feature.phrase
    if feature.low and isinstance(known, float) and (round(known) < 0 or (known == 0 and feature.unit != "days")):
        known, phrase = -known, feature.low
    none = NONE.get(feature.unit) if known == 0 else None
    told = none or show_value(feature.unit, known, feature=feature.name)
    count = 0.0 if support is None or _is_unknown(support[row]) else float(support[row])
    text = phrase.format(value=told, support=f"{count:,.0f}" if round(count) else "none", s="" if known == 1 else "s")
    return text[:1].upper() + text[1:]
