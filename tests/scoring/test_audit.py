"""The night's fairness audit: counted by hand, nothing checked in silence, nobody told of who is one of few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.models.audit import count_groups
from payrank.scoring.reports.audit import NOT_GIVEN, audit_night
from payrank.scoring.reports.report import NightReport, render_report


@pytest.fixture(scope="module")
def audit(hospital: Any, night: Any) -> Any:
    with load_extract(hospital.extract) as extract:
        return audit_night(extract, night.night.lists, hospital.as_of)


def test_each_share_is_that_of_the_people_counted_by_hand(audit: Any, hospital: Any, night: Any) -> None:
    table = night.night.lists["patient_pay"].table
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
    assert (first.title, first.ends) == ("Patient pay", ("listed", "called in 30 days", "sent to assistance"))
    helped = table["queue"].isin(["financial_assistance", "assistance_screening"])
    ends = (
        set(table.loc[table["place"] == "listed", "guarantor_id"]),
        set(called),
        set(table.loc[helped, "guarantor_id"]),
    )
    told = 0
    for row in first.rows:
        if row.attribute != "sex":
            continue
        people = {who for who in table["guarantor_id"] if sex["audit_sex"].get(who) == row.group}
        assert row.people == len(people)
        for met, end in zip(ends, row.ends, strict=True):
            if end.figure is not None:
                told += 1
                assert end.figure.value == pytest.approx(len(people & met) / len(people), abs=1e-5)
                assert end.figure.low < end.figure.value < end.figure.high
    assert told >= 4
    assert first.people == table["guarantor_id"].nunique()


def test_the_report_of_the_night_shows_the_audit_and_says_below_or_above_only_beyond_the_noise(
    audit: Any, night: Any
) -> None:
    page = (night.night.folder / "report.html").read_text("utf-8")
    assert "Fairness of tonight's lists" in page
    for one in audit.lists:
        for row in one.rows:
            for end, everyone in zip(row.ends, one.everyone, strict=True):
                if end.figure is not None:
                    outside = not end.figure.low <= everyone <= end.figure.high
                    assert bool(end.apart) == outside


def test_without_attributes_the_report_says_that_fairness_was_not_checked(
    hospital: Any, night: Any, tmp_path: Any
) -> None:
    bare = hospital.copy(
        tmp_path / "bare", guarantors="SELECT * EXCLUDE (audit_sex, audit_race_ethnicity) FROM {table}"
    )
    with load_extract(bare) as extract:
        found = audit_night(extract, night.night.lists, hospital.as_of)
    assert (found.lists, found.not_checked) == ((), NOT_GIVEN)
    page = render_report(NightReport(hospital.as_of, None, fairness=found)).decode()
    assert "Not checked: the extract has no audit_* columns" in page
    with load_extract(hospital.extract) as extract:
        held = {name: replace(one, worklist=None) for name, one in night.night.lists.items()}
        assert audit_night(extract, held, hospital.as_of).not_checked.startswith("Not checked: no list was published")


def test_no_figure_tells_of_fewer_than_eleven_people_not_even_by_subtraction() -> None:
    groups = pd.DataFrame({"kin": ["a"] * 50 + ["b"] * 40 + ["c"] * 30}, index=[f"G{n}" for n in range(120)])
    every = [f"G{n}" for n in range(120)]
    few_of_c = [f"G{n}" for n in [*range(30), *range(50, 70), *range(90, 95)]]
    all_but_few_of_a = [f"G{n}" for n in [*range(45), *range(50, 70), *range(90, 105)]]
    none = [f"G{n}" for n in range(30)]
    found = count_groups(groups, {"scored": every, "few": few_of_c, "most": all_but_few_of_a, "none": none})
    told = {one.group: one.counts for one in found}
    assert {name: one["few"] for name, one in told.items()} == {"a": 30, "b": None, "c": None}
    assert {name: one["most"] for name, one in told.items()} == {"a": None, "b": 20, "c": None}
    assert {name: one["none"] for name, one in told.items()} == {"a": 30, "b": 0, "c": 0}
