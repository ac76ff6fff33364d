"""Every kind of column with every type that a Parquet file may use for it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from tests.extracts.conftest import ExtractWriter

ROWS = 200


def write_denials(folder: Path, **columns: Any) -> Path:
    folder.mkdir()
    base = {"denial_id": [f"D{n}" for n in range(ROWS)], "denied_on": [date(2026, 1, 5)] * ROWS}
    pq.write_table(pa.table(base | columns), folder / "denials.parquet")
    return folder


def load_one(folder: Path, column: str) -> tuple[list[Any], list[tuple[Any, ...]], tuple[str, ...]]:
    with load_extract(folder) as extract:
        values = extract.connection.execute(f"SELECT {column} FROM denials ORDER BY rowid").fetchall()
        broken = extract.connection.execute("SELECT key, column_name, rule, source_line FROM quarantine").fetchall()
        return [value for (value,) in values], broken, extract.notices


def fill(first: Any, rest: Any, arrow_type: Any) -> Any:
    return pa.array([first] + [rest] * (ROWS - 1), arrow_type)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("denied_amount", fill(16635.4, None, pa.float64()), Decimal("16635.40")),
        ("denied_amount", fill(Decimal("-1.5000"), None, pa.decimal128(38, 4)), Decimal("-1.50")),
        ("denied_amount", fill(7, None, pa.int32()), Decimal("7.00")),
        ("denied_amount", fill("7.1", None, pa.string()), Decimal("7.10")),
        ("denied_on", fill("2026-02-28", "2026-01-01", pa.string()), date(2026, 2, 28)),
        ("denied_on", fill("2026-02-28", "2026-01-01", pa.string()).cast(pa.timestamp("ns")), date(2026, 2, 28)),
        ("denied_on", fill(date(2026, 2, 28), date(2026, 1, 1), pa.date64()), date(2026, 2, 28)),
        ("carc", fill("16", "", pa.string()).dictionary_encode(), "16"),
        ("carc", pa.nulls(ROWS), None),
        ("appeal_due_on", pa.nulls(ROWS), None),
    ],
)
def test_a_typed_column_is_accepted_if_nothing_is_lost(tmp_path: Path, column: str, value: Any, expected: Any) -> None:
    values, broken, _ = load_one(write_denials(tmp_path / "extract", **{column: value}), column)
    assert broken == []
    assert values[0] == expected


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("denied_amount", fill(12.345, 1.0, pa.float64()), "money"),
        ("denied_amount", fill(float("nan"), 1.0, pa.float64()), "money"),
        ("denied_amount", fill(float("inf"), 1.0, pa.float64()), "money"),
        ("denied_amount", fill(1e17, 1.0, pa.float64()), "money"),
        ("denied_amount", fill(Decimal("1.005"), None, pa.decimal128(38, 3)), "money"),
        ("denied_amount", fill(10**17, None, pa.int64()), "money"),
        ("denied_on", fill("2026-01-05 13:00", "2026-01-05 00:00", pa.string()).cast(pa.timestamp("us")), "date"),
        ("denied_on", fill(date(9999, 12, 31), date(2026, 1, 5), pa.date32()), "sentinel_date"),
    ],
)
def test_a_typed_value_that_loses_information_is_quarantined_by_row(
    tmp_path: Path, column: str, value: Any, rule: str
) -> None:
    values, broken, _ = load_one(write_denials(tmp_path / "extract", **{column: value}), column)
    assert broken == [("D0", column, rule, 1)]
    assert len(values) == ROWS - 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("denial_id", pa.array([float(n) for n in range(ROWS)])),
        ("claim_id", fill(date(2026, 1, 1), None, pa.date32())),
        ("claim_id", fill(b"x", None, pa.binary())),
        ("claim_id", fill(["x"], None, pa.list_(pa.string()))),
        ("denied_amount", fill(1.5, None, pa.float32())),
        ("denied_on", fill(20260105, 20260105, pa.int32())),
        ("denied_on", fill(datetime(2026, 1, 5, tzinfo=UTC), None, pa.timestamp("us", "UTC"))),
    ],
)
def test_a_type_that_cannot_hold_the_column_is_refused_by_name(tmp_path: Path, column: str, value: Any) -> None:
    with pytest.raises(ExtractRefusedError, match=rf"denials\.parquet: column {column} has type"):
        load_extract(write_denials(tmp_path / "extract", **{column: value}))


def test_integer_ids_are_accepted_with_a_notice_about_leading_zeros(tmp_path: Path) -> None:
    values, _, notices = load_one(write_denials(tmp_path / "extract", claim_id=pa.array(range(ROWS))), "claim_id")
    assert values[12] == "12"
    assert any("may have lost leading zeros: claim_id" in notice for notice in notices)


def test_two_parquet_columns_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractRefusedError, match="two columns have the same name"):
        load_extract(write_denials(tmp_path / "extract", DENIED_ON=pa.nulls(ROWS)))


def test_parquet_and_csv_with_the_same_rows_load_alike(tmp_path: Path, write_extract: ExtractWriter) -> None:
    text = "denial_id,denied_on,denied_amount\n" + "".join(f"D{n},2026-01-05,{n}.25\n" for n in range(ROWS))
    amounts = pa.array([Decimal(n) + Decimal("0.25") for n in range(ROWS)], pa.decimal128(18, 2))
    typed = write_denials(tmp_path / "typed", denied_amount=amounts)
    with load_extract(write_extract({"denials.csv": text})) as extract, load_extract(typed) as other:
        assert (
            extract.connection.execute("FROM denials").fetchall() == other.connection.execute("FROM denials").fetchall()
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("false", False), ("1", True), ("0", False), ("TRUE", "boolean"), ("yes", "boolean"), ("", None)],
)
def test_only_four_words_are_booleans(write_extract: ExtractWriter, text: str, expected: bool | str | None) -> None:
    good = "".join(f"G{n},,\n" for n in range(ROWS))
    files = {
        "denials.csv": "denial_id,denied_on\nD1,2026-01-05\n",
        "guarantors.csv": f"guarantor_id,text_consent,birth_year\n{good}X,{text},1950\n",
    }
    with load_extract(write_extract(files)) as extract:
        broken = [rule for (rule,) in extract.connection.execute("SELECT rule FROM quarantine").fetchall()]
        rows = extract.connection.execute("SELECT text_consent FROM guarantors WHERE guarantor_id = 'X'").fetchall()
    assert (broken, rows) == (([expected], []) if isinstance(expected, str) else ([], [(expected,)]))


@pytest.mark.parametrize("text", ["1.0", "99999999999", "one", " 1", "2147483648"])
def test_integers_are_digits_within_32_bits(write_extract: ExtractWriter, text: str) -> None:
    good = "".join(f"P{n},other,\n" for n in range(ROWS))
    files = {
        "denials.csv": "denial_id,denied_on\nD1,2026-01-05\n",
        "payers.csv": f"payer_id,payer_class,appeal_days\n{good}X,other,{text}\n",
    }
    with load_extract(write_extract(files)) as extract:
        rows = extract.connection.execute("SELECT column_name, rule FROM quarantine").fetchall()
    assert rows == [("appeal_days", "integer")]


@pytest.mark.parametrize("level", ["Other", " other", "tricare"])
def test_levels_must_match_exactly(write_extract: ExtractWriter, level: str) -> None:
    good = "".join(f"P{n},other\n" for n in range(ROWS))
    files = {
        "denials.csv": "denial_id,denied_on\nD1,2026-01-05\n",
        "payers.csv": f"payer_id,payer_class\n{good}X,{level}\n",
    }
    with load_extract(write_extract(files)) as extract:
        rows = extract.connection.execute("SELECT column_name, rule, source_line FROM quarantine").fetchall()
    assert rows == [("payer_class", "level", ROWS + 2)]


EVENTS = {
    "transactions": (
        "transaction_id,account_id,posted_on,kind,amount,responsibility",
        "{n},A,2026-01-05,{level},1.00,patient",
    ),
    "contacts": ("contact_id,guarantor_id,contacted_on,channel", "{n},G,2026-01-05,{level}"),
}


@pytest.mark.parametrize(
    ("table", "column", "seen", "unseen"),
    [("transactions", "kind", "charge", "gift"), ("contacts", "channel", "text", "pigeon")],
)
def test_an_unknown_event_level_is_quarantined_and_the_others_are_read_as_text(
    write_extract: ExtractWriter, table: str, column: str, seen: str, unseen: str
) -> None:
    """The levels of these two tables are stored as enumerations, which nobody who reads them need know."""
    head, row = EVENTS[table]
    lines = [row.format(n=n, level=seen) for n in range(ROWS)] + [row.format(n="X", level=unseen)]
    files = {
        "accounts.csv": "account_id,guarantor_id,opened_on\nA,G,2026-01-05\n",
        f"{table}.csv": "\n".join([head, *lines]) + "\n",
    }
    with load_extract(write_extract(files)) as extract:
        ask = extract.connection.execute
        broken = ask("SELECT table_name, column_name, rule, source_line FROM quarantine").fetchall()
        messages = ask(
            "SELECT DISTINCT word || '!', word LIKE $end, word = $seen, word = $unseen, word IN ($unseen, $seen), "
            f"upper(word), coalesce(nullif(word, $seen), 'none') FROM (SELECT {column} AS word FROM {table})",
            {"end": f"%{seen[1:]}", "seen": seen, "unseen": unseen},
        ).fetchall()
    assert broken == [(table, column, "level", ROWS + 2)]
    assert messages == [(f"{seen}!", True, True, False, True, seen.upper(), "none")]
