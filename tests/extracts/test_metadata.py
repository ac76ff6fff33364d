"""extract.toml: its contents, and messages about mistakes in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from payrank.extracts.contract.metadata import ControlTotal, Metadata, read_metadata, write_metadata
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from tests.extracts.conftest import ExtractWriter

WHOLE = Metadata(
    source_system='say "hi" \\ \u00fc',
    as_of=date(2026, 11, 20),
    control_totals={"transactions": ControlTotal(12, Decimal("-48.17")), "accounts": ControlTotal(rows=3)},
    attributes={"denials": {"ward": "category", "beds": "number"}, "accounts": {"urgent": "boolean"}},
)


def test_metadata_is_read_back_as_written_and_always_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        write_metadata(WHOLE, folder)
    assert read_metadata(tmp_path / "one") == WHOLE
    assert (tmp_path / "one/extract.toml").read_bytes() == (tmp_path / "two/extract.toml").read_bytes()
    assert (tmp_path / "one/extract.toml").stat().st_mode & 0o777 == 0o600


def test_without_extract_toml_every_field_is_empty(tmp_path: Path) -> None:
    assert read_metadata(tmp_path) == Metadata()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("as_of = [", "cannot be read as TOML"),
        ("asof = 2026-01-01", "unknown key 'asof'.*did you mean 'as_of'"),
        ('as_of = "2026-01-32"', "as_of is not a date"),
        ("as_of = 2026-01-01T00:00:00", "as_of is not a date"),
        ("source_system = 3", "source_system is int"),
        ("control_totals = 3", "control_totals is not a table"),
        ("[control_totals]\ndenial = { rows = 1 }", "unknown control_totals table 'denial'.*'denials'"),
        ("[control_totals]\ndenials = 3", "control_totals of denials is not a table"),
        ("[control_totals]\ndenials = { row = 1 }", "did you mean 'rows'"),
        ("[control_totals]\ndenials = { rows = -1 }", "rows is not a count"),
        ("[control_totals]\ndenials = { rows = true }", "rows is not a count"),
        ("[control_totals]\ndenials = { amount = 1.5 }", "amount is not a dollar amount"),
        ('[control_totals]\ndenials = { amount = "much" }', "amount is not a dollar amount"),
        ('[control_totals]\naccounts = { amount = "1" }', "no money column"),
        ("attributes = 3", "attributes is not a table"),
        ("[attributes]\ndenials = 3", "attributes.denials is not a table"),
        ('[attributes.denial]\nward = "category"', "unknown attributes table 'denial'"),
        ('[attributes.denials]\nward = "text"', "unknown kind.*category or number or boolean"),
        ("[attributes.denials]\nward = 3", "unknown kind"),
        ('[attributes.denials]\n"Ward 1" = "category"', "invalid name"),
        ('[attributes.denials]\ncarc = "category"', "name of a contract column"),
        ('[attributes.guarantors]\naudit_sex = "category"', "fairness audit column"),
        ('[attributes.denials]\npatient_gender = "category"', "protected attribute"),
        ('[attributes.denials]\nage_range = "category"', "protected attribute"),
    ],
)
def test_a_mistake_is_reported_with_what_is_allowed(write_extract: ExtractWriter, text: str, problem: str) -> None:
    folder = write_extract({"denials.csv": "denial_id,denied_on\nD1,2026-01-01\n"}, text)
    with pytest.raises(ExtractRefusedError, match=problem) as refused:
        load_extract(folder)
    assert "Allowed:" in str(refused.value)


@pytest.mark.parametrize("day", ["2026-11-20", '"2026-11-20"', "'2026-11-20'"])
def test_the_as_of_date_may_be_quoted(tmp_path: Path, day: str) -> None:
    (tmp_path / "extract.toml").write_text(f"as_of = {day}\n")
    assert read_metadata(tmp_path).as_of == date(2026, 11, 20)
