"""The simulated extract follows the contract, exact to the cent and the byte."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from payrank.extracts.codes.code_lists import NO_APPEAL_RARCS
from payrank.extracts.contract.tables import LATER_KNOWN, SQL_TYPES, TABLES
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.simulator import Simulated, simulate

AS_OF = date(2026, 11, 1)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("simulated"), accounts=4000, seed=11, as_of=AS_OF)


@pytest.fixture(scope="module")
def tables(simulated: Simulated) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for table in TABLES:
        path = simulated.folder / f"{table.name}.parquet"
        connection.execute(f"CREATE TABLE {table.name} AS SELECT * FROM read_parquet('{path}')")
    return connection


def count(tables: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = tables.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_the_exact_columns_and_types_of_the_contract(
    tables: duckdb.DuckDBPyConnection, table: Any
) -> None:
    actual = dict(tables.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table.name})").fetchall())
    audit = {"audit_sex": "VARCHAR", "audit_race_ethnicity": "VARCHAR"} if table.name == "guarantors" else {}
    assert actual == {column.name: SQL_TYPES[column.kind] for column in table.columns} | audit


def test_the_loader_accepts_every_row_and_the_control_totals_match(simulated: Simulated) -> None:
    with load_extract(simulated.folder) as extract:
        assert {name: state.rows_loaded for name, state in extract.tables.items()} == dict(simulated.rows)
        # Contacts recorded under a duplicate number keep it after the merge, so they match no guarantor.
        assert [notice.partition(":")[0] for notice in extract.notices] == ["contacts"]
        assert extract.metadata.source_system == "simulated hospital"
        assert extract.metadata.as_of == AS_OF
        assert extract.metadata.control_totals["transactions"].amount is not None


def test_the_same_seed_produces_identical_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    simulate(first, accounts=300, seed=5, as_of=AS_OF)
    simulate(second, accounts=300, seed=5, as_of=AS_OF)
    simulate(other, accounts=300, seed=6, as_of=AS_OF)
    names = sorted(path.name for path in first.iterdir())
    assert len(names) == len(TABLES) + 1
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert (first / "transactions.parquet").read_bytes() != (other / "transactions.parquet").read_bytes()


@pytest.mark.parametrize("table", [table for table in TABLES if table.known_on], ids=lambda table: table.name)
def test_nothing_is_known_on_or_after_the_as_of_date(tables: duckdb.DuckDBPyConnection, table: Any) -> None:
    later = LATER_KNOWN.get(table.name, table.known_on)
    late = f"SELECT count(*) FROM {table.name} WHERE {table.known_on} >= DATE '{AS_OF}' OR {later} >= DATE '{AS_OF}'"
    assert count(tables, late) == 0


def test_the_extract_has_three_years_of_history(tables: duckdb.DuckDBPyConnection) -> None:
    first = tables.execute("SELECT min(opened_on), max(opened_on) FROM accounts").fetchone()
    assert first is not None
    assert 1050 < (AS_OF - first[0]).days <= 1096
    assert (AS_OF - first[1]).days <= 5


def test_a_transfer_is_two_offsetting_rows_and_returns_to_insurance_only_for_late_coverage(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    unbalanced = """SELECT count(*) FROM (SELECT account_id, posted_on FROM transactions WHERE kind = 'transfer'
        GROUP BY account_id, posted_on HAVING sum(amount) <> 0)"""
    assert count(tables, unbalanced) == 0
    back = "SELECT count(*) FROM transactions WHERE kind = 'transfer' AND (amount > 0) <> (responsibility = 'patient')"
    actual = """SELECT count(*) FROM coverages JOIN accounts USING (account_id) JOIN payers USING (payer_id)
        WHERE priority = 1 AND known_on > opened_on AND payer_class = 'medicaid'"""
    assert count(tables, back) == 2 * count(tables, actual) > 0


def test_a_reversal_cancels_a_whole_earlier_row(tables: duckdb.DuckDBPyConnection) -> None:
    reversals = "SELECT count(*) FROM transactions WHERE reverses_id IS NOT NULL"
    good = """SELECT count(*) FROM transactions AS r JOIN transactions AS t ON r.reverses_id = t.transaction_id
        WHERE r.amount = -t.amount AND r.account_id = t.account_id AND r.kind = t.kind AND r.posted_on > t.posted_on"""
    assert count(tables, reversals) == count(tables, good) > 50


def test_ledger_signs_follow_the_contract(tables: duckdb.DuckDBPyConnection) -> None:
    wrong = """SELECT count(*) FROM transactions WHERE reverses_id IS NULL AND (
        (kind IN ('charge', 'refund') AND amount <= 0)
        OR (kind IN ('insurance_payment', 'contractual_adjustment', 'charity_adjustment', 'small_balance_write_off',
                     'patient_payment', 'other_adjustment') AND amount >= 0))"""
    assert count(tables, wrong) == 0
    assert count(tables, "SELECT count(*) FROM transactions WHERE effective_on > posted_on") == 0


def test_the_insurance_balance_is_zero_once_claims_and_denials_are_old(tables: duckdb.DuckDBPyConnection) -> None:
    settled = f"""SELECT count(*) FILTER (owed = 0), count(*) FROM (SELECT account_id, sum(amount) AS owed
        FROM transactions JOIN accounts USING (account_id)
        WHERE responsibility = 'insurance' AND opened_on < DATE '{AS_OF}' - 900 GROUP BY account_id)"""
    ((done, everyone),) = tables.execute(settled).fetchall()
    assert done > 0.99 * everyone
    below = """SELECT count(*) FROM (SELECT account_id, sum(amount) AS owed FROM transactions
        WHERE responsibility = 'insurance' GROUP BY account_id) WHERE owed < 0"""
    assert count(tables, below) == 0


def test_a_bad_debt_write_off_leaves_no_balance(tables: duckdb.DuckDBPyConnection) -> None:
    left = """SELECT count(*) FROM (SELECT account_id, sum(amount) AS owed FROM transactions
        WHERE responsibility = 'patient' GROUP BY account_id
        HAVING bool_or(kind = 'bad_debt_write_off')) WHERE owed > 0"""
    written = "SELECT count(DISTINCT account_id) FROM transactions WHERE kind = 'bad_debt_write_off'"
    assert count(tables, left) <= 0.01 * count(tables, written)


@pytest.mark.parametrize(
    ("table", "column", "parent", "key"),
    [
        ("accounts", "guarantor_id", "guarantors", "guarantor_id"),
        ("coverages", "account_id", "accounts", "account_id"),
        ("coverages", "payer_id", "payers", "payer_id"),
        ("transactions", "account_id", "accounts", "account_id"),
        ("denials", "account_id", "accounts", "account_id"),
        ("appeals", "denial_id", "denials", "denial_id"),
        ("contacts", "guarantor_id", "guarantors", "guarantor_id"),
        ("promises", "account_id", "accounts", "account_id"),
        ("payment_plans", "account_id", "accounts", "account_id"),
    ],
)
def test_every_foreign_key_has_a_parent(
    tables: duckdb.DuckDBPyConnection, table: str, column: str, parent: str, key: str
) -> None:
    lost = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {parent})"
    assert count(tables, lost) == 0


def test_no_row_is_known_before_its_account_is_opened(tables: duckdb.DuckDBPyConnection) -> None:
    for table, known in (("transactions", "posted_on"), ("denials", "denied_on"), ("promises", "made_on")):
        early = f"SELECT count(*) FROM {table} JOIN accounts USING (account_id) WHERE {known} < opened_on"
        assert count(tables, early) == 0, table


def test_an_appeal_follows_its_denial_and_levels_are_in_order(tables: duckdb.DuckDBPyConnection) -> None:
    early = "SELECT count(*) FROM appeals JOIN denials USING (denial_id) WHERE filed_on <= denied_on"
    assert count(tables, early) == 0
    jumped = """SELECT count(*) FROM appeals AS a JOIN appeals AS b USING (denial_id)
        WHERE b.level = a.level + 1 AND (a.outcome IS DISTINCT FROM 'upheld' OR b.filed_on <= a.decided_on)"""
    assert count(tables, jumped) == 0
    assert count(tables, "SELECT count(*) FROM appeals WHERE (decided_on IS NULL) <> (outcome IS NULL)") == 0


@pytest.mark.parametrize("remark", NO_APPEAL_RARCS)
def test_no_denial_is_appealed_if_its_remark_code_rules_out_an_appeal(
    tables: duckdb.DuckDBPyConnection, remark: Any
) -> None:
    closed = f"SELECT count(*) FROM denials WHERE rarc = '{remark}'"
    assert count(tables, closed) > 10
    assert count(tables, f"SELECT count(*) FROM denials JOIN appeals USING (denial_id) WHERE rarc = '{remark}'") == 0


def test_insurance_pays_what_an_overturned_appeal_recovers(tables: duckdb.DuckDBPyConnection) -> None:
    unpaid = f"""SELECT count(*) FROM appeals JOIN denials USING (denial_id)
        WHERE recovered_amount > 0 AND decided_on < DATE '{AS_OF}' - 30 AND NOT EXISTS (
            SELECT 1 FROM transactions AS t WHERE t.account_id = denials.account_id AND t.kind = 'insurance_payment'
            AND t.amount = -recovered_amount AND t.posted_on BETWEEN decided_on AND decided_on + 30)"""
    assert count(tables, unpaid) == 0
    assert count(tables, "SELECT count(*) FROM appeals WHERE recovered_amount > 0 AND outcome = 'upheld'") == 0


def test_only_the_owner_can_read_the_files(simulated: Simulated) -> None:
    for path in simulated.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


@pytest.mark.parametrize("accounts", [100, 137])
def test_the_smallest_hospital_works(tmp_path: Path, accounts: int) -> None:
    written = simulate(tmp_path / "small", accounts=accounts, seed=0, as_of=date(2015, 1, 1))
    assert written.rows["accounts"] == accounts
    with load_extract(written.folder) as extract:
        assert extract.tables["transactions"].rows_quarantined == 0


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ({"accounts": 0}, "must be 100 to 20,000,000"),
        ({"accounts": 99}, "must be 100 to 20,000,000"),
        ({"accounts": -5}, "must be 100 to 20,000,000"),
        ({"seed": -1}, "a whole number, 0 or higher"),
        ({"as_of": date(2014, 12, 31)}, "from 2015-01-01 to 2100-01-01"),
        ({"as_of": date(2200, 1, 1)}, "from 2015-01-01 to 2100-01-01"),
    ],
)
def test_invalid_arguments_are_refused_with_the_allowed_range_and_create_no_folder(
    tmp_path: Path, wrong: dict[str, Any], allowed: str
) -> None:
    arguments: dict[str, Any] = {"accounts": 200, "seed": 1, "as_of": AS_OF} | wrong
    with pytest.raises(WrongUsageError, match=r"cannot (simulate|use)") as refusal:
        simulate(tmp_path / "none", **arguments)
    assert allowed in str(refusal.value)
    assert not (tmp_path / "none").exists()


def test_a_folder_with_another_extract_is_left_unchanged(tmp_path: Path) -> None:
    other = tmp_path / "accounts.csv"
    other.write_text("account_id\n")
    with pytest.raises(WrongUsageError, match="another extract"):
        simulate(tmp_path, accounts=100, seed=1, as_of=AS_OF)
    assert [path.name for path in tmp_path.iterdir()] == ["accounts.csv"]


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    simulate(tmp_path, accounts=200, seed=1, as_of=AS_OF)
    again = simulate(tmp_path, accounts=100, seed=1, as_of=AS_OF)
    with load_extract(tmp_path) as extract:
        assert extract.tables["accounts"].rows_loaded == again.rows["accounts"] == 100


def test_the_truth_is_written_only_on_request_and_no_loader_reads_it(tmp_path: Path) -> None:
    open_folder, hidden = tmp_path / "open", tmp_path / "hidden"
    simulate(open_folder, accounts=300, seed=5, as_of=AS_OF)
    written = simulate(hidden, accounts=300, seed=5, as_of=AS_OF, truth=True)
    assert not (open_folder / "truth").exists()
    assert (open_folder / "transactions.parquet").read_bytes() == (hidden / "transactions.parquet").read_bytes()
    assert {path.name for path in (hidden / "truth").iterdir()} == {
        "calls.parquet",
        "claims.parquet",
        "denial_ages.parquet",
        "denials.parquet",
        "duplicates.parquet",
        "guarantors.parquet",
        "payments.parquet",
    }
    with load_extract(hidden) as extract:
        assert "truth" in [notice.split(":")[0] for notice in extract.notices]
        assert all("truth" not in name for name in extract.digests)
    with duckdb.connect() as connection:
        low, high, rows = connection.execute(
            f"SELECT min(probability), max(probability), count(*) FROM '{hidden}/truth/payments.parquet'"
        ).fetchall()[0]
    assert 0 <= low < high <= 1
    assert rows > written.rows["accounts"] / 2
    simulate(hidden, accounts=300, seed=5, as_of=AS_OF)
    assert not (hidden / "truth").exists()
