"""The oracle's view of an extract: what was known before a day, computed by loops over plain rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.features.small_extracts import Row, Rows

KNOWN = {
    "accounts": "opened_on",
    "coverages": "known_on",
    "transactions": "posted_on",
    "denials": "denied_on",
    "appeals": "filed_on",
    "contacts": "contacted_on",
    "promises": "made_on",
    "payment_plans": "started_on",
    "flags": "known_on",
}
LATER = {
    "appeals": ("decided_on", "outcome", "recovered_amount"),
    "coverages": ("ended_on",),
    "payment_plans": ("ended_on", "end_reason"),
    "flags": ("ended_on",),
}


def known_before(rows: Rows, day: date) -> Rows:
    """Return the rows known before a day, with values that became known later set to None."""
    seen: Rows = {"payers": [dict(row) for row in rows.get("payers", [])]}
    for name, known_on in KNOWN.items():
        seen[name] = []
        for row in rows.get(name, []):
            if row[known_on] >= day:
                continue
            copy = dict(row)
            later = LATER.get(name)
            if later and (row[later[0]] is None or row[later[0]] >= day):
                copy.update(dict.fromkeys(later))
            seen[name].append(copy)
    return seen


def days_ago(day: date, earlier: date | None) -> int | None:
    """Whole days from an earlier day."""
    return None if earlier is None else (day - earlier).days


def ratio(above: Any, below: Any) -> float | None:
    """Return a quotient, or None if the divisor is zero or negative."""
    return float(above) / float(below) if below is not None and below > 0 else None


def smallest(values: list[Any]) -> Any:
    """Return the smallest known value."""
    known = [value for value in values if value is not None]
    return min(known) if known else None


def largest(values: list[Any]) -> Any:
    """Return the largest known value."""
    known = [value for value in values if value is not None]
    return max(known) if known else None


def mean(values: list[Any]) -> float | None:
    """Return the average of the known values."""
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None


def share(flags: list[bool], weight: float = 0.0, prior: float = 0.0) -> float | None:
    """Return the smoothed share of true values, or None without values."""
    return (sum(flags) + weight * prior) / (len(flags) + weight) if flags else None


def rates(name: str, subject: str, unit: Row, others: list[Row], keys: tuple[str, ...], weight: float = 5.0) -> Row:
    """Return the smoothed rate by keys and its support, from every unit whose outcome is known."""
    judged = [other for other in others if other["outcome"] is not None]
    known = all(unit[key] is not None for key in keys)
    same = [other for other in judged if all(other[key] == unit[key] for key in keys)]
    return {
        f"{subject}_rate_{name}": smoothed(unit, judged, keys, weight) if known else None,
        f"{subject}_support_{name}": len(same) if known else None,
    }


def recent_rates(name: str, subject: str, unit: Row, others: list[Row], keys: tuple[str, ...]) -> Row:
    """Return the recency-weighted rate and support: an outcome's weight halves each year, in units of 1/1,048,576."""
    judged = [other | {"counts": faded(other["outcome_age"])} for other in others if other["outcome"] is not None]
    known = all(unit[key] is not None for key in keys)
    same = [other["counts"] for other in judged if all(other[key] == unit[key] for key in keys)]
    return {
        f"{subject}_rate_{name}_recent": smoothed(unit, judged, keys) if known else None,
        f"{subject}_support_{name}_recent": sum(same) if known else None,
    }


def faded(age: int) -> float:
    """Return the weight of an outcome after some days."""
    return float(round(2**20 * 0.5 ** (age / 365)) / 2**20)


def smoothed(unit: Row, judged: list[Row], keys: tuple[str, ...], weight: float = 5.0) -> float | None:
    """Return the rate by keys, smoothed toward the overall rate, or toward the mean of the single keys' rates."""
    if not judged or any(unit[key] is None for key in keys):
        return None

    def total(rows: list[Row], hits: bool) -> float:
        return float(sum(row.get("counts", 1) * (row["outcome"] if hits else 1) for row in rows))

    if len(keys) == 1:
        prior = total(judged, True) / total(judged, False)
    else:
        singles = [smoothed(unit, judged, (key,), weight) for key in keys]
        prior = sum(single for single in singles if single is not None) / len(keys)
    same = [other for other in judged if all(other[key] == unit[key] for key in keys)]
    return (total(same, True) + weight * prior) / (total(same, False) + weight)
