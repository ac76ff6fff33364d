"""Hospital billing: responsibility by bucket, system adjustments that are not write-offs, and adjustment kinds."""

from __future__ import annotations

from pathlib import Path

from tests.extracts.readers.epic.test_epic_folders import HAR, HTR, Tables, fetch_rows, read_epic, texts

ADJUSTMENT = {**HTR, "SERVICE_DATE": "", "TX_TYPE_HA_C_NAME": "Credit Adjustment"}
BY_OWER = "SELECT responsibility, sum(amount) FROM transactions GROUP BY 1 ORDER BY 1"


def system(tx_id: str, amount: str, bucket: str, day: str = "2024-01-10") -> dict[str, str]:
    kind = "Credit Adjustment" if amount.startswith("-") else "Debit Adjustment"
    entry = {"TX_ID": tx_id, "TX_AMOUNT": amount, "BUCKET_ID": bucket, "TX_POST_DATE": f"{day} 00:00:00"}
    return {**ADJUSTMENT, **entry, "TX_TYPE_HA_C_NAME": kind, "IS_SYSTEM_ADJ_YN": "Y"}


def payment(tx_id: str, amount: str, bucket: str, payer: str = "", day: str = "2024-02-01") -> dict[str, str]:
    entry = {"TX_ID": tx_id, "TX_AMOUNT": amount, "BUCKET_ID": bucket, "TX_POST_DATE": f"{day} 00:00:00"}
    return {**HTR, **entry, "TX_TYPE_HA_C_NAME": "Payment", "PAYOR_ID": payer}


def adjusted(tx_id: str, amount: str, category: str, **more: str) -> dict[str, str]:
    entry = {"TX_ID": tx_id, "TX_AMOUNT": amount, "BUCKET_ID": "88", "ADJUSTMENT_CAT_C_NAME": category}
    return {**ADJUSTMENT, **entry, **more}


def hospital(*entries: dict[str, str], **account: str) -> Tables:
    return {"HSP_ACCOUNT": [{**HAR, **account}], "HSP_TRANSACTIONS": [HTR, *entries]}


BILLED = (system("1002", "-400", "1"), system("1003", "400", "88"))


def test_a_pair_from_prebilled_to_a_claim_is_skipped(tmp_path: Path) -> None:
    report = read_epic(tmp_path, hospital(*BILLED, SBO_PREBILL_BALANC="0", SBO_INS_BALANCE="400"))
    assert texts(fetch_rows(report, BY_OWER)) == [("insurance", "400.00")]
    (file,) = [file for file in report.files if file.name == "HSP_TRANSACTIONS.tsv"]
    assert (file.loaded, sum(file.skipped.values())) == (1, 2)
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 0


def test_a_pair_between_claim_and_self_pay_is_a_dated_transfer(tmp_path: Path) -> None:
    moved = (system("1004", "150", "2", "2024-02-05"), system("1005", "-150", "88", "2024-02-05"))
    account = {"SBO_PREBILL_BALANC": "0", "SBO_INS_BALANCE": "250", "SBO_SP_BAL": "150"}
    report = read_epic(tmp_path, hospital(*BILLED, *moved, **account))
    query = "SELECT transaction_id, posted_on, kind, amount, responsibility FROM transactions ORDER BY 1 OFFSET 1"
    assert texts(fetch_rows(report, query)) == [
        ("HB1004", "2024-02-05", "transfer", "150.00", "patient"),
        ("HB1005", "2024-02-05", "transfer", "-150.00", "insurance"),
    ]
    assert report.reconciliation is not None
    assert (report.reconciliation.matched, report.reconciliation.mismatched) == (3, 0)


def test_one_credit_with_two_debits_is_a_transfer_in_three_rows(tmp_path: Path) -> None:
    moved = (system("1004", "-150", "88"), system("1005", "100", "2"), system("1006", "50", "99"))
    report = read_epic(tmp_path, hospital(*BILLED, *moved))
    query = "SELECT transaction_id, amount, responsibility FROM transactions WHERE kind = 'transfer' ORDER BY 1"
    assert texts(fetch_rows(report, query)) == [
        ("HB1004", "-150.00", "insurance"),
        ("HB1005", "100.00", "patient"),
        ("HB1006", "50.00", "insurance"),
    ]


def test_two_equal_moves_on_one_day_are_kept_apart(tmp_path: Path) -> None:
    moved = (system("1004", "-400", "88"), system("1005", "400", "2"))
    report = read_epic(tmp_path, hospital(*BILLED, *moved))
    assert texts(fetch_rows(report, BY_OWER)) == [("insurance", "0.00"), ("patient", "400.00")]


