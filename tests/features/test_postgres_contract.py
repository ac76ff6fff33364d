"""Validation in PostgreSQL refuses, counts, and excludes the same rows as for files."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from payrank.features.engines.postgres import open_tables
from tests.features.small_extracts import DAY, draw_rows
from tests.features.stored_extracts import store_in_postgres
from tests.features.unusual_texts import ODD_TEXTS, TEXT_KINDS


@pytest.fixture
def ar(postgres_url: str, tmp_path: Path) -> str:
    """Yield the address of a schema with 500 valid transactions, and a way to change it."""
    rows = draw_rows(1)
    payment = {"account_id": "A0", "posted_on": DAY - timedelta(days=3), "kind": "charge", "amount": 1}
    rows["transactions"] = [payment | {"transaction_id": f"t{at}", "responsibility": "patient"} for at in range(500)]
    return store_in_postgres(rows, postgres_url, "judged", tmp_path)


def change(address: str, *statements: Any) -> None:
    with psycopg.connect(address.split("&schema=", maxsplit=1)[0], autocommit=True) as connection:
        connection.execute("SET search_path = judged")
        for statement in statements:
            connection.execute(statement)


def test_unusual_texts_are_read_or_excluded_as_from_a_file(postgres_url: str, tmp_path: Path) -> None:
    """Each unusual value comes with 99 valid ones, so neither engine refuses the table."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,guarantor_id,opened_on\nA,G,2026-01-01\n")
    header = "denial_id,denied_on,denied_amount,appeal_due_on,beds,urgent,level_of_care\n"
    good = ["2026-01-01,1.50,2026-02-01,2.5,true,7"] * 9000
    odd = [",".join(cells) for cells in ODD_TEXTS]
    lines = [f"D{at},{line}" for at, line in enumerate(good + odd)]
    (folder / "denials.csv").write_text(header + "\n".join(lines) + "\n")
    (folder / "extract.toml").write_text(
        '[attributes.denials]\nbeds = "number"\nurgent = "boolean"\nlevel_of_care = "number"\n'
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS odd CASCADE")
        connection.execute("CREATE SCHEMA odd")
        connection.execute(
            "CREATE TABLE odd.accounts AS SELECT 'A' account_id, 'G' guarantor_id, DATE '2026-01-01' opened_on"
        )
        columns = ", ".join(f"{name} text" for name in TEXT_KINDS)
        connection.execute(f"CREATE TABLE odd.denials ({columns})".encode())
        with connection.cursor().copy("COPY odd.denials FROM STDIN (FORMAT csv)") as copy:
            copy.write("\n".join(lines) + "\n")
    query = "SELECT denial_id, denied_on, denied_amount, appeal_due_on, beds, urgent, level_of_care FROM denials"
    with load_extract(folder) as extract:
        expected = extract.connection.execute(query.replace("urgent", "CAST(urgent AS INTEGER)")).fetchall()
        state = extract.tables["denials"]
    with open_tables(f"{postgres_url}&schema=odd&metadata={folder}/extract.toml") as tables:
        actual = tables.query(query)
        left_out = tables.tables["denials"].rows_quarantined
    assert set(actual) ^ set(expected) == set()
    assert left_out == state.rows_quarantined > 40


def test_rows_that_break_a_rule_are_excluded_and_reported(ar: str) -> None:
    change(ar, "UPDATE transactions SET posted_on = '9999-12-31' WHERE transaction_id = 't7'")
    with open_tables(ar) as tables:
        state = tables.tables["transactions"]
        assert (state.rows_read, state.rows_loaded, state.rows_quarantined) == (500, 499, 1)
        assert any("1 of 500 rows break the contract" in finding.text for finding in tables.findings)
        assert tables.query("SELECT COUNT(*) FROM transactions") == [(499,)]


def test_too_many_broken_rows_refuse_the_table_without_showing_a_value(ar: str) -> None:
    change(ar, "UPDATE transactions SET kind = 'SECRET-KIND' WHERE transaction_id IN ('t1','t2','t3','t4','t5','t6')")
    with (
        pytest.raises(ExtractRefusedError, match=r"transactions: 6 of 500 rows .* level in kind 6 times") as refused,
        open_tables(ar),
    ):
        pass
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE transactions DROP COLUMN amount", "required column amount is missing"),
        ("ALTER TABLE transactions RENAME amount TO ammount", "did you mean 'ammount'"),
        ("ALTER TABLE transactions ALTER posted_on TYPE timestamptz", "posted_on is of type timestamp with time zone"),
        ("ALTER TABLE transactions ALTER amount TYPE boolean USING true", "amount is of type boolean"),
        (
            "INSERT INTO transactions SELECT * FROM transactions WHERE transaction_id = 't1'; "
            "UPDATE transactions SET amount = 2 WHERE ctid = (SELECT max(ctid) FROM transactions)",
            "1 key .transaction_id. with rows that differ",
        ),
        ("TRUNCATE accounts, denials", "the extract is empty"),
    ],
)
def test_a_table_is_refused_for_the_same_reasons_as_a_file(ar: str, statement: str, message: str) -> None:
    change(ar, *statement.split("; "))
    with pytest.raises(ExtractRefusedError, match=message), open_tables(ar):
        pass


