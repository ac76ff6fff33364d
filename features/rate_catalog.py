"""Features that are smoothed rates of earlier outcomes, and those that a site's own attributes bring."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from features.catalog import Feature
from features.vocabulary import CombinedLogOdds, HistoricalRate, RateSupport, Snapshot


def rate_features(
    family: str, subject: str, keys: tuple[str, ...], label: str, half_life_days: int | None = None
) -> tuple[Feature, Feature]:
    """Return the smoothed rate by some keys and the support behind it.

    `subject` names what the rate is of ("paid", "overturned"), `label` what a reader calls the keys. More of the rate
    makes the outcome more likely by definition. A pair's support is shown beside its rate but is no input to a model:
    measured on real decisions, models that split on it rank later years worse.
    """
    name = "_".join(key.removeprefix("site_") for key in keys)
    return (
        Feature(
            f"{subject}_rate_{name}",
            f"Smoothed share {subject} among earlier ones with the same {label}",
            "rate",
            family,
            HistoricalRate(keys, half_life_days=half_life_days),
            f"With this {label} about {{value}} are {subject} ({{support}} earlier)",
            f"No {label} on record",
            direction=1,
        ),
        Feature(
            f"{subject}_support_{name}",
            f"Earlier outcomes behind the rate by {label}",
            "count",
            family,
            RateSupport(keys, half_life_days=half_life_days),
            f"{{value}} earlier outcome{{s}} with this {label}",
            modelled=len(keys) == 1,
            told_by=f"{subject}_rate_{name}",
        ),
    )


def site_features(attributes: Mapping[str, str], subject: str) -> tuple[Feature, ...]:
    """Return the features of a site's own attributes: each value, and for categories the rates of singles and pairs.

    `attributes` maps a column to category, number or boolean, as `extract.toml` declares it.
    """
    plain = tuple(_site_feature(name, kind) for name, kind in attributes.items())
    categories = tuple(name for name, kind in attributes.items() if kind == "category")
    keys: list[tuple[str, ...]] = [(name,) for name in categories]
    keys += list(combinations(categories, 2))
    rates = tuple(
        feature
        for key in keys
        for feature in rate_features(
            "site attribute", subject, tuple(f"site_{name}" for name in key), " and ".join(key).replace("_", " ")
        )
    )
    return plain + rates + _combined(tuple(f"site_{name}" for name in categories), subject)


def _site_feature(name: str, kind: str) -> Feature:
    words = name.replace("_", " ")
    unit = {"boolean": "yes/no", "category": "category"}.get(kind, "number")
    return Feature(
        f"site_{name}", f"The site's {words}", unit, "site attribute", Snapshot(f"site_{name}"), f"{words}: {{value}}"
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
        ),
    )
