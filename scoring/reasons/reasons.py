"""Why a score is what it is, in words: the largest SHAP contributions of a row as sentences of the trade.

Contributions are on the log-odds scale of the model's raw score. Features that say the same are one reason, and what
the shown reasons leave out is kept as one last entry: base value plus contributions is the raw score, as explained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from payrank.features.feature import Feature
from payrank.features.sources import HistoricalRate, RateSupport
from payrank.scoring.reasons.format_values import NONE, show_key, show_support, show_value
from payrank.scoring.worklist import Reason

REST = "all_other"
KEPT = 8
"""Reasons kept of each row; the rest is summed into one."""
SETTLED, PAST, DAYS = "household_settled_share", "household_past_accounts", "household_days_to_pay"
"""How a household paid before: one sentence tells all three."""


def explain_rows(
    features: Sequence[Feature],
    data: pd.DataFrame,
    contributions: np.ndarray,
    kept: int = KEPT,
    together: Iterable[Sequence[str]] = (),
) -> list[tuple[Reason, ...]]:
    """Return the reasons of each row, the strongest first, then the sum of all others.

    Features that say the same add up to one reason (see `join_features`), which the member that pulls hardest in the
    sum's direction tells.

    Parameters
    ----------
    features
        The columns of `contributions`, in order; each names a column of `data`.
    data
        Rows x features, and the supports behind rates.
    contributions
        Rows x features, log-odds.
    together
        Names of features that the model's training found to say the same.
    """
    groups = join_features(features, together)
    sums = np.column_stack([contributions[:, group].sum(axis=1) for group in groups])
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")
    speaker = _Speaker(features, data)
    found = []
    for row in range(len(data)):
        reasons: list[Reason] = []
        for place in order[row]:
            total = float(sums[row, place])
            if len(reasons) == kept or total == 0:
                break
            reason = _tell(groups[place], contributions[row], total, speaker, row)
            if reason is not None:
                reasons.append(reason)
        rest = float(contributions[row].sum()) - sum(reason.contribution for reason in reasons)
        reasons.append(Reason(REST, "Everything else taken together", None, rest))
        found.append(tuple(reasons))
    return found


def join_features(features: Sequence[Feature], together: Iterable[Sequence[str]] = ()) -> list[list[int]]:
    """Return the places of the features that make one reason each.

    One reason are: a rate, its support and its recent twin with the class or code that they are of; a feature and the
    one that tells of it (`told_by`); how the household paid before; and what `together` names.
    """
    places = {feature.name: place for place, feature in enumerate(features)}
    first = list(range(len(features)))

    def join(names: Iterable[str]) -> None:
        known = [first[places[name]] for name in names if name in places]
        for place, group in enumerate(first):
            if group in known:
                first[place] = min(known)

    by_keys: dict[tuple[str, ...], list[str]] = {}
    for feature in features:
        if isinstance(feature.source, HistoricalRate | RateSupport):
            by_keys.setdefault(feature.source.keys, list(feature.source.keys[:1] * (len(feature.source.keys) == 1)))
            by_keys[feature.source.keys].append(feature.name)
        if feature.explained_by:
            join((feature.name, feature.explained_by))
    for names in (*by_keys.values(), (SETTLED, PAST, DAYS), *together):
        join(names)
    groups: dict[int, list[int]] = {}
    for place, group in enumerate(first):
        groups.setdefault(group, []).append(place)
    return list(groups.values())


def _tell(group: Sequence[int], of_row: np.ndarray, total: float, speaker: _Speaker, row: int) -> Reason | None:
    """Return a group's reason, told by the member with words that pulls hardest in the sum's direction."""
    names = {speaker.features[place].name for place in group}
    able = [place for place in group if speaker.features[place].explained_by not in names]
    for place in sorted(able, key=lambda place: -of_row[place] * math.copysign(1, total)):
        text = speaker.sentence(place, row)
        if text:
            value = speaker.columns[place][row]
            known = None if _is_unknown(value) else value if isinstance(value, str) else float(value)
            return Reason(speaker.features[place].name, text, known, total)
    return None


def top_reasons(reasons: Sequence[Reason], shown: int) -> tuple[Reason, ...]:
    """Return the first reasons, without the sum of all others."""
    return tuple(reason for reason in reasons if reason.feature != REST)[:shown]


class _Speaker:
    """Says a feature's value of a row; holds the columns that sentences need."""

    def __init__(self, features: Sequence[Feature], data: pd.DataFrame) -> None:
        self.features = features
        self.columns = [data[feature.name].to_numpy() for feature in features]
        rates = [feature for feature in features if isinstance(feature.source, HistoricalRate)]
        wanted = {_support_of(rate) for rate in rates} | {key for rate in rates for key in _keys(rate)}
        wanted |= {SETTLED, PAST, DAYS}
        self._beside: Mapping[str, np.ndarray] = {
            name: data[name].to_numpy() for name in wanted if name in data.columns
        }

    def sentence(self, place: int, row: int) -> str:
        """Return one reason's text, or nothing where there are no words for it."""
        feature, value = self.features[place], self.columns[place][row]
        if feature.name in (SETTLED, PAST, DAYS):
            paid = self._paid_before(row)
            if paid:
                return paid
        if _is_unknown(value):
            return feature.when_unknown
        known = value if isinstance(value, str) else float(value)
        phrase = feature.phrase
        if (
            feature.when_zero
            and isinstance(known, float)
            and (round(known) < 0 or (known == 0 and feature.unit != "days"))
        ):
            known, phrase = -known, feature.when_zero
        none = NONE.get(feature.unit) if known == 0 else None
        told = none or show_value(feature.unit, known, feature=feature.name)
        like = ", ".join(show_key(key, self._of(key, row)) for key in _keys(feature))
        rate = isinstance(feature.source, HistoricalRate)
        support = show_support(self._number(_support_of(feature), row) or 0.0) if rate else ""
        text = phrase.format(value=told, support=support, like=like, s="" if known == 1 else "s")
        return text[:1].upper() + text[1:]

    def _paid_before(self, row: int) -> str:
        share, count, days = (self._number(name, row) for name in (SETTLED, PAST, DAYS))
        if share is None or not count:
            return ""
        paid, of = round(share * count), round(count)
        told = f"Paid {paid or 'none'} of {of:,} earlier balance{'' if of == 1 else 's'} in full"
        if not paid or days is None or round(days) < 0:
            return told
        return f"{told}, typically in {show_value('days', days)}"

    def _of(self, name: str, row: int) -> Any:
        return self._beside[name][row] if name in self._beside else None

    def _number(self, name: str, row: int) -> float | None:
        value = self._of(name, row)
        return None if _is_unknown(value) else float(value)


def _keys(feature: Feature) -> tuple[str, ...]:
    return feature.source.keys if isinstance(feature.source, HistoricalRate | RateSupport) else ()


def _support_of(feature: Feature) -> str:
    return feature.name.replace("_rate_", "_support_", 1)


def _is_unknown(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
