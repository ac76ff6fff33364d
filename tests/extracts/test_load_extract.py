"""The contents of a loaded extract, and its notices."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.contract.source_file import digest_file
from payrank.extracts.contract.tables import TABLES, table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from tests.extracts.conftest import ExtractWriter

ACCOUNTS = "account_id,guarantor_id,opened_on\n00123,G1,2026-01-05\n00124,G1,2026-02-05\n"
DENIALS = "denial_id,denied_on,denied_amount\nD1,2026-01-05,12.5\nD2,2026-01-06,\n"


def test_an_extract_holds_every_table_with_every_column_of_the_contract(write_extract: ExtractWriter) -> None:
    with load_extract(write_extract({"accounts.csv": ACCOUNTS})) as extract:
        for expected in TABLES:
            described = extract.connection.execute(f"DESCRIBE {expected.name}").fetchall()
            assert tuple(row[0] for row in described) == expected.names
        names = [row[0] for row in extract.connection.execute("DESCRIBE quarantine").fetchall()]
        assert names == ["table_name", "key", "column_name", "rule", "source_file", "source_line"]


def test_values_are_typed_and_ids_are_exact(write_extract: ExtractWriter) -> None:
    files = {
        "accounts.csv": ACCOUNTS,
        "transactions.csv": "transaction_id,account_id,posted_on,kind,amount,responsibility,payer_id\n"
        "00000000000000017,00123,2026-03-01,charge,-0.5,patient,NA\n"
        "12345678901234567, 00123 ,2026-03-01,charge,1234567890123456.78,patient,\n",
    }
    with load_extract(write_extract(files)) as extract:
        query = "SELECT transaction_id, account_id, posted_on, amount, payer_id FROM transactions"
        assert extract.connection.execute(query).fetchall() == [
            ("00000000000000017", "00123", date(2026, 3, 1), Decimal("-0.50"), "NA"),
            ("12345678901234567", " 00123 ", date(2026, 3, 1), Decimal("1234567890123456.78"), None),
        ]


def test_an_extract_with_only_denials_loads_and_lists_what_is_missing(write_extract: ExtractWriter) -> None:
    with load_extract(write_extract({"denials.csv": DENIALS})) as extract:
        assert extract.has("denials", "denied_amount")
        assert not extract.has("denials", "payer_id")
        assert not extract.has("accounts")
        assert extract.tables["denials"].rows_loaded == 2
        assert "payer_id" in extract.tables["denials"].absent_columns
        assert extract.tables["accounts"].absent_columns == table("accounts").names
        assert any("missing columns" in notice and "payer_id" in notice for notice in extract.notices)
        with pytest.raises(KeyError):
            extract.has("denail")


def test_gzip_and_plain_give_the_same_rows_and_the_digest_is_of_the_file_as_sent(write_extract: ExtractWriter) -> None:
    folder = write_extract({"denials.csv.gz": gzip.compress(DENIALS.encode())})
    with load_extract(folder) as extract:
        assert extract.tables["denials"].rows_loaded == 2
        assert extract.digests == {"denials.csv.gz": digest_file(folder / "denials.csv.gz")}


def test_concatenated_gzip_members_are_one_file(write_extract: ExtractWriter) -> None:
    head, tail = DENIALS.encode()[:40], DENIALS.encode()[40:]
    folder = write_extract({"denials.csv.gz": gzip.compress(head) + gzip.compress(tail)})
    with load_extract(folder) as extract:
        assert extract.tables["denials"].rows_loaded == 2


def test_a_header_without_rows_is_a_present_table(write_extract: ExtractWriter) -> None:
    with load_extract(
        write_extract({"denials.csv": DENIALS, "appeals.csv": "appeal_id,denial_id,filed_on"})
    ) as extract:
        assert extract.has("appeals", "filed_on")
        assert extract.tables["appeals"].rows_read == 0
        assert any("has a header and no rows" in notice for notice in extract.notices)


def test_site_attributes_are_typed_and_other_extra_columns_are_ignored_with_a_notice(
    write_extract: ExtractWriter,
) -> None:
    text = "denial_id,denied_on,ward,beds,urgent,color\nD1,2026-01-05,east,3.5,true,red\nD2,2026-01-05,,,0,\n"
    toml = '[attributes.denials]\nward = "category"\nbeds = "number"\nurgent = "boolean"\nfloor = "category"\n'
    with load_extract(write_extract({"denials.csv": text}, toml)) as extract:
        rows = extract.connection.execute("SELECT ward, beds, urgent, floor FROM denials").fetchall()
        assert rows == [("east", 3.5, True, None), (None, None, False, None)]
        state = extract.tables["denials"]
        assert state.ignored_columns == ("color",)
        assert set(state.attributes) == {"ward", "beds", "urgent", "floor"}
        assert extract.has("denials", "ward")
        assert not extract.has("denials", "floor")


def test_audit_columns_of_guarantors_are_loaded_as_text_and_are_not_attributes(write_extract: ExtractWriter) -> None:
    files = {"accounts.csv": ACCOUNTS, "guarantors.csv": "guarantor_id,audit_sex,birth_year\nG1,x,1960\n"}
    with load_extract(write_extract(files)) as extract:
        assert extract.connection.execute("SELECT audit_sex, birth_year FROM guarantors").fetchall() == [("x", 1960)]
        assert extract.tables["guarantors"].attributes == {}
        assert extract.tables["guarantors"].ignored_columns == ()


def test_exact_duplicates_are_loaded_once_and_counted(write_extract: ExtractWriter) -> None:
    with load_extract(write_extract({"accounts.csv": ACCOUNTS + "00123,G1,2026-01-05\n" * 3})) as extract:
        state = extract.tables["accounts"]
        assert (state.rows_read, state.rows_loaded, state.rows_repeated, state.rows_quarantined) == (5, 2, 3, 0)
        assert any("3 of 5 rows are exact duplicates" in notice for notice in extract.notices)


def test_a_key_with_different_rows_refuses_the_extract_without_showing_the_key(write_extract: ExtractWriter) -> None:
    with pytest.raises(ExtractRefusedError, match=r"accounts\.csv: 1 key.*rows that differ") as refused:
        load_extract(write_extract({"accounts.csv": ACCOUNTS + "00123,G2,2026-01-05\n"}))
    assert "00123" not in str(refused.value)


def test_a_dangling_reference_is_a_notice_with_a_count(write_extract: ExtractWriter) -> None:
    files = {
        "accounts.csv": ACCOUNTS,
        "transactions.csv": "transaction_id,account_id,posted_on,kind,amount,responsibility,reverses_id\n"
        "T1,00123,2026-03-02,patient_payment,-5,patient,\n"
        "T2,00999,2026-03-01,patient_payment,5,patient,T1\n"
        "T3,00123,2026-03-01,patient_payment,5,patient,T0\n",
        "flags.csv": "subject_type,subject_id,flag,known_on\naccount,00123,vip,2026-01-01\n"
        "guarantor,G9, Deceased,2026-01-01\n",
    }
    with load_extract(write_extract(files, "as_of = 2026-03-02\n")) as extract:
        notices = "\n".join(extract.notices)
        assert "transactions: 1 row whose transactions.account_id is not in accounts.account_id" in notices
        assert "transactions: 1 row whose transactions.reverses_id is not in transactions.transaction_id" in notices
        assert "transactions: 1 reversal posted before" in notices
        assert "transactions: 1 row known on or after the extract's as-of date 2026-03-02" in notices
        assert "flags: 1 row with 1 flag that no rule uses" in notices
        assert "flags: 1 row whose flags.subject_id is not in accounts.guarantor_id" in notices


def test_two_files_for_one_table_are_refused_by_name(write_extract: ExtractWriter) -> None:
    with pytest.raises(ExtractRefusedError, match=r"two files contain this table, accounts\.csv and accounts\.csv\.gz"):
        load_extract(write_extract({"accounts.csv": ACCOUNTS, "accounts.csv.gz": gzip.compress(ACCOUNTS.encode())}))


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "no canonical table"),
        ({"notes.txt": "x"}, "no canonical table"),
        ({"payers.csv": "payer_id,payer_class\nP1,other\n"}, "extract is empty"),
        ({"accounts.csv": "account_id,guarantor_id,opened_on\n"}, "extract is empty"),
        ({"accounts.csv": "account_id,opened_on\nA1,2026-01-01\n"}, "required column guarantor_id is missing"),
        ({"accounts.parquet": b"PAR1 not really"}, "cannot be read as Parquet"),
    ],
)
def test_an_extract_without_accounts_or_denials_is_refused(
    write_extract: ExtractWriter, files: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ExtractRefusedError, match=problem):
        load_extract(write_extract(files))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractRefusedError, match="no such folder"):
        load_extract(tmp_path / "nowhere")


def test_an_unknown_file_is_reported_with_the_closest_table_name(write_extract: ExtractWriter) -> None:
    with load_extract(write_extract({"accounts.csv": ACCOUNTS, "denails.csv": "x"})) as extract:
        assert any(notice.startswith("denails.csv:") and "'denials'" in notice for notice in extract.notices)


def test_a_misspelled_column_gets_a_hint_and_a_file_without_a_header_shows_no_value(
    write_extract: ExtractWriter,
) -> None:
    with pytest.raises(ExtractRefusedError, match="did you mean 'acount_id'"):
        load_extract(write_extract({"accounts.csv": "acount_id,guarantor_id,opened_on\nA,G,2026-01-01\n"}, folder="a"))
    with pytest.raises(ExtractRefusedError, match="does the file have a header") as refused:
        load_extract(write_extract({"accounts.csv": "Smith,Jones,2026-01-01\nMiller,Fox,2026-01-01\n"}, folder="b"))
    assert "Smith" not in str(refused.value)


def test_a_folder_name_that_looks_like_a_pattern_is_read_literally(write_extract: ExtractWriter) -> None:
    folder = write_extract({"accounts.csv": ACCOUNTS}, folder="it's [1]*?")
    with load_extract(folder) as extract:
        assert extract.tables["accounts"].rows_loaded == 2


def test_closing_leaves_no_temporary_files(write_extract: ExtractWriter) -> None:
    extract = load_extract(write_extract({"accounts.csv": ACCOUNTS + "short\n" * 0}))
    workspace = extract.workspace
    assert workspace is not None
    assert workspace.stat().st_mode & 0o777 == 0o700
    extract.close()
    assert not workspace.exists()


def test_the_connection_is_free_for_the_next_query(write_extract: ExtractWriter) -> None:
    with load_extract(write_extract({"accounts.csv": ACCOUNTS})) as extract:
        assert extract.connection.sql("SELECT count(*) FROM accounts").fetchall() == [(2,)]
