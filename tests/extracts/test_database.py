"""The canonical tables in a PostgreSQL schema, validated like files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from payrank.extracts.contract.tables import TABLES as CONTRACT
from payrank.extracts.contract.tables import table
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.extract import Extract
from payrank.extracts.load.database import read_address, render_copy
from payrank.extracts.load.load_extract import load_extract

TABLES = """
CREATE SCHEMA ar;
CREATE TABLE ar.accounts (account_id text PRIMARY KEY, guarantor_id text, opened_on date, service_on timestamp,
  patient_class text, secret_note text);
CREATE TABLE ar.transactions (transaction_id bigint PRIMARY KEY, account_id text, posted_on date, kind text,
  amount numeric(20, 4), responsibility text);
CREATE TABLE ar.guarantors (guarantor_id text PRIMARY KEY, text_consent boolean, audit_group text);
INSERT INTO ar.accounts VALUES ('00123', 'NA', '2026-01-05', '2026-01-04 00:00:00', 'inpatient', 'a "note", and
another'), ('00007', 'None', '2026-01-06', NULL, NULL, NULL);
INSERT INTO ar.transactions SELECT n, '00123', '2026-01-05', 'charge', 12.5, 'patient' FROM generate_series(1, 300) n;
INSERT INTO ar.guarantors VALUES ('NA', true, 'x'), ('None', NULL, NULL);
"""


@pytest.fixture
def ar(postgres_url: str) -> str:
    """Return the address of a schema with a few tables, and drop it after the test."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS ar CASCADE")
        connection.execute(TABLES)
    return postgres_url + "&schema=ar"


def change(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("&schema=ar", ""), autocommit=True) as connection:
        connection.execute(statement)


def test_database_tables_are_read_in_place_with_exact_ids(ar: str) -> None:
    with load_extract(ar) as extract:
        ask = extract.connection.execute
        assert ask("SELECT account_id, guarantor_id, CAST(service_on AS VARCHAR) FROM accounts").fetchall() == [
            ("00007", "None", None),
            ("00123", "NA", "2026-01-04"),
        ]
        assert ask("SELECT count(*), CAST(sum(amount) AS VARCHAR) FROM transactions").fetchall() == [(300, "3750.00")]
        assert ask("SELECT text_consent, audit_group FROM guarantors").fetchall() == [(True, "x"), (None, None)]
        assert extract.tables["accounts"].ignored_columns == ("secret_note",)
        assert extract.source.endswith("?schema=ar")


def test_database_rows_are_quarantined_like_rows_from_a_file(ar: str) -> None:
    change(ar, "INSERT INTO ar.transactions VALUES (301, '00123', '9999-12-31', 'charge', 1, 'patient')")
    change(ar, "INSERT INTO ar.transactions VALUES (302, '00123', '2026-01-05', 'charge', 12.345, 'patient')")
    with load_extract(ar) as extract:
        rows = extract.connection.execute("SELECT key, column_name, rule FROM quarantine ORDER BY key").fetchall()
    assert rows == [("301", "posted_on", "sentinel_date"), ("302", "amount", "money")]


def test_a_database_and_files_give_tables_with_the_same_types(ar: str, tmp_path: Path) -> None:
    """Every table of the contract, there or not."""
    (tmp_path / "accounts.csv").write_text("account_id,guarantor_id,opened_on\nA,G,2026-01-05\n")
    (tmp_path / "transactions.csv").write_text(
        "transaction_id,account_id,posted_on,kind,amount,responsibility\nT,A,2026-01-05,charge,1.00,patient\n"
    )
    change(
        ar,
        "CREATE TABLE ar.contacts AS SELECT 'C' AS contact_id, 'NA' AS guarantor_id, 'call' AS channel, "
        "DATE '2026-01-05' AS contacted_on",
    )

    def types(extract: Extract) -> dict[Any, Any]:
        rows = extract.connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
        ).fetchall()
        contract_columns = {(table.name, column.name) for table in CONTRACT for column in table.columns}
        return {row[:2]: row[2] for row in rows if row[:2] in contract_columns}

    with load_extract(ar) as extract:
        stored = types(extract)
        assert extract.tables["contacts"].rows_loaded == 1
    with load_extract(tmp_path) as extract:
        assert types(extract) == stored
    assert stored["transactions", "responsibility"] == "ENUM('insurance', 'patient')"


