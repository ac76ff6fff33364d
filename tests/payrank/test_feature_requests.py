"""`payrank features` asked for what is not there: what was wrong, what is allowed, and nothing written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from tests.features.small_extracts import DAY, draw_rows
from tests.features.stored_extracts import write_parquet
from tests.payrank.conftest import Run

RECORD = """
[[features.account]]
name = "mine"
meaning = "Something of ours"
unit = "number"
family = "history"
phrase = "It is {{value}}"
source = {source}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen accounts with all tables but contacts, and no remittance remarks."""
    return write_parquet(
        draw_rows(5), tmp_path_factory.mktemp("small") / "extract", absent=("contacts", "denials.rarc")
    )


def ask(payrank: Any, folder: Path, out: str = "frame.parquet") -> Any:
    return payrank("features", folder, "--unit", "account", "--as-of", DAY, "--out", out)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            '{ take = "ratio", over = "paymnt_count", under = "charges" }',
            "feature 'paymnt_count' is not known; did you mean 'payment_count'?",
        ),
        ('{ take = "cuont", of = "contacts" }', "source.take is 'cuont'; did you mean 'count'?"),
        ('{ take = "count", of = "contact" }', "did you mean 'contacts'?"),
        ('{ take = "value", column = "facilty" }', "column 'facilty' is not a column here; did you mean 'facility'?"),
        (
            '{ take = "count", of = "contacts", where = { channel = "txt" } }',
            "where.channel: 'txt' is not one of its levels; did you mean 'text'?",
        ),
        (
            '{ take = "sum", of = "ledger", column = "amount) FROM accounts --" }',
            "is not a column here; known: amount, kind, payer_id, posted_on, responsibility, reverses_id",
        ),
    ],
    ids=["feature", "way to compute", "table", "column", "level", "expression"],
)
def test_a_faulty_site_feature_is_named_with_what_is_allowed(payrank: Run, small: Path, source: str, says: str) -> None:
    Path("payrank.toml").write_text(RECORD.format(source=source))
    result = ask(payrank, small)
    assert result.code == 2
    assert result.last.startswith("payrank: payrank.toml [[features.account]]")
    assert says in result.last
    assert not Path("frame.parquet").exists()


def test_features_of_an_absent_table_are_null_and_named(payrank: Run, small: Path) -> None:
    result = ask(payrank, small)
    assert result.code == 0, result.err
    named = result.out.split("Null because the extract lacks tables or columns: ")[1].split()
    of_contacts = {
        feature.name for feature in ACCOUNT_FEATURES if getattr(feature.source, "relation", "") == "contacts"
    }
    assert {name.strip(",") for name in named} == of_contacts
    assert len(of_contacts) > 10


@pytest.mark.parametrize("unit", ["account", "denial"])
def test_a_unit_without_its_table_is_refused_by_name(payrank: Run, tmp_path: Path, unit: str) -> None:
    table = f"{unit}s"
    folder = write_parquet(draw_rows(5), tmp_path / "poorer", absent=(table,))
    result = payrank("features", folder, "--unit", unit, "--as-of", DAY, "--out", "frame.parquet")
    assert result.code == 3
    assert f"table {table} has no rows, so there is no {unit} to score. Export it and try again" in result.last
    assert not Path("frame.parquet").exists()


def test_an_unknown_unit_or_date_is_refused_with_what_is_allowed(payrank: Run, small: Path) -> None:
    result = payrank("features", small, "--unit", "acount", "--as-of", DAY, "--out", "frame.parquet")
    assert (result.code, "'acount' is not one of 'account', 'denial'" in result.last) == (2, True)
    result = payrank("features", small, "--unit", "account", "--as-of", "2026-13-20", "--out", "frame.parquet")
    assert (result.code, "'2026-13-20' is not a date; write it as YYYY-MM-DD" in result.last) == (2, True)
