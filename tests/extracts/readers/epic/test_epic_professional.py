"""Professional billing: credits on the charges that they settle, responsibility by day, voids, and signs."""

from __future__ import annotations

from pathlib import Path

from payrank.extracts.readers.session.report import ImportReport
from tests.extracts.readers.epic.test_epic_folders import HAR, HOSPITAL, HTR, Tables, fetch_rows, read_epic, texts

CHARGE = {
    "TX_ID": "5001",
    "POST_DATE": "2024-01-03 00:00:00",
    "SERVICE_DATE": "2024-01-02 00:00:00",
    "TX_TYPE_C_NAME": "Charge",
    "ACCOUNT_ID": "51",
    "DEBIT_CREDIT_FLAG_NAME": "Debit",
    "AMOUNT": "100",
    "OUTSTANDING_AMT": "0",
    "INSURANCE_AMT": "0",
    "PATIENT_AMT": "0",
    "VOID_DATE": "",
    "HOSP_ACCT_ID": "80001",
    "VISIT_NUMBER": "1",
    "ORIGINAL_EPM_ID": "900",
    "ORIGINAL_FC_C_NAME": "Commercial",
    "FIRST_SELFPAY_DATE": "",
    "ADJUSTMENT_CAT_C_NAME": "",
}
MATCH = {
    "TX_ID": "6001",
    "LINE": "1",
    "MTCH_TX_HX_DT": "2024-02-01 00:00:00",
    "MTCH_TX_HX_ID": "5001",
    "MTCH_TX_HX_AMT": "60",
    "MTCH_TX_HX_INS_AMT": "60",
    "MTCH_TX_HX_PAT_AMT": "",
    "MTCH_TX_HX_UN_DT": "",
}
BALANCES = "SELECT account_id, responsibility, sum(amount) FROM transactions GROUP BY ALL ORDER BY ALL"
LEDGER = "SELECT transaction_id, account_id, posted_on, amount, responsibility FROM transactions ORDER BY posted_on, 1"


def charge(tx_id: str = "5001", **more: str) -> dict[str, str]:
    return {**CHARGE, "TX_ID": tx_id, **more}


def credit(tx_id: str, amount: str, *, day: str = "2024-02-01", payer: str = "900", **more: str) -> dict[str, str]:
    entry = {"TX_ID": tx_id, "AMOUNT": amount, "POST_DATE": f"{day} 00:00:00", "TX_TYPE_C_NAME": "Payment"}
    original = {"ORIGINAL_EPM_ID": payer, "ORIGINAL_FC_C_NAME": "Commercial" if payer else "Self-Pay"}
    return {
        **CHARGE,
        "DEBIT_CREDIT_FLAG_NAME": "",
        "HOSP_ACCT_ID": "70000",
        "SERVICE_DATE": "",
        **entry,
        **original,
        **more,
    }


def match(tx_id: str, charge_id: str, amount: str, *, patient: bool = False, **more: str) -> dict[str, str]:
    parts = {"MTCH_TX_HX_INS_AMT": "" if patient else amount, "MTCH_TX_HX_PAT_AMT": amount if patient else ""}
    return {**MATCH, "TX_ID": tx_id, "MTCH_TX_HX_ID": charge_id, "MTCH_TX_HX_AMT": amount, **parts, **more}


def action(tx_id: str, line: str, out: tuple[str, str], insurance: tuple[str, str], day: str) -> dict[str, str]:
    return {
        "TX_ID": tx_id,
        "LINE": line,
        "ACTION_TYPE_C_NAME": "Next Responsible Party",
        "POST_DATE": f"{day} 00:00:00",
        "OUT_AMOUNT_BEFORE": out[0],
        "OUT_AMOUNT_AFTER": out[1],
        "INS_AMOUNT_BEFORE": insurance[0],
        "INS_AMOUNT_AFTER": insurance[1],
        "BEFORE_PAYOR_ID": "900",
    }


def professional(entries: list[dict[str, str]], matches: list[dict[str, str]], **more: list[dict[str, str]]) -> Tables:
    return {"ARPB_TRANSACTIONS": entries, "ARPB_TX_MATCH_HX": matches or [dict.fromkeys(MATCH, "")], **more}


