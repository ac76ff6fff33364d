"""Features that are smoothed rates of earlier outcomes, and those that a site's own attributes bring."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from payrank.features.feature import Feature, Sensitivity
from payrank.features.sources import CombinedLogOdds, HistoricalRate, RateSupport, Snapshot

HALF_LIFE_DAYS = 365
"""After so many days an outcome counts half in the rates that forget."""


def rate_features(
    family: str, subject: str, keys: tuple[str, ...], label: str, half_life_days: int | None = None
) -> tuple[Feature, Feature]:
    """Return the smoothed rate by some keys and the support behind it.

    `subject` names what the rate is of ("paid", "overturned"), `label` what a reader calls the keys. More of the rate
    makes the outcome more likely by definition. A pair's support is shown beside its rate but is no input to a model:
    measured on real decisions, models that split on it rank later years worse. So is the support of a rate that
    forgets: it says no more than the plain one's. With `half_life_days` an outcome weighs half as much with each such
    span of its age.
    """
    name = "_".join(key.removeprefix("site_") for key in keys)
    lately = ""
    if half_life_days is not None:
        name, lately = f"{name}_recent", f", each {half_life_days} days of age halving an outcome's weight"
    sensitivity = sensitivity_of(keys)
    return (
        Feature(
            f"{subject}_rate_{name}",
            f"Smoothed share {subject} among earlier ones with the same {label}{lately}",
            "rate",
            family,
            HistoricalRate(keys, half_life_days=half_life_days),
            f"{{like}}: about {{value}} {subject}{' lately' if lately else ''} ({{support}} earlier)",
            f"No {label} on record",
            direction=1,
            sensitivity=sensitivity,
        ),
        Feature(
            f"{subject}_support_{name}",
            f"Earlier outcomes behind the rate by {label}{lately}",
            "count",
            family,
            RateSupport(keys, half_life_days=half_life_days),
            f"{{value}} earlier outcome{{s}} with this {label}",
            modeled=len(keys) == 1 and half_life_days is None,
            told_by=f"{subject}_rate_{name}",
            sensitivity=sensitivity,
        ),
    )


_PROXIES = {"payer_class", "payer_id", "service_line"}


def sensitivity_of(keys: tuple[str, ...]) -> Sensitivity:
    """Return proxy when a key could stand in for a protected trait; a site's attribute may be anything, so it could."""
    return "proxy" if any(key in _PROXIES or key.startswith("site_") for key in keys) else "none"


def attribute_features(attributes: Mapping[str, str], subject: str) -> tuple[Feature, ...]:
    """Return the features of a site's own attributes: each value, and for categories the rates of singles and pairs.

    Rates come plain and with recency, as the catalog's own do.

    `attributes` maps a column to category, number or boolean, as `extract.toml` declares it.
    """
    plain = tuple(_site_feature(name, kind) for name, kind in attributes.items())
    categories = tuple(name for name, kind in attributes.items() if kind == "category")
    keys: list[tuple[str, ...]] = [(name,) for name in categories]
    keys += list(combinations(categories, 2))
    rates = tuple(
        feature
        for half_life_days in (None, HALF_LIFE_DAYS)
        for key in keys
        for feature in rate_features(
            "site attribute",
            subject,
            tuple(f"site_{name}" for name in key),
            " and ".join(key).replace("_", " "),
            half_life_days,
        )
    )
    return plain + rates + _combined(tuple(f"site_{name}" for name in categories), subject)


def _site_feature(name: str, kind: str) -> Feature:
    words = name.replace("_", " ")
    unit = {"boolean": "yes/no", "category": "category"}.get(kind, "number")
    return Feature(
        f"site_{name}",
        f"The site's {words}",
        unit,
        "site attribute",
        Snapshot(f"site_{name}"),
        f"{words}: {{value}}",
        sensitivity=sensitivity_of((f"site_{name}",)),
    )


def _combined(keys: tuple[str, ...], subject: str) -> tuple[Feature, ...]:
    if len(keys) < 2:
        return ()
    return (
        Feature(
            f"{subject}_evidence_site",
            f"Evidence of the site's attributes together: how far above average earlier ones were {subject}",
            "log odds",
            "site attribute",
            CombinedLogOdds(keys),
            "History of its attributes taken together: {value}",
            direction=1,
            sensitivity=sensitivity_of(keys),
        ),
    )
