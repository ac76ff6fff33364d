"""report.html: only counts and sums, everything accounted for, and a plain statement of what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from payrank.scoring.reports.report import (
    Flow,
    ModelHealth,
    RunReport,
    SuppressedRow,
    TableHealth,
    Unpublished,
    render_report,
    sort_by_age,
)
from payrank.scoring.worklist import DenialLine, PatientLine, Worklist
from payrank.scoring.worklists.list_summary import count_by_chance, count_by_day, count_by_queue, summarize_list


@pytest.fixture
def report(
    patient_list: Callable[..., Worklist[PatientLine]], denial_list: Callable[..., Worklist[DenialLine]]
) -> RunReport:
    return RunReport(
        as_of=date(2026, 11, 20),
        source_system="epic",
        flows=(Flow("accounts", 100, 30, 20, 45, 5), Flow("denials", 10, 10, 0, 0, 0)),
        counts={"Guarantors listed": 28},
        aging=sort_by_age([(3, 100.0), (45, 200.0), (45, 50.0), (900, 1.0)]),
        lists=(summarize_list(patient_list(20)), summarize_list(denial_list(20))),
        suppressed=(
            SuppressedRow("H1", "Bankruptcy", "11 USC 362, 524", 4),
            SuppressedRow("S4", "Plan current", "", 41),
        ),
        models=(
            ModelHealth("payment within 120 days", "payrank-payment, version 3", {"Trained through": "Jul 1, 2026"}),
        ),
        tables=(
            TableHealth("accounts", True, 105, 100, 5, 0, ("service_line",)),
            TableHealth("contacts", False, 0, 0, 0, 0, ()),
        ),
        notices=("Simulated data.", "A column was ignored."),
    )


def text_of(content: bytes) -> str:
    """Return the page as a reader sees it, without markup and with single spaces."""
    body = re.sub(r"<style>.*?</style>", "", content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_the_report_shows_totals_aging_lists_rules_models_and_data(report: RunReport) -> None:
    text = text_of(render_report(report))
    for phrase in (
        "As of Nov 20, 2026 · Source epic",
        "Accounts 100 30 20 45 5 Yes",
        "31-60 days 2 $250",
        "Total 4 $351",
        "S4 Plan current 41 H1 Bankruptcy 11 USC 362, 524 4",
        "payrank-payment, version 3 Predicts payment within 120 days Trained through Jul 1, 2026",
        "accounts 105 100 5 0 service_line",
        "whole table missing: its features are null",
        "A column was ignored.",
    ):
        assert phrase in text


def test_counts_that_do_not_reconcile_are_flagged(report: RunReport) -> None:
    assert "NO: report this to your payrank administrator" in text_of(
        render_report(replace(report, flows=(Flow("accounts", 100, 30, 20, 45, 4),)))
    )


def test_an_unpublished_list_is_shown_with_its_reason(report: RunReport) -> None:
    missing = Unpublished("Patient balances to work", "The flags feed is missing (rule H12).")
    text = text_of(render_report(replace(report, unpublished=(missing,))))
    assert "Not published: Patient balances to work. The flags feed is missing (rule H12)." in text


def test_an_empty_run_still_gets_a_page() -> None:
    text = text_of(render_report(RunReport(date(2026, 11, 20), None)))
    assert "No list was published." in text
    assert "Source not stated" in text


def test_no_id_of_a_row_reaches_the_report(
    report: RunReport,
    patient_list: Callable[..., Worklist[PatientLine]],
    denial_list: Callable[..., Worklist[DenialLine]],
) -> None:
    text = render_report(report).decode()
    ids = [line.guarantor_id for line in patient_list(20).lines] + [line.denial_id for line in denial_list(20).lines]
    assert not [each for each in ids if each in text]


def test_hostile_names_stay_text(report: RunReport) -> None:
    table = TableHealth("<script>alert(1)</script>", True, 1, 1, 0, 0, ('"><img>',))
    content = render_report(replace(report, tables=(table,), notices=("<b>",), source_system="<i>")).decode()
    assert "<script" not in content
    assert "<img" not in content
    assert "<i>" not in content


def test_the_report_has_no_script_and_makes_no_request(report: RunReport) -> None:
    content = render_report(report).decode()
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in content
    assert "script-src" not in content
    links = re.findall(r'href="([^"]*)"', content)
    assert links
    assert all(link.startswith("worklists/") for link in links)


def test_unknown_dollars_are_a_dash(report: RunReport, denial_list: Callable[..., Worklist[DenialLine]]) -> None:
    summary = summarize_list(denial_list(5, amounts=False))
    assert (summary.at_stake, summary.expected) == (None, None)
    assert "At stake \u2013 Expected recovery \u2013" in text_of(render_report(replace(report, lists=(summary,))))


def test_every_probability_is_counted_once() -> None:
    bars = count_by_chance([0.0, 0.1, 0.5, 0.999, 1.0])
    assert sum(bar.value for bar in bars) == 5


def test_the_same_report_gives_the_same_bytes(report: RunReport) -> None:
    assert render_report(report) == render_report(report)


def test_a_summary_counts_lines_by_queue_days_left_and_work_day(
    denial_list: Callable[..., Worklist[DenialLine]], patient_list: Callable[..., Worklist[PatientLine]]
) -> None:
    worklist = denial_list(60)
    lines = (
        replace(worklist.lines[0], queue="follow_up"),
        replace(worklist.lines[1], days_left=-3),
        *worklist.lines[2:],
    )
    summary = summarize_list(replace(worklist, lines=lines))
    for bars in (summary.queues, summary.deadlines, summary.work_days, summary.chances):
        assert sum(bar.value for bar in bars) == 60
    by_deadline = {bar.label: bar.value for bar in summary.deadlines}
    assert (by_deadline["Past due"], by_deadline["Appeal filed"]) == (1, 1)
    assert [bar.label for bar in summary.work_days] == ["Fri, Nov 20", "Sat, Nov 21", "Sun, Nov 22"]
    assert summarize_list(patient_list(5)).work_days == ()


def test_many_queues_and_days_are_combined_in_one_last_bar() -> None:
    queues = count_by_queue(f"queue {at % 700}" for at in range(2000))
    assert (len(queues), queues[-1].label, sum(bar.value for bar in queues)) == (11, "690 other queues", 2000)
    days = count_by_day(date(2026, 11, 1 + at % 28) for at in range(100))
    assert (len(days), days[-1].label, sum(bar.value for bar in days)) == (11, "Later", 100)