def tied(report: ImportReport) -> tuple[int, int]:
    assert report.reconciliation is not None
    return report.reconciliation.matched, report.reconciliation.mismatched


def test_one_payment_posts_to_each_visit_that_it_settles(tmp_path: Path) -> None:
    entries = [charge(), charge("5002", HOSP_ACCT_ID="80002", AMOUNT="40"), credit("6001", "-140")]
    matches = [match("6001", "5001", "100"), match("6001", "5002", "40", LINE="2")]
    report = read_epic(tmp_path, professional(entries, matches))
    assert texts(
        fetch_rows(report, "SELECT account_id, kind, amount FROM transactions WHERE amount < 0 ORDER BY 1")
    ) == [
        ("80001", "insurance_payment", "-100.00"),
        ("80002", "insurance_payment", "-40.00"),
    ]
    assert texts(fetch_rows(report, "SELECT account_id FROM accounts ORDER BY 1")) == [("80001",), ("80002",)]
    assert tied(report) == (6, 0)


def test_an_undistributed_credit_stays_where_it_posted(tmp_path: Path) -> None:
    entries = [
        charge(OUTSTANDING_AMT="70", INSURANCE_AMT="70"),
        credit("6001", "-50", OUTSTANDING_AMT="-20", INSURANCE_AMT="-20"),
    ]
    late = match("6001", "5001", "20", LINE="2", MTCH_TX_HX_DT="2024-03-01")
    report = read_epic(tmp_path, professional(entries, [match("6001", "5001", "10"), late]))
    assert texts(fetch_rows(report, LEDGER)) == [
        ("PB5001", "80001", "2024-01-03", "100.00", "insurance"),
        ("PB6001", "70000", "2024-02-01", "-40.00", "insurance"),
        ("PB6001-1I", "80001", "2024-02-01", "-10.00", "insurance"),
        ("PB6001-2024-03-01", "70000", "2024-03-01", "20.00", "insurance"),
        ("PB6001-2I", "80001", "2024-03-01", "-20.00", "insurance"),
    ]
    assert tied(report) == (6, 0)
    assert fetch_rows(report, "SELECT sum(amount) FROM transactions WHERE kind = 'insurance_payment'")[0][0] == -50


def test_a_match_undone_and_made_again_elsewhere_is_dated_both_times(tmp_path: Path) -> None:
    entries = [
        charge(OUTSTANDING_AMT="100", INSURANCE_AMT="100"),
        charge("5002", HOSP_ACCT_ID="80002"),
        credit("6001", "-100"),
    ]
    undone = match("6001", "5001", "100", MTCH_TX_HX_UN_DT="2024-02-20 00:00:00")
    again = match("6001", "5002", "100", LINE="2", MTCH_TX_HX_DT="2024-02-20 00:00:00")
    report = read_epic(tmp_path, professional(entries, [undone, again]))
    assert texts(fetch_rows(report, f"SELECT * FROM ({LEDGER}) WHERE transaction_id LIKE 'PB6001%'")) == [
        ("PB6001-1I", "80001", "2024-02-01", "-100.00", "insurance"),
        ("PB6001-1I-U", "80001", "2024-02-20", "100.00", "insurance"),
        ("PB6001-2I", "80002", "2024-02-20", "-100.00", "insurance"),
    ]
    assert tied(report) == (6, 0)


def test_the_charges_match_history_is_used_if_the_credits_is_missing(tmp_path: Path) -> None:
    entries = [charge(OUTSTANDING_AMT="40", INSURANCE_AMT="40"), credit("6001", "-60")]
    report = read_epic(tmp_path, professional(entries, [match("5001", "6001", "60")]))
    assert texts(fetch_rows(report, BALANCES)) == [("80001", "insurance", "40.00")]
    both = [match("5001", "6001", "60", LINE="7"), match("6001", "5001", "60", LINE="3")]
    folder = tmp_path / "both"
    folder.mkdir()
    other = read_epic(folder, professional(entries, both))
    assert texts(fetch_rows(other, BALANCES)) == [("80001", "insurance", "40.00")]


