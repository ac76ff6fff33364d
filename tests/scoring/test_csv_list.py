"""CSV lists: fixed formats, safe to open in a spreadsheet, and reproducible byte for byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from payrank.extracts.formula_safe import on_one_line, safe_text
from payrank.scoring.worklist import DenialLine, PatientLine, Reason, Worklist
from payrank.scoring.worklists.csv_list import render_csv

PATIENT_HEADER = (
    "rank,guarantor_id,account_ids,queue,action,action_why,balance,age_days,payers,probability,expected_recovery,"
    "expected_value,deadline,deadline_source,reason_1,reason_2,reason_3"
)
DENIAL_HEADER = (
    "rank,denial_id,account_id,payer,payer_class,group_code,carc,rarc,queue,action,action_why,denied_amount,age_days,"
    "probability,expected_recovery,expected_value,due_on,days_left,due_on_source,work_on,reason_1,reason_2,reason_3"
)


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def test_the_patient_list_is_written_exactly(household: Worklist[PatientLine]) -> None:
    assert render_csv(household).decode() == (
        PATIENT_HEADER + "\n"
        "1,00042,00042-1|00042-2,early_out,Call,No promise yet,1250.50,95,Aetna|Medicare,0.6215,700.00,695.80,"
        '2026-11-23,"promise to pay, due date + 3 days",Raises: Paid 3 of the last 4 balances,'
        "Lowers: Older than usual,\n"
    )


def test_the_denial_list_is_written_exactly(two_denials: Worklist[DenialLine]) -> None:
    assert render_csv(two_denials).decode() == (
        DENIAL_HEADER + "\n"
        "1,000D1,,Aetna,commercial,CO,197,N30,appeal,Appeal level 1,Authorization on file,,12,0.5000,,,2026-12-04,14,"
        "assumed: 60 days from the denial,2026-11-23,,,\n"
        "2,000D2,A9,Medicare,medicare,CO,16,,corrected_claim,Send a corrected claim,,300.10,30,0.9000,250.00,-4.10,"
        "2027-02-01,73,stated on the denial,2026-11-24,Raises: Usually overturned,,\n"
    )


def test_unknown_amounts_are_empty_cells_and_not_zero(denial_list: Callable[..., Worklist[DenialLine]]) -> None:
    for row in read(render_csv(denial_list(5, amounts=False))):
        assert (row["denied_amount"], row["expected_recovery"], row["expected_value"]) == ("", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_text_that_looks_like_a_formula_is_escaped(household: Worklist[PatientLine], start: str) -> None:
    hostile = f"{start}cmd|' /C calc'!A0"
    line = household.lines[0]
    accounts = (replace(line.accounts[0], account_id=hostile, payer=hostile), *line.accounts[1:])
    line = replace(
        line, guarantor_id=hostile, action=hostile, action_why=hostile, queue=hostile, deadline_source=hostile
    )
    line = replace(line, accounts=accounts, reasons=(Reason("f", hostile, None, 1.0),) * 3)
    row = read(render_csv(replace(household, lines=(line,))))[0]
    for name in (
        "guarantor_id",
        "queue",
        "action",
        "action_why",
        "deadline_source",
    ):
        assert row[name] == on_one_line("'" + hostile)
    assert {row[f"reason_{at}"] for at in (1, 2, 3)} == {on_one_line(f"Raises: {hostile}")}, "a word stands first"
    assert row["account_ids"].startswith("'")
    assert row["payers"][0] in ("'", "M")  # sorted: Medicare may stand first


def test_a_negative_number_stays_a_number(household: Worklist[PatientLine]) -> None:
    line = replace(household.lines[0], balance=-12.5, expected_value=-0.004)
    row = read(render_csv(replace(household, lines=(line,))))[0]
    assert (row["balance"], row["expected_value"]) == ("-12.50", "0.00")


def test_text_with_quotes_and_commas_is_preserved(household: Worklist[PatientLine]) -> None:
    text = 'Said "no", twice; then paid'
    row = read(render_csv(replace(household, lines=(replace(household.lines[0], action_why=text),))))[0]
    assert row["action_why"] == text


@pytest.mark.parametrize("break_", ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028"])
def test_a_line_break_in_text_does_not_start_a_row(household: Worklist[PatientLine], break_: str) -> None:
    line = replace(household.lines[0], action_why=f"Left message{break_}=1+1")
    content = render_csv(replace(household, lines=(line,)))
    assert len(content.decode().splitlines()) == 2
    assert read(content)[0]["action_why"] == "Left message =1+1"


def test_rows_end_with_a_single_newline(patient_list: Callable[..., Worklist[PatientLine]]) -> None:
    content = render_csv(patient_list(20))
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert content.count(b"\n") == 21


def test_an_empty_list_has_only_a_header(patient_list: Callable[..., Worklist[PatientLine]]) -> None:
    assert render_csv(replace(patient_list(1), lines=())).decode() == PATIENT_HEADER + "\n"


def test_ids_keep_their_leading_zeros(household: Worklist[PatientLine]) -> None:
    assert read(render_csv(household))[0]["guarantor_id"] == "00042"


def test_plain_text_is_unchanged() -> None:
    assert safe_text("Paid 3 = often") == "Paid 3 = often"
