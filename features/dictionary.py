"""The data dictionary: every feature with its meaning, unit, direction, sensitivity and what a collector reads.

`python -m payrank.features.dictionary > docs/features.md` writes the page; `payrank features --describe` prints it.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.feature import UNITS, Feature, Unit
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.sources import Source

WIDTH = 100
OUTCOME: Mapping[Unit, str] = {"account": "a payment", "denial": "an overturn"}
_WHOSE: Mapping[Unit, str] = {"account": "an account", "denial": "a denial"}


def catalog_of(unit: Unit, site_features: SiteFeatures = NO_SITE_FEATURES) -> tuple[Feature, ...]:
    """Return a unit's catalog, and a site's own features after it."""
    return (*(ACCOUNT_FEATURES if unit == "account" else DENIAL_FEATURES), *site_features.of(unit))


def describe_for_terminal(unit: Unit, site_features: SiteFeatures = NO_SITE_FEATURES) -> str:
    """Return the dictionary of a unit as plain text of at most 100 signs a line, family by family."""
    features = catalog_of(unit, site_features)
    lines = [f"{len(features)} features of {_WHOSE[unit]}"]
    for family, members in _by_family(features):
        lines += ["", family.upper()]
        for feature in members:
            lines += [f"{feature.name} ({feature.unit})", *_wrap(f"{feature.meaning}.")]
            lines += [line for told in _tell(feature, unit) for line in _wrap(told)]
    return "\n".join(lines) + "\n"


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="      ")


def _tell(feature: Feature, unit: Unit) -> Iterator[str]:
    yield f"reads: {feature.phrase}"
    if feature.low:
        yield f"at zero or below: {feature.low}"
    if feature.absent:
        yield f"unknown: {feature.absent}"
    notes = [note for note in (_direction(feature, unit), _sensitivity(feature), _role(feature)) if note]
    if notes:
        yield "; ".join(notes)


def _direction(feature: Feature, unit: Unit) -> str:
    likely = {1: "more", -1: "less"}.get(feature.direction)
    return f"more of it makes {OUTCOME[unit]} {likely} likely" if likely else ""


def _sensitivity(feature: Feature) -> str:
    found = _kind(feature)
    return f"sensitive: {found}" if found else ""


def _kind(feature: Feature) -> str:
    return "" if feature.sensitivity == "none" else feature.sensitivity


def _role(feature: Feature) -> str:
    return "" if feature.modeled else "explains another feature, no input to a model"


def _by_family(features: Sequence[Feature]) -> list[tuple[str, list[Feature]]]:
    families = dict.fromkeys(feature.family for feature in features)
    return [(family, [feature for feature in features if feature.family == family]) for family in families]


INTRODUCTION = """\
# The data dictionary

Generated from the catalog by `python -m payrank.features.dictionary > docs/features.md`. A test checks that it is
current.
`payrank features --describe` prints the same on a terminal, with the features that a site adds.

Every value is of what was known **before** the snapshot's day. Unknown is empty, never 0. *Direction* is given where
the trade is sure that more of it makes the outcome more (+) or less (-) likely; training then holds a model to it.
*Sensitive* says `proxy` where values may stand in for a protected trait: look at the fairness audit before trusting a
model that leans on them. A name in *italics* explains another feature and is no input to a model. `{value}` is where
the value goes, `{like}` the row's own class, line or code, and `{support}` how many earlier outcomes a rate rests on.

A site's attributes (`extract.toml`) add `site_…` features, its settings `own_…` ones: [settings](reference/settings.md). How a
feature is added to the catalog: [CONTRIBUTING](../CONTRIBUTING.md).
"""


def describe_for_docs() -> str:
    """Return the page `docs/features.md`."""
    parts = [INTRODUCTION]
    for unit in UNITS:
        features = catalog_of(unit)
        parts.append(f"## {len(features)} features of {_WHOSE[unit]}\n")
        for family, members in _by_family(features):
            parts.append(f"### {family.capitalize()}\n")
            parts.append(
                "| feature | unit | meaning and computation | what a collector reads | direction | sensitive |"
            )
            parts.append("|---|---|---|---|---|---|")
            parts += [_row(feature) for feature in members]
            parts.append("")
    return "\n".join(parts)


def _row(feature: Feature) -> str:
    name = f"`{feature.name}`" if feature.modeled else f"*`{feature.name}`*"
    reads = [feature.phrase]
    reads += [f"at zero or below: {feature.low}"] if feature.low else []
    reads += [f"unknown: {feature.absent}"] if feature.absent else []
    direction = {1: "+", -1: "-"}.get(feature.direction, "")
    meaning = f"{_escape(feature.meaning)}<br>`{_escape(show_source(feature.source))}`"
    cells = [name, feature.unit, meaning, "<br>".join(map(_escape, reads)), direction, _kind(feature)]
    return f"| {' | '.join(cells)} |"


def show_source(source: Source) -> str:
    """Return how a feature is computed, in the vocabulary's own words, without what is left at its default.

    >>> from payrank.features.sources import Count
    >>> show_source(Count("contacts", "outcome = 'refused'"))
    "Count('contacts', where=outcome = 'refused')"
    """
    given = []
    for place, field in enumerate(fields(source)):
        value = getattr(source, field.name)
        if value != field.default:
            text = value if field.name in {"where", "hit", "expression"} else repr(value)
            given.append(text if not place and field.name != "expression" else f"{field.name}={text}")
    return f"{type(source).__name__}({', '.join(given)})"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(describe_for_docs())
