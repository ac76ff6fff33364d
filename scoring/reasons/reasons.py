"""Explain scores in plain English: the largest SHAP contributions of each row as sentences.

Contributions are on the log-odds scale of the model's raw score. Correlated features are combined into one reason, and
a last entry sums whatever the other reasons leave out, so base value plus contributions is always the raw score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from payrank.features.feature import Feature
from payrank.features.sources import HistoricalRate, RateSupport
from payrank.scoring.reasons.format_values import ZERO_TEXTS, format_rate_key, format_support, format_value
from payrank.scoring.worklist import Reason

REST = "all_other"
MAX_REASONS = 8
"""Reasons per row; the rest is summed into one entry."""
SETTLED_SHARE, PAST_ACCOUNTS, DAYS_TO_PAY = (
    "household_settled_share",
    "household_past_accounts",
    "household_days_to_pay",
)
"""How the household paid earlier balances: one sentence covers all three features."""


def explain_rows(
    features: Sequence[Feature],
    data: pd.DataFrame,
    contributions: np.ndarray,
    max_reasons: int = MAX_REASONS,
    correlated: Iterable[Sequence[str]] = (),
) -> list[tuple[Reason, ...]]:
    """Return the reasons for each row, strongest first, then the sum of all others.

    The contributions of features that carry the same information add up to one reason (see `group_features`). Its text
    comes from the feature that contributes most in the direction of the sum.

    Parameters
    ----------
    features
        The columns of `contributions`, in order; each is also a column of `data`.
    data
        Shape (rows, features), plus the support columns of the rates.
    contributions
        SHAP values in log-odds, shape (rows, features).
    correlated
        Groups of feature names that training found to rank rows alike.
    """
    groups = group_features(features, correlated)
    sums = np.column_stack([contributions[:, group].sum(axis=1) for group in groups])
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")
    writer = _ReasonWriter(features, data)
    explained = []
    for row in range(len(data)):
        reasons: list[Reason] = []
        for position in order[row]:
            total = float(sums[row, position])
            if len(reasons) == max_reasons or total == 0:
                break
            reason = _group_reason(groups[position], contributions[row], total, writer, row)
            if reason is not None:
                reasons.append(reason)
        rest = float(contributions[row].sum()) - sum(reason.contribution for reason in reasons)
        reasons.append(Reason(REST, "All other factors combined", None, rest))
        explained.append(tuple(reasons))
    return explained


def group_features(features: Sequence[Feature], correlated: Iterable[Sequence[str]] = ()) -> list[list[int]]:
    """Return the positions of the features that make up each reason.

    One reason combines: a rate, its support, and its recent version with the class or code they refer to; a feature and
    the one that describes it (`explained_by`); how the household paid before; and each group in `correlated`.
    """
    positions = {feature.name: position for position, feature in enumerate(features)}
    first = list(range(len(features)))

    def join(names: Iterable[str]) -> None:
        joined = [first[positions[name]] for name in names if name in positions]
        for position, group in enumerate(first):
            if group in joined:
                first[position] = min(joined)

    by_keys: dict[tuple[str, ...], list[str]] = {}
    for feature in features:
        if isinstance(feature.source, HistoricalRate | RateSupport):
            by_keys.setdefault(feature.source.keys, list(feature.source.keys[:1] * (len(feature.source.keys) == 1)))
            by_keys[feature.source.keys].append(feature.name)
        if feature.explained_by:
            join((feature.name, feature.explained_by))
    for names in (*by_keys.values(), (SETTLED_SHARE, PAST_ACCOUNTS, DAYS_TO_PAY), *correlated):
        join(names)
    groups: dict[int, list[int]] = {}
    for position, group in enumerate(first):
        groups.setdefault(group, []).append(position)
    return list(groups.values())


def _group_reason(
    group: Sequence[int], contributions: np.ndarray, total: float, writer: _ReasonWriter, row: int
) -> Reason | None:
    """Return a group's reason, in the words of the feature that contributes most in the direction of the sum."""
    names = {writer.features[position].name for position in group}
    candidates = [position for position in group if writer.features[position].explained_by not in names]
    for position in sorted(candidates, key=lambda position: -contributions[position] * math.copysign(1, total)):
        text = writer.sentence(position, row)
        if text:
            value = writer.columns[position][row]
            known = None if _is_unknown(value) else value if isinstance(value, str) else float(value)
            return Reason(writer.features[position].name, text, known, total)
    return None


def top_reasons(reasons: Sequence[Reason], shown: int) -> tuple[Reason, ...]:
    """Return the strongest reasons, without the sum of all others."""
    return tuple(reason for reason in reasons if reason.feature != REST)[:shown]


class _ReasonWriter:
    """Writes the sentence for a feature's value in a row; holds the columns that the sentences need."""

    def __init__(self, features: Sequence[Feature], data: pd.DataFrame) -> None:
        self.features = features
        self.columns = [data[feature.name].to_numpy() for feature in features]
        rates = [feature for feature in features if isinstance(feature.source, HistoricalRate)]
        needed = {_support_of(rate) for rate in rates} | {key for rate in rates for key in _keys(rate)}
        needed |= {SETTLED_SHARE, PAST_ACCOUNTS, DAYS_TO_PAY}
        self._other_columns: Mapping[str, np.ndarray] = {
            name: data[name].to_numpy() for name in needed if name in data.columns
        }

    def sentence(self, position: int, row: int) -> str:
        """Return the text of one reason; empty where the feature has none."""
        feature, value = self.features[position], self.columns[position][row]
        if feature.name in (SETTLED_SHARE, PAST_ACCOUNTS, DAYS_TO_PAY):
            paid = self._paid_before(row)
            if paid:
                return paid
        if _is_unknown(value):
            return feature.when_unknown
        known = value if isinstance(value, str) else float(value)
        phrase = feature.phrase
        below_one = isinstance(known, float) and (round(known) < 0 or (known == 0 and feature.unit != "days"))
        if feature.when_zero and below_one and isinstance(known, float):
            known, phrase = -known, feature.when_zero
        zero = ZERO_TEXTS.get(feature.unit) if known == 0 else None
        shown = zero or format_value(feature.unit, known, feature=feature.name)
        like = ", ".join(format_rate_key(key, self._value(key, row)) for key in _keys(feature))
        rate = isinstance(feature.source, HistoricalRate)
        support = format_support(self._number(_support_of(feature), row) or 0.0) if rate else ""
        text = phrase.format(value=shown, support=support, like=like, s="" if known == 1 else "s")
        return text[:1].upper() + text[1:]

    def _paid_before(self, row: int) -> str:
        share, count, days = (self._number(name, row) for name in (SETTLED_SHARE, PAST_ACCOUNTS, DAYS_TO_PAY))
        if share is None or not count:
            return ""
        paid, total = round(share * count), round(count)
        text = f"Paid {paid or 'none'} of {total:,} earlier balance{'' if total == 1 else 's'} in full"
        if not paid or days is None or round(days) < 0:
            return text
        return f"{text}, typically in {format_value('days', days)}"

    def _value(self, name: str, row: int) -> Any:
        return self._other_columns[name][row] if name in self._other_columns else None

    def _number(self, name: str, row: int) -> float | None:
        value = self._value(name, row)
        return None if _is_unknown(value) else float(value)


def _keys(feature: Feature) -> tuple[str, ...]:
    return feature.source.keys if isinstance(feature.source, HistoricalRate | RateSupport) else ()


def _support_of(feature: Feature) -> str:
    return feature.name.replace("_rate_", "_support_", 1)


def _is_unknown(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
