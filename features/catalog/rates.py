"""Smoothed rates of earlier outcomes, and the features that come from a site's own attributes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from payrank.features.feature import Feature, Sensitivity
from payrank.features.sources import CombinedLogOdds, HistoricalRate, RateSupport, Snapshot

HALF_LIFE_DAYS = 365
"""Age in days at which an outcome counts half in a recency-weighted rate."""

_READABLE = {"paid": "of patients paid"}
"""Outcome -> how a collector reads it, where the bare word is ambiguous: payers pay, too."""
_COUNTED = {"paid": "accounts", "overturned": "denials"}


def rate_features(
    family: str, outcome: str, keys: tuple[str, ...], label: str, half_life_days: int | None = None
) -> tuple[Feature, Feature]:
    """Return the smoothed rate of an outcome by some keys, and the support behind it.

    Parameters
    ----------
    family
        Family of both features.
    outcome
        `paid` or `overturned`.
    keys
        Columns of the snapshot that earlier outcomes must share.
    label
        What a reader calls the keys.
    half_life_days
        Halves an outcome's weight with each such span of its age; None weighs all outcomes alike.

    Notes
    -----
    A higher rate makes the outcome more likely by definition, so the direction is +1.
    The support of a pair of keys, and of a recency-weighted rate, is not a model input. On real decisions, models that
    split on a pair's support ranked later years worse, and recency-weighted support adds nothing to the plain support.
    """
    name = "_".join(key.removeprefix("site_") for key in keys)
    recently = weighting = ""
    if half_life_days is not None:
        name = f"{name}_recent"
        recently = " recently"
        weighting = f", with an outcome's weight halved every {half_life_days} days"
    counted = _COUNTED.get(outcome, "outcomes")
    sensitivity = find_sensitivity(keys)
    return (
        Feature(
            name=f"{outcome}_rate_{name}",
            meaning=f"Smoothed share {outcome} among earlier {counted} with the same {label}{weighting}",
            unit="rate",
            family=family,
            source=HistoricalRate(keys, half_life_days=half_life_days),
            phrase=f"{{like}}: about {{value}} {_READABLE.get(outcome, outcome)}{recently} ({{support}} past cases)",
            when_unknown=f"No {label} on record",
            direction=1,
            sensitivity=sensitivity,
        ),
        Feature(
            name=f"{outcome}_support_{name}",
            meaning=f"Number of earlier {counted} behind the rate by {label}{weighting}",
            unit="count",
            family=family,
            source=RateSupport(keys, half_life_days=half_life_days),
            phrase=f"{{value}} earlier outcome{{s}} with this {label}",
            modeled=len(keys) == 1 and half_life_days is None,
            explained_by=f"{outcome}_rate_{name}",
            sensitivity=sensitivity,
        ),
    )


_PROXIES = {"payer_class", "payer_id", "service_line"}


def find_sensitivity(keys: tuple[str, ...]) -> Sensitivity:
    """Return `proxy` when a key could stand in for a protected trait, as any site attribute could."""
    return "proxy" if any(key in _PROXIES or key.startswith("site_") for key in keys) else "none"


def attribute_features(attributes: Mapping[str, str], outcome: str) -> tuple[Feature, ...]:
    """Return the features of a site's attributes: their values, and for categories the rates by one and by pairs.

    Each rate comes unweighted and recency-weighted, as in the catalog.

    Parameters
    ----------
    attributes
        Column name to `category`, `number`, or `boolean`, as declared in `extract.toml`.
    outcome
        `paid` or `overturned`.
    """
    values = tuple(_value_feature(name, kind) for name, kind in attributes.items())
    categories = tuple(name for name, kind in attributes.items() if kind == "category")
    keys: list[tuple[str, ...]] = [(name,) for name in categories]
    keys += list(combinations(categories, 2))
    rates = tuple(
        feature
        for half_life_days in (None, HALF_LIFE_DAYS)
        for key in keys
        for feature in rate_features(
            "site attribute",
            outcome,
            tuple(f"site_{name}" for name in key),
            " and ".join(key).replace("_", " "),
            half_life_days,
        )
    )
    return values + rates + _combined_evidence(tuple(f"site_{name}" for name in categories), outcome)


def _value_feature(name: str, kind: str) -> Feature:
    label = name.replace("_", " ")
    return Feature(
        name=f"site_{name}",
        meaning=f"The site's {label}",
        unit={"boolean": "yes/no", "category": "category"}.get(kind, "number"),
        family="site attribute",
        source=Snapshot(f"site_{name}"),
        phrase=f"{label}: {{value}}",
        sensitivity=find_sensitivity((f"site_{name}",)),
    )


def _combined_evidence(keys: tuple[str, ...], outcome: str) -> tuple[Feature, ...]:
    if len(keys) < 2:
        return ()
    return (
        Feature(
            name=f"{outcome}_evidence_site",
            meaning=(
                f"Combined evidence of the site's attributes: log odds of being {outcome}, compared with the average"
            ),
            unit="log odds",
            family="site attribute",
            source=CombinedLogOdds(keys),
            phrase="Combined history of its site attributes: {value}",
            direction=1,
            sensitivity=find_sensitivity(keys),
        ),
    )
