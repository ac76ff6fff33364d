"""Features as a site writes them in its settings, one of each kind, to compare engines with."""

from __future__ import annotations

from typing import Any

from payrank.features.site.columns import find_readable
from payrank.features.site.features import SiteFeatures, read_site_features


def record(source: dict[str, Any], unit: str = "number", **more: Any) -> dict[str, Any]:
    defaults = {
        "name": "mine",
        "meaning": "A feature of the site",
        "unit": unit,
        "family": "history",
        "phrase": "It is {value}",
    }
    return {**defaults, "source": source, **more}


def read(*records: dict[str, Any], unit: str = "account") -> SiteFeatures:
    return read_site_features({unit: list(records)})


def every_source(unit: str) -> list[dict[str, Any]]:
    """Return one feature per relation and per column."""
    records = []
    for name, relation in find_readable(unit).relations.items():  # type: ignore[arg-type]  # a unit's name
        records.append(record({"take": "count", "of": name}, "count", name=f"n_{name}"))
        for column, kind in relation.columns.items():
            if kind.kind == "number":
                source = {"take": "mean", "of": name, "column": column}
                records.append(record(source, name=f"m_{name}_{column}"))
            elif kind.kind == "text" and relation.ordered:
                source = {"take": "latest", "of": name, "column": column}
                records.append(record(source, "category", name=f"l_{name}_{column}"))
    for column, kind in find_readable(unit).snapshot.items():  # type: ignore[arg-type]  # a unit's name
        if kind.kind in {"number", "text"}:
            source = {"take": "value", "column": column}
            records.append(record(source, "category" if kind.kind == "text" else "number", name=f"v_{column}"))
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
        ("dollars", {"take": "max", "of": "ledger", "column": "amount", "where": {"amount": {"at_most": 90.5}}}),
        ("category", {"take": "latest", "of": "appeals", "column": "outcome"}),
        ("days", {"take": "days_since_last", "of": "appeals"}),
        ("rate", {"take": "rate", "by": ["patient_class", "group_code"]}),
        ("number", {"take": "ratio", "over": "denied_amount", "under": "account_charges"}),
    ],
}


def some_of_each(unit: str) -> SiteFeatures:
    """Return a few site features of a unit, covering nearly every `take`."""
    records = [record(source, kind, name=f"mine_{at}") for at, (kind, source) in enumerate(_SOURCES[unit])]
    return read(*records, unit=unit)
