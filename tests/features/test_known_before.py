"""Rows that became known on or after the as-of day, in any table, change no bit of a frame."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payrank.extracts.contract.tables import LATER_KNOWN, TABLES
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame, training_frame
from payrank.features.frame import Frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.simulator import simulate
from tests.features.draws import DEEP, SEEDS, draws
from tests.features.small_extracts import (
    ACCOUNTS,
    DAY,
    SITE,
    Rows,
    change_the_future,
    draw_row,
    draw_rows,
    make_extract,
    read_rows,
    redrawn,
    unique,
)

pytestmark = pytest.mark.slow

Definition = PaymentTarget | OverturnTarget

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=3, history_days=1)
OVERTURN = OverturnTarget(maturity_days=15, every_days=9, snapshots=4, history_days=1, rows_per_unit=2)
BOTH = pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
EXTRACTS = SEEDS if DEEP else st.integers(1, 3)
"""A frame takes half a second, so each run compares many futures with the frames of only a few extracts."""


def assert_identical(before: Frame, after: Frame) -> None:
    pd.testing.assert_frame_equal(before.data, after.data, check_exact=True)
    assert before.unavailable == after.unavailable


def build_nightly(rows: Rows, target: Definition, day: date = DAY) -> Frame:
    with make_extract(rows) as extract:
        return nightly_frame(extract, target, day)


def training(rows: Rows, target: Definition, day: date = DAY) -> Frame:
    with make_extract(rows) as extract:
        return training_frame(extract, target, day)


@lru_cache(maxsize=32)
def nightly_of_drawn(drawn: int, target: Definition) -> Frame:
    """Return the nightly frame of a drawn extract, computed once for all comparisons."""
    return build_nightly(draw_rows(drawn), target)


@lru_cache(maxsize=32)
def training_of_drawn(drawn: int, target: Definition) -> Frame:
    """Return the training frame of a drawn extract, computed once."""
    return training(draw_rows(drawn), target)


@BOTH
@given(EXTRACTS, SEEDS)
@draws(10)
def test_nothing_known_on_or_after_the_day_changes_a_nightly_frame(target: Definition, drawn: int, future: int) -> None:
    changed = change_the_future(draw_rows(drawn), DAY, future)
    assert_identical(nightly_of_drawn(drawn, target), build_nightly(changed, target))


@BOTH
@given(EXTRACTS, SEEDS)
@draws(10)
def test_nothing_known_on_or_after_the_training_day_changes_features_or_labels(
    target: Definition, drawn: int, future: int
) -> None:
    changed = change_the_future(draw_rows(drawn), DAY, future)
    assert_identical(training_of_drawn(drawn, target), training(changed, target))


@BOTH
@pytest.mark.parametrize("name", [table.name for table in TABLES if table.known_on])
def test_later_rows_of_any_single_table_change_nothing(name: str, target: Definition) -> None:
    """Many rows of one table, all known exactly on the as-of date."""
    rows = draw_rows(11)
    known_on = next(table.known_on for table in TABLES if table.name == name) or ""
    random = Random(5)  # noqa: S311 - test data, not security
    more = [draw_row(random, name, f"late-{at}") | {known_on: DAY} for at in range(40)]
    if name == "appeals":
        more = [row | {"decided_on": DAY - timedelta(days=2)} for row in more]
    assert_identical(
        nightly_of_drawn(11, target), build_nightly(rows | {name: unique(name, rows[name] + more)}, target)
    )


DATED = {table.name: table.known_on for table in TABLES if table.known_on}


def _from_the_day_on(random: Random, name: str, key: str) -> list[dict[str, Any]]:
    days = [DAY + timedelta(days=at % 4) for at in range(30)]
    return [draw_row(random, name, f"{key}-{at}") | {DATED[name]: day} for at, day in enumerate(days)]


def _all_frames(rows: Rows) -> list[Frame]:
    with make_extract(rows) as extract:
        frames = [
            (nightly_frame(extract, target, DAY), training_frame(extract, target, DAY))
            for target in (PAYMENT, OVERTURN)
        ]
    return [frame for pair in frames for frame in pair]


@pytest.fixture(scope="module")
def eventful() -> tuple[Rows, list[Frame]]:
    """Return an extract with many later rows in every table, and all its frames with their labels."""
    random = Random(17)  # noqa: S311 - test data, not security
    rows = draw_rows(13)
    rows |= {name: unique(name, rows[name] + _from_the_day_on(random, name, "late")) for name in DATED}
    return rows, _all_frames(rows)


@pytest.mark.parametrize("how", ["added", "changed", "deleted"])
def test_rows_added_changed_or_deleted_from_the_day_on_change_nothing(
    how: str, eventful: tuple[Rows, list[Frame]]
) -> None:
    """No bit changes of nightly frames, training frames, or matured labels, for accounts and denials."""
    random = Random(18)  # noqa: S311 - test data, not security
    rows, before = eventful
    after = dict(rows)
    for name, known_on in DATED.items():
        past = [row for row in rows[name] if row[known_on] < DAY]
        future = [row for row in rows[name] if row[known_on] >= DAY]
        if how == "added":
            after[name] = unique(name, rows[name] + _from_the_day_on(random, name, "more"))
        elif how == "changed":
            after[name] = unique(name, past + [redrawn(random, name, row, DAY) for row in future])
        else:
            after[name] = past
        assert len(future) > 5
        assert after[name] != rows[name]
    assert not any(frame.data.empty for frame in before)
    for first, second in zip(before, _all_frames(after), strict=True):
        assert_identical(first, second)


@BOTH
@pytest.mark.parametrize("name", sorted(LATER_KNOWN))
def test_values_that_fill_in_on_the_day_are_not_yet_known(name: str, target: Definition) -> None:
    rows = draw_rows(12)
    column = LATER_KNOWN[name]
    open_rows = [row | {column: None} for row in rows[name]]
    filled = [row | {column: DAY} for row in open_rows]
    assert_identical(build_nightly(rows | {name: open_rows}, target), build_nightly(rows | {name: filled}, target))


@BOTH
def test_rows_known_the_day_before_do_change_frames(target: Definition) -> None:
    """The test itself can fail: the same changes one day earlier do change frames."""
    seed = 3
    rows = draw_rows(seed)
    changed = change_the_future(rows, DAY - timedelta(days=1), seed)
    yesterday = {
        name: [_known_yesterday(name, row) if row not in rows.get(name, []) else row for row in changes]
        for name, changes in changed.items()
    }
    assert not build_nightly(rows, target).data.equals(build_nightly(yesterday, target).data)


def _known_yesterday(name: str, row: dict[str, object]) -> dict[str, object]:
    known_on = next(table.known_on for table in TABLES if table.name == name)
    return row if known_on is None else row | {known_on: DAY - timedelta(days=1)}


@BOTH
@given(EXTRACTS, SEEDS)
@draws(5)
def test_the_order_of_rows_in_an_extract_changes_no_bit(target: Definition, drawn: int, order: int) -> None:
    random = Random(order)  # noqa: S311 - test data, not security
    shuffled = {name: random.sample(rows, len(rows)) for name, rows in draw_rows(drawn).items()}
    assert_identical(training_of_drawn(drawn, target), training(shuffled, target))


def test_a_payment_plan_of_an_account_not_yet_known_belongs_to_no_household() -> None:
    rows = draw_rows(1)
    later_account = rows["accounts"][0] | {"account_id": "late", "opened_on": DAY, "guarantor_id": "G1"}
    plan = {"plan_id": "early", "account_id": "late", "started_on": DAY - timedelta(days=30)}
    rows["payment_plans"].append(plan)
    assert_identical(
        build_nightly(rows, PAYMENT), build_nightly(rows | {"accounts": [*rows["accounts"], later_account]}, PAYMENT)
    )


def test_an_appeal_filed_on_the_training_day_gives_no_label_whatever_its_decision_date() -> None:
    rows = draw_rows(2) | {"appeals": []}
    later_rows = [
        {
            "appeal_id": f"late-{at}",
            "denial_id": row["denial_id"],
            "filed_on": DAY,
            "decided_on": DAY - timedelta(days=1),
            "outcome": "overturned",
        }
        for at, row in enumerate(rows["denials"])
    ]
    assert training(rows | {"appeals": later_rows}, OVERTURN).data.empty


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of a simulated hospital of 1,400 accounts, with made-up site attributes."""
    folder: Path = tmp_path_factory.mktemp("hospital") / "extract"
    simulate(folder, accounts=1400, seed=4, as_of=date(2026, 6, 1))
    with load_extract(folder) as extract:
        rows = read_rows(extract)
    for at, row in enumerate(rows["accounts"] + rows["denials"]):
        row.update({name: None for table in SITE.values() for name in table})
        row.update({"clinic": "abc"[at % 3], "channel_code": "xy"[at % 2], "diagnosis": "hb"[at % 2]})
    return rows