def test_a_system_adjustment_without_its_other_half_changes_the_balance_with_a_notice(tmp_path: Path) -> None:
    report = read_epic(tmp_path, hospital(system("1002", "-400", "88")))
    assert texts(fetch_rows(report, "SELECT kind, amount FROM transactions WHERE transaction_id = 'HB1002'")) == [
        ("other_adjustment", "-400.00")
    ]
    assert any(notice.startswith("1 system adjustment without its other half") for notice in report.notices)
    assert not any("of an unknown category" in notice for notice in report.notices)
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 2


def test_a_self_pay_account_is_the_patients_from_its_first_charge(tmp_path: Path) -> None:
    account = {
        "PRIMARY_PAYOR_ID": "",
        "ACCT_FIN_CLASS_C_NAME": "Self-Pay",
        "SBO_PREBILL_BALANC": "0",
        "SBO_SP_BAL": "400",
    }
    billed = (system("1002", "-400", "1"), system("1003", "400", "2"))
    report = read_epic(tmp_path, hospital(*billed, **account))
    assert texts(fetch_rows(report, BY_OWER)) == [("patient", "400.00")]
    assert report.reconciliation is not None
    assert (report.reconciliation.matched, report.reconciliation.mismatched) == (3, 0)


def test_a_move_to_bad_debt_is_not_a_write_off_and_places_the_account(tmp_path: Path) -> None:
    moved = (
        system("1004", "-400", "88"),
        system("1005", "400", "2"),
        system("1006", "-400", "2", "2024-06-01"),
        system("1007", "400", "4", "2024-06-01"),
        system("1008", "-400", "4", "2024-09-01"),
        system("1009", "400", "2", "2024-09-01"),
    )
    report = read_epic(tmp_path, hospital(*BILLED, *moved))
    assert fetch_rows(report, "SELECT count(*) FROM transactions WHERE kind = 'bad_debt_write_off'") == [(0,)]
    assert texts(fetch_rows(report, BY_OWER)) == [("insurance", "0.00"), ("patient", "400.00")]
    assert texts(
        fetch_rows(report, "SELECT subject_id, flag, known_on, ended_on FROM flags WHERE flag = 'agency_placed'")
    ) == [("700001", "agency_placed", "2024-06-01", "2024-09-01")]


CATEGORIES: tuple[tuple[str, dict[str, str], str], ...] = (
    ("Contractual", {}, "contractual_adjustment"),
    ("", {"ALLOWANCE_ADJ_YN": "Y"}, "contractual_adjustment"),
    ("Financial Assistance", {}, "charity_adjustment"),
    ("Charity Care", {"ALLOWANCE_ADJ_YN": "Y"}, "charity_adjustment"),
    ("Bad Debt", {}, "bad_debt_write_off"),
    ("Small Balance", {}, "small_balance_write_off"),
    ("", {"WRITE_OFF_RSN_C_NAME": "Small Balance Write-Off"}, "small_balance_write_off"),
    ("Interest", {}, "interest"),
    ("Contractual", {"IS_REFUND_ADJ_YN": "Y"}, "refund"),
    ("Employee courtesy", {}, "other_adjustment"),
)


