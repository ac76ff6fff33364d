"""FHIR resources in the ledger: made-up claims, responses, and payments, with every amount calculated by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.fhir.import_fhir import import_fhir
from payrank.extracts.readers.session.report import ImportReport

CARC = "https://x12.org/codes/claim-adjustment-reason-codes"
RARC = "https://x12.org/codes/remittance-advice-remark-codes"
GROUP = "https://x12.org/codes/claim-adjustment-group-codes"
C4BB = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication"


def usd(value: int | float | None) -> dict[str, Any]:
    return {"value": value, "currency": "USD"}


def coded(code: str, system: str = C4BB) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def amount(code: str, value: int) -> dict[str, Any]:
    return {"category": coded(code), "amount": usd(value)}


def reason(
    carc: str | None = None,
    *,
    rarc: str | None = None,
    group: str | None = None,
    value: int | None = None,
    category: str = "adjustmentreason",
) -> dict[str, Any]:
    pairs = [(CARC, carc), (RARC, rarc), (GROUP, group)]
    imported = {
        "category": coded(category),
        "reason": {"coding": [{"system": system, "code": code} for system, code in pairs if code]},
    }
    return imported | ({"amount": usd(value)} if value is not None else {})


def claim(number: str = "c1", total: int | None = 100, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Claim", "id": number, "status": "active", "use": "claim", "created": "2024-01-05",
        "patient": {"reference": "Patient/p1"}, "billablePeriod": {"start": "2024-01-02", "end": "2024-01-03"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/v1"}}],
        "total": usd(total),
    } | more  # fmt: skip


def explanation(number: str = "e1", of: str = "c1", created: str = "2024-01-20", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ExplanationOfBenefit", "id": number, "status": "active", "use": "claim",
        "outcome": "complete", "created": created, "patient": {"reference": "Patient/p1"},
        "insurer": {"reference": "Organization/o1"}, "claim": {"reference": f"Claim/{of}"},
        "insurance": [{"focal": True, "coverage": {"reference": "Coverage/v1"}}],
    } | more  # fmt: skip


def response(number: str = "r1", of: str = "c1", created: str = "2024-01-20", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ClaimResponse", "id": number, "status": "active", "use": "claim", "outcome": "complete",
        "created": created, "patient": {"reference": "Patient/p1"}, "insurer": {"reference": "Organization/o1"},
        "request": {"reference": f"Claim/{of}"},
    } | more  # fmt: skip


PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1961-07-30", "name": [{"family": "Nobody"}]}
PLAN = {"resourceType": "Organization", "id": "o1", "name": "Plan One", "identifier": [{"value": "00042"}]}
COVERAGE = {
    "resourceType": "Coverage", "id": "v1", "status": "active", "beneficiary": {"reference": "Patient/p1"},
    "type": coded("21", "https://nahdo.org/sopt"), "payor": [{"reference": "Organization/o1"}],
    "period": {"start": "2023-01-01", "end": "2024-06-30"},
}  # fmt: skip


class Imported:
    """An import's report, and its tables as lists of tuples."""

    def __init__(self, report: ImportReport, folder: Path) -> None:
        self.report = report
        self.folder = folder

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with load_extract(self.folder) as extract:
            return extract.connection.execute(query).fetchall()

    @property
    def ledger(self) -> dict[tuple[Any, Any, Any], Any]:
        rows = self.query("SELECT kind, responsibility, CAST(posted_on AS VARCHAR), amount FROM transactions")
        return {(kind, side, day): value for kind, side, day, value in rows}

    @property
    def aside(self) -> dict[Any, Any]:
        return {reason: count for file in self.report.files for reason, count in file.skipped.items()}


RunImport = Callable[..., "Imported"]


@pytest.fixture
def run(tmp_path: Path) -> RunImport:
    def run_import(*resources: Any, name: str = "all.ndjson") -> Imported:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / name).write_text("\n".join(json.dumps(resource) for resource in resources) + "\n")
        report = import_fhir(source, tmp_path / "extract")
        for file in report.files:
            accounted = file.loaded + file.reference + file.quarantined + sum(file.skipped.values())
            assert file.records == accounted
        return Imported(report, tmp_path / "extract")

    return run_import


