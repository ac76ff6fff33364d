"""Extracts with only part of the contract give what they can: reviews without amounts, a ledger without payers."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import training_frame
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.manifest import ModelKind
from payrank.scoring.run_models import RunModels
from payrank.scoring.run_nightly import run_nightly
from payrank.scoring.settings import ScoringSettings, Waiver
from payrank.training.settings import Member, TrainingSettings
from payrank.training.train import train

QUICK = TrainingSettings(
    max_n_estimators=20, share_n_estimators=5, members=(Member(seeds=(1,), n_estimators=20),), min_outcomes=11
)
NO_FLAGS = ScoringSettings(waive=(Waiver(rule="H12", reason="companies, for whom no flags exist"),))
FOLLOWED_AT_ONCE = ScoringSettings(follow_up_after_days=0)
Row = dict[str, object]


def write(folder: Path, toml: str, **tables: list[Row]) -> Path:
    folder.mkdir()
    (folder / "extract.toml").write_text(toml)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def fit(kind: ModelKind, folder: Path, as_of: date, target: PaymentTarget | OverturnTarget) -> RunModels:
    with load_extract(folder) as extract:
        trained = train(training_frame(extract, target, as_of), kind=kind, as_of=as_of, settings=QUICK)
    other = {"payment": "overturn", "overturn": "payment"}[kind]
    return RunModels({kind: trained.bundle}, {kind: "small"}, {other: f"No {other} model."})


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Denials and appeals by year with two site attributes, but without amounts, payers, accounts, or codes."""
    dice = np.random.default_rng(8)
    denials: list[Row] = []
    appeals: list[Row] = []
    for number in range(600):
        year = 2015 + number % 6
        kind, line = ("urgent", "experimental")[int(dice.integers(2))], f"line {dice.integers(4)}"
        denied = date(year - 1, 12, 31)
        denials.append({"denial_id": f"R{number}", "denied_on": denied, "review_kind": kind, "line": line})
        won = dice.random() < (0.75 if kind == "urgent" else 0.25)
        undecided = year == 2020
        appeals.append(
            {
                "appeal_id": f"R{number}-1",
                "denial_id": f"R{number}",
                "level": 1,
                "filed_on": denied,
                "decided_on": "" if undecided else date(year, 12, 31),
                "outcome": "" if undecided else "overturned" if won else "upheld",
            }
        )
    toml = 'as_of = 2020-01-10\n[attributes.denials]\nreview_kind = "category"\nline = "category"\n'
    return write(tmp_path / "reviews", toml, denials=denials, appeals=appeals)


def test_reviews_without_amounts_or_payers_give_a_denial_list_ranked_by_probability(
    reviews: Path, tmp_path: Path
) -> None:
    day = date(2020, 1, 10)
    models = fit("overturn", reviews, day, OverturnTarget(every_days=180, snapshots=12, history_days=1))
    with load_extract(reviews) as extract:
        run = run_nightly(extract, models, as_of=day, out=tmp_path / "runs", settings=FOLLOWED_AT_ONCE)
    rows = pq.read_table(run.folder / "denial_scores.parquet").to_pylist()
    assert len(rows) == 100
    listed = sorted(rows, key=lambda row: row["rank"])
    chances = [row["probability"] for row in listed]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[-1]
    assert all(row["denied_amount"] is None and row["expected_value"] is None for row in rows)
    assert {row["due_on_source"] for row in rows} == {"assumed: 60 days from the denial"}
    texts = {reason["text"] for row in rows for reason in row["reasons"]}
    assert {"Review kind: urgent", "Review kind: experimental"} & texts
    for kind in ("csv", "xlsx", "html"):
        assert (run.folder / f"worklists/denials.{kind}").stat().st_size
    assert not (run.folder / "payment_scores.parquet").exists()
    counts = json.loads((run.folder / "manifest.json").read_text())["counts"]
    assert counts["denials"]["listed"] == 100
    assert counts["patient_pay"]["unpublished"] == "The extract has no accounts table, so there is nothing to list."
    report = (run.folder / "report.html").read_text()
    assert "denied_amount" in report
    assert "no accounts table" in report


@pytest.fixture
def invoices(tmp_path: Path) -> Path:
    """Accounts and their ledger, and nothing else."""
    dice = np.random.default_rng(9)
    accounts: list[Row] = []
    ledger: list[Row] = []
    for number in range(600):
        due = date(2026, 1, 1) + timedelta(days=int(dice.integers(300)))
        customer = int(dice.integers(40))
        amount = f"{dice.uniform(20, 900):.2f}"
        accounts.append({"account_id": f"I{number}", "guarantor_id": f"K{customer}", "opened_on": due})
        row = {"account_id": f"I{number}", "responsibility": "patient"}
        ledger.append({"transaction_id": f"c{number}", "posted_on": due, "kind": "charge", "amount": amount, **row})
        paid = due + timedelta(days=int(dice.integers(1, 20) + customer))
        if paid < date(2026, 11, 1):
            minus = f"-{amount}"
            ledger.append(
                {"transaction_id": f"p{number}", "posted_on": paid, "kind": "patient_payment", "amount": minus, **row}
            )
    return write(tmp_path / "invoices", "as_of = 2026-11-01\n", accounts=accounts, transactions=ledger)


def test_a_ledger_alone_gives_a_patient_list_when_the_flags_rule_is_waived(invoices: Path, tmp_path: Path) -> None:
    day = date(2026, 11, 1)
    target = PaymentTarget(horizon_days=7, every_days=7, snapshots=30, history_days=30)
    models = fit("payment", invoices, day, target)
    with load_extract(invoices) as extract:
        run = run_nightly(extract, models, as_of=day, out=tmp_path / "runs", settings=NO_FLAGS)
        withheld = run_nightly(extract, models, as_of=day, out=tmp_path / "withheld", settings=ScoringSettings())
    counts = json.loads((run.folder / "manifest.json").read_text())["counts"]
    assert counts["patient_pay"]["listed"] > 0
    assert (run.folder / "worklists/patient_pay.html").is_file()
    assert "no denials table" in counts["denials"]["unpublished"]
    assert not (withheld.folder / "worklists").exists()
    assert (withheld.folder / "payment_scores.parquet").is_file()
    assert "rule H12" in (withheld.folder / "report.html").read_text()


def test_a_run_in_which_every_balance_is_paid_publishes_an_empty_list(invoices: Path, tmp_path: Path) -> None:
    day = date(2026, 11, 1)
    models = fit("payment", invoices, day, PaymentTarget(horizon_days=7, every_days=7, snapshots=30, history_days=30))
    with (invoices / "transactions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    paid = {row["account_id"] for row in rows if row["kind"] == "patient_payment"}
    with (invoices / "transactions.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["account_id"] in paid)
    with load_extract(invoices) as extract:
        run = run_nightly(extract, models, as_of=day, out=tmp_path / "runs", settings=NO_FLAGS)
    assert run.lists["patient_pay"].received == 0
    assert (run.folder / "worklists/patient_pay.csv").is_file()
