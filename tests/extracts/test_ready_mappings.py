"""The ready mappings, on made-up rows under the public field names, through the real import to balanced tables."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest

from extracts.errors import WrongUsage
from extracts.load import load_extract
from extracts.readers.mapped.import_csv import import_csv
from extracts.readers.mapped.mapping import read_mapping
from extracts.readers.mapped.ready_mappings import find_mapping, ready_mappings

DOCS = Path(__file__).parents[2] / "docs" / "readers"


@pytest.fixture
def ready(tmp_path):
    """Write made-up tables (name -> rows as dicts) and import them by a ready mapping."""

    def run(name, tables):
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        for table, rows in tables.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            with (folder / f"{table}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return import_csv(folder, tmp_path / "out", f"ready:{name}"), tmp_path / "out"

    return run


def ask(folder, query):
    with load_extract(folder) as extract:
        return extract.connection.execute(query).fetchall()


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


def trans(number, account, kind, amount, flag, balance, **changed):
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


def encounter(number, balance, flag, **changed):
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


def payer_row(number, order, plan, financial_class, priority="1"):
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


def test_oracle_health_ties_each_encounter_to_the_balance_that_millennium_states(ready):
    report, out = ready("oracle_health", MILLENNIUM)
    assert report.rows_quarantined == 0
    assert report.ties is not None
    assert (report.ties.stated, report.ties.tied, report.ties.off) == (2, 2, 0)
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


def test_oracle_health_shows_by_its_ties_that_a_flag_is_turned_round(ready):
    turned = [{**row, "DR_CR_FLAG": {"1": "2", "2": "1"}[row["DR_CR_FLAG"]]} for row in ROWS]
    report, _ = ready("oracle_health", {**MILLENNIUM, "PFT_TRANS_RELTN": turned})
    assert report.ties is not None
    assert (report.ties.tied, report.ties.off) == (0, 2)


def test_oracle_health_leaves_out_the_tables_that_a_site_does_not_send(ready):
    names = ("CODE_VALUE", "PFT_ENCNTR", "PFT_TRANS_RELTN", "TRANS_LOG", "BO_HP_RELTN", "BENEFIT_ORDER")
    report, _ = ready("oracle_health", {name: MILLENNIUM[name] for name in names})
    assert set(report.rows_written) == {"accounts", "coverages", "transactions", "stated_balances"}
    assert sum("left out, for it is optional" in notice for notice in report.notices) == 4


def test_oracle_health_quarantines_what_it_cannot_place_rather_than_guess(ready):
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
    assert any("1 row found nothing in [lookups.balance]" in notice for notice in report.notices)


def charge(number, source, amt, pat, **changed):
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


def detail(trans_id, charge_id, source, paid, adjusted, **changed):
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


def test_nextgen_gives_what_the_patient_and_the_payer_owe_of_each_encounter(ready):
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


def test_tebra_ties_each_charge_to_what_tebra_states_of_patient_and_insurance(ready):
    report, out = ready("tebra", TEBRA)
    assert report.rows_quarantined == 0
    assert report.ties is not None
    assert (report.ties.stated, report.ties.tied) == (2, 2)
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
def test_a_ready_mapping_says_on_what_it_was_verified_and_has_a_page(name):
    assert re.search("verified on data|from public documentation only", ready_mappings()[name])
    read_mapping(find_mapping(f"ready:{name}"))
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert f"ready:{name}" in page
    assert "from public documentation only" in page


@pytest.mark.parametrize("name", ["", "oracle", "../tebra"])
def test_an_unknown_ready_mapping_is_wrong_usage_that_lists_the_known(name):
    with pytest.raises(WrongUsage, match=r"ready:nextgen .*ready:oracle_health .*ready:tebra") as wrong:
        find_mapping(f"ready:{name}")
    assert ("did you mean 'oracle_health'" in str(wrong.value)) is (name == "oracle")
