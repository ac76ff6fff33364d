"""The data dictionary describes every feature, and the page in the docs matches the catalog."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from payrank.features.dictionary import WIDTH, describe_for_docs, describe_for_terminal, list_features
from payrank.features.feature import UNITS, Unit
from payrank.features.site.features import read_site_features

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == describe_for_docs(), (
        "regenerate it: python -m payrank.features.dictionary > docs/features.md"
    )


@pytest.mark.parametrize("unit", UNITS)
def test_the_terminal_describes_every_feature_in_full(unit: Unit) -> None:
    text = describe_for_terminal(unit)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    plain = re.sub(r"\s+", " ", text)
    for feature in list_features(unit):
        assert f"{feature.name} ({feature.unit}) {feature.meaning}." in plain
        assert f"reads: {feature.phrase}" in plain
        assert feature.when_unknown in plain
        assert feature.when_zero in plain
    for family in {feature.family for feature in list_features(unit)}:
        assert family.upper() in text


@pytest.mark.parametrize("unit", UNITS)
def test_the_page_has_one_row_of_six_cells_per_feature(unit: Unit) -> None:
    rows = {line.split("`")[1]: line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| \*?`", line)}
    for feature in list_features(unit):
        cells = re.split(r"(?<!\\)\|", rows[feature.name])[1:-1]
        assert len(cells) == 6
        assert cells[4].strip() in {"", "+", "-"}


def test_site_features_are_described_too() -> None:
    record = {
        "name": "facility",
        "meaning": "Hospital of the account",
        "unit": "category",
        "family": "payer mix",
        "phrase": "Seen at {value}",
        "source": {"take": "value", "column": "facility"},
    }
    text = describe_for_terminal("account", read_site_features({"account": [record]}))
    assert "own_facility (category)\n    Hospital of the account." in text
