"""Inspecting an extract: each problem is reported with a count, and a clean extract has no findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.check_extract import Inspection, inspect_extract
from payrank.extracts.checks.volume import Volume, check_volumes
from tests.extracts.conftest import ExtractWriter

AS_OF = date(2026, 3, 2)
ACCOUNTS = "account_id,guarantor_id,opened_on\n" + "".join(f"A{n},G{n},2026-01-05\n" for n in range(300))
LEDGER = "transaction_id,account_id,posted_on,effective_on,kind,amount,responsibility,reverses_id\n"
GOOD = "".join(f"T{n},A{n},2026-01-05,,charge,10.00,patient,\n" for n in range(300))


@pytest.fixture
def look(write_extract: ExtractWriter) -> Callable[..., Any]:
    """Inspect accounts and a ledger of good rows with some more; return what was found by check."""

    def run(ledger: str = "", toml: str = "", as_of: date = AS_OF, **tables: Any) -> Any:
        files = {"accounts.csv": ACCOUNTS, "transactions.csv": LEDGER + GOOD + ledger}
        files |= {f"{name}.csv": text for name, text in tables.items()}
        with inspect_extract(write_extract(files, toml), as_of) as (inspection, _):
            return inspection

    return run


def texts(inspection: Inspection, check: str) -> list[Any]:
    return [finding.text for finding in inspection.findings if finding.check == check]


CLEAN = '[control_totals]\naccounts = { rows = 300 }\ntransactions = { rows = 300, amount = "3000.00" }\n'


def test_a_clean_extract_has_no_findings(look: Callable[..., Any]) -> None:
    inspection = look(toml=CLEAN)
    assert inspection.refusals == ()
    assert [finding.text for finding in inspection.findings if finding.check != "contract"] == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "X1,A1,2026-01-06,,transfer,-5.00,insurance,\nX2,A1,2026-01-06,,transfer,4.99,patient,\n",
            "transactions: 1 account whose transfers do not net to zero. "
            "A transfer is two rows: - on one responsibility and + on the other",
        ),
        (
            "X1,A1,2026-01-06,,charge,-9.00,patient,T1\n",
            "transactions: 1 reversal whose amount is not the reversed row's with the opposite sign",
        ),
        ("X1,A2,2026-01-06,,charge,-10.00,patient,T1\n", "transactions: 1 reversal of a row on another account"),
        (
            "X1,A1,2026-01-06,,charge,-10.00,patient,T1\nX2,A1,2026-01-07,,charge,-10.00,patient,T1\n",
            "transactions: 1 row reversed more than once",
        ),
        (
            "X1,A1,2026-01-06,,charge,-10.00,patient,X2\nX2,A1,2026-01-06,,charge,10.00,patient,X1\n",
            "transactions: 2 rows in a cycle of reversals, each reversing another",
        ),
        (
            "X1,A1,2026-01-06,,charge,-1.00,patient,\n",
            "transactions: 1 charge below zero that reverses no row",
        ),
        (
            "X1,A1,2026-01-06,,patient_payment,1.00,patient,\n",
            "transactions: 1 payment above zero that reverses no row. "
            "In the ledger, amounts that lower the balance are negative",
        ),
    ],
)
def test_sums_that_do_not_add_up_are_counted(look: Callable[..., Any], rows: str, message: str) -> None:
    assert message in texts(look(rows), "sums")


def test_a_reversal_posted_before_its_original_is_counted(look: Callable[..., Any]) -> None:
    rows = "X1,A1,2026-01-04,,charge,-10.00,patient,T1\n"
    assert "transactions: 1 reversal posted before the row that it reverses" in texts(look(rows), "keys")


def test_tables_without_a_control_total_are_named(look: Callable[..., Any]) -> None:
    assert texts(look(), "sums") == [
        "no control totals of rows and dollars for accounts, transactions: a truncated file would not be detected"
    ]


def test_stated_balances_that_do_not_match_the_ledger_are_counted(look: Callable[..., Any]) -> None:
    stated = "account_id,responsibility,balance\nA1,patient,10.00\nA2,patient,9.99\nA3,,10.00\nA4,insurance,0.01\n"
    messages = texts(look(stated_balances=stated, toml=CLEAN), "sums")
    assert messages == [
        "stated_balances: 2 of 4 balances do not match the ledger",
        "stated_balances: 296 accounts in the ledger have no stated balance",
    ]


@pytest.mark.parametrize("day", ["1900-01-01", "9999-12-31"])
def test_placeholder_dates_are_counted_by_column(look: Callable[..., Any], day: str) -> None:
    inspection = look(f"X1,A1,2026-01-06,{day},charge,1.00,patient,\n")
    (messages,) = texts(inspection, "dates")
    assert messages.startswith("transactions: 1 row quarantined because effective_on is 1900-01-01 or 9999-12-31")
    assert [(row.table, row.column, row.rule, row.first_line) for row in inspection.quarantined] == [
        ("transactions", "effective_on", "sentinel_date", 302)
    ]


def test_dates_out_of_order_in_the_future_or_long_ago_are_counted(look: Callable[..., Any]) -> None:
    inspection = look(
        "X1,A1,1999-01-06,,charge,1.00,patient,\nX2,A1,2026-03-02,,charge,1.00,patient,\n",
        "as_of = 2026-03-02\n",
        denials="denial_id,denied_on,appeal_due_on\nD1,2026-02-01,2026-01-01\n",
        appeals="appeal_id,denial_id,filed_on,decided_on\nP1,D1,2026-01-31,2026-01-30\n",
    )
    assert texts(inspection, "dates") == [
        "transactions: 1 row known on or after the extract's as-of date 2026-03-02",
        "denials: 1 row with appeal_due_on before denied_on",
        "appeals: 1 row with decided_on before filed_on",
        "appeals: 1 row filed before the claim was denied",
        "transactions: 1 row dated over 20 years before the as-of date",
    ]


DENIALS = "denial_id,denied_on,group_code,carc,rarc\n"


def test_codes_first_seen_in_the_last_month_are_counted(look: Callable[..., Any]) -> None:
    old = "".join(f"D{n},2025-11-{n + 1:02},CO,16,M51\n" for n in range(20))
    new = "N1,2026-02-20,CO,252,N706\nN2,2026-02-21,CO,252,M51\n"
    inspection = look(denials=DENIALS + old + new)
    assert texts(inspection, "codes") == [
        "denials: 1 code in carc first seen in the last 30 days (2 rows)",
        "denials: 1 code in rarc first seen in the last 30 days (1 row)",
    ]


def test_unrecognized_codes_are_counted_and_not_quoted(look: Callable[..., Any]) -> None:
    messages = texts(look(denials=DENIALS + "D1,2026-02-20,XX,sixteen,Z9\n"), "codes")
    assert [text.split(". ")[0] for text in messages] == [
        "denials: 1 row has an unrecognized group code",
        "denials: 1 row has an unrecognized CARC",
        "denials: 1 row has an unrecognized RARC",
    ]
    assert "sixteen" not in str(messages)


def test_one_inspection_finds_every_refusal(look: Callable[..., Any]) -> None:
    inspection = look(
        denials="denial_id,denied_amount\nD1,5\n", flags="subject_type,subject_id,flag,known_on\naccount,A1,x\n"
    )
    assert [refusal.split(":")[0] for refusal in inspection.refusals] == ["denials.csv", "flags.csv"]
    assert {state.name: state.present for state in inspection.tables}["accounts"]


def test_a_missing_folder_is_a_refusal(tmp_path: Path) -> None:
    with inspect_extract(tmp_path / "nowhere") as (inspection, extract):
        assert extract is None
        assert len(inspection.refusals) == 1


def workdays(rows: int, last: date = AS_OF, weeks: int = 20, without: Sequence[date] = ()) -> dict[date, int]:
    days = [last - timedelta(days=back) for back in range(1, weeks * 7)]
    return {day: rows for day in days if day.weekday() < 5 and day not in without}


def volume_findings(days: dict[date, int]) -> list[str]:
    return [finding.text for finding in check_volumes([Volume("transactions", days)], AS_OF)]


def test_a_steady_table_has_no_findings() -> None:
    assert volume_findings(workdays(10)) == []


def test_a_weekday_without_rows_is_reported() -> None:
    gap = date(2026, 2, 18)
    assert volume_findings(workdays(10, without=[gap])) == [
        "transactions: no rows on 1 day of the last 28 that normally have some, most recently 2026-02-18"
    ]


def test_a_week_with_twice_or_half_the_rows_is_reported() -> None:
    days = workdays(10)
    for back in range(1, 8):
        if AS_OF - timedelta(days=back) in days:
            days[AS_OF - timedelta(days=back)] = 25
    assert volume_findings(days) == ["transactions: 125 rows in the last week, compared with 50 in a typical week"]


def test_a_table_without_recent_rows_is_reported() -> None:
    days = {day: rows for day, rows in workdays(10).items() if day < AS_OF - timedelta(days=10)}
    assert volume_findings(days) == ["transactions: no rows in the last 10 days before the as-of date"]


def test_a_table_with_few_rows_has_no_weekly_check() -> None:
    assert volume_findings({AS_OF - timedelta(weeks=week): 1 for week in range(1, 20)}) == []