def test_the_same_rows_stored_in_another_order_give_the_same_digests(ar: str) -> None:
    with load_extract(ar) as extract:
        first = extract.digests
    change(
        ar,
        "CREATE TABLE ar.kept AS SELECT * FROM ar.transactions; TRUNCATE ar.transactions; "
        "INSERT INTO ar.transactions SELECT * FROM ar.kept ORDER BY amount, transaction_id DESC; DROP TABLE ar.kept",
    )
    with load_extract(ar) as extract:
        assert extract.digests == first


def test_metadata_in_the_address_provides_control_totals(ar: str, tmp_path: Path) -> None:
    path = tmp_path / "extract.toml"
    path.write_text("as_of = 2026-02-01\n[control_totals]\ntransactions = { rows = 299 }\n")
    with pytest.raises(ExtractRefusedError, match="expected 299 rows, found 300 rows"):
        load_extract(f"{ar}&metadata={path}")
    with pytest.raises(WrongUsageError, match=r"absent\.toml: no such file"):
        load_extract(f"{ar}&metadata={tmp_path}/absent.toml")


def test_a_user_without_permission_gets_a_message_without_values(ar: str) -> None:
    change(
        ar,
        "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA ar TO clerk; "
        "GRANT SELECT ON ar.accounts TO clerk",
    )
    with load_extract(ar.replace("postgres@", "clerk@")) as extract:
        assert extract.has("accounts")
        assert not extract.has("transactions")
    change(ar, "REVOKE ALL ON ALL TABLES IN SCHEMA ar FROM clerk; REVOKE ALL ON SCHEMA ar FROM clerk; DROP ROLE clerk")


def test_a_schema_without_tables_or_a_missing_server_is_refused(ar: str) -> None:
    with pytest.raises(ExtractRefusedError, match=r"\?schema=nothing: this schema has no canonical table"):
        load_extract(ar.replace("schema=ar", "schema=nothing"))
    with pytest.raises(ExtractRefusedError, match="no connection") as refused:
        load_extract("postgresql://reader:sesame@127.0.0.1:1/ar?schema=ar")
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["postgresql://h:port/d?schema=a", "postgresql://h/d?schema=", "postgresql://h/d?schema=a&schema=b"]
)
def test_an_invalid_address_is_wrong_usage(address: str) -> None:
    with pytest.raises(WrongUsageError, match="database address"):
        read_address(address)


def test_names_are_quoted() -> None:
    query = render_copy(table("payers"), 'odd"schema', {"payer_id": "text", 'x"y': "text"})
    assert '"odd""schema"."payers"' in query
    assert 'NULL AS "x""y"' in query


@pytest.mark.parametrize(
    "address",
    ["Postgresqlx://u:sesame@h/d", "mysql://u:sesame@h/d", "postgresql:/u:sesame@h/d", "POSTGRES:/u:sesame@h"],
)
def test_another_kind_of_address_is_wrong_usage_and_is_not_shown(address: str) -> None:
    for source in (address, Path(address)):
        with pytest.raises(WrongUsageError, match="does not support this kind of address") as refused:
            load_extract(source)
        assert "sesame" not in str(refused.value)


def test_the_scheme_of_an_address_may_be_uppercase() -> None:
    assert read_address("PostgreSQL://reader:sesame@h/d?schema=ar").server == "postgresql://reader:sesame@h/d"


def test_findings_name_database_tables_not_files(ar: str) -> None:
    change(ar, "INSERT INTO ar.transactions VALUES (301, '00123', '9999-12-31', 'charge', 1, 'patient')")
    with load_extract(ar) as extract:
        assert extract.connection.execute("SELECT source_file FROM quarantine").fetchall() == [("ar.transactions",)]
        assert any(notice.startswith("ar.accounts: extra columns") for notice in extract.notices)