def test_the_category_determines_the_adjustment_kind(tmp_path: Path) -> None:
    columns = {"ALLOWANCE_ADJ_YN": "", "WRITE_OFF_RSN_C_NAME": "", "IS_REFUND_ADJ_YN": ""}
    entries = [{**HTR, **columns}]
    entries += [
        {**adjusted(f"20{number:02}", "-1.25", category), **columns, **more}
        for number, (category, more, _) in enumerate(CATEGORIES)
    ]
    report = read_epic(tmp_path, {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": entries})
    rows = texts(
        fetch_rows(
            report,
            "SELECT kind, amount, responsibility FROM transactions WHERE kind <> 'charge' ORDER BY transaction_id",
        )
    )
    assert rows == [(kind, "-1.25", "insurance") for _, _, kind in CATEGORIES]
    assert any(notice.startswith("1 hospital adjustment of an unknown category") for notice in report.notices)


def test_bucket_and_payer_determine_whether_a_payment_is_from_the_patient(tmp_path: Path) -> None:
    paid = (
        payment("1004", "-100", "88", "900"),
        payment("1005", "-20", "2"),
        payment("1006", "-5", "3"),
        payment("1007", "-6", "3", "900"),
    )
    report = read_epic(tmp_path, hospital(*BILLED, *paid))
    query = "SELECT kind, responsibility, payer_id, amount FROM transactions WHERE kind LIKE '%payment' ORDER BY amount"
    assert texts(fetch_rows(report, query)) == [
        ("insurance_payment", "insurance", "900", "-100.00"),
        ("patient_payment", "patient", None, "-20.00"),
        ("insurance_payment", "insurance", "900", "-6.00"),
        ("patient_payment", "patient", None, "-5.00"),
    ]


def test_a_reversal_references_the_reversed_row(tmp_path: Path) -> None:
    reversal = {**HTR, "TX_ID": "1002", "TX_AMOUNT": "-400", "ORIG_REV_TX_ID": "1001", "TX_POST_DATE": "2024-01-09"}
    tables = {"HSP_ACCOUNT": [{**HAR, "SBO_TOT_BALANCE": "0", "SBO_PREBILL_BALANC": "0"}]}
    report = read_epic(tmp_path, {**tables, "HSP_TRANSACTIONS": [{**HTR, "ORIG_REV_TX_ID": ""}, reversal]})
    assert texts(
        fetch_rows(report, "SELECT transaction_id, kind, amount, reverses_id FROM transactions ORDER BY 1")
    ) == [
        ("HB1001", "charge", "400.00", None),
        ("HB1002", "charge", "-400.00", "HB1001"),
    ]
    assert report.reconciliation is not None
    assert report.reconciliation.mismatched == 0


def test_parts_that_do_not_add_up_are_counted_and_only_the_total_is_reconciled(tmp_path: Path) -> None:
    report = read_epic(tmp_path, hospital(SBO_PREBILL_BALANC="", SBO_INS_BALANCE="390"))
    assert texts(fetch_rows(report, "SELECT responsibility, balance FROM stated_balances")) == [(None, "400.00")]
    assert any("1 account whose insurance and patient balances do not add up" in notice for notice in report.notices)


def test_balances_of_newer_exports_are_read_from_their_own_table(tmp_path: Path) -> None:
    account = {column: value for column, value in HAR.items() if not column.startswith("SBO_")}
    balances = {column: HAR[column] for column in HAR if column.startswith("SBO_") or column == "HSP_ACCOUNT_ID"}
    tables = {"HSP_ACCOUNT": [account], "HSP_ACCT_SBO": [balances], "HSP_TRANSACTIONS": [HTR]}
    report = read_epic(tmp_path, tables)
    assert report.reconciliation is not None
    assert (report.reconciliation.matched, report.reconciliation.mismatched) == (3, 0)


def test_bucket_types_and_lists_fill_in_what_the_account_lacks(tmp_path: Path) -> None:
    bare = {"SELF_PAY_BUCKET_ID": "", "PREBILL_BUCKET_ID": "", "UNDISTRB_BUCKET_ID": "", "BAD_DEBT_BUCKET_ID": ""}
    tables = {
        **hospital(payment("1004", "-30", ""), payment("1005", "-40", "", "900"), **bare),
        "HSP_BUCKET": [
            {"BUCKET_ID": "2", "BKT_TYPE_HA_C_NAME": "Self-Pay"},
            {"BUCKET_ID": "88", "BKT_TYPE_HA_C_NAME": "Primary Claim"},
        ],
        "HSP_BKT_PAYMENT": [
            {"BUCKET_ID": "2", "LINE": "1", "PAYMENT_ID": "1004"},
            {"BUCKET_ID": "88", "LINE": "1", "PAYMENT_ID": "1005"},
        ],
    }
    report = read_epic(tmp_path, tables)
    query = "SELECT responsibility, amount FROM transactions WHERE kind LIKE '%payment' ORDER BY amount"
    assert texts(fetch_rows(report, query)) == [("insurance", "-40.00"), ("patient", "-30.00")]


def test_codes_of_a_clarity_extract_replace_the_names(tmp_path: Path) -> None:
    coded = {"TX_TYPE_HA_C" if column == "TX_TYPE_HA_C_NAME" else column: value for column, value in HTR.items()}
    paid = {**coded, "TX_ID": "1002", "TX_TYPE_HA_C": "2", "TX_AMOUNT": "-400", "PAYOR_ID": "900", "BUCKET_ID": "88"}
    report = read_epic(tmp_path, {"HSP_ACCOUNT": [HAR], "HSP_TRANSACTIONS": [{**coded, "TX_TYPE_HA_C": "1"}, paid]})
    assert fetch_rows(report, "SELECT kind FROM transactions ORDER BY 1") == [("charge",), ("insurance_payment",)]
