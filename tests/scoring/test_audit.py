"""The run's fairness audit: it matches a count by hand, is never skipped silently, and suppresses small cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.models.audit import count_groups
from payrank.scoring.reports.audit import NOT_GIVEN, audit_lists
from payrank.scoring.reports.report import RunReport, render_report
from tests.conftest import FinishedRun, Hospital
from tests.required import required


@pytest.fixture(scope="module")
def audit(hospital: Hospital, finished_run: FinishedRun) -> Any:
    with load_extract(hospital.extract) as extract:
        return audit_lists(extract, finished_run.result.lists, hospital.as_of)


def test_each_share_matches_a_count_by_hand(audit: Any, hospital: Hospital, finished_run: FinishedRun) -> None:
    table = required(finished_run.result.lists["patient_pay"].table)
    with load_extract(hospital.extract) as extract:
        sex = (
            extract.connection.execute("SELECT guarantor_id, audit_sex FROM guarantors").df().set_index("guarantor_id")
        )
        called = extract.connection.execute(
            "SELECT guarantor_id FROM contacts WHERE channel = 'call' AND direction = 'out' AND contacted_on < ? "
            "AND contacted_on >= ?::DATE - 30",
            [hospital.as_of, hospital.as_of],
        ).df()["guarantor_id"]
    first = audit.lists[0]
    assert (first.title, first.results) == ("Patient pay", ("listed", "called in last 30 days", "offered assistance"))
    assisted = table["queue"].isin(["financial_assistance", "assistance_screening"])
    by_hand = (
        set(table.loc[table["place"] == "listed", "guarantor_id"]),
        set(called),
        set(table.loc[assisted, "guarantor_id"]),
    )
    compared = 0
    for row in first.rows:
        if row.attribute != "sex":
            continue
        people = {name for name in table["guarantor_id"] if sex["audit_sex"].get(name) == row.group}
        assert row.people == len(people)
        for with_result, share in zip(by_hand, row.shares, strict=True):
            if share.estimate is not None:
                compared += 1
                assert share.estimate.value == pytest.approx(len(people & with_result) / len(people), abs=1e-5)
                assert share.estimate.low < share.estimate.value < share.estimate.high
    assert compared >= 4
    assert first.people == table["guarantor_id"].nunique()


def test_the_report_shows_the_audit_and_flags_only_significant_differences(
    audit: Any, finished_run: FinishedRun
) -> None:
    page = (finished_run.folder / "report.html").read_text("utf-8")
    assert "Fairness of the lists" in page
    for audited in audit.lists:
        for row in audited.rows:
            for share, everyone in zip(row.shares, audited.everyone, strict=True):
                if share.estimate is not None:
                    outside = not share.estimate.low <= everyone <= share.estimate.high
                    assert bool(share.difference) == outside


def test_without_audit_columns_the_report_says_that_fairness_was_not_checked(
    hospital: Hospital, finished_run: FinishedRun, tmp_path: Path
) -> None:
    bare = hospital.copy(
        tmp_path / "bare", guarantors="SELECT * EXCLUDE (audit_sex, audit_race_ethnicity) FROM {table}"
    )
    with load_extract(bare) as extract:
        result = audit_lists(extract, finished_run.result.lists, hospital.as_of)
    assert (result.lists, result.not_checked) == ((), NOT_GIVEN)
    page = render_report(RunReport(hospital.as_of, None, fairness=result)).decode()
    assert "Not checked: guarantors have no audit_* columns" in page
    with load_extract(hospital.extract) as extract:
        unpublished = {name: replace(outcome, worklist=None) for name, outcome in finished_run.result.lists.items()}
        assert audit_lists(extract, unpublished, hospital.as_of).not_checked.startswith(
            "Not checked: no list was published"
        )


def test_no_count_reveals_fewer_than_11_people_even_by_subtraction() -> None:
    groups = pd.DataFrame({"kin": ["a"] * 50 + ["b"] * 40 + ["c"] * 30}, index=[f"G{n}" for n in range(120)])
    every = [f"G{n}" for n in range(120)]
    few_of_c = [f"G{n}" for n in [*range(30), *range(50, 70), *range(90, 95)]]
    all_but_few_of_a = [f"G{n}" for n in [*range(45), *range(50, 70), *range(90, 105)]]
    none = [f"G{n}" for n in range(30)]
    result = count_groups(groups, {"scored": every, "few": few_of_c, "most": all_but_few_of_a, "none": none})
    counts = {row.group: row.counts for row in result}
    assert {name: row["few"] for name, row in counts.items()} == {"a": 30, "b": None, "c": None}
    assert {name: row["most"] for name, row in counts.items()} == {"a": None, "b": 20, "c": None}
    assert {name: row["none"] for name, row in counts.items()} == {"a": 30, "b": 0, "c": 0}
