"""Claims (837) charge once, in order of events, and replacements never cancel the wrong claim."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.extracts.readers.x12.test_x12_import import (
    ORIGINAL,
    ImportFiles,
    charge,
    claim,
    import_files,
    remittance,
    submission,
)

__all__ = ["import_files"]  # the fixture


def visit(day: str, amount: str, **options: Any) -> list[str]:
    """One claim of account A1 with a line of that day and amount, submitted on `created`."""
    created = options.pop("created")
    lines = options.pop("lines", (amount,))
    return submission(charge(lines=lines, days=(day,) * len(lines), **options), created=created)


CHARGED = "SELECT CAST(sum(amount) AS VARCHAR), count(reverses_id) FROM transactions WHERE kind = 'charge'"
FIFTH = visit("20260105", "100", created="20260110")
TWENTIETH = visit("20260120", "200", created="20260125")


def test_claims_and_their_remittance_form_one_ledger(import_files: ImportFiles) -> None:
    _, query = import_files([submission(charge())], [remittance(ORIGINAL)])
    assert query("SELECT CAST(sum(amount) AS VARCHAR), count(*) FROM transactions WHERE kind = 'charge'") == [
        ("150.00", 2)
    ]
    assert query("SELECT responsibility, sum(amount) FROM transactions GROUP BY 1 ORDER BY 1") == [
        ("insurance", Decimal(0)),
        ("patient", Decimal(20)),
    ]
    account = "FROM accounts SELECT account_id, guarantor_id, CAST(opened_on AS VARCHAR), CAST(service_on AS VARCHAR), "
    assert query(f"{account} patient_class, facility") == [
        ("A1", "PLAN1:M1", "2026-02-01", "2026-01-01", "outpatient", "1234567893")
    ]


def test_charges_post_once_even_if_resent_or_billed_to_a_later_payer(import_files: ImportFiles) -> None:
    again = submission(charge(), created="20260205")
    later = submission(charge(priority="S", payer="PLAN2"), created="20260301")
    report, query = import_files([submission(charge())], [again], [later])
    assert query("SELECT sum(amount) FROM transactions") == [(Decimal(150),)]
    assert report.files[1].skipped == {"duplicate claim submission": 1}
    assert query("SELECT payer_id, priority FROM coverages ORDER BY priority") == [
        ("PLAN1-commercial", 1),
        ("PLAN2-commercial", 2),
    ]


def test_a_replacement_cancels_the_earlier_charges_and_a_void_cancels_all(import_files: ImportFiles) -> None:
    corrected = submission(charge(lines=("100", "80"), frequency="7"), created="20260301")
    _, query = import_files([submission(charge())], [corrected])
    assert query("SELECT sum(amount), count(reverses_id) FROM transactions") == [(Decimal(180), 2)]
    void = submission(charge(lines=("100", "80"), frequency="8"), created="20260401")
    _, query = import_files([submission(charge())], [corrected], [void])
    assert query("SELECT sum(amount), count(reverses_id) FROM transactions") == [(Decimal(0), 4)]
    report, _ = import_files([submission(charge("A2"))], [void])
    assert report.files[1].loaded + sum(report.files[1].skipped.values()) == 1


def test_lines_that_do_not_add_up_to_their_claim_are_reported(import_files: ImportFiles) -> None:
    report, _ = import_files([submission(charge(total="151"))])
    assert "0.835: 1 of 1 charges balances is off; loaded as stated" in report.notices


def test_encounters_that_are_only_reported_are_skipped(import_files: ImportFiles) -> None:
    report, query = import_files([submission(charge())], [submission(charge("A1", lines=("70", "0")), purpose="RP")])
    assert query("SELECT sum(amount) FROM transactions") == [(Decimal(150),)]
    assert report.files[1].skipped == {"claim reported as an encounter, not charged": 1}


def test_a_replacement_cancels_the_claim_with_its_own_dates(import_files: ImportFiles) -> None:
    replacement = visit("20260105", "150", created="20260201", frequency="7", original="ICN1")
    _, query = import_files([FIFTH], [TWENTIETH], [replacement])
    assert query(CHARGED) == [("350.00", 1)]


def test_a_void_cancels_the_claim_with_its_own_dates(import_files: ImportFiles) -> None:
    _, query = import_files([FIFTH], [TWENTIETH], [visit("20260105", "100", created="20260201", frequency="8")])
    assert query(CHARGED) == [("200.00", 1)]


def test_a_replacement_with_a_corrected_date_is_matched_by_the_payers_claim_number(import_files: ImportFiles) -> None:
    paid = claim(charged="100", number="ICN1", rest=["DTM*232*20260105"])
    replacement = visit("20260120", "150", created="20260301", frequency="7", original="ICN1")
    _, query = import_files([FIFTH], [TWENTIETH], [remittance(paid)], [replacement])
    assert query(CHARGED) == [("350.00", 1)]


def test_a_payers_claim_number_of_a_claim_outside_the_import_cancels_nothing(import_files: ImportFiles) -> None:
    paid = claim(charged="999", number="ICN1")
    replacement = visit("20260105", "150", created="20260301", frequency="7", original="ICN1")
    report, query = import_files([FIFTH], [remittance(paid)], [replacement])
    assert query(CHARGED) == [("100.00", 0)]
    assert report.files[2].skipped == {"replacement of a claim that cannot be identified in this import": 1}


def test_a_second_replacement_of_the_same_number_cancels_the_first(import_files: ImportFiles) -> None:
    first = visit("20260105", "150", created="20260201", frequency="7", original="ICN1")
    second = visit("20260106", "160", created="20260301", frequency="7", original="ICN1")
    _, query = import_files([FIFTH], [TWENTIETH], [first], [second])
    assert query(CHARGED) == [("360.00", 2)]


@pytest.mark.parametrize(
    ("frequency", "reason"),
    [
        ("7", "replacement of a claim that cannot be identified in this import"),
        ("8", "void of a claim that is not in this import"),
    ],
)
@pytest.mark.parametrize("days", [("20260110", "20260120"), ("20260105", "20260105")])
def test_nothing_is_canceled_if_none_or_several_claims_match(
    import_files: ImportFiles, frequency: str, reason: str, days: tuple[str, str]
) -> None:
    first, second = (visit(day, amount, created="20260125") for day, amount in zip(days, ("100", "200"), strict=True))
    stray = visit("20260105", "170", created="20260201", frequency=frequency)
    report, query = import_files([first], [second], [stray])
    assert query(CHARGED) == [("300.00", 0)]
    assert report.files[2].skipped == {reason: 1}


def test_a_replacement_without_an_original_is_charged_with_a_notice(import_files: ImportFiles) -> None:
    report, query = import_files([visit("20260105", "170", created="20260201", frequency="7")])
    assert query(CHARGED) == [("170.00", 0)]
    assert any("1 replacement claim (CLM05-3 = 7)" in notice for notice in report.notices)


def test_claims_to_only_the_second_and_third_payer_are_charged_once_to_the_second(import_files: ImportFiles) -> None:
    third = visit("20260105", "100", created="20260110", priority="T", payer="PLAN3")
    second = visit("20260105", "100", created="20260115", priority="S", payer="PLAN2")
    _, query = import_files([third], [second])
    assert query("SELECT payer_id, CAST(amount AS VARCHAR) FROM transactions") == [("PLAN2-commercial", "100.00")]


def test_a_later_payers_claim_for_another_visit_is_charged(import_files: ImportFiles) -> None:
    _, query = import_files([FIFTH], [visit("20260120", "200", created="20260125", priority="S", payer="PLAN2")])
    assert query(CHARGED) == [("300.00", 0)]


def test_a_claim_voided_and_resent_is_charged_again(import_files: ImportFiles) -> None:
    void = visit("20260105", "100", created="20260111", frequency="8")
    again = visit("20260105", "100", created="20260112")
    _, query = import_files([FIFTH], [void], [again])
    assert query(CHARGED) == [("100.00", 1)]
    _, query = import_files([FIFTH], [void], [again], [visit("20260105", "100", created="20260113", frequency="8")])
    assert query(CHARGED) == [("0.00", 2)]
    assert query("SELECT count(DISTINCT transaction_id) FROM transactions") == [(4,)]


def test_a_void_sent_to_a_later_payer_leaves_the_charges_to_the_first(import_files: ImportFiles) -> None:
    later = {"priority": "S", "payer": "PLAN2"}
    second = visit("20260105", "100", created="20260111", **later)
    _, query = import_files([FIFTH], [second], [visit("20260105", "100", created="20260112", frequency="8", **later)])
    assert query(CHARGED) == [("100.00", 0)]


def test_a_replacement_to_both_payers_charges_once(import_files: ImportFiles) -> None:
    later = {"priority": "S", "payer": "PLAN2"}
    _, query = import_files(
        [FIFTH],
        [visit("20260105", "100", created="20260111", **later)],
        [visit("20260105", "150", created="20260201", frequency="7")],
        [visit("20260105", "150", created="20260202", frequency="7", **later)],
    )
    assert query(CHARGED) == [("150.00", 1)]
