"""The data dictionary says of every feature what it is, and the page in the docs is what the catalog says today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from payrank.features.dictionary import WIDTH, catalog_of, describe_for_docs, describe_for_terminal
from payrank.features.feature import UNITS, Unit
from payrank.features.site.features import read_site_features

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == describe_for_docs(), (
        "write it again: python -m payrank.features.dictionary > docs/features.md"
    )


@pytest.mark.parametrize("unit", UNITS)
def test_the_terminal_tells_all_of_every_feature(unit: Unit) -> None:
    text = describe_for_terminal(unit)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    plain = re.sub(r"\s+", " ", text)
    for feature in catalog_of(unit):
        assert f"{feature.name} ({feature.unit}) {feature.meaning}." in plain
        assert f"reads: {feature.phrase}" in plain
        assert feature.absent in plain
        assert feature.low in plain
    for family in {feature.family for feature in catalog_of(unit)}:
        assert family.upper() in text


@pytest.mark.parametrize("unit", UNITS)
def test_the_page_has_one_row_a_feature_of_six_cells(unit: Unit) -> None:
    rows = {line.split("`")[1]: line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| \*?`", line)}
    for feature in catalog_of(unit):
        cells = re.split(r"(?<!\\)\|", rows[feature.name])[1:-1]
        assert len(cells) == 6
        assert cells[4].strip() in {"", "+", "-"}


def test_a_sites_own_features_are_told_too() -> None:
    record = {
        "name": "facility",
        "meaning": "Hospital of the account",
        "unit": "category",
        "family": "payer mix",
        "phrase": "Seen at {value}",
        "source": {"take": "value", "column": "facility"},
    }
    told = describe_for_terminal("account", read_site_features({"account": [record]}))
    assert "own_facility (category)\n    Hospital of the account." in told