def test_a_transfer_is_two_rows_on_the_day_of_the_action(tmp_path: Path) -> None:
    paid = credit("6002", "-40", day="2024-03-10", payer="")
    matches = [match("6001", "5001", "60"), match("6002", "5001", "40", patient=True, MTCH_TX_HX_DT="2024-03-10")]
    recalculated = {
        **action("5001", "2", ("0", "40"), ("0", "0"), "2024-02-01"),
        "ACTION_TYPE_C_NAME": "Recalculate Discount",
    }
    adjusted = action("5001", "3", ("100", "90"), ("100", "90"), "2024-02-01")
    actions = [action("5001", "1", ("40", "40"), ("40", "0"), "2024-02-02"), recalculated, adjusted]
    report = read_epic(
        tmp_path, professional([charge(), credit("6001", "-60"), paid], matches, ARPB_TX_ACTIONS=actions)
    )
    query = (
        "SELECT transaction_id, posted_on, amount, responsibility FROM transactions WHERE kind = 'transfer' ORDER BY 1"
    )
    assert texts(fetch_rows(report, query)) == [
        ("PB5001-T1I", "2024-02-02", "-40.00", "insurance"),
        ("PB5001-T1P", "2024-02-02", "40.00", "patient"),
    ]
    assert tied(report) == (3, 0)
    assert fetch_rows(report, "SELECT kind FROM transactions WHERE transaction_id LIKE 'PB6002%'") == [
        ("patient_payment",)
    ]
    (file,) = [file for file in report.files if file.name == "ARPB_TX_ACTIONS.tsv"]
    assert (file.loaded, sum(file.skipped.values())) == (1, 2)


def test_without_actions_the_first_self_pay_date_dates_the_transfer_to_the_patient(tmp_path: Path) -> None:
    owed = {"OUTSTANDING_AMT": "40", "PATIENT_AMT": "40", "FIRST_SELFPAY_DATE": "2024-02-03 00:00:00"}
    settled = charge("5002", HOSP_ACCT_ID="80002", FIRST_SELFPAY_DATE="2024-02-03 00:00:00")
    entries = [charge(**owed), settled, credit("6001", "-60"), credit("6002", "-100")]
    report = read_epic(tmp_path, professional(entries, [match("6001", "5001", "60"), match("6002", "5002", "100")]))
    query = (
        "SELECT account_id, posted_on, amount, responsibility FROM transactions WHERE kind = 'transfer' ORDER BY amount"
    )
    assert texts(fetch_rows(report, query)) == [
        ("80001", "2024-02-03", "-40.00", "insurance"),
        ("80001", "2024-02-03", "40.00", "patient"),
    ]
    assert tied(report) == (6, 0)
    assert any(
        "1 professional charge transferred to the patient without a dated action" in text for text in report.notices
    )


def test_a_current_patient_amount_without_a_date_transfers_on_the_last_day(tmp_path: Path) -> None:
    owed = {"OUTSTANDING_AMT": "100", "PATIENT_AMT": "100", "PAT_AGING_DATE": "2024-01-03 00:00:00"}
    later = charge("5002", HOSP_ACCT_ID="80002", POST_DATE="2024-04-09", OUTSTANDING_AMT="100", INSURANCE_AMT="100")
    report = read_epic(tmp_path, professional([charge(**owed), later], []))
    assert texts(fetch_rows(report, LEDGER)) == [
        ("PB5001", "80001", "2024-01-03", "100.00", "insurance"),
        ("PB5001-RI", "80001", "2024-04-09", "-100.00", "insurance"),
        ("PB5001-RP", "80001", "2024-04-09", "100.00", "patient"),
        ("PB5002", "80002", "2024-04-09", "100.00", "insurance"),
    ]
    assert tied(report) == (6, 0)
    assert any("1 professional charge with a patient balance that no action" in text for text in report.notices)


