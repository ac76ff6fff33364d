"""The data dictionary: every feature's meaning, unit, direction, sensitivity, and text for collectors.

`python -m payrank.features.dictionary > docs/features.md` writes the page. `payrank features --describe` prints it.
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
_TITLE: Mapping[Unit, str] = {"account": "account features", "denial": "denial features"}


def list_features(unit: Unit, site_features: SiteFeatures = NO_SITE_FEATURES) -> tuple[Feature, ...]:
    """Return a unit's catalog, followed by the features that the site defines."""
    return (*(ACCOUNT_FEATURES if unit == "account" else DENIAL_FEATURES), *site_features.for_unit(unit))


def describe_for_terminal(unit: Unit, site_features: SiteFeatures = NO_SITE_FEATURES) -> str:
    """Return the dictionary of a unit as plain text, by family, with lines of at most 100 characters."""
    features = list_features(unit, site_features)
    lines = [f"{len(features)} {_TITLE[unit]}"]
    for family, members in _by_family(features):
        lines += ["", family.upper()]
        for feature in members:
            lines += [f"{feature.name} ({feature.unit})", *_wrap(f"{feature.meaning}.")]
            lines += [line for note in _describe(feature, unit) for line in _wrap(note)]
    return "\n".join(lines) + "\n"


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="      ")


def _describe(feature: Feature, unit: Unit) -> Iterator[str]:
    yield f"reads: {feature.phrase}"
    if feature.when_zero:
        yield f"{_zero_label(feature)}: {feature.when_zero}"
    if feature.when_unknown:
        yield f"when unknown: {feature.when_unknown}"
    notes = [note for note in (_direction(feature, unit), _sensitivity(feature), _role(feature)) if note]
    if notes:
        yield "; ".join(notes)


def _zero_label(feature: Feature) -> str:
    return "below zero" if feature.unit == "days" else "at zero or below"


def _direction(feature: Feature, unit: Unit) -> str:
    likelihood = {1: "more", -1: "less"}.get(feature.direction)
    return f"a higher value makes {OUTCOME[unit]} {likelihood} likely" if likelihood else ""


def _sensitivity(feature: Feature) -> str:
    return f"sensitive: {feature.sensitivity}" if feature.sensitivity != "none" else ""


def _role(feature: Feature) -> str:
    return "" if feature.modeled else "explains another feature; not a model input"


def _by_family(features: Sequence[Feature]) -> list[tuple[str, list[Feature]]]:
    families = dict.fromkeys(feature.family for feature in features)
    return [(family, [feature for feature in features if feature.family == family]) for family in families]


INTRODUCTION = """\
# Data dictionary

This page is generated from the catalog by `python -m payrank.features.dictionary > docs/features.md`. A test checks
that it is current. `payrank features --describe` prints the same text on a terminal, plus the features that your site
defines.

Every value uses only rows known **before** the snapshot's date. Unknown is empty, never 0.

- **What a collector reads**: `{value}` is the formatted value, `{s}` a plural ending, `{like}` the row's own class,
  line, or code, and `{support}` the number of earlier outcomes behind a rate.
- **Direction**: + or - where it is certain that a higher value makes the outcome more or less likely. Training then
  enforces that direction.
- **Sensitive**: `proxy` where values could stand in for a protected trait. Check the fairness audit before relying on a
  model that leans on such a feature.
- A name in *italics* explains another feature and is not a model input.

Site attributes declared in `extract.toml` become `site_...` features. Features that your site defines in its settings
become `own_...` features: see [settings](reference/settings.md). To add a feature to the catalog, see
[CONTRIBUTING](project/contributing.md).
"""


def describe_for_docs() -> str:
    """Return the page `docs/features.md`."""
    parts = [INTRODUCTION]
    for unit in UNITS:
        features = list_features(unit)
        parts.append(f"## {len(features)} {_TITLE[unit]}\n")
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
    reads += [f"{_zero_label(feature)}: {feature.when_zero}"] if feature.when_zero else []
    reads += [f"when unknown: {feature.when_unknown}"] if feature.when_unknown else []
    direction = {1: "+", -1: "-"}.get(feature.direction, "")
    meaning = f"{_escape(feature.meaning)}<br>`{_escape(show_source(feature.source))}`"
    sensitivity = feature.sensitivity if feature.sensitivity != "none" else ""
    cells = [name, feature.unit, meaning, "<br>".join(map(_escape, reads)), direction, sensitivity]
    return f"| {' | '.join(cells)} |"


def show_source(source: Source) -> str:
    """Return the source of a feature as text, without the fields that have their default.

    >>> from payrank.features.sources import Count
    >>> show_source(Count("contacts", "outcome = 'refused'"))
    "Count('contacts', where=outcome = 'refused')"
    """
    arguments = []
    for place, field in enumerate(fields(source)):
        value = getattr(source, field.name)
        if value != field.default:
            text = value if field.name in {"where", "hit", "expression"} else repr(value)
            arguments.append(text if not place and field.name != "expression" else f"{field.name}={text}")
    return f"{type(source).__name__}({', '.join(arguments)})"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(describe_for_docs())
