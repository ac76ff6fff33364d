"""Control totals match exactly, or the extract is refused with both values."""

from __future__ import annotations

import pytest

from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.load.load_extract import load_extract
from tests.extracts.conftest import ExtractWriter

ROWS = 200
TEXT = "denial_id,denied_on,denied_amount\n" + "".join(f"D{n},2026-01-05,0.10\n" for n in range(ROWS))


def declare(total: str) -> str:
    return f"[control_totals]\ndenials = {{ {total} }}\n"


@pytest.mark.parametrize("total", ["rows = 200", 'amount = "20.00"', 'rows = 200, amount = "20"'])
def test_a_matching_control_total_loads(write_extract: ExtractWriter, total: str) -> None:
    with load_extract(write_extract({"denials.csv": TEXT}, declare(total))) as extract:
        assert extract.tables["denials"].rows_loaded == ROWS


@pytest.mark.parametrize(
    ("total", "problem"),
    [
        ("rows = 201", "expected 201 rows, found 200 rows"),
        ('amount = "20.01"', r"expected 20\.01 dollars, found 20\.00 dollars"),
    ],
)
def test_a_control_total_that_differs_is_refused_with_both_values(
    write_extract: ExtractWriter, total: str, problem: str
) -> None:
    with pytest.raises(ExtractRefusedError, match=problem):
        load_extract(write_extract({"denials.csv": TEXT}, declare(total)))


def test_a_file_truncated_between_rows_is_caught_by_its_row_count(write_extract: ExtractWriter) -> None:
    with pytest.raises(ExtractRefusedError, match="found 199 rows"):
        load_extract(write_extract({"denials.csv": TEXT.rsplit("\n", 2)[0] + "\n"}, declare("rows = 200")))


def test_repeated_and_quarantined_rows_count_because_they_were_sent(write_extract: ExtractWriter) -> None:
    text = TEXT + "D1,2026-01-05,0.10\nD2\n"
    with load_extract(write_extract({"denials.csv": text}, declare("rows = 202"))) as extract:
        assert extract.tables["denials"].rows_loaded == ROWS


def test_dollars_are_not_compared_if_a_quarantined_row_may_have_an_amount(write_extract: ExtractWriter) -> None:
    folder = write_extract({"denials.csv": TEXT + "D900,2026-01-05,$5\n"}, declare('rows = 201, amount = "25.00"'))
    with load_extract(folder) as extract:
        assert any("not compared, because 1 quarantined row may have an amount" in notice for notice in extract.notices)


def test_readable_dollars_of_quarantined_rows_are_compared(write_extract: ExtractWriter) -> None:
    folder = write_extract({"denials.csv": TEXT + "D900,1900-01-01,5\n"}, declare('amount = "25.00"'))
    with load_extract(folder) as extract:
        assert extract.tables["denials"].rows_quarantined == 1


def test_a_declared_table_that_did_not_arrive_is_refused(write_extract: ExtractWriter) -> None:
    with pytest.raises(
        ExtractRefusedError, match=r"control total of appeals.*expected a file for this table, found none"
    ):
        load_extract(write_extract({"denials.csv": TEXT}, "[control_totals]\nappeals = { rows = 3 }\n"))
