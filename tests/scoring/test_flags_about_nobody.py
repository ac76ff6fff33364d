"""Flags match their subject even if the id is padded, and a feed that matches nobody is not trusted."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import FinishedRun, Hospital


def first_listed(run: Path) -> list[str]:
    with (run / "worklists/patient_pay.csv").open(encoding="utf-8-sig", newline="") as file:
        return [account for row in csv.DictReader(file) for account in row["account_ids"].split("|")]


@pytest.mark.parametrize(
    "row",
    ["id || '  ', 'deceased', '2026-11-01'", "chr(9) || id || chr(160), 'deceased', '2026-11-01'"],
    ids=["blanks behind", "a tab before and a hard space behind"],
)
def test_a_flag_with_a_padded_id_suppresses_its_household(
    hospital: Hospital, finished_run: FinishedRun, tmp_path: Path, row: str
) -> None:
    chosen = first_listed(finished_run.folder)[:5]
    query = (
        "SELECT subject_type, subject_id, flag, CAST(known_on AS VARCHAR) AS known_on, ended_on FROM {table} UNION ALL "
        f"SELECT 'account', {row}, NULL FROM (SELECT UNNEST({chosen}) AS id)"
    )
    run = hospital.score(tmp_path / "runs", hospital.copy(tmp_path / "extract", flags=query), explain="listed").folder
    listed = first_listed(run)
    assert listed
    assert not set(chosen) & set(listed)


def test_flags_with_a_new_id_format_withhold_the_patient_list(hospital: Hospital, tmp_path: Path) -> None:
    query = "SELECT * REPLACE ('X' || subject_id AS subject_id) FROM {table}"
    result = hospital.score(tmp_path / "runs", hospital.copy(tmp_path / "extract", flags=query), explain="listed")
    assert not list((result.folder / "worklists").glob("patient_pay.*"))
    assert "only 0 of " in result.lists["patient_pay"].why_unpublished
    assert "rule H12" in result.lists["patient_pay"].why_unpublished


def test_a_feed_in_which_half_the_flags_match_nobody_counts_as_shrunk(hospital: Hospital, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    hospital.score(runs, explain="listed")
    changed = "CASE WHEN hash(subject_id) % 2 = 0 THEN 'X' || subject_id ELSE subject_id END AS subject_id"
    tomorrow = hospital.as_of.replace(day=hospital.as_of.day + 1)
    query = f"SELECT * REPLACE ({changed}) FROM {{table}}"
    extract = hospital.copy(tmp_path / "extract", as_of=tomorrow, flags=query)
    result = hospital.score(runs, extract, as_of=tomorrow, explain="listed")
    assert not list((result.folder / "worklists").glob("patient_pay.*"))
    assert "the flags table shrank" in result.lists["patient_pay"].why_unpublished
