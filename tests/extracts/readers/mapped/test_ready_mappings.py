"""The ready mappings, on made-up rows under the public field names, through the real import to balanced tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.readers.mapped.mapping import read_mapping
from payrank.extracts.readers.mapped.ready_mappings import find_mapping, ready_mappings
from tests.extracts.readers.mapped.ready_exports import ask, import_export

DOCS = Path(__file__).parents[4] / "docs" / "readers"
MOMENT = "2026-01-05 13:45:00"


@pytest.fixture
def ready(tmp_path: Path) -> Callable[..., Any]:
    """Import made-up tables by a ready mapping; give report and extract folder."""
    return partial(import_export, tmp_path)


def charge(number: str, source: str, amt: str, pat: str, **changed: Any) -> dict[str, Any]:
    return {
        "charge_id": number,
        "source_id": source,
        "amt": amt,
        "pat_amt": pat,
        "link_id": "",
        "begin_date_of_service": "20260102",
        "create_timestamp": MOMENT,
        "pat_bal_increase_date": "",
        **changed,
    }


def detail(trans_id: str, charge_id: str, source: str, paid: str, adjusted: str, **changed: Any) -> dict[str, Any]:
    return {
        "trans_id": trans_id,
        "charge_id": charge_id,
        "source_id": source,
        "paid_amt": paid,
        "adj_amt": adjusted,
        "post_ind": "Y",
        "create_timestamp": "2026-03-01 09:00:00",
        **changed,
    }


NEXTGEN = {
    "patient_encounter": [
        {
            "enc_id": "E1",
            "guar_id": "P1",
            "cob1_payer_id": "AETNA",
            "create_timestamp": MOMENT,
            "enc_timestamp": MOMENT,
            "location_id": "L1",
            "pat_resp_date": "20260215",
        },
        {
            "enc_id": "E2",
            "guar_id": "P2",
            "cob1_payer_id": "",
            "create_timestamp": MOMENT,
            "enc_timestamp": MOMENT,
            "location_id": "L1",
            "pat_resp_date": "",
        },
    ],
    "charges": [
        charge("C1", "E1", "200.00", "15.00", pat_bal_increase_date="20260210"),
        charge("C2", "E2", "90.00", "90.00"),
        charge("C3", "E1", "70.00", "70.00", link_id="C9"),
    ],
    "transactions": [
        {"trans_id": "T1", "source": "T", "type": "C", "payer_id": "AETNA"},
        {"trans_id": "T2", "source": "P", "type": "C", "payer_id": ""},
    ],
    "trans_detail": [
        detail("T1", "C1", "E1", "-100.00", "-60.00"),
        detail("T2", "C1", "E1", "-25.00", ""),
        detail("T2", "C2", "E2", "-5.00", "", post_ind="N"),
        detail("T2", "C3", "E1", "-5.00", ""),
    ],
}


def test_nextgen_gives_the_patient_and_payer_balance_of_each_encounter(ready: Callable[..., Any]) -> None:
    report, out = ready("nextgen", NEXTGEN)
    assert report.rows_quarantined == 0
    owed = "SELECT account_id, responsibility, sum(amount) FROM transactions GROUP BY ALL ORDER BY ALL"
    assert ask(out, owed) == [
        ("E1", "insurance", Decimal("0.00")),
        ("E1", "patient", Decimal("15.00")),
        ("E2", "patient", Decimal("90.00")),
    ]
    moved = "SELECT CAST(posted_on AS VARCHAR), amount FROM transactions WHERE kind = 'transfer' ORDER BY ALL"
    assert ask(out, moved) == [
        ("2026-02-10", Decimal("-25.00")),
        ("2026-02-10", Decimal("-15.00")),
        ("2026-02-10", Decimal("15.00")),
        ("2026-02-10", Decimal("25.00")),
    ]
    kinds = "SELECT kind, sum(amount) FROM transactions WHERE kind <> 'transfer' GROUP BY ALL ORDER BY ALL"
    assert ask(out, kinds) == [
        ("charge", Decimal("290.00")),
        ("insurance_payment", Decimal("-100.00")),
        ("other_adjustment", Decimal("-60.00")),
        ("patient_payment", Decimal("-25.00")),
    ]
    assert ask(out, "SELECT account_id, payer_id FROM coverages") == [("E1", "AETNA")]


TEBRA = {
    "GetCharges": [
        {
            "ID": "98765",
            "PatientID": "111",
            "PostingDate": "6/3/2026 12:00:00 AM",
            "ServiceStartDate": "6/2/2026",
            "ServiceLocationName": "Main",
            "TotalCharges": "1200.00",
            "PrimaryInsuranceCompanyName": "NA",
            "PrimaryInsuranceInsurancePayment": "600.00",
            "PrimaryInsuranceInsuranceContractAdjustment": "450.00",
            "PrimaryInsuranceInsuranceSecondaryAdjustment": "",
            "PrimaryInsurancePaymentPostingDate": "7/1/2026",
            "PrimaryInsuranceAdjudicationDate": "6/30/2026",
            "SecondaryInsuranceCompanyName": "",
            "SecondaryInsuranceInsurancePayment": "",
            "SecondaryInsuranceInsuranceContractAdjustment": "",
            "SecondaryInsuranceInsuranceSecondaryAdjustment": "",
            "SecondaryInsurancePaymentPostingDate": "",
            "TertiaryInsuranceCompanyName": "",
            "TertiaryInsuranceInsurancePayment": "",
            "TertiaryInsuranceInsuranceContractAdjustment": "",
            "TertiaryInsuranceInsuranceSecondaryAdjustment": "",
            "TertiaryInsurancePaymentPostingDate": "",
            "PatientPaymentAmount": "40.00",
            "PatientPaymentPostingDate": "8/1/2026",
            "PatientFirstBillDate": "7/5/2026",
            "OtherAdjustment": "10.00",
            "PatientBalance": "100.00",
            "InsuranceBalance": "0.00",
        },
        {"ID": "", "PatientID": ""},
    ]
}


def test_tebra_reconciles_each_charge_with_its_stated_balances(ready: Callable[..., Any]) -> None:
    report, out = ready("tebra", TEBRA)
    assert report.rows_quarantined == 0
    assert report.reconciliation is not None
    assert (report.reconciliation.stated, report.reconciliation.matched) == (2, 2)
    rows = "SELECT kind, amount, CAST(posted_on AS VARCHAR) FROM transactions ORDER BY posted_on, kind, amount"
    assert ask(out, rows) == [
        ("charge", Decimal("1200.00"), "2026-06-03"),
        ("other_adjustment", Decimal("-10.00"), "2026-06-03"),
        ("contractual_adjustment", Decimal("-450.00"), "2026-07-01"),
        ("insurance_payment", Decimal("-600.00"), "2026-07-01"),
        ("transfer", Decimal("-140.00"), "2026-07-05"),
        ("transfer", Decimal("140.00"), "2026-07-05"),
        ("patient_payment", Decimal("-40.00"), "2026-08-01"),
    ]
    assert ask(out, "SELECT payer_id FROM coverages") == [("NA",)]


@pytest.mark.parametrize("name", sorted(ready_mappings()))
def test_a_ready_mapping_says_how_it_was_verified_and_has_a_page(name: Any) -> None:
    assert re.search("verified on data|from public documentation only", ready_mappings()[name])
    read_mapping(find_mapping(f"ready:{name}"))
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert f"ready:{name}" in page
    assert "from public documentation only" in page


@pytest.mark.parametrize("name", ["", "oracle", "../tebra"])
def test_an_unknown_ready_mapping_is_wrong_usage_and_lists_the_known_ones(name: str) -> None:
    with pytest.raises(WrongUsageError, match=r"ready:nextgen .*ready:oracle_health .*ready:tebra") as wrong:
        find_mapping(f"ready:{name}")
    assert ("did you mean 'oracle_health'" in str(wrong.value)) is (name == "oracle")
