"""Oracle Health with its ready mapping: made-up Millennium rows become a ledger that matches the stated balances."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.extracts.readers.mapped.ready_exports import ask, import_export


@pytest.fixture
def ready(tmp_path: Path) -> Callable[..., Any]:
    """Import made-up tables by a ready mapping; give report and extract folder."""
    return partial(import_export, tmp_path)


CODES = {
    "10978": ("ADJUST", "Adjustment"),
    "10979": ("CHARGE", "Charge"),
    "10982": ("PAYMENT", "Payment"),
    "1": ("SELFPAY", "Self Pay"),
    "2": ("COMMERCIAL", "Commercial"),
    "3": ("MEDICARE", "Medicare"),
    "4": ("INPATIENT", "Inpatient"),
    "5": ("RECURRING", "Recurring"),
    "6": ("", "East Hospital"),
    "7": ("", "Overturned in full"),
}
MOMENT = "2026-01-05 13:45:00"
NEVER = "2100-12-31 00:00:00"


def trans(number: str, account: str, kind: str, amount: str, flag: str, balance: str, **changed: Any) -> dict[str, Any]:
    return {
        "PFT_TRANS_RELTN_ID": number,
        "PARENT_ENTITY_NAME": "PFTENCNTR",
        "PARENT_ENTITY_ID": account,
        "ACTIVITY_ID": f"9{number}",
        "TRANS_TYPE_CD": {"c": "10979", "p": "10982", "a": "10978"}[kind],
        "AMOUNT": amount,
        "DR_CR_FLAG": flag,
        "BENEFIT_ORDER_ID": balance,
        "CREATED_DT_TM": MOMENT,
        "ACTIVE_IND": "1",
        **changed,
    }


def encounter(number: str, balance: str, flag: str, **changed: Any) -> dict[str, Any]:
    return {
        "PFT_ENCNTR_ID": number,
        "ACCT_ID": f"A{number}",
        "ACTIVE_IND": "1",
        "REG_DT_TM": "2026-01-02 08:00:00",
        "SVC_BEG_DT_TM": "2026-01-02 09:00:00",
        "ENCNTR_TYPE_CLASS_CD": "4",
        "LOC_FACILITY_CD": "6",
        "BALANCE": balance,
        "DR_CR_FLAG": flag,
        **changed,
    }


def payer_row(number: str, order: str, plan: str, financial_class: str, priority: str = "1") -> dict[str, str]:
    return {
        "BO_HP_RELTN_ID": number,
        "BENEFIT_ORDER_ID": order,
        "HEALTH_PLAN_ID": plan,
        "FIN_CLASS_CD": financial_class,
        "PRIORITY_SEQ": priority,
        "ACTIVE_IND": "1",
        "BEG_EFFECTIVE_DT_TM": MOMENT,
        "END_EFFECTIVE_DT_TM": NEVER,
    }


ROWS = [
    trans("1", "100", "c", "500.00", "1", "11"),
    trans("2", "100", "a", "200.00", "2", "11"),
    trans("3", "100", "p", "250.00", "2", "11"),
    trans("4", "100", "a", "20.00", "1", "11"),
    trans("5", "200", "c", "80.00", "1", "21"),
    trans("6", "200", "p", "90.00", "2", "21"),
    trans("7", "100", "c", "500.00", "1", "11", PARENT_ENTITY_NAME="BILL", PARENT_ENTITY_ID="555"),
    trans("8", "100", "c", "1.00", "1", "11", ACTIVE_IND="0"),
]
MILLENNIUM = {
    "CODE_VALUE": [{"CODE_VALUE": code, "CDF_MEANING": cdf, "DISPLAY": shown} for code, (cdf, shown) in CODES.items()],
    "PFT_ENCNTR": [
        encounter("100", "70.00", "1"),
        encounter("200", "10.00", "2", ENCNTR_TYPE_CLASS_CD="5"),
        encounter("300", "0", "0", ACTIVE_IND="0"),
    ],
    "PFT_TRANS_RELTN": ROWS,
    "TRANS_LOG": [{"ACTIVITY_ID": row["ACTIVITY_ID"], "POST_DT_TM": "2026-01-04 00:00:00"} for row in ROWS],
    "BO_HP_RELTN": [payer_row("11", "1000", "77", "2"), payer_row("21", "2000", "78", "1")],
    "BENEFIT_ORDER": [
        {"BENEFIT_ORDER_ID": "1000", "PFT_ENCNTR_ID": "100"},
        {"BENEFIT_ORDER_ID": "2000", "PFT_ENCNTR_ID": "200"},
    ],
    "HEALTH_PLAN": [
        {"HEALTH_PLAN_ID": "77", "PLAN_NAME": "None", "FINANCIAL_CLASS_CD": "3"},
        {"HEALTH_PLAN_ID": "78", "PLAN_NAME": "Self Pay", "FINANCIAL_CLASS_CD": "1"},
    ],
    "DENIAL": [
        {
            "DENIAL_ID": "1",
            "CORSP_ACTIVITY_ID": "66",
            "BEG_EFFECTIVE_DT_TM": MOMENT,
            "DENIAL_AMT": "12.50",
            "DENIAL_CODE_TXT": "CO-197",
            "ACTIVE_IND": "1",
        },
        {
            "DENIAL_ID": "2",
            "CORSP_ACTIVITY_ID": "66",
            "BEG_EFFECTIVE_DT_TM": MOMENT,
            "DENIAL_AMT": "0.00",
            "DENIAL_CODE_TXT": "N211",
            "ACTIVE_IND": "1",
        },
    ],
    "ENCNTR_DENIED_DAYS": [
        {
            "ENCNTR_DENIED_DAYS_ID": "5",
            "PAYER_ORG_ID": "9",
            "NOTICE_RECEIVED_DT_TM": MOMENT,
            "DENIAL_RISK_AMOUNT": "900.00",
            "APPEAL_BY_DT_TM": "2026-03-05 00:00:00",
            "ACTIVE_IND": "1",
        }
    ],
    "ENCNTR_DENIAL_APPEAL_RELTN": [
        {
            "ENCNTR_DENIAL_APPEAL_RELTN_ID": str(number),
            "ENCNTR_APPEAL_ID": f"{number}1",
            "ENCNTR_DENIED_DAYS_ID": "5",
            "ACTIVE_IND": "1",
        }
        for number in (1, 2)
    ],
    "ENCNTR_APPEAL": [
        {
            "ENCNTR_APPEAL_ID": "11",
            "APPEAL_SENT_DT_TM": "2026-01-10 10:00:00",
            "APPEAL_OUTCOME_DT_TM": "2026-02-10 10:00:00",
            "APPEAL_OUTCOME_CD": "7",
        },
        {"ENCNTR_APPEAL_ID": "21", "APPEAL_SENT_DT_TM": "", "APPEAL_OUTCOME_DT_TM": "", "APPEAL_OUTCOME_CD": "0"},
    ],
}


def test_oracle_health_reconciles_each_encounter_with_its_stated_balance(ready: Callable[..., Any]) -> None:
    report, out = ready("oracle_health", MILLENNIUM)
    assert report.rows_quarantined == 0
    assert report.reconciliation is not None
    assert (report.reconciliation.stated, report.reconciliation.matched, report.reconciliation.mismatched) == (2, 2, 0)
    assert ask(out, "SELECT kind, amount, responsibility, payer_id FROM transactions ORDER BY transaction_id") == [
        ("charge", Decimal("500.00"), "insurance", "77"),
        ("other_adjustment", Decimal("-200.00"), "insurance", "77"),
        ("insurance_payment", Decimal("-250.00"), "insurance", "77"),
        ("other_adjustment", Decimal("20.00"), "insurance", "77"),
        ("charge", Decimal("80.00"), "patient", None),
        ("patient_payment", Decimal("-90.00"), "patient", None),
    ]
    accounts = "SELECT account_id, guarantor_id, patient_class, facility FROM accounts ORDER BY account_id"
    assert ask(out, accounts) == [
        ("100", "A100", "inpatient", "East Hospital"),
        ("200", "A200", "other", "East Hospital"),
    ]
    assert ask(out, "SELECT account_id, payer_id, priority, ended_on FROM coverages") == [("100", "77", 1, None)]
    assert ask(out, "SELECT payer_id, payer_name, payer_class FROM payers ORDER BY payer_id") == [
        ("77", "None", "medicare"),
        ("78", "Self Pay", "self_pay"),
    ]
    codes = "SELECT denial_id, group_code, carc, rarc, CAST(appeal_due_on AS VARCHAR) FROM denials ORDER BY denial_id"
    assert ask(out, codes) == [
        ("1", "CO", "197", None, None),
        ("2", None, None, "N211", None),
        ("days-5", None, None, None, "2026-03-05"),
    ]
    appeals = "SELECT denial_id, outcome, CAST(filed_on AS VARCHAR), CAST(decided_on AS VARCHAR) FROM appeals"
    assert ask(out, appeals) == [("days-5", "overturned", "2026-01-10", "2026-02-10")]


def test_oracle_health_balances_reveal_a_reversed_flag(ready: Callable[..., Any]) -> None:
    turned = [{**row, "DR_CR_FLAG": {"1": "2", "2": "1"}[row["DR_CR_FLAG"]]} for row in ROWS]
    report, _ = ready("oracle_health", {**MILLENNIUM, "PFT_TRANS_RELTN": turned})
    assert report.reconciliation is not None
    assert (report.reconciliation.matched, report.reconciliation.mismatched) == (0, 2)


def test_oracle_health_skips_tables_that_a_site_does_not_send(ready: Callable[..., Any]) -> None:
    names = ("CODE_VALUE", "PFT_ENCNTR", "PFT_TRANS_RELTN", "TRANS_LOG", "BO_HP_RELTN", "BENEFIT_ORDER")
    report, _ = ready("oracle_health", {name: MILLENNIUM[name] for name in names})
    assert set(report.rows_written) == {"accounts", "coverages", "transactions", "stated_balances"}
    assert sum("skipped, because it is optional" in notice for notice in report.notices) == 4


def test_oracle_health_quarantines_unclear_records_instead_of_guessing(ready: Callable[..., Any]) -> None:
    many = [trans(str(n), "100", "c", "1.00", "1", "11") for n in range(1000, 1300)]
    odd = [
        trans("9", "100", "p", "1.00", "3", "11"),
        trans("10", "100", "p", "1.00", "2", "404"),
        trans("11", "100", "c", "1.00", "1", "11", TRANS_TYPE_CD="7"),
    ]
    report, out = ready("oracle_health", {**MILLENNIUM, "PFT_TRANS_RELTN": many + odd})
    lines = (out / "import_quarantine.csv").read_text().splitlines()[1:]
    assert [line.split(",")[2:4] for line in lines] == [
        ["amount", "required"],
        ["responsibility", "required"],
        ["kind", "required"],
    ]
    assert any("1 row without a match in [lookups.balance]" in notice for notice in report.notices)
