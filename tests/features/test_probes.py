"""Probes find every planted leak and none in a clean hospital."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from payrank.extracts.contract.metadata import read_metadata, write_metadata
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import training_frame
from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.probes.agreement import probe_agreement
from payrank.features.probes.back_dated import probe_back_dated
from payrank.features.probes.changed_future import change_future, count_future
from payrank.features.probes.future import choose_day, find_differences, probe_future
from payrank.features.probes.hindsight import probe_hindsight
from payrank.features.probes.ranking import number_households, rank, score_alone
from payrank.features.probes.single_features import probe_single_features
from payrank.features.site.features import SiteFeatures
from payrank.features.sources import Snapshot
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.simulator import simulate
from tests.features.small_extracts import DAY, draw_rows, make_extract

pytestmark = pytest.mark.slow

PAYMENT = PaymentTarget(snapshots=6)
OVERTURN = OverturnTarget(snapshots=60)
AS_OF = date(2026, 6, 1)
PAST = AS_OF - timedelta(days=150)
SMALL = PaymentTarget(horizon_days=20, every_days=13, snapshots=3, history_days=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clean") / "extract"
    simulate(home, accounts=1500, seed=21, as_of=AS_OF)
    return home


@pytest.fixture(scope="module")
def clean(folder: Path) -> Iterator[Extract]:
    with load_extract(folder) as extract:
        yield extract


@pytest.fixture(scope="module")
def frame(clean: Extract) -> Frame:
    return training_frame(clean, PAYMENT, AS_OF)


def plant_leak(folder: Path, to: Path, table: str, query: str, attributes: dict[str, str] | None = None) -> Path:
    """Copy an extract with one table replaced by the result of a query, and declare its site attributes."""
    shutil.copytree(folder, to)
    with duckdb.connect() as connection:
        for path in folder.glob("*.parquet"):
            connection.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM '{path}'")
        connection.execute(f"COPY ({query}) TO '{to / table}.parquet' (FORMAT parquet)")
    declared = {table: attributes} if attributes else {}
    write_metadata(replace(read_metadata(to), control_totals={}, attributes=declared), to)
    return to


def peeking_feature(sql: str) -> SiteFeatures:
    """Return a feature that bypasses the vocabulary and reads the raw tables."""
    return SiteFeatures(
        account=(
            Feature(
                name="peeks",
                meaning="Peeks",
                unit="dollars",
                family="history",
                source=Snapshot(sql),
                phrase="{value}",
            ),
        )
    )


PAID_EVER = (
    "(SELECT COALESCE(SUM(-x.amount), 0) FROM transactions x "
    "WHERE x.account_id = spine.account_id AND x.kind = 'patient_payment')"
)


def test_a_clean_hospital_has_no_leaks(clean: Extract, frame: Frame) -> None:
    results = [
        probe_future(clean, PAYMENT, PAST),
        probe_agreement(clean, frame),
        probe_single_features(frame),
        probe_hindsight(clean, PAYMENT, AS_OF),
        probe_hindsight(clean, OVERTURN, AS_OF),
        probe_back_dated(clean, AS_OF),
    ]
    assert [(result.verdict, result.leaks) for result in results] == [("clean", ())] * len(results)
    assert all(result.examined for result in results)


def test_changing_the_future_leaves_the_extract_unchanged(clean: Extract) -> None:
    def count() -> list[tuple[int]]:
        return clean.connection.execute("SELECT count(*) FROM transactions").fetchall()

    before = count()
    assert count_future(clean, PAST) > 100
    with change_future(clean, PAST) as changed:
        assert changed.connection.execute("SELECT count(*) FROM transactions").fetchall() != before
        assert count() == before
    assert count() == before


def test_a_feature_that_sees_the_future_is_found_by_the_future_shuffle(clean: Extract) -> None:
    result = probe_future(clean, PAYMENT, PAST, peeking_feature(PAID_EVER))
    assert result.verdict == "leak"
    assert {leak.subject for leak in result.leaks} == {"peeks"}


def test_a_table_read_past_the_snapshot_is_found_by_the_future_shuffle(clean: Extract) -> None:
    uncut = (
        "(SELECT COUNT(*) FROM contacts x WHERE x.guarantor_id = spine.guarantor_id AND x.contacted_on <= spine.as_of)"
    )
    assert probe_future(clean, PAYMENT, PAST, peeking_feature(uncut)).verdict == "leak"


def test_the_chosen_day_is_always_inside_the_history(clean: Extract) -> None:
    assert choose_day(clean, PAYMENT, AS_OF) == AS_OF - timedelta(days=PAYMENT.horizon_days)
    yearly = {"accounts": [{"account_id": "A", "guarantor_id": "G", "opened_on": date(2024, 1, 1)}]}
    with make_extract(yearly) as extract:
        assert choose_day(extract, PAYMENT, date(2026, 1, 1)) == date(2024, 1, 1)


def test_an_extract_without_a_future_has_nothing_to_shuffle(clean: Extract) -> None:
    assert "nothing to shuffle" in probe_future(clean, PAYMENT, AS_OF).not_run


def test_a_feature_that_depends_on_other_rows_in_the_frame_is_found_by_the_agreement_probe(clean: Extract) -> None:
    site_features = peeking_feature("(SELECT COUNT(*) FROM spine other)")
    result = probe_agreement(clean, training_frame(clean, PAYMENT, AS_OF, site_features=site_features), site_features)
    assert {leak.subject for leak in result.leaks} == {"peeks"}


def test_a_feature_that_contains_the_outcome_is_too_good_alone(clean: Extract) -> None:
    later = PAID_EVER.replace("x.kind", "x.posted_on >= spine.as_of AND x.kind")
    result = probe_single_features(training_frame(clean, PAYMENT, AS_OF, site_features=peeking_feature(later)))
    assert {leak.subject for leak in result.leaks} == {"peeks"}


def test_a_short_history_gives_the_reason_the_probe_did_not_run(frame: Frame) -> None:
    few = replace(frame, data=frame.data.head(20))
    assert "fewer than 30 outcomes" in probe_single_features(few).not_run


BALANCE_NOW = (
    "SELECT account_id, sum(CASE WHEN responsibility = 'patient' THEN amount ELSE 0 END) AS balance, "
    "sum(CASE WHEN kind = 'patient_payment' THEN -amount ELSE 0 END) AS paid FROM transactions GROUP BY account_id"
)


WON = (
    "(SELECT denial_id, max(CASE WHEN outcome IN ('overturned', 'partially_overturned') THEN 1.0 ELSE 0.0 END) AS won "
    "FROM appeals WHERE outcome IS NOT NULL GROUP BY denial_id)"
)


def test_a_status_refreshed_after_the_event_is_found(folder: Path, tmp_path: Path) -> None:
    query = (
        "SELECT a.*, CASE WHEN l.paid > 0 AND l.balance <= 0 THEN 'closed' WHEN l.paid > 0 THEN 'partly' "
        f"ELSE 'open' END AS status FROM accounts a LEFT JOIN ({BALANCE_NOW}) l USING (account_id)"
    )
    planted = plant_leak(folder, tmp_path / "x", "accounts", query, {"status": "category"})
    with load_extract(planted) as extract:
        result = probe_hindsight(extract, PAYMENT, AS_OF)
    assert [leak.subject for leak in result.leaks] == ["accounts.status"]
    assert "refreshed" in result.leaks[0].text


def test_a_status_of_denials_refreshed_after_the_decision_is_found(folder: Path, tmp_path: Path) -> None:
    query = (
        "SELECT n.*, CASE w.won WHEN 1 THEN 'reversed' WHEN 0 THEN 'final' ELSE 'new' END AS status "
        f"FROM denials n LEFT JOIN {WON} w USING (denial_id)"
    )
    planted = plant_leak(folder, tmp_path / "x", "denials", query, {"status": "category"})
    with load_extract(planted) as extract:
        assert [leak.subject for leak in probe_hindsight(extract, OVERTURN, AS_OF).leaks] == ["denials.status"]


@pytest.mark.parametrize("weight", [0, 5], ids=["plain", "smoothed"])
def test_a_rate_that_includes_the_row_itself_is_found(folder: Path, tmp_path: Path, weight: int) -> None:
    query = (
        f"SELECT n.*, CAST((sum(w.won) OVER same + {weight / 2}) / (count(w.won) OVER same + {weight}) AS DOUBLE) "
        f"AS rate FROM denials n LEFT JOIN {WON} w USING (denial_id) WINDOW same AS (PARTITION BY n.payer_id, n.carc)"
    )
    planted = plant_leak(folder, tmp_path / "x", "denials", query, {"rate": "number"})
    with load_extract(planted) as extract:
        result = probe_hindsight(extract, OVERTURN, AS_OF)
    assert [leak.subject for leak in result.leaks] == ["denials.rate"]
    assert "came later" in result.leaks[0].text


@pytest.mark.parametrize(
    ("kind", "what"),
    [("number", "sum(p.amount)"), ("number", "count(p.amount)"), ("boolean", "count(p.amount) > 0")],
    ids=["dollars", "number", "whether"],
)
def test_a_later_payment_of_the_guarantor_is_found(folder: Path, tmp_path: Path, kind: str, what: str) -> None:
    query = (
        f"SELECT a.*, h.later FROM accounts a JOIN (SELECT a.account_id, {what} AS later FROM accounts a "
        "LEFT JOIN (SELECT b.guarantor_id, t.posted_on, -t.amount AS amount FROM accounts b JOIN transactions t "
        "USING (account_id) WHERE t.kind = 'patient_payment') p "
        "ON p.guarantor_id = a.guarantor_id AND p.posted_on > a.opened_on GROUP BY a.account_id) h USING (account_id)"
    )
    planted = plant_leak(folder, tmp_path / "x", "accounts", query, {"later": kind})
    with load_extract(planted) as extract:
        assert [leak.subject for leak in probe_hindsight(extract, PAYMENT, AS_OF).leaks] == ["accounts.later"]


@pytest.mark.parametrize(
    "attribute",
    [
        "CAST(hash(account_id) % 5 AS VARCHAR)",
        "CAST(hash(guarantor_id) % 40 AS VARCHAR)",
        "CAST(year(opened_on) * 12 + month(opened_on) AS VARCHAR)",
        "(SELECT CASE WHEN sum(-t.amount) > 0 THEN 'pays' ELSE 'unknown' END FROM accounts b JOIN transactions t "
        "USING (account_id) WHERE b.guarantor_id = a.guarantor_id AND t.kind = 'patient_payment' "
        "AND t.posted_on < a.opened_on)",
    ],
    ids=["chance", "of the guarantor", "month", "payments before"],
)
def test_a_valid_attribute_is_clean(folder: Path, tmp_path: Path, attribute: str) -> None:
    planted = plant_leak(
        folder, tmp_path / "x", "accounts", f"SELECT a.*, {attribute} AS mark FROM accounts a", {"mark": "category"}
    )
    with load_extract(planted) as extract:
        assert probe_hindsight(extract, PAYMENT, AS_OF).leaks == ()
        assert probe_single_features(training_frame(extract, PAYMENT, AS_OF)).leaks == ()


@pytest.mark.parametrize("salt", range(6))
def test_a_valid_score_of_payers_is_clean(folder: Path, tmp_path: Path, salt: int) -> None:
    """A score of a few payers can match the order of their overturn rates by chance."""
    query = f"SELECT n.*, CAST(hash(payer_id || '{salt}') % 100 AS DOUBLE) AS score FROM denials n"
    planted = plant_leak(folder, tmp_path / "x", "denials", query, {"score": "number"})
    with load_extract(planted) as extract:
        assert probe_hindsight(extract, OVERTURN, AS_OF).leaks == ()


def dated_back(to: str) -> str:
    return (
        "SELECT * REPLACE (CASE WHEN kind = 'patient_payment' AND hash(transaction_id) % 3 = 0 THEN "
        f"{to} ELSE posted_on END AS posted_on) FROM transactions"
    )


def test_back_dated_payments_are_found_by_their_numbers(folder: Path, tmp_path: Path) -> None:
    query = dated_back("posted_on - 25").replace("REPLACE (", "REPLACE (effective_on - 60 AS effective_on, ")
    with load_extract(plant_leak(folder, tmp_path / "x", "transactions", query)) as extract:
        texts = [leak.text for leak in probe_back_dated(extract, AS_OF).leaks]
    assert any("neighboring numbers" in text for text in texts)


def test_back_dated_payments_are_found_by_their_effective_dates(folder: Path, tmp_path: Path) -> None:
    query = dated_back("posted_on - 25")
    renumbered = f"SELECT * REPLACE (md5(transaction_id) AS transaction_id) FROM ({query})"
    with load_extract(plant_leak(folder, tmp_path / "x", "transactions", renumbered)) as extract:
        texts = [leak.text for leak in probe_back_dated(extract, AS_OF).leaks]
    assert any("effective date after" in text for text in texts)
    assert not any("neighboring numbers" in text for text in texts)


def test_back_dated_payments_are_found_by_later_collection_contacts(folder: Path, tmp_path: Path) -> None:
    query = (
        "SELECT t.* REPLACE (md5(transaction_id) AS transaction_id, NULL::DATE AS effective_on, CASE WHEN "
        "kind = 'patient_payment' THEN least(posted_on, coalesce(o.owed + 1, posted_on)) ELSE posted_on END "
        "AS posted_on) FROM transactions t LEFT JOIN (SELECT account_id, min(posted_on) AS owed FROM transactions "
        "WHERE responsibility = 'patient' AND amount > 0 GROUP BY account_id) o USING (account_id)"
    )
    with load_extract(plant_leak(folder, tmp_path / "x", "transactions", query)) as extract:
        result = probe_back_dated(extract, AS_OF)
    assert [leak.subject for leak in result.leaks] == ["transactions.posted_on"]
    assert "the office did not know" in result.leaks[0].text


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("target", [SMALL, OverturnTarget(maturity_days=15, every_days=9, snapshots=4, history_days=1)])
def test_the_future_of_small_messy_extracts_changes_nothing(seed: int, target: PaymentTarget | OverturnTarget) -> None:
    with make_extract(draw_rows(seed)) as extract:
        assert probe_future(extract, target, DAY).verdict == "clean"


def test_no_leak_message_has_a_value_of_a_row(clean: Extract) -> None:
    site_features = peeking_feature(PAID_EVER)
    text = " ".join(leak.text for leak in probe_future(clean, PAYMENT, PAST, site_features).leaks)
    ids = {row[0] for row in clean.connection.execute("SELECT account_id FROM accounts").fetchall()}
    assert text
    assert ids.isdisjoint(text.split())


def test_differences_count_rows_that_only_one_frame_has(frame: Frame) -> None:
    fewer = replace(frame, data=frame.data.iloc[1:].reset_index(drop=True))
    assert find_differences(frame, fewer) == [("rows", "1 snapshots that only one of the two has")]


def test_an_interval_by_households_is_wider_than_one_by_rows() -> None:
    draw = np.random.default_rng(1)
    label = np.repeat(draw.integers(0, 2, 100), 20).astype(float)
    score = np.repeat(draw.random(100), 20)
    apart = rank(label, score, np.arange(2000))
    together = rank(label, score, np.repeat(np.arange(100), 20))
    assert apart is not None
    assert together is not None
    assert together.auc == apart.auc
    assert together.error > 3 * apart.error


def test_the_lower_bound_of_an_auc_has_its_nominal_coverage() -> None:
    draw = np.random.default_rng(2)
    misses = 0
    for _ in range(400):
        label = (draw.random(300) < 0.4).astype(float)
        ranking = rank(label, draw.random(300), np.arange(300))
        assert ranking is not None
        misses += ranking.lower(1, 0.05) > 0.5
    assert 8 <= misses <= 34


def test_a_column_is_scored_by_the_rates_of_earlier_rows() -> None:
    values = pd.Series(["a", "a", "b", "b", "c", None])
    learn = np.array([True, True, True, True, False, False])
    score = score_alone(values, np.array([1.0, 1, 0, 0, 1, 1]), learn)
    assert score[0] == score[1] > 0.5 > score[2]
    assert score[4] == score[5] == 0.5


def test_a_row_with_an_unknown_household_is_its_own_household() -> None:
    assert number_households(pd.Series(["x", None, "x", None])).tolist() == [0, 1, 0, 2]