@BOTH
def test_the_future_of_a_simulated_hospital_changes_no_bit_of_its_frames(hospital: Rows, target: Definition) -> None:
    day = date(2025, 11, 1)
    changed = change_the_future(hospital, day, 1)
    assert sum(len(rows) for rows in changed.values()) != sum(len(rows) for rows in hospital.values())
    frame = build_nightly(hospital, target, day)
    assert len(frame.data) > 30
    assert_identical(frame, build_nightly(changed, target, day))
    assert_identical(training(hospital, target, day), training(changed, target, day))


@BOTH
def test_training_rows_of_a_simulated_hospital_equal_its_nightly_rows(hospital: Rows, target: Definition) -> None:
    wide = target.model_copy(update={"every_days": 45, "snapshots": 3, "rows_per_unit": None})
    with make_extract(hospital) as extract:
        frame = training_frame(extract, wide, date(2026, 5, 1))
        assert frame.data["as_of"].nunique() == 3
        for day, rows in frame.data.groupby("as_of"):
            assert_same_rows(rows, nightly_frame(extract, wide, pd.Timestamp(str(day)).date()).data)


@BOTH
@given(SEEDS)
@draws(3)
def test_a_training_row_is_bit_for_bit_the_nightly_row(target: Definition, seed: int) -> None:
    with make_extract(draw_rows(seed)) as extract:
        frame = training_frame(extract, target, DAY)
        for day, rows in frame.data.groupby("as_of"):
            assert_same_rows(rows, nightly_frame(extract, target, pd.Timestamp(str(day)).date()).data)


def assert_same_rows(trained: pd.DataFrame, at_night: pd.DataFrame) -> None:
    """Compare the rows that both frames have; the nightly frame also has rows without a label."""
    expected = at_night.set_index("unit_id").loc[trained["unit_id"]].reset_index()
    pd.testing.assert_frame_equal(
        trained[list(at_night.columns)].reset_index(drop=True), expected[list(at_night.columns)]
    )
    both = at_night["unit_id"].is_unique and trained["unit_id"].is_unique
    assert both, "a unit has two rows on one day"


def test_the_small_extracts_have_accounts_known_before_and_after_the_day() -> None:
    """The tests have something to find: some accounts open on or after the day and have rows known before it."""
    opened = [row["opened_on"] for seed in range(8) for row in draw_rows(seed)["accounts"]]
    assert len(opened) == 8 * len(ACCOUNTS)
    assert any(day >= DAY for day in opened)
    assert any(day < DAY for day in opened)
