"""What an Epic folder may look like, and what is refused by name."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.epic.export.known_tables import BLOCKED_COLUMNS, BLOCKED_TABLES, KNOWN, UNUSED_TABLES
from payrank.extracts.readers.epic.import_epic import import_epic
from payrank.extracts.readers.session.report import ImportReport

Tables = Mapping[str, Sequence[Mapping[str, object]]]

HAR = {
    "HSP_ACCOUNT_ID": "700001",
    "GUARANTOR_ID": "51",
    "ACCT_CLASS_HA_C_NAME": "Inpatient",
    "ACCT_FIN_CLASS_C_NAME": "Commercial",
    "ADM_DATE_TIME": "2024-01-02 07:30:00",
    "PRIMARY_PAYOR_ID": "900",
    "PREBILL_BUCKET_ID": "1",
    "SELF_PAY_BUCKET_ID": "2",
    "UNDISTRB_BUCKET_ID": "3",
    "BAD_DEBT_BUCKET_ID": "4",
    "SBO_TOT_BALANCE": "400",
    "SBO_PREBILL_BALANC": "400",
    "SBO_INS_BALANCE": "0",
    "SBO_SP_BAL": "0",
}
HTR = {
    "TX_ID": "1001",
    "HSP_ACCOUNT_ID": "700001",
    "TX_TYPE_HA_C_NAME": "Charge",
    "TX_AMOUNT": "400",
    "TX_POST_DATE": "2024-01-03 00:00:00",
    "SERVICE_DATE": "2024-01-02 00:00:00",
    "BUCKET_ID": "",
    "PAYOR_ID": "",
    "FIN_CLASS_C_NAME": "Commercial",
    "IS_SYSTEM_ADJ_YN": "",
    "ADJUSTMENT_CAT_C_NAME": "",
}
HOSPITAL: Tables = {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": [HTR]}


def write_tables(folder: Path, tables: Tables, *, delimiter: str = "\t", suffix: str = ".tsv") -> Path:
    """Write made-up tables, one file each, with the columns of their first row."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for name, rows in tables.items():
        opened = gzip.open if suffix.endswith(".gz") else open
        with opened(folder / f"{name}{suffix}", "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return folder


def read_epic(tmp_path: Path, tables: Tables) -> ImportReport:
    """Import made-up tables."""
    return import_epic(write_tables(tmp_path / "epic", tables), tmp_path / "extract")


def fetch_rows(report: ImportReport, query: str) -> list[tuple[Any, ...]]:
    """Query an imported extract."""
    with load_extract(report.folder) as extract:
        return extract.connection.execute(query).fetchall()


def texts(rows: Iterable[Sequence[object]]) -> list[tuple[str | None, ...]]:
    """Return money and dates as text, so that tests are easy to read."""
    return [tuple(None if value is None else str(value) for value in row) for row in rows]


@pytest.mark.parametrize(("delimiter", "suffix"), [("|", ".txt"), (",", ".csv.gz"), ("\t", ".TSV"), (",", ".tsv")])
def test_the_delimiter_is_detected_from_the_header(tmp_path: Path, delimiter: str, suffix: str) -> None:
    folder = write_tables(tmp_path / "epic", HOSPITAL, delimiter=delimiter, suffix=suffix)
    report = import_epic(folder, tmp_path / "extract")
    assert report.rows_written["transactions"] == 1
    assert report.reconciliation is not None
    assert report.reconciliation.matched == 3


def test_table_and_column_names_ignore_case(tmp_path: Path) -> None:
    tables = {name.lower(): [{c.lower(): v for c, v in row.items()} for row in rows] for name, rows in HOSPITAL.items()}
    report = read_epic(tmp_path, tables)
    assert texts(fetch_rows(report, "SELECT account_id, opened_on, service_on, patient_class FROM accounts")) == [
        ("700001", "2024-01-03", "2024-01-02", "inpatient")
    ]


def test_the_as_of_date_is_passed_or_follows_the_last_entry(tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "epic", HOSPITAL)
    assert import_epic(folder, tmp_path / "one").as_of == date(2024, 1, 4)
    assert import_epic(folder, tmp_path / "two", date(2024, 3, 1)).as_of == date(2024, 3, 1)


def test_a_folder_without_a_ledger_is_refused_with_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"HSP_TRANSACTIONS and ARPB_TRANSACTIONS are both missing.* Add the tables"
    ):
        read_epic(tmp_path, {"HSP_ACCOUNT": [HAR]})


@pytest.mark.parametrize(
    ("tables", "missing"),
    [
        ({"HSP_TRANSACTIONS": [HTR]}, "HSP_ACCOUNT is missing, and HSP_TRANSACTIONS cannot be read without it"),
        (
            {"ARPB_TRANSACTIONS": [{"TX_ID": "1"}]},
            "ARPB_TX_MATCH_HX is missing, and ARPB_TRANSACTIONS cannot be read without it",
        ),
    ],
)
def test_half_a_ledger_is_refused_with_the_missing_table(tmp_path: Path, tables: Tables, missing: str) -> None:
    with pytest.raises(ExtractRefusedError, match=f"{missing}.*Add "):
        read_epic(tmp_path, tables)