def test_an_exact_copy_of_a_row_counts_once(ar: str) -> None:
    change(ar, "INSERT INTO transactions SELECT * FROM transactions WHERE transaction_id IN ('t1', 't2')")
    with open_tables(ar) as tables:
        state = tables.tables["transactions"]
        assert (state.rows_read, state.rows_loaded, state.rows_repeated) == (502, 500, 2)
        assert tables.query("SELECT COUNT(*) FROM transactions") == [(500,)]


@pytest.mark.parametrize(
    ("total", "message"),
    [
        ("{ rows = 499 }", "expected 499 rows, found 500 rows"),
        ('{ rows = 500, amount = "500.01" }', "expected 500.01 dollars, found 500.00 dollars"),
        ('{ rows = 500, amount = "500.00" }', None),
    ],
)
def test_control_totals_must_match(ar: str, tmp_path: Path, total: str, message: str | None) -> None:
    path = tmp_path / "totals.toml"
    path.write_text(f"[control_totals]\ntransactions = {total}\n")
    address = ar.split("&metadata=", maxsplit=1)[0] + f"&metadata={path}"
    if message is None:
        with open_tables(address) as tables:
            assert tables.tables["transactions"].rows_loaded == 500
        return
    with pytest.raises(ExtractRefusedError, match=message), open_tables(address):
        pass


def test_lossless_types_are_accepted(ar: str) -> None:
    """IDs as numbers, dollars as floats, dates as timestamps at midnight, and levels as an enumeration."""
    change(
        ar,
        "ALTER TABLE transactions ALTER transaction_id TYPE numeric(20,3) USING substr(transaction_id, 2)::numeric",
        "ALTER TABLE transactions ALTER amount TYPE double precision",
        "ALTER TABLE transactions ALTER posted_on TYPE timestamp",
        "DROP TYPE IF EXISTS judged.side CASCADE",
        "CREATE TYPE judged.side AS ENUM ('patient', 'insurance')",
        "ALTER TABLE transactions ALTER responsibility TYPE judged.side USING responsibility::judged.side",
        "UPDATE transactions SET amount = 0.1 + 0.2 WHERE transaction_id = 3",
        "UPDATE transactions SET amount = 'NaN' WHERE transaction_id = 4",
        "UPDATE transactions SET posted_on = 'infinity' WHERE transaction_id = 5",
        "UPDATE transactions SET posted_on = posted_on + interval '1 second' WHERE transaction_id = 6",
    )
    with open_tables(ar) as tables:
        assert tables.tables["transactions"].rows_quarantined == 3
        ((key, amount, day),) = tables.query(
            "SELECT transaction_id, amount, posted_on FROM transactions WHERE transaction_id = '3'"
        )
    assert (key, str(amount), day) == ("3", "0.30", date(2026, 2, 26))
