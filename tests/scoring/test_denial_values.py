"""Denials: the deadline and its source, the value of a denial, and the order in which they are worked."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.features.frame import Frame
from payrank.features.targets import OverturnTarget
from payrank.scoring.denials.deadlines import appeal_deadlines
from payrank.scoring.denials.denial_lines import make_denial_lines
from payrank.scoring.denials.denial_values import value_denials
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.scores import Explained, Scored
from payrank.scoring.settings import ScoringSettings, Waiver

AS_OF = date(2026, 11, 20)
Row = dict[str, object]
COSTLESS = ScoringSettings(costs={"denials": 0.0}, annual_discount_rate=0.0)


def denial(number: int, *, denied: int = 10, **known: Any) -> Row:
    return {
        "denial_id": f"D{number}",
        "account_id": f"A{number}",
        "payer_id": "",
        "denied_on": AS_OF - timedelta(days=denied),
        "denied_amount": "1000.00",
        "group_code": "CO",
        "carc": "197",
        "rarc": "",
        "appeal_due_on": "",
        **known,
    }


def write(folder: Path, **tables: list[Row]) -> Path:
    folder.mkdir()
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


PAYERS: list[Row] = [
    {"payer_id": f"P-{name}", "payer_class": name, "appeal_days": ""}
    for name in ("medicare", "medicare_advantage", "medicaid", "managed_medicaid", "commercial", "self_pay")
]
PAYERS += [
    {"payer_id": "P-contract", "payer_class": "medicare", "appeal_days": "90"},
]


@pytest.mark.parametrize(
    ("payer", "stated", "days", "source"),
    [
        ("P-contract", "2026-12-24", 44, "stated on the denial"),
        ("P-contract", "", 90, "payer's contract: 90 days from the denial"),
        ("P-medicare", "", 120, "42 CFR 405.942: 120 days from receipt, counted from the denial date"),
        (
            "P-medicare_advantage",
            "",
            60,
            "42 CFR 422.582: 65 days since 2025; payrank uses 60, counted from the denial date",
        ),
        ("P-medicaid", "", 60, "42 CFR 438.402: 60 days, counted from the denial date"),
        ("P-managed_medicaid", "", 60, "42 CFR 438.402: 60 days, counted from the denial date"),
        ("P-commercial", "", 180, "29 CFR 2560.503-1: 180 days, counted from the denial date"),
        ("P-self_pay", "", 60, "assumed: 60 days from the denial"),
        ("P-unknown", "", 60, "assumed: 60 days from the denial"),
        ("", "", 60, "assumed: 60 days from the denial"),
    ],
)
def test_the_deadline_comes_from_the_denial_then_the_contract_then_the_law_or_else_is_assumed(
    tmp_path: Path, payer: str, stated: str, days: int, source: str
) -> None:
    row = denial(1, payer_id=payer, appeal_due_on=stated)
    with load_extract(write(tmp_path / "extract", denials=[row], payers=PAYERS)) as extract:
        deadlines = appeal_deadlines(extract.connection, AS_OF)
    assert deadlines["due_on"].dt.date.tolist() == [AS_OF + timedelta(days=days - 10)]
    assert deadlines["due_on_source"].tolist() == [source]


@pytest.fixture
def value(tmp_path: Path, run_over: Callable[..., NightlyRun]) -> Callable[..., pd.DataFrame]:
    """Value denials with these overturn probabilities; an overturned denial is recovered in full."""

    def run(
        rows: list[Row], chances: list[float], settings: ScoringSettings = COSTLESS, appeals: list[Row] | None = None
    ) -> pd.DataFrame:
        amounts = [float(str(row["denied_amount"])) if row["denied_amount"] else float("nan") for row in rows]
        data = pd.DataFrame(
            {
                "unit_id": [row["denial_id"] for row in rows],
                "row_account_id": [row["account_id"] for row in rows],
                "row_payer_id": [row["payer_id"] for row in rows],
                "amount": amounts,
                "age_days": 10.0,
            }
        )
        scores = pd.DataFrame({"raw_score": 0.0, "probability": chances, "expected_share": chances})
        scored = Scored(Frame("denial", data, (), OverturnTarget()), None, scores)  # type: ignore[arg-type]  # unused
        tables = {"denials": rows, "payers": PAYERS} | ({"appeals": appeals} if appeals else {})
        with load_extract(write(tmp_path / "extract", **tables)) as extract:
            return value_denials(run_over(extract, settings), scored)

    return run


def listed(table: pd.DataFrame) -> list[str]:
    return table[table["place"] == "listed"].sort_values("rank")["denial_id"].tolist()


def test_the_list_is_ranked_by_recovery_less_cost(value: Callable[..., pd.DataFrame]) -> None:
    rows = [denial(1, denied_amount="100.00"), denial(2, denied_amount="5000.00"), denial(3, denied_amount="1000.00")]
    table = value(rows, [0.9, 0.1, 0.6], ScoringSettings(costs={"appeal": 95.0}, annual_discount_rate=0.0))
    assert table["expected_recovery"].tolist() == pytest.approx([90.0, 500.0, 600.0])
    assert table["expected_value"].tolist() == pytest.approx([-5.0, 405.0, 505.0])
    assert listed(table) == ["D3", "D2"]
    assert table.loc["D1", "place"] == "over_capacity"


def test_denials_due_within_14_days_come_first_whatever_their_value(value: Callable[..., pd.DataFrame]) -> None:
    rows = [
        denial(1, denied_amount="90000.00"),
        denial(2, appeal_due_on=AS_OF + timedelta(days=15), denied_amount="80000.00"),
        denial(3, appeal_due_on=AS_OF + timedelta(days=14), denied_amount="10.00"),
        denial(4, appeal_due_on=AS_OF, denied_amount="20.00"),
    ]
    table = value(rows, [0.5] * 4, ScoringSettings())
    assert listed(table) == ["D4", "D3", "D1", "D2"]
    assert table["expected_value"]["D3"] < 0
    assert table["queue"].tolist() == ["appeal", "appeal", "write_off_review", "write_off_review"]


def test_after_its_deadline_a_denial_is_worth_nothing_and_goes_to_review(value: Callable[..., pd.DataFrame]) -> None:
    rows = [denial(1, appeal_due_on=AS_OF - timedelta(days=1)), denial(2, denied=61), denial(3, denied=60)]
    table = value(rows, [0.5] * 3)
    assert table["suppressed_by"].tolist() == [["D1"], ["D1"], []]
    assert table["queue"].tolist()[:2] == ["write_off_review"] * 2
    assert table["expected_value"].tolist() == pytest.approx([0.0, 0.0, 500.0])
    assert table["expected_recovery"].tolist() == pytest.approx([0.0, 0.0, 500.0])


def test_a_pending_appeal_is_followed_up_even_after_the_deadline(value: Callable[..., pd.DataFrame]) -> None:
    appeals: list[Row] = [
        {"appeal_id": "X1", "denial_id": "D1", "filed_on": AS_OF - timedelta(days=40), "decided_on": "", "outcome": ""},
    ]
    table = value([denial(1, denied=100)], [0.5], appeals=appeals)
    assert table["queue"].tolist() == ["follow_up"]
    assert listed(table) == ["D1"]


@pytest.mark.parametrize(
    ("codes", "hit"),
    [
        ({"group_code": "PR", "carc": "1"}, True),
        ({"group_code": "PR", "carc": "204"}, True),
        ({"carc": "18"}, True),
        ({"carc": "45"}, True),
        ({"carc": "253"}, True),
        ({"group_code": "OA", "carc": "23"}, True),
        ({"rarc": "MA130"}, True),
        ({"rarc": "N211"}, True),
        ({"group_code": "", "carc": "", "rarc": ""}, False),
        ({"group_code": "OA", "carc": "45"}, False),
        ({"carc": "23"}, False),
    ],
)
def test_codes_that_cannot_be_appealed_go_to_their_own_queue(
    value: Callable[..., pd.DataFrame], codes: dict[str, Any], hit: bool
) -> None:
    table = value([denial(1, **codes)], [0.5])
    assert table["suppressed_by"].tolist() == [["D3"] if hit else []]
    assert (table["queue"].tolist() == ["not_an_appeal"]) == hit


def test_unknown_amounts_stay_unknown_and_rank_by_chance(value: Callable[..., pd.DataFrame]) -> None:
    rows = [denial(number, denied_amount="") for number in range(1, 5)]
    table = value(rows, [0.2, 0.9, 0.5, 0.9])
    assert table[["denied_amount", "expected_recovery", "expected_value"]].isna().all(axis=None)
    assert listed(table) == ["D2", "D4", "D3", "D1"]


def test_ties_go_to_the_nearer_deadline_then_the_smaller_id(value: Callable[..., pd.DataFrame]) -> None:
    rows = [denial(3), denial(2), denial(1, denied=5), denial(4, denied=20)]
    assert listed(value(rows, [0.5] * 4)) == ["D4", "D2", "D3", "D1"]


def test_a_waived_denial_rule_suppresses_nothing_but_a_missed_deadline_still_is_not_listed(
    value: Callable[..., pd.DataFrame],
) -> None:
    waive = (
        Waiver(rule="D1", reason="this site reviews late denials by hand"),
        Waiver(rule="D3", reason="as above, yes"),
    )
    table = value([denial(1, denied=90), denial(2, carc="18")], [0.5, 0.5], ScoringSettings(waive=waive))
    assert table["suppressed_by"].tolist() == [[], []]
    assert listed(table) == ["D2"]


def test_a_line_shows_its_deadline_source_and_days_left(value: Callable[..., pd.DataFrame]) -> None:
    table = value([denial(1, denied_amount="")], [0.5])
    (line,) = make_denial_lines(table, Explained(0.0, {}), COSTLESS.reasons_shown)
    assert (line.due_on, line.days_left) == (AS_OF + timedelta(days=50), 50)
    assert line.due_on_source == "assumed: 60 days from the denial"
    assert line.denied_amount is None
    assert line.expected_value is None
    assert line.code == "CO-197"