def test_a_claim_is_charged_paid_adjusted_and_its_remainder_transferred_to_the_patient(run: RunImport) -> None:
    imported = run(
        PATIENT, PLAN, COVERAGE, claim(),
        explanation(
            total=[amount("submitted", 100), amount("discount", 25), amount("memberliability", 15)],
            payment={"date": "2024-01-25", "amount": usd(60)},
        ),
    )  # fmt: skip
    assert imported.ledger == {
        ("charge", "insurance", "2024-01-05"): Decimal("100.00"),
        ("insurance_payment", "insurance", "2024-01-25"): Decimal("-60.00"),
        ("contractual_adjustment", "insurance", "2024-01-20"): Decimal("-25.00"),
        ("transfer", "insurance", "2024-01-20"): Decimal("-15.00"),
        ("transfer", "patient", "2024-01-20"): Decimal("15.00"),
    }
    assert imported.query("SELECT account_id, guarantor_id, CAST(service_on AS VARCHAR) FROM accounts") == [
        ("Claim/c1", "Patient/p1", "2024-01-02")
    ]
    assert imported.query("SELECT payer_id, payer_name, payer_class FROM payers") == [
        ("Organization/o1", "Plan One", "managed_medicaid")
    ]
    assert imported.query("SELECT account_id, payer_id, priority, CAST(ended_on AS VARCHAR) FROM coverages") == [
        ("Claim/c1", "Organization/o1", 1, "2024-06-30")
    ]
    assert imported.query("SELECT * FROM guarantors") == [("Patient/p1", 1961, None, None, None, None)]
    assert imported.report.rows_quarantined == 0
    assert str(imported.report.as_of) == "2024-01-26"


def test_every_import_has_a_notice_about_what_r4_lacks(run: RunImport) -> None:
    imported = run(claim())
    assert any("no account balances, patient payments" in notice for notice in imported.report.notices)
    assert imported.report.reconciliation is None


def test_amounts_come_from_totals_then_the_header_then_the_lines(run: RunImport) -> None:
    lines = [
        {"sequence": 1, "adjudication": [amount("discount", 1), amount("copay", 2), amount("benefit", 3)]},
        {"sequence": 2, "detail": [{"sequence": 1, "adjudication": [amount("discount", 1), amount("copay", 2)]}]},
    ]
    imported = run(
        claim("a"), explanation("ea", "a", item=lines),
        claim("b"), explanation("eb", "b", item=lines, adjudication=[amount("discount", 30)]),
        claim("c"), explanation("ec", "c", item=lines, adjudication=[amount("discount", 30)],
                                total=[amount("discount", 40)]),
    )  # fmt: skip
    rows = imported.query(
        "SELECT account_id, amount FROM transactions WHERE kind = 'contractual_adjustment' ORDER BY account_id"
    )
    assert rows == [("Claim/a", Decimal(-2)), ("Claim/b", Decimal(-30)), ("Claim/c", Decimal(-40))]
    moved = imported.query("SELECT amount FROM transactions WHERE kind = 'transfer' AND responsibility = 'patient'")
    assert moved == [(Decimal(4),)] * 3
    assert imported.query("SELECT count(*), sum(amount) FROM transactions WHERE kind = 'insurance_payment'") == [
        (3, -9)
    ]


def test_without_a_discount_the_contractual_adjustment_is_submitted_less_eligible_less_noncovered(
    run: RunImport,
) -> None:
    imported = run(
        claim(),
        explanation(total=[amount("submitted", 100), amount("eligible", 70), amount("noncovered", 10)]),
    )
    assert imported.ledger["contractual_adjustment", "insurance", "2024-01-20"] == Decimal("-20.00")
    assert any("1 contractual adjustment calculated" in notice for notice in imported.report.notices)


def test_adjustment_groups_give_contractual_and_patient_amounts_if_categories_do_not(run: RunImport) -> None:
    imported = run(
        claim(),
        response(
            item=[
                {
                    "itemSequence": 1,
                    "adjudication": [
                        reason("45", group="CO", value=30),
                        reason("1", group="PR", value=12),
                        reason("2", value=3),
                        reason("197", group="CO", value=5),
                    ],
                }
            ],
            payment={"amount": usd(50)},
        ),
    )
    assert imported.ledger == {
        ("charge", "insurance", "2024-01-05"): Decimal(100),
        ("insurance_payment", "insurance", "2024-01-20"): Decimal(-50),
        ("contractual_adjustment", "insurance", "2024-01-20"): Decimal(-30),
        ("transfer", "insurance", "2024-01-20"): Decimal(-15),
        ("transfer", "patient", "2024-01-20"): Decimal(15),
    }
    assert imported.query("SELECT group_code, carc, rarc, denied_amount FROM denials") == [("CO", "197", None, 5)]


