"""Features as a site writes them in its settings: one of each kind, for every engine to compute alike."""

from __future__ import annotations

from typing import Any

from payrank.features.site.columns import find_reachable
from payrank.features.site.features import SiteFeatures, read_site_features


def record(source: dict[str, Any], unit: str = "number", **more: Any) -> dict[str, Any]:
    plain = {
        "name": "mine",
        "meaning": "Something of ours",
        "unit": unit,
        "family": "history",
        "phrase": "It is {value}",
    }
    return {**plain, "source": source, **more}


def read(*records: dict[str, Any], unit: str = "account") -> SiteFeatures:
    return read_site_features({unit: list(records)})


def every_source(unit: str) -> list[dict[str, Any]]:
    """One feature of each relation and each column that it has."""
    records = []
    for name, relation in find_reachable(unit).relations.items():  # type: ignore[arg-type]  # a unit's name
        records.append(record({"take": "count", "of": name}, "count", name=f"n_{name}"))
        for column, kind in relation.columns.items():
            if kind.kind == "number":
                source = {"take": "mean", "of": name, "column": column}
                records.append(record(source, name=f"m_{name}_{column}"))
            elif kind.kind == "words" and relation.ordered:
                source = {"take": "latest", "of": name, "column": column}
                records.append(record(source, "category", name=f"l_{name}_{column}"))
    for column, kind in find_reachable(unit).snapshot.items():  # type: ignore[arg-type]  # a unit's name
        if kind.kind in {"number", "words"}:
            source = {"take": "value", "column": column}
            records.append(record(source, "category" if kind.kind == "words" else "number", name=f"v_{column}"))
    return records


_SOURCES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "account": [
        ("count", {"take": "count", "of": "contacts", "where": {"channel": ["text", "call"]}, "within_days": 30}),
        ("dollars", {"take": "mean", "of": "ledger", "column": "amount", "where": {"kind": "patient_payment"}}),
        ("category", {"take": "latest", "of": "contacts", "column": "channel"}),
        ("share", {"take": "share", "of": "ledger", "hit": {"kind": "charge"}}),
        ("days", {"take": "days_since_first", "of": "contacts", "where": {"outcome": {"known": True}}}),
        ("rate", {"take": "rate", "by": ["facility"]}),
        ("number", {"take": "ratio", "over": "payment_count", "under": "charges"}),
        ("category", {"take": "value", "column": "facility"}),
    ],
    "denial": [
        ("count", {"take": "count_distinct", "of": "ledger", "column": "kind"}),
        ("dollars", {"take": "greatest", "of": "ledger", "column": "amount", "where": {"amount": {"at_most": 90.5}}}),
        ("category", {"take": "latest", "of": "appeals", "column": "outcome"}),
        ("days", {"take": "days_since_last", "of": "appeals"}),
        ("rate", {"take": "rate", "by": ["patient_class", "group_code"]}),
        ("number", {"take": "ratio", "over": "denied_amount", "under": "account_charges"}),
    ],
}


def some_of_each(unit: str) -> SiteFeatures:
    """Return a handful of a site's own features of a unit, one of nearly each way to compute one."""
    made = [record(source, kind, name=f"mine_{at}") for at, (kind, source) in enumerate(_SOURCES[unit])]
    return read(*made, unit=unit)
