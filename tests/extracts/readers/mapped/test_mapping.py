"""Mistakes in a mapping are reported with what is allowed, before any row is read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.readers.mapped.mapping import CsvOptions, SourceMapping, read_mapping

ACCOUNTS = '[[accounts]]\naccount_id = "a"\nguarantor_id = "b"\nopened_on = "c"\n'


def read(tmp_path: Path, text: str) -> SourceMapping:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def test_a_complete_mapping_is_read(tmp_path: Path) -> None:
    options = '[csv]\ndelimiter = "|"\nencoding = "cp1252"\nnulls = ["N/A", "N/A"]\ndecimal = ","\n'
    attributes = '[attributes.accounts]\nclinic = "category"\n'
    text = f'source_system = "x"\nas_of = 2026-01-02\n{options}{attributes}{ACCOUNTS}where = "c > 1"\nclinic = "d"\n'
    mapping = read(tmp_path, text)
    assert mapping.as_of == date(2026, 1, 2)
    assert mapping.csv == CsvOptions("|", "cp1252", ("", "N/A"), ",")
    (block,) = mapping.blocks
    assert (block.where, block.file, block.title) == ("c > 1", None, "[[accounts]] block 1")
    assert dict(block.columns) == {"account_id": "a", "guarantor_id": "b", "opened_on": "c", "clinic": "d"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = [", "not valid TOML"),
        ("", "has no block"),
        (ACCOUNTS.replace("accounts", "acounts"), "unknown table or key 'acounts'.*did you mean 'accounts'"),
        (ACCOUNTS.replace("[[accounts]]", "[accounts]"), r"\[accounts\] is a single table"),
        (ACCOUNTS + 'opened_at = "c"', "block 1 maps 'opened_at'.*did you mean 'opened_on'"),
        (ACCOUNTS + 'audit_sex = "c"', "block 1 maps 'audit_sex'"),
        (ACCOUNTS + "facility = 3", "an entry that is not text"),
        (ACCOUNTS + 'facility = " "', "an entry that is not text"),
        ('[[accounts]]\naccount_id = "a"\n', "does not map guarantor_id, opened_on"),
        ('[attributes.accounts]\nclinic = "category"\n' + ACCOUNTS, "declares clinic, which no block maps"),
        ('[attributes.accounts]\nage = "number"\n' + ACCOUNTS, "protected attribute"),
        ('[csv]\nseparator = "|"\n' + ACCOUNTS, r"unknown option of \[csv\] 'separator'"),
        ('[csv]\ndelimiter = "||"\n' + ACCOUNTS, "delimiter cannot be used"),
        ('[csv]\nencoding = "klingon"\n' + ACCOUNTS, "encoding is unknown"),
        ('[csv]\ndecimal = ";"\n' + ACCOUNTS, "decimal is unknown"),
        ('[csv]\nnulls = "N/A"\n' + ACCOUNTS, "nulls is not a list"),
        ("csv = 3\n" + ACCOUNTS, "csv is not a table"),
        ("as_of = 3\n" + ACCOUNTS, "as_of is not a date"),
        ("source_system = 3\n" + ACCOUNTS, "source_system is not text"),
    ],
)
def test_a_mistake_in_a_mapping_is_reported(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(WrongUsageError, match=problem) as wrong:
        read(tmp_path, text)
    assert "mapping" in str(wrong.value)


def test_a_missing_mapping_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match="no such mapping file"):
        read_mapping(tmp_path / "none.toml")


@pytest.mark.parametrize("day", ["2026-11-20", '"2026-11-20"'])
def test_the_as_of_date_may_be_quoted(tmp_path: Path, day: str) -> None:
    assert read(tmp_path, f"as_of = {day}\n{ACCOUNTS}").as_of == date(2026, 11, 20)


def test_a_quoted_date_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match="as_of is not a date"):
        read(tmp_path, f'as_of = "2026-02-30"\n{ACCOUNTS}')