def test_denials_have_group_carc_rarc_and_the_noncovered_amount_of_their_line(run: RunImport) -> None:
    imported = run(
        PLAN, claim(),
        explanation(
            item=[
                {"sequence": 1, "adjudication": [
                    amount("noncovered", 80), reason("16", group="CO"), reason(rarc="M76"),
                ]},
                {"sequence": 2, "adjudication": [amount("noncovered", 9), reason("50"), reason("29")]},
                {"sequence": 3, "adjudication": [reason("45", group="CO", value=1), reason("3", group="PR", value=1)]},
                {"sequence": 4, "adjudication": [{"category": coded("denialreason")}]},
                {"sequence": 5, "adjudication": [reason("016")]},
            ],
        ),
    )  # fmt: skip
    rows = imported.query(
        "SELECT group_code, carc, rarc, denied_amount, account_id, claim_id, payer_id, CAST(denied_on AS VARCHAR) "
        "FROM denials ORDER BY denial_id"
    )
    where = ("Claim/c1", "Claim/c1", "Organization/o1", "2024-01-20")
    assert rows == [
        ("CO", "16", "M76", Decimal(80), *where),
        (None, "50", None, None, *where),
        (None, "29", None, None, *where),
        (None, None, None, None, *where),
        (None, "016", None, None, *where),
    ]


def test_payments_of_a_reconciliation_replace_those_of_the_responses(run: RunImport) -> None:
    imported = run(
        PLAN, claim("a"), claim("b"), claim("c"),
        response("ra", "a", payment={"amount": usd(60)}),
        explanation("eb", "b", payment={"amount": usd(70)}),
        explanation("ec", "c", payment={"amount": usd(80)}),
        {
            "resourceType": "PaymentReconciliation", "id": "x", "status": "active", "created": "2024-02-01",
            "paymentDate": "2024-02-02", "paymentAmount": usd(125), "paymentIssuer": {"reference": "Organization/o1"},
            "detail": [
                {"type": coded("payment"), "response": {"reference": "ClaimResponse/ra"}, "amount": usd(61)},
                {"type": coded("payment"), "request": {"reference": "urn:uuid:b"}, "amount": usd(71),
                 "date": "2024-02-03"},
                {"type": coded("adjustment"), "request": {"reference": "Claim/b"}, "amount": usd(-2)},
                {"type": coded("advance"), "amount": usd(5)},
            ],
        },
    )  # fmt: skip
    rows = imported.query(
        "SELECT account_id, CAST(posted_on AS VARCHAR), amount, payer_id FROM transactions "
        "WHERE kind = 'insurance_payment' ORDER BY ALL"
    )
    assert rows == [
        ("Claim/a", "2024-02-02", Decimal(-61), "Organization/o1"),
        ("Claim/b", "2024-02-02", Decimal(2), "Organization/o1"),
        ("Claim/b", "2024-02-03", Decimal(-71), "Organization/o1"),
        ("Claim/c", "2024-01-20", Decimal(-80), "Organization/o1"),
    ]
    assert any("1 detail of PaymentReconciliations" in notice for notice in imported.report.notices)
    assert any("1 PaymentReconciliation whose details do not add up" in notice for notice in imported.report.notices)


def test_a_reconciliation_without_a_claim_is_skipped(run: RunImport) -> None:
    bare = {"resourceType": "PaymentReconciliation", "id": "x", "status": "active", "paymentAmount": usd(5)}
    assert run(claim(), bare).aside == {"payment without a claim reference": 1}


def test_a_response_repeated_by_an_explanation_is_skipped(run: RunImport) -> None:
    imported = run(
        PLAN, claim("a"), claim("b"), claim("c"),
        response("ra", "a", payment={"amount": usd(60)}), explanation("ea", "a", payment={"amount": usd(60)}),
        response("rb", "b", payment={"amount": usd(50)}),
        explanation("other", "zz", claimResponse={"reference": "ClaimResponse/rb"}),
        response("rc", "c", insurer={"display": "Someone else"}, payment={"amount": usd(10)}),
        explanation("ec", "c", payment={"amount": usd(20)}),
    )  # fmt: skip
    assert imported.aside == {"adjudication already in an ExplanationOfBenefit": 2}
    rows = imported.query("SELECT account_id, amount FROM transactions WHERE kind = 'insurance_payment' ORDER BY ALL")
    assert rows == [("Claim/a", -60), ("Claim/c", -20), ("Claim/c", -10)]


