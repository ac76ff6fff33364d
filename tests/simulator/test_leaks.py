"""Leaks are planted only on request, and each one reveals the future."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.simulator import simulate
from payrank.simulator.simulate import Simulated
from payrank.simulator.tables.leaks import LEAKS
from payrank.simulator.truth.payment_truth import payment_truth

AS_OF = date(2026, 11, 1)
SNAPSHOT = AS_OF - timedelta(days=150)
ACCOUNTS = 6000


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("honest"), accounts=ACCOUNTS, seed=2, as_of=AS_OF).folder


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("leaking"), accounts=ACCOUNTS, seed=2, as_of=AS_OF, leaks=tuple(LEAKS))


@pytest.fixture(scope="module")
def tables(leaking: Simulated) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for path in leaking.folder.glob("*.parquet"):
        connection.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{path}')")
    return connection


def changed(folder: Path, other: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.read_bytes() != (other / path.name).read_bytes()}


@pytest.mark.parametrize(
    ("leak", "files"),
    [
        ("status_refreshed", {"accounts.parquet", "extract.toml"}),
        ("guarantor_paid_later", {"accounts.parquet", "extract.toml"}),
        ("rate_with_own_row", {"denials.parquet", "extract.toml"}),
        ("payment_dated_back", {"transactions.parquet", "extract.toml"}),
    ],
)
def test_a_leak_changes_only_its_own_table(honest: Path, tmp_path: Path, leak: str, files: set[str]) -> None:
    folder = simulate(tmp_path, accounts=ACCOUNTS, seed=2, as_of=AS_OF, leaks=(leak,)).folder
    assert changed(folder, honest) == files
    assert "leaking on purpose" in (folder / "extract.toml").read_text()


def test_every_leak_is_declared_and_there_are_none_by_default(honest: Path, leaking: Simulated) -> None:
    assert "attributes" not in (honest / "extract.toml").read_text()
    with load_extract(leaking.folder) as extract:
        assert dict(extract.metadata.attributes) == {
            "accounts": {"account_status": "category", "guarantor_payments": "number"},
            "denials": {"overturn_rate": "number"},
        }
        assert {name: state.rows_loaded for name, state in extract.tables.items()} == dict(leaking.rows)


def test_an_unknown_leak_is_refused_with_the_known_names_and_creates_no_folder(tmp_path: Path) -> None:
    with pytest.raises(
        WrongUsageError, match=r"did you mean 'status_refreshed'\?; the known leaks are status_refreshed, "
    ) as no:
        simulate(tmp_path / "none", accounts=200, seed=1, as_of=AS_OF, leaks=("status_refreshd",))
    assert all(leak in str(no.value) for leak in LEAKS)
    with pytest.raises(WrongUsageError, match="pass a list of names"):
        simulate(tmp_path / "none", accounts=200, seed=1, as_of=AS_OF, leaks="status_refreshed")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("column", ["account_status = 'paid'", "guarantor_payments"])
def test_a_leaking_account_attribute_reveals_payments_after_the_snapshot(
    tables: duckdb.DuckDBPyConnection, leaking: Simulated, column: str
) -> None:
    """For balances open on a day, the stored value predicts later payments better than their true probability does."""
    hospital = leaking.hospital
    truth = payment_truth(hospital, hospital.as_of - 150)
    chances = dict(zip((f"{number:010d}" for number in truth.account), truth.usual.probability, strict=True))
    rows = tables.execute(f"""SELECT account_id, ({column})::INTEGER, paid IS NOT NULL FROM accounts LEFT JOIN (
        SELECT DISTINCT account_id, true AS paid FROM transactions WHERE kind = 'patient_payment' AND amount < 0
        AND posted_on BETWEEN DATE '{SNAPSHOT}' AND DATE '{SNAPSHOT}' + 119) USING (account_id)""").fetchall()
    known = [(chances[account], leaked, paid) for account, leaked, paid in rows if account in chances]
    chance, leaked, paid = zip(*known, strict=True)
    clipped = np.clip(chance, 0.001, 0.999)
    inputs = np.column_stack([np.log(clipped / (1 - clipped)), np.log1p(leaked), np.sign(leaked)])
    informed = LogisticRegression().fit(inputs, paid).predict_proba(inputs)[:, 1]
    assert roc_auc_score(paid, informed) > roc_auc_score(paid, chance) + 0.015


def test_a_rate_that_includes_its_own_row_reveals_the_outcome(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.execute("""SELECT overturn_rate, outcome LIKE '%overturned'
        FROM denials JOIN appeals USING (denial_id)
        WHERE level = 1 AND outcome IN ('overturned', 'partially_overturned', 'upheld')""").fetchall()
    rate, won = zip(*rows, strict=True)
    assert roc_auc_score(won, rate) > 0.9


def test_backdated_payments_are_out_of_order_and_leave_every_balance_unchanged(
    tables: duckdb.DuckDBPyConnection, honest: Path
) -> None:
    out_of_order = """SELECT count(*) FROM (SELECT posted_on, lag(posted_on) OVER (ORDER BY transaction_id) AS before
        FROM {}) WHERE posted_on < before"""
    ledger = f"read_parquet('{honest}/transactions.parquet')"
    assert tables.execute(out_of_order.format("transactions")).fetchall()[0][0] > 300
    assert tables.execute(out_of_order.format(ledger)).fetchall() == [(0,)]
    differing = f"""SELECT count(*), count(*) FILTER (leaking.owed <> honest.owed)
        FROM (SELECT account_id, sum(amount) AS owed FROM transactions GROUP BY account_id) AS leaking
        JOIN (SELECT account_id, sum(amount) AS owed FROM {ledger} GROUP BY account_id) AS honest USING (account_id)"""
    ((accounts, wrong),) = tables.execute(differing).fetchall()
    assert accounts > 0.99 * ACCOUNTS
    assert wrong == 0
