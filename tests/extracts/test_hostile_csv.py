"""Real-world CSV: every defect is refused by name or quarantined by line, and nothing is lost silently."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.csv import raw_bytes as csv_bytes
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from tests.extracts.conftest import ExtractWriter

HEADER = "denial_id,denied_on,denied_amount,carc\n"
GOOD = "".join(f"{number:05},2026-01-05,12.50,16\n" for number in range(300))
LAST = 302
"""Physical line after the header and the good rows."""


def quarantine_of(folder: Path) -> list[tuple[Any, ...]]:
    with load_extract(folder) as extract:
        state = extract.tables["denials"]
        assert state.rows_read == state.rows_loaded + state.rows_quarantined + state.rows_repeated
        query = "SELECT key, column_name, rule, source_line FROM quarantine ORDER BY source_line"
        return extract.connection.execute(query).fetchall()


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        (",2026-01-05,1,16", "denial_id", "required"),
        ("x,,1,16", "denied_on", "required"),
        ("x,2026-02-30,1,16", "denied_on", "date"),
        ("x,01/05/2026,1,16", "denied_on", "date"),
        ("x,2026-1-5,1,16", "denied_on", "date"),
        ("x, 2026-01-05,1,16", "denied_on", "date"),
        ("x,2026-01-05 00:00:00,1,16", "denied_on", "date"),
        ("x,1900-01-01,1,16", "denied_on", "sentinel_date"),
        ("x,9999-12-31,1,16", "denied_on", "sentinel_date"),
        ("x,1899-12-31,1,16", "denied_on", "date_out_of_range"),
        ("x,2200-01-01,1,16", "denied_on", "date_out_of_range"),
        ('x,2026-01-05,"($1,234.50)",16', "denied_amount", "money"),
        ('x,2026-01-05,"1,234.5-",16', "denied_amount", "money"),
        ("x,2026-01-05,12.345,16", "denied_amount", "money"),
        ("x,2026-01-05,$5,16", "denied_amount", "money"),
        ("x,2026-01-05,1e3,16", "denied_amount", "money"),
        ("x,2026-01-05,+5,16", "denied_amount", "money"),
        ("x,2026-01-05, 5,16", "denied_amount", "money"),
        ("x,2026-01-05,12345678901234567,16", "denied_amount", "money"),
        ("x,2026-01-05,.5,16", "denied_amount", "money"),
        ("x,2026-01-05,NaN,16", "denied_amount", "money"),
    ],
)
def test_an_invalid_value_is_quarantined_by_key_column_rule_and_line(
    write_extract: ExtractWriter, row: str, column: str, rule: str
) -> None:
    folder = write_extract({"denials.csv": f"{HEADER}{GOOD}{row}\nlast,2026-01-05,1,16\n"})
    key = row.partition(",")[0] or None
    assert quarantine_of(folder) == [(key, column, rule, LAST)]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("x,2026-01-05", "missing_columns"),
        ("x,2026-01-05,1,16,", "too_many_columns"),
        ("x,2026-01-05,1,16,,,", "too_many_columns"),
        ("x,2026-01-05,1,a,b", "too_many_columns"),
        ('"x,2026-01-05,1,16', "unclosed_quote"),
        ('"', "unclosed_quote"),
        ('"x"y,2026-01-05,1,16', "stray_quote"),
        ('x"y"z,2026-01-05,1,16', "stray_quote"),
        ('"x" ,2026-01-05,1,16', "stray_quote"),
        (' "x",2026-01-05,1,16', "stray_quote"),
        ('"x\\"y",2026-01-05,1,16', "unclosed_quote"),
        ("x,2026-01-05,1,1\r6", "stray_carriage_return"),
    ],
)
def test_a_broken_line_costs_only_itself_wherever_it_is(write_extract: ExtractWriter, row: str, rule: str) -> None:
    first = write_extract({"denials.csv": f"{HEADER}{row}\n{GOOD}"}, folder="first")
    last = write_extract({"denials.csv": f"{HEADER}{GOOD}{row}\n"}, folder="last")
    assert quarantine_of(first) == [(None, None, rule, 2)]
    assert quarantine_of(last) == [(None, None, rule, LAST)]


def test_line_numbers_are_physical_with_multiline_fields_and_blank_lines(write_extract: ExtractWriter) -> None:
    text = HEADER + 'a,2026-01-05,1,"one\ntwo\nthree"\n\n\nb,2026-13-05,1,16\nc,2026-01-05\n' + GOOD
    assert quarantine_of(write_extract({"denials.csv": text})) == [
        ("b", "denied_on", "date", 7),
        (None, None, "missing_columns", 8),
    ]


def test_a_row_is_quarantined_once_by_the_first_rule_it_breaks(write_extract: ExtractWriter) -> None:
    folder = write_extract({"denials.csv": HEADER + GOOD + "x,never,much,16\n"})
    assert quarantine_of(folder) == [("x", "denied_on", "date", LAST)]


def test_over_one_percent_quarantined_refuses_with_rule_count_and_line_but_no_value(
    write_extract: ExtractWriter,
) -> None:
    with pytest.raises(ExtractRefusedError) as refused:
        load_extract(write_extract({"denials.csv": HEADER + GOOD + "secret,2026-01-05,hidden,16\n" * 4}))
    message = str(refused.value)
    assert "4 of 304 rows of denials violate the contract (1.3%)" in message
    assert f"money in denied_amount 4 times, first in line {LAST}" in message
    assert "at most 1%" in message
    assert "secret" not in message
    assert "hidden" not in message


def test_exactly_one_percent_quarantined_loads(write_extract: ExtractWriter) -> None:
    folder = write_extract({"denials.csv": HEADER + GOOD[: len(GOOD) * 99 // 300] + "x,2026-01-05,bad,16\n"})
    assert len(quarantine_of(folder)) == 1


@pytest.mark.parametrize("cut", ["x,2026-01-05,", "x,20", "x", 'x,2026-01-05,1,"16'])
def test_a_file_truncated_in_the_middle_of_a_row_is_refused(write_extract: ExtractWriter, cut: str) -> None:
    with pytest.raises(ExtractRefusedError, match="the file was truncated"):
        load_extract(write_extract({"denials.csv": HEADER + GOOD + cut}))


def test_a_file_without_a_final_line_end_loads_with_a_notice(write_extract: ExtractWriter) -> None:
    with load_extract(write_extract({"denials.csv": HEADER + GOOD.rstrip("\n")})) as extract:
        assert extract.tables["denials"].rows_loaded == 300
        assert any("last line has no line end" in notice for notice in extract.notices)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty, without a header"),
        (b"\n\n", "header line is blank"),
        ((HEADER + GOOD).encode("utf-16"), "UTF-16"),
        ((HEADER + GOOD).encode("utf-16-le"), "NUL byte in line 1"),
        ((HEADER + "a,2026-01-05,1,1\0\n").encode(), "NUL byte in line 2"),
        ((HEADER + GOOD + "M\u00fcller,2026-01-05,1,16\n").encode("cp1252"), "line 302 is not UTF-8"),
        ((HEADER + GOOD).replace("\n", "\r").encode(), "lone carriage return"),
        ((HEADER + GOOD).replace(",", "\t").encode(), "separated by a tab"),
        ((HEADER + GOOD).replace(",", "|").encode(), "separated by pipes"),
        ((HEADER + GOOD).replace(",", ";").encode(), "separated by semicolons"),
        (b"denial_id,denied_on,DENIED_ON\n", "columns 2, 3 of the header have the same name"),
        (b"denial_id,denied_on,\n", "a column without a name"),
        ((HEADER + "x" * (2 << 20) + "\n").encode(), "line 2 is over 1 MiB long"),
    ],
)
def test_an_ambiguous_file_is_refused_by_name(write_extract: ExtractWriter, content: bytes, problem: str) -> None:
    with pytest.raises(ExtractRefusedError, match=problem):
        load_extract(write_extract({"denials.csv": content}))


def test_a_byte_order_mark_and_crlf_are_read_correctly(write_extract: ExtractWriter) -> None:
    text = "\ufeff" + (HEADER + GOOD + "x,2026-01-05,bad,16\n").replace("\n", "\r\n")
    assert quarantine_of(write_extract({"denials.csv": text})) == [("x", "denied_amount", "money", LAST)]


def test_mixed_line_ends_lose_nothing(write_extract: ExtractWriter) -> None:
    text = (HEADER + GOOD).replace("5,12", "5,1", 7) + "y,2026-01-05,1,16\r\nz,2026-01-05,1,16\n"
    assert quarantine_of(write_extract({"denials.csv": text})) == []


@pytest.mark.parametrize("keep", [0.2, 0.9, 0.999])
def test_a_truncated_gzip_is_refused(write_extract: ExtractWriter, keep: float) -> None:
    whole = gzip.compress((HEADER + GOOD).encode())
    with pytest.raises(ExtractRefusedError, match="truncated or damaged gzip"):
        load_extract(write_extract({"denials.csv.gz": whole[: int(len(whole) * keep)]}))


@pytest.mark.parametrize("content", [b"no gzip at all", zlib.compress(b"x")])
def test_a_file_that_is_not_gzip_is_refused(write_extract: ExtractWriter, content: Any) -> None:
    with pytest.raises(ExtractRefusedError, match="truncated or damaged gzip"):
        load_extract(write_extract({"denials.csv.gz": content}))


def test_a_gzip_bomb_is_refused_before_it_expands(
    write_extract: ExtractWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_bytes, "BOMB_BYTES", 1 << 20)
    bomb = gzip.compress((HEADER + "x,2026-01-05,1,16\n" * 400_000).encode())
    with pytest.raises(ExtractRefusedError, match="a bomb"):
        load_extract(write_extract({"denials.csv.gz": bomb}))


def test_texts_that_other_readers_treat_as_null_are_kept(write_extract: ExtractWriter) -> None:
    text = HEADER + "NA,2026-01-05,,None\nnull,2026-01-05,,NULL\nnan,2026-01-05,,NaN\n" + 'e,2026-01-05,"",""\n'
    with load_extract(write_extract({"denials.csv": text})) as extract:
        rows = extract.connection.execute("SELECT denial_id, denied_amount, carc FROM denials").fetchall()
    assert rows == [("NA", None, "None"), ("null", None, "NULL"), ("nan", None, "NaN"), ("e", None, None)]