def test_a_copay_does_not_date_the_rest_of_the_patients_balance(tmp_path: Path) -> None:
    entries = [
        charge(OUTSTANDING_AMT="30", PATIENT_AMT="30"),
        credit("6001", "-25", day="2024-01-03", payer=""),
        credit("6002", "-45", day="2024-03-01"),
    ]
    matches = [
        match("6001", "5001", "25", patient=True, MTCH_TX_HX_DT="2024-01-03"),
        match("6002", "5001", "45", MTCH_TX_HX_DT="2024-03-01"),
    ]
    report = read_epic(tmp_path, professional(entries, matches))
    query = (
        "SELECT transaction_id, posted_on, amount FROM transactions WHERE kind = 'transfer' AND amount > 0 ORDER BY 2"
    )
    assert texts(fetch_rows(report, query)) == [
        ("PB5001-TP", "2024-01-03", "25.00"),
        ("PB5001-RP", "2024-03-01", "30.00"),
    ]
    assert tied(report) == (3, 0)


def test_a_copay_before_the_payers_response_is_a_patient_payment(tmp_path: Path) -> None:
    entries = [charge(OUTSTANDING_AMT="75", INSURANCE_AMT="75"), credit("6001", "-25", day="2024-01-02", payer="")]
    early = match("6001", "5001", "25", patient=True, MTCH_TX_HX_DT="2024-01-03")
    report = read_epic(tmp_path, professional(entries, [early]))
    assert texts(fetch_rows(report, BALANCES))[1:] == [("80001", "insurance", "75.00"), ("80001", "patient", "0.00")]
    assert tied(report) == (6, 0)


def test_a_self_pay_charge_billed_to_a_payer_later_goes_back_to_insurance(tmp_path: Path) -> None:
    self_pay_charge = charge(
        ORIGINAL_EPM_ID="", ORIGINAL_FC_C_NAME="Self-Pay", OUTSTANDING_AMT="100", INSURANCE_AMT="100"
    )
    actions = [action("5001", "1", ("100", "100"), ("0", "100"), "2024-02-02")]
    report = read_epic(tmp_path, professional([self_pay_charge], [], ARPB_TX_ACTIONS=actions))
    query = "SELECT posted_on, kind, amount, responsibility FROM transactions ORDER BY posted_on, amount"
    assert texts(fetch_rows(report, query)) == [
        ("2024-01-03", "charge", "100.00", "patient"),
        ("2024-02-02", "transfer", "-100.00", "patient"),
        ("2024-02-02", "transfer", "100.00", "insurance"),
    ]
    assert tied(report) == (3, 0)


def test_a_voided_charge_is_reversed_on_the_void_date_for_the_current_holder(tmp_path: Path) -> None:
    voided = charge(VOID_DATE="2024-03-01 00:00:00")
    actions = [action("5001", "1", ("100", "100"), ("100", "70"), "2024-02-02")]
    report = read_epic(tmp_path, professional([voided], [], ARPB_TX_ACTIONS=actions))
    query = (
        "SELECT transaction_id, posted_on, kind, amount, responsibility, reverses_id FROM transactions "
        "WHERE posted_on = DATE '2024-03-01' ORDER BY 1"
    )
    assert texts(fetch_rows(report, query)) == [
        ("PB5001-VI", "2024-03-01", "charge", "-70.00", "insurance", "PB5001"),
        ("PB5001-VP", "2024-03-01", "charge", "-30.00", "patient", "PB5001"),
    ]
    assert tied(report) == (3, 0)


def test_a_void_found_only_in_the_void_table_counts(tmp_path: Path) -> None:
    void = [{"TX_ID": "5001", "OLD_ETR_ID": "", "REPOSTED_ETR_ID": "", "DEL_REVERSE_DATE": "2024-03-01 00:00:00"}]
    report = read_epic(tmp_path, professional([charge()], [], ARPB_TX_VOID=void))
    assert texts(fetch_rows(report, "SELECT posted_on, amount FROM transactions ORDER BY 1")) == [
        ("2024-01-03", "100.00"),
        ("2024-03-01", "-100.00"),
    ]