def test_a_second_insurer_reduces_the_patients_responsibility(run: RunImport) -> None:
    imported = run(
        claim(),
        explanation("e1", total=[amount("memberliability", 20)], payment={"amount": usd(80)}),
        explanation(
            "e2", created="2024-02-10", insurer={"display": "Second Plan"}, total=[amount("memberliability", 5)],
            payment={"amount": usd(15)},
        ),
    )  # fmt: skip
    assert imported.query("SELECT responsibility, sum(amount) FROM transactions GROUP BY 1 ORDER BY 1") == [
        ("insurance", 0), ("patient", 5),
    ]  # fmt: skip
    assert any("1 response from a second or later insurer" in notice for notice in imported.report.notices)


def test_an_explanation_without_its_claim_provides_the_account_and_the_charge(run: RunImport) -> None:
    imported = run(
        explanation("e1", total=[amount("submitted", 44)]),
        explanation("e2", claim={"display": "unknown"}, total=[amount("submitted", 55)]),
    )
    rows = imported.query("SELECT account_id, CAST(posted_on AS VARCHAR), amount FROM transactions ORDER BY 1")
    assert rows == [
        ("Claim/c1", "2024-01-20", Decimal(44)),
        ("ExplanationOfBenefit/e2", "2024-01-20", Decimal(55)),
    ]
    assert imported.query("SELECT account_id FROM accounts ORDER BY 1") == [("Claim/c1",), ("ExplanationOfBenefit/e2",)]


def test_a_claim_without_total_is_charged_the_sum_of_its_lines(run: RunImport) -> None:
    lines = [{"sequence": 1, "net": usd(10.25)}, {"sequence": 2, "net": usd(0.5)}, {"sequence": 3}]
    imported = run(claim(total=None, item=lines) | {"total": None}, claim("c2") | {"total": None})
    assert imported.query("SELECT account_id, amount FROM transactions") == [("Claim/c1", Decimal("10.75"))]
    assert any("1 account of a claim without a charge" in notice for notice in imported.report.notices)


def test_a_total_that_differs_from_the_submitted_amount_has_a_notice_and_the_claim_wins(run: RunImport) -> None:
    imported = run(claim(), explanation(total=[amount("submitted", 99)]))
    assert imported.ledger == {("charge", "insurance", "2024-01-05"): Decimal(100)}
    assert any("1 claim whose total differs" in notice for notice in imported.report.notices)


def test_a_stated_patient_payment_has_a_notice_and_is_not_loaded(run: RunImport) -> None:
    imported = run(claim(), explanation(total=[amount("paidbypatient", 15)]))
    assert imported.ledger == {("charge", "insurance", "2024-01-05"): Decimal(100)}
    assert any("1 adjudication with an amount paid by the patient" in notice for notice in imported.report.notices)


def test_invoices_charge_their_account_the_patient_or_the_organization(run: RunImport) -> None:
    account = {
        "resourceType": "Account", "id": "a1", "status": "active", "subject": [{"reference": "Patient/p1"}],
        "servicePeriod": {"start": "2024-01-01"}, "guarantor": [{"party": {"reference": "RelatedPerson/mother"}}],
        "coverage": [{"coverage": {"reference": "Coverage/v1"}, "priority": 1}],
    }  # fmt: skip
    invoice = {
        "resourceType": "Invoice", "status": "issued", "date": "2024-02-01", "subject": {"reference": "Patient/p1"},
    }  # fmt: skip
    imported = run(
        PLAN, COVERAGE, account,
        invoice | {"id": "i1", "account": {"reference": "Account/a1"}, "totalGross": usd(12.5), "totalNet": usd(11)},
        invoice | {"id": "i2", "recipient": {"reference": "Organization/o1"}, "totalNet": usd(20)},
        invoice | {"id": "i3", "status": "balanced", "totalGross": usd(30)},
        invoice | {"id": "i4", "status": "cancelled", "totalGross": usd(40)},
    )  # fmt: skip
    rows = imported.query("SELECT account_id, kind, responsibility, amount FROM transactions ORDER BY 1")
    assert rows == [
        ("Account/a1", "charge", "patient", Decimal("12.50")),
        ("Invoice/i2", "charge", "insurance", Decimal(20)),
        ("Invoice/i3", "charge", "patient", Decimal(30)),
    ]
    assert imported.query("SELECT account_id, guarantor_id FROM accounts ORDER BY 1") == [
        ("Account/a1", "RelatedPerson/mother"), ("Invoice/i2", "Patient/p1"), ("Invoice/i3", "Patient/p1"),
    ]  # fmt: skip
    assert imported.query("SELECT account_id, payer_id FROM coverages") == [("Account/a1", "Organization/o1")]
    assert imported.aside == {"Invoice: status cancelled": 1}
    assert any("1 invoice marked balanced" in notice for notice in imported.report.notices)