def test_a_missing_column_is_named_with_its_file(tmp_path: Path) -> None:
    less = {column: value for column, value in HTR.items() if column not in {"TX_AMOUNT", "TX_POST_DATE"}}
    with pytest.raises(ExtractRefusedError, match=r"HSP_TRANSACTIONS\.tsv: column TX_AMOUNT, TX_POST_DATE is missing"):
        read_epic(tmp_path, {**HOSPITAL, "HSP_TRANSACTIONS": [less]})


def test_a_missing_folder_and_a_folder_of_other_files_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match="no such folder"):
        import_epic(tmp_path / "nowhere", tmp_path / "extract")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.docx").write_text("Dear")
    with pytest.raises(WrongUsageError, match=r"contains no Epic table that payrank reads.*HSP_TRANSACTIONS\.tsv"):
        import_epic(tmp_path / "letters", tmp_path / "extract")


def test_one_table_in_two_files_is_read_once_if_identical_and_refused_otherwise(tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "epic", HOSPITAL)
    (folder / "hsp_transactions.txt").write_bytes((folder / "HSP_TRANSACTIONS.tsv").read_bytes())
    report = import_epic(folder, tmp_path / "one")
    assert report.rows_written["transactions"] == 1
    assert [file.name for file in report.files if file.same_as] == ["hsp_transactions.txt"]
    (folder / "hsp_transactions.txt").write_text("TX_ID\nX\n")
    with pytest.raises(ExtractRefusedError, match="HSP_TRANSACTIONS: found in 2 different files"):
        import_epic(folder, tmp_path / "two")


def test_unknown_tables_are_named_and_description_files_are_ignored(tmp_path: Path) -> None:
    strange = {"COLUMNS": [{"a": "b"}], "CLINICAL_NOTES": [{"a": "b"}], "mary smith 1950": [{"a": "b"}]}
    report = read_epic(tmp_path, {**HOSPITAL, **strange})
    (notice,) = [notice for notice in report.notices if "not recognized" in notice]
    assert notice.startswith("2 tables not recognized and not read: (not a table name), CLINICAL_NOTES")
    assert not any("COLUMNS" in notice or "mary" in notice.lower() for notice in report.notices)


def test_a_table_with_only_a_header_is_empty(tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "epic", HOSPITAL)
    (folder / "BDC_INFO.tsv").write_text("BDC_ID\tRECORD_TYPE_C_NAME\tBDC_RECEIVE_DATE\n")
    report = import_epic(folder, tmp_path / "extract")
    assert "denials" not in report.rows_written
    assert [file.records for file in report.files if file.name == "BDC_INFO.tsv"] == [0]
    (folder / "HSP_TRANSACTIONS.tsv").write_text("\t".join(HTR) + "\n")
    other = import_epic(folder, tmp_path / "other", date(2024, 1, 4))
    assert "transactions" not in other.rows_written
    assert other.reconciliation is not None
    assert other.reconciliation.mismatched == 2


def test_vendor_scores_are_never_read(tmp_path: Path) -> None:
    read = {column for table in KNOWN.values() for column in table.columns}
    assert not read & set(BLOCKED_COLUMNS)
    assert not any("SCORE" in column or "PROPENSITY" in column for column in read)
    assert not set(BLOCKED_TABLES) & {*KNOWN, *UNUSED_TABLES}
    scores = {"ACCOUNT_ID": "51", "HB_SCORE": "8", "PB_SCORE": "3"}
    guarantor = {"ACCOUNT_ID": "51", "PROPENSITY_TO_PAY_C_NAME": "High", "CREDIT_SCORE": "700"}
    tables = {**HOSPITAL, "ACCOUNT": [guarantor], "GUAR_PMT_SCORE_REPL": [scores]}
    report = read_epic(tmp_path, tables)
    assert any("never read: GUAR_PMT_SCORE_REPL" in notice for notice in report.notices)
    other = {**guarantor, "PROPENSITY_TO_PAY_C_NAME": "Low", "CREDIT_SCORE": "300"}
    folder = write_tables(tmp_path / "other", {**HOSPITAL, "ACCOUNT": [other]})
    two = import_epic(folder, tmp_path / "two")
    for path in report.folder.glob("*.parquet"):
        assert path.read_bytes() == (two.folder / path.name).read_bytes()
    assert not any("SCORE" in file.name for file in report.files)


def test_only_the_owner_can_read_files_with_patients(tmp_path: Path) -> None:
    report = read_epic(tmp_path, HOSPITAL)
    assert all(path.stat().st_mode & 0o077 == 0 for path in report.folder.iterdir())