def test_a_voided_payment_is_removed_from_its_matches(tmp_path: Path) -> None:
    entries = [
        charge(OUTSTANDING_AMT="100", INSURANCE_AMT="100"),
        credit("6001", "-60", VOID_DATE="2024-02-09 00:00:00"),
    ]
    report = read_epic(tmp_path, professional(entries, [match("6001", "5001", "60")]))
    assert texts(fetch_rows(report, f"SELECT * FROM ({LEDGER}) WHERE transaction_id LIKE 'PB6001%'")) == [
        ("PB6001-1I", "80001", "2024-02-01", "-60.00", "insurance"),
        ("PB6001-1I-U", "80001", "2024-02-09", "60.00", "insurance"),
    ]
    assert tied(report) == (3, 0)
    free = tmp_path / "free"
    free.mkdir()
    other = read_epic(free, professional(entries, []))
    assert texts(
        fetch_rows(other, "SELECT transaction_id, amount, reverses_id FROM transactions WHERE account_id = '70000'")
    ) == [
        ("PB6001", "-60.00", None),
        ("PB6001-2024-02-09", "60.00", "PB6001"),
    ]


def test_unsigned_amounts_take_the_sign_that_reconciles(tmp_path: Path) -> None:
    adjusted = credit("6002", "40", TX_TYPE_C_NAME="Adjustment", ADJUSTMENT_CAT_C_NAME="Contractual")
    matches = [match("6001", "5001", "60"), match("6002", "5001", "40")]
    report = read_epic(tmp_path, professional([charge(), credit("6001", "60"), adjusted], matches))
    assert texts(fetch_rows(report, "SELECT kind, amount FROM transactions ORDER BY 1")) == [
        ("charge", "100.00"),
        ("contractual_adjustment", "-40.00"),
        ("insurance_payment", "-60.00"),
    ]
    assert any("is unsigned here" in notice for notice in report.notices)
    assert tied(report) == (3, 0)


def test_a_credit_flag_that_contradicts_the_amounts_is_ignored(tmp_path: Path) -> None:
    wrong = credit("6001", "-60", DEBIT_CREDIT_FLAG_NAME="Debit")
    entries = [charge(OUTSTANDING_AMT="40", INSURANCE_AMT="40"), wrong]
    report = read_epic(tmp_path, professional(entries, [match("6001", "5001", "60")]))
    assert texts(fetch_rows(report, BALANCES)) == [("80001", "insurance", "40.00")]
    assert any(notice.startswith("1 professional credit not marked as a credit") for notice in report.notices)


def test_without_a_hospital_account_the_account_is_the_guarantors_visit(tmp_path: Path) -> None:
    entries = [
        charge(HOSP_ACCT_ID=""),
        charge("5002", HOSP_ACCT_ID="", VISIT_NUMBER="", AMOUNT="30", OUTSTANDING_AMT="30", INSURANCE_AMT="30"),
        credit("6001", "-105", HOSP_ACCT_ID="", OUTSTANDING_AMT="-5", INSURANCE_AMT="-5"),
    ]
    report = read_epic(tmp_path, professional(entries, [match("6001", "5001", "100")]))
    assert texts(fetch_rows(report, BALANCES)) == [
        ("PB-51-1", "insurance", "0.00"),
        ("PB-51-2024-01-02", "insurance", "30.00"),
        ("PB-51-undistributed", "insurance", "-5.00"),
    ]
    assert set(fetch_rows(report, "SELECT guarantor_id FROM accounts")) == {("51",)}
    assert tied(report) == (9, 0)


def test_equal_hospital_and_professional_ids_are_kept_apart(tmp_path: Path) -> None:
    tables = {**HOSPITAL, **professional([charge("1001", OUTSTANDING_AMT="100", INSURANCE_AMT="100")], [])}
    report = read_epic(tmp_path, tables)
    assert texts(fetch_rows(report, "SELECT transaction_id, amount FROM transactions ORDER BY 1")) == [
        ("HB1001", "400.00"),
        ("PB1001", "100.00"),
    ]
    assert tied(report) == (6, 0)


def test_a_single_billing_office_states_one_balance_for_both(tmp_path: Path) -> None:
    account = {**HAR, "SBO_TOT_BALANCE": "500", "SBO_INS_BALANCE": "100"}
    mixed = charge(HOSP_ACCT_ID="700001", OUTSTANDING_AMT="100", INSURANCE_AMT="100")
    tables = {"HSP_ACCOUNT": [account], "HSP_TRANSACTIONS": [HTR], **professional([mixed], [])}
    report = read_epic(tmp_path, tables)
    assert texts(fetch_rows(report, BALANCES)) == [("700001", "insurance", "500.00")]
    assert tied(report) == (3, 0)