def test_an_account_opens_with_its_first_invoice_or_is_skipped(run: RunImport) -> None:
    account = {"resourceType": "Account", "status": "active", "subject": [{"reference": "Patient/p1"}]}
    invoice = {
        "resourceType": "Invoice", "id": "i", "status": "issued", "date": "2024-02-01", "totalGross": usd(1),
        "account": {"reference": "Account/a"},
    }  # fmt: skip
    imported = run(account | {"id": "a"}, account | {"id": "b"}, invoice)
    assert imported.query("SELECT account_id, CAST(opened_on AS VARCHAR) FROM accounts") == [
        ("Account/a", "2024-02-01")
    ]
    assert imported.aside == {"Account: no servicePeriod or invoice to date it": 1}


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Organization/o1"},
        {"reference": "https://fhir.example.org/r4/Organization/o1"},
        {"reference": "https://fhir.example.org/r4/Organization/o1/_history/7"},
        {"reference": "urn:uuid:o1"},
        {"reference": "Organization?identifier=https://example.org/payer|00042"},
        {"identifier": {"system": "https://example.org/payer", "value": "00042"}, "display": "words"},
    ],
)
def test_a_payer_has_one_id_for_any_kind_of_reference(run: RunImport, reference: dict[str, Any]) -> None:
    imported = run(PLAN, claim(insurer=reference), claim("c2", insurer={"reference": "Organization/o1"}))
    assert imported.query("SELECT payer_id, payer_name FROM payers") == [("Organization/o1", "Plan One")]
    assert imported.query("SELECT DISTINCT payer_id FROM transactions") == [("Organization/o1",)]


def test_a_payer_named_only_in_words_keeps_its_name(run: RunImport) -> None:
    inside = {"resourceType": "Coverage", "id": "cover", "payor": [{"display": "Medicaid"}]}
    imported = run(
        claim("c1", insurance=[{"sequence": 1, "focal": True, "coverage": {"display": "NA"}}]),
        claim("c2", insurance=[{"sequence": 1, "focal": True, "coverage": {"display": "None"}}]),
        explanation("e3", "c3", insurer={"display": "Medicaid"}, contained=[inside], total=[amount("submitted", 1)],
                    insurance=[{"focal": True, "coverage": {"reference": "#cover"}}]),
        claim("c4", insurance=[{"sequence": 1, "focal": True, "coverage": {"display": "NO_INSURANCE"}}]),
    )  # fmt: skip
    assert imported.query("SELECT payer_id, payer_class FROM payers ORDER BY 1") == [
        ("Medicaid", "medicaid"), ("NA", "other"), ("NO_INSURANCE", "self_pay"), ("None", "other"),
    ]  # fmt: skip
    assert imported.query("SELECT account_id, payer_id FROM coverages ORDER BY 1") == [
        ("Claim/c1", "NA"), ("Claim/c2", "None"), ("Claim/c3", "Medicaid"),
    ]  # fmt: skip
    alone = "SELECT account_id FROM transactions WHERE responsibility = 'patient'"
    assert imported.query(alone) == [("Claim/c4",)]
    assert any("2 payers of unknown class" in notice for notice in imported.report.notices)


def test_the_lines_of_synthea_explanations_are_read(run: RunImport) -> None:
    def line(name: str, value: int) -> dict[str, Any]:
        code = f"https://bluebutton.cms.gov/resources/variables/{name}"
        system = "https://bluebutton.cms.gov/resources/codesystem/adjudication"
        return {"category": coded(code, system), "amount": usd(value)}

    imported = run(
        claim(),
        explanation(
            item=[{"sequence": 1, "adjudication": [
                line("line_sbmtd_chrg_amt", 100), line("line_alowd_chrg_amt", 90), line("line_coinsrnc_amt", 18),
                line("line_bene_ptb_ddctbl_amt", 2), line("line_prvdr_pmt_amt", 70),
            ]}],
        ),
    )  # fmt: skip
    assert imported.query("SELECT kind, responsibility, amount FROM transactions ORDER BY transaction_id, amount") == [
        ("charge", "insurance", 100), ("contractual_adjustment", "insurance", -10),
        ("insurance_payment", "insurance", -70), ("transfer", "patient", 20), ("transfer", "insurance", -20),
    ]  # fmt: skip
