"""Accounts, payers, denials, agencies, assistance, and plans of an Epic export."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from payrank.extracts.load.load_extract import open_database
from payrank.extracts.readers.epic.export.categories import define_categories
from payrank.extracts.readers.session.import_session import ImportSession
from tests.extracts.readers.epic.test_epic_folders import HAR, HOSPITAL, HTR, fetch_rows, read_epic, texts
from tests.extracts.readers.epic.test_epic_professional import charge, credit, professional

DENIAL = {
    "BDC_ID": "31",
    "RECORD_TYPE_C_NAME": "Denial",
    "RECORD_STATUS_C_NAME": "New",
    "INVOICE_NUMBER": "L77",
    "GRP_CODE_C_NAME": "Contractual Obligation",
    "EXTERNAL_CODE": "197",
    "BDC_RECEIVE_DATE": "2024-02-01 00:00:00",
    "APPEAL_DEADLINE_DATE": "2024-08-01 00:00:00",
    "SOURCE_PMT_HB_TX_ID": "1002",
}
REMIT = {"IMAGE_ID": "41", "CREATION_DATE": "2024-02-02 00:00:00", "INV_NO": "L88", "CLM_STAT_CD_C_NAME": "Denied"}
LINE = {
    "IMAGE_ID": "41",
    "LINE": "1",
    "CAS_SERVICE_LINE": "1",
    "SVC_CAS_GRP_CODE_C_NAME": "Contractual Obligation",
    "SVC_ADJ_REASON_CD": "50",
    "SVC_ADJ_AMT": "90.50",
}
PAID = {**HTR, "TX_ID": "1002", "TX_TYPE_HA_C_NAME": "Payment", "TX_AMOUNT": "0", "PAYOR_ID": "900", "BUCKET_ID": "88"}


@pytest.fixture
def categories(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    connection = open_database(tmp_path)
    ImportSession(connection, tmp_path)
    define_categories(connection)
    return connection


def choose(connection: duckdb.DuckDBPyConnection, macro: str, category: str) -> str | None:
    ((value,),) = connection.execute(f"SELECT {macro}(?)", [category]).fetchall()
    return None if value is None else str(value)


@pytest.mark.parametrize(
    ("category", "payer_class"),
    [
        ("Blue Cross", "commercial"),
        ("Blue Shield", "commercial"),
        ("Commercial", "commercial"),
        ("Group Health Plan", "commercial"),
        ("Medigap", "commercial"),
        ("Medicare", "medicare"),
        ("Medicare Advantage", "medicare_advantage"),
        ("Medicare HMO", "medicare_advantage"),
        ("Medicaid", "medicaid"),
        ("Managed Medicaid", "managed_medicaid"),
        ("Medicaid HMO", "managed_medicaid"),
        ("Worker's Comp", "workers_comp"),
        ("FECA Black Lung", "workers_comp"),
        ("Tricare", "military"),
        ("Champva", "military"),
        ("Auto Insurance", "auto"),
        ("Self-Pay", "self_pay"),
        ("DK Regional", None),
        ("Client", None),
        ("Other", None),
    ],
)
def test_financial_classes_that_epic_releases_have_a_payer_class(
    categories: duckdb.DuckDBPyConnection, category: str, payer_class: str | None
) -> None:
    assert choose(categories, "payer_class_of", category) == payer_class


@pytest.mark.parametrize(
    ("macro", "category", "meaning"),
    [
        ("patient_class_of", "Inpatient", "inpatient"),
        ("patient_class_of", "Outpatient", "outpatient"),
        ("patient_class_of", "Observation", "outpatient"),
        ("patient_class_of", "Emergency", "emergency"),
        ("patient_class_of", "Therapies Series", "outpatient"),
        ("patient_class_of", "Reference", None),
        ("group_code_of", "Patient Responsibility", "PR"),
        ("group_code_of", "Other Adjustment", "OA"),
        ("group_code_of", "Payor Initiated Reductions", "PI"),
        ("state_code_of", "Wisconsin", "WI"),
        ("state_code_of", "WI", "WI"),
        ("day_of", "2024-01-02 07:30:00", "2024-01-02"),
        ("day_of", "1/2/2024 7:30:00 AM", "2024-01-02"),
        ("day_of", "early", "early"),
        ("money", "12.34", "12.34"),
        ("money", "12.345", None),
    ],
)
def test_categories_and_timestamps_are_read_as_documented(
    categories: duckdb.DuckDBPyConnection, macro: str, category: str, meaning: str | None
) -> None:
    assert choose(categories, macro, category) == meaning


def test_a_payers_class_comes_from_the_payer_or_its_entries_and_unknown_classes_are_counted(tmp_path: Path) -> None:
    payers = [
        {
            "PAYOR_ID": "900",
            "PAYOR_NAME": "Plan one",
            "FINANCIAL_CLASS_C_NAME": "Medicare",
            "PRODUCT_TYPE_C_NAME": "HMO",
        },
        {"PAYOR_ID": "901", "PAYOR_NAME": "NA", "FINANCIAL_CLASS_C_NAME": "", "PRODUCT_TYPE_C_NAME": ""},
    ]
    covering = [{"COVERAGE_ID": "8", "PAYOR_ID": "902", "PAYOR_NAME": "None", "CVG_TERM_DT": "2024-06-30 00:00:00"}]
    listed = [{"HSP_ACCOUNT_ID": "700001", "LINE": "2", "COVERAGE_ID": "8"}]
    entries = [HTR, {**PAID, "PAYOR_ID": "902", "FIN_CLASS_C_NAME": "Medicaid"}]
    tables = {
        "HSP_ACCOUNT": [HAR],
        "HSP_TRANSACTIONS": entries,
        "CLARITY_EPM": payers,
        "COVERAGE": covering,
        "HSP_ACCT_CVG_LIST": listed,
    }
    report = read_epic(tmp_path, tables)
    assert fetch_rows(report, "SELECT payer_id, payer_name, payer_class FROM payers ORDER BY 1") == [
        ("900", "Plan one", "medicare_advantage"),
        ("901", "NA", "other"),
        ("902", "None", "medicaid"),
    ]
    assert any(notice.startswith("1 payer of an unknown financial class") for notice in report.notices)
    assert texts(fetch_rows(report, "SELECT account_id, payer_id, priority, known_on, ended_on FROM coverages")) == [
        ("700001", "902", "2", "2024-01-03", "2024-06-30")
    ]


def test_payers_with_names_but_no_ids_are_identified_by_name(tmp_path: Path) -> None:
    named = {"PAYOR_ID_PAYOR_NAME" if c == "PAYOR_ID" else c: v for c, v in PAID.items()} | {
        "PAYOR_ID_PAYOR_NAME": "Plan"
    }
    first = {"PAYOR_ID_PAYOR_NAME" if c == "PAYOR_ID" else c: v for c, v in HTR.items()}
    tables = {
        "HSP_ACCOUNT": [HAR],
        "HSP_TRANSACTIONS": [first, named],
        "CLARITY_EPM": [{"PAYOR_ID_PAYOR_NAME": "Plan", "PAYOR_NAME": "Plan"}],
    }
    report = read_epic(tmp_path, tables)
    assert fetch_rows(report, "SELECT payer_id, payer_class FROM payers") == [("Plan", "commercial")]
    assert fetch_rows(report, "SELECT payer_id FROM transactions WHERE transaction_id = 'HB1002'") == [("Plan",)]


def test_unusable_coverages_are_skipped_with_a_reason(tmp_path: Path) -> None:
    covering = [{"COVERAGE_ID": "8", "PAYOR_ID": "900"}, {"COVERAGE_ID": "9", "PAYOR_ID": ""}]
    listed = [("700001", "1", "8"), ("700001", "2", "9"), ("700001", "3", "77"), ("555", "1", "8")]
    rows = [dict(zip(("HSP_ACCOUNT_ID", "LINE", "COVERAGE_ID"), row, strict=True)) for row in listed]
    report = read_epic(tmp_path, {**HOSPITAL, "COVERAGE": covering, "HSP_ACCT_CVG_LIST": rows})
    (file,) = [file for file in report.files if file.name == "HSP_ACCT_CVG_LIST.tsv"]
    assert (file.loaded, file.skipped) == (
        1,
        {
            "coverage of an account that is not imported": 1,
            "coverage without a payer": 1,
            "coverage missing from COVERAGE": 1,
        },
    )


def test_an_account_without_a_list_is_covered_by_its_primary_payer(tmp_path: Path) -> None:
    report = read_epic(tmp_path, HOSPITAL)
    assert texts(fetch_rows(report, "SELECT account_id, payer_id, priority FROM coverages")) == [("700001", "900", "1")]


def test_guarantors_keep_only_the_birth_year_and_three_zip_digits(tmp_path: Path) -> None:
    who = {"ACCOUNT_ID": "51", "STATE_C_NAME": "Ohio", "ZIP": "44101-2345", "BIRTHDATE": "1961-05-06 00:00:00"}
    report = read_epic(tmp_path, {**HOSPITAL, "ACCOUNT": [who]})
    assert fetch_rows(report, "SELECT guarantor_id, birth_year, state, zip3 FROM guarantors") == [
        ("51", 1961, "OH", "441")
    ]
    assert not any(b"1961-05-06" in path.read_bytes() for path in report.folder.glob("*.parquet"))


def test_a_guarantor_comes_from_the_account_a_default_or_the_service_area_and_is_counted_otherwise(
    tmp_path: Path,
) -> None:
    bare = {**HAR, "GUARANTOR_ID": "", "SERV_AREA_ID": "7"}
    accounts = [
        {**bare, "HSP_ACCOUNT_ID": "1", "GUARANTOR_ID": "61"},
        {**bare, "HSP_ACCOUNT_ID": "2"},
        {**bare, "HSP_ACCOUNT_ID": "3"},
        {**bare, "HSP_ACCOUNT_ID": "4", "SERV_AREA_ID": "8"},
    ]
    guarantors = [
        {"ACCOUNT_ID": "62", "SBO_HSP_ACCOUNT_ID": "2", "SERV_AREA_ID": "9"},
        {"ACCOUNT_ID": "63", "SBO_HSP_ACCOUNT_ID": "", "SERV_AREA_ID": "7"},
        {"ACCOUNT_ID": "64", "SBO_HSP_ACCOUNT_ID": "", "SERV_AREA_ID": "9"},
    ]
    report = read_epic(tmp_path, {"HSP_ACCOUNT": accounts, "HSP_TRANSACTIONS": [HTR], "ACCOUNT": guarantors})
    assert fetch_rows(report, "SELECT account_id, guarantor_id FROM accounts ORDER BY 1") == [
        ("1", "61"),
        ("2", "62"),
        ("3", "63"),
        ("4", "HAR-4"),
        ("700001", "HAR-700001"),
    ]
    assert any(notice.startswith("1 account whose guarantor is inferred") for notice in report.notices)
    assert any(notice.startswith("2 accounts without a guarantor") for notice in report.notices)
    assert any(notice.startswith("1 account with entries but no record") for notice in report.notices)


def test_denial_records_are_assigned_by_charge_or_payment_and_others_are_skipped(tmp_path: Path) -> None:
    records = [
        DENIAL,
        {**DENIAL, "BDC_ID": "32", "SOURCE_PMT_HB_TX_ID": "", "GRP_CODE_C_NAME": "PR", "EXTERNAL_CODE": "96"},
        {**DENIAL, "BDC_ID": "33", "RECORD_TYPE_C_NAME": "Remark"},
        {**DENIAL, "BDC_ID": "34", "RECORD_TYPE_C_NAME": "Correspondence"},
        {**DENIAL, "BDC_ID": "35", "RECORD_STATUS_C_NAME": "Voided"},
        {**DENIAL, "BDC_ID": "36", "GRP_CODE_C_NAME": "Patient Responsibility", "EXTERNAL_CODE": "1"},
        {**DENIAL, "BDC_ID": "37", "EXTERNAL_CODE": "45"},
    ]
    tables = {
        "HSP_ACCOUNT": [HAR],
        "HSP_TRANSACTIONS": [HTR, PAID],
        **professional([charge(OUTSTANDING_AMT="100", INSURANCE_AMT="100"), credit("6001", "0")], []),
        "BDC_INFO": records,
        "BDC_PB_CHGS": [{"BDC_ID": "32", "LINE": "1", "TX_ID": "5001"}],
        "HSP_BDC_DENIAL_DATA": [
            {"BDC_ID": "31", "LINE_COUNT": "1", "LINE_DENIED_AMT": "100.10"},
            {"BDC_ID": "31", "LINE_COUNT": "2", "LINE_DENIED_AMT": "50"},
        ],
        "ARPB_PMT_RELATED_DENIALS": [{"TX_ID": "6001", "LINE": "1", "RELATED_BDC_ID": "32"}],
        "BDC_ASSOC_REMARK_CODES": [
            {"BDC_ID": "31", "LINE": "2", "REMARK_CODE_ID": "2", "REMARK_CODE_ID_REMIT_CODE_NAME": "M76 SECOND"},
            {"BDC_ID": "31", "LINE": "1", "REMARK_CODE_ID": "1", "REMARK_CODE_ID_REMIT_CODE_NAME": "N130 FIRST"},
        ],
    }
    report = read_epic(tmp_path, tables)
    query = (
        "SELECT denial_id, account_id, claim_id, payer_id, denied_on, denied_amount, group_code, carc, rarc, "
        "appeal_due_on FROM denials ORDER BY 1"
    )
    assert texts(fetch_rows(report, query)) == [
        ("BDC31", "700001", "L77", "900", "2024-02-01", "150.10", "CO", "197", "N130", "2024-08-01"),
        ("BDC32", "80001", "L77", "900", "2024-02-01", None, "PR", "96", None, "2024-08-01"),
    ]
    (file,) = [file for file in report.files if file.name == "BDC_INFO.tsv"]
    assert sorted(file.skipped.values()) == [1, 1, 1, 2]
    assert any(notice.startswith("1 voided denial record excluded for all dates") for notice in report.notices)


def test_remittance_lines_provide_denials_without_a_record(tmp_path: Path) -> None:
    recorded = {**REMIT, "IMAGE_ID": "42", "INV_NO": "L77"}
    back = {**REMIT, "IMAGE_ID": "43", "CLM_STAT_CD_C_NAME": "Reversal of previous payment"}
    lines = [
        LINE,
        {**LINE, "LINE": "2", "SVC_CAS_GRP_CODE_C_NAME": "Patient Responsibility", "SVC_ADJ_REASON_CD": "2"},
        {**LINE, "LINE": "3", "SVC_ADJ_AMT": "-90.50"},
        {**LINE, "IMAGE_ID": "42", "SVC_ADJ_REASON_CD": "197"},
        {**LINE, "IMAGE_ID": "43"},
        {**LINE, "IMAGE_ID": "44"},
    ]
    tables = {
        "HSP_ACCOUNT": [HAR],
        "HSP_TRANSACTIONS": [{**HTR, "IMD_ID": ""}, {**PAID, "IMD_ID": "41"}],
        "BDC_INFO": [DENIAL],
        "CL_REMIT": [REMIT, recorded, back],
        "CL_RMT_SVC_LVL_ADJ": lines,
        "CL_RMT_HC_RMK_CODE": [{"IMAGE_ID": "41", "LINE": "1", "LQ_SERVICE_LINE": "1", "INDUSTRY_CODE": "N115"}],
    }
    report = read_epic(tmp_path, tables)
    query = (
        "SELECT denial_id, account_id, claim_id, payer_id, denied_on, denied_amount, group_code, carc, rarc "
        "FROM denials WHERE denial_id LIKE 'RMT%'"
    )
    assert texts(fetch_rows(report, query)) == [
        ("RMT41-1", "700001", "L88", "900", "2024-02-02", "90.50", "CO", "50", "N115")
    ]
    (file,) = [file for file in report.files if file.name == "CL_RMT_SVC_LVL_ADJ.tsv"]
    assert (file.records, file.loaded, sorted(file.skipped.values())) == (6, 1, [1, 1, 1, 1, 1])


def test_an_account_is_with_an_agency_until_it_is_withdrawn(tmp_path: Path) -> None:
    history = [("1", "Assign", "2024-03-01"), ("2", "Withdraw", "2024-04-01"), ("10", "Assign", "2024-05-01")]
    rows = [
        {
            "HSP_ACCOUNT_ID": "700001",
            "LINE": line,
            "AGNCY_HST_DT_OF_CH": f"{day} 00:00:00",
            "AGNC_HST_CHG_TP_C_NAME": kind,
        }
        for line, kind, day in history
    ]
    guarantor = [{"ACCOUNT_ID": "51", "LINE": "1", "SUBMIT_DATE": "2024-02-01", "RESOLVED_DATE": ""}]
    sent = {"LINE": "1", "SENT_DTTM": "2024-02-10 15:30:00", "RETURN_DTTM": "2024-02-12 08:00:00"}
    tables = {
        **HOSPITAL,
        **professional([charge(OUTSTANDING_AMT="100", INSURANCE_AMT="100")], []),
        "HSP_ACCT_CL_AG_HIS": rows,
        "ACCT_COLL_AGENCY_HX": guarantor,
        "ARPB_TX_AGCY_HX": [{"TX_ID": "5001", **sent}, {"TX_ID": "5999", **sent}],
    }
    report = read_epic(tmp_path, tables)
    query = "SELECT subject_type, subject_id, flag, known_on, ended_on FROM flags "
    query += "WHERE flag = 'agency_placed' ORDER BY ALL"
    assert texts(fetch_rows(report, query)) == [
        ("account", "700001", "agency_placed", "2024-03-01", "2024-04-01"),
        ("account", "700001", "agency_placed", "2024-05-01", None),
        ("account", "80001", "agency_placed", "2024-02-10", "2024-02-12"),
        ("guarantor", "51", "agency_placed", "2024-02-01", None),
    ]
    (file,) = [file for file in report.files if file.name == "ARPB_TX_AGCY_HX.tsv"]
    assert file.skipped == {"without its transaction in ARPB_TRANSACTIONS": 1}


def test_assistance_is_pending_until_it_is_decided_or_withdrawn(tmp_path: Path) -> None:
    columns = (
        "FIN_ASST_TRACKER_ID",
        "FIN_ASST_CASE_ID",
        "STATUS_C_NAME",
        "APPL_RECVD_DATE",
        "DECISION_DATE",
        "END_DATE",
    )
    trackers = [
        ("1", "71", "Approved", "2024-02-01", "2024-02-20", "2024-08-20"),
        ("2", "71", "Denied", "2024-09-01", "2024-09-09", ""),
        ("3", "71", "Pending", "2024-10-01", "", ""),
        ("4", "71", "Entered in Error", "2024-10-02", "", ""),
        ("5", "99", "Pending", "2024-10-03", "", ""),
        ("6", "71", "Inactive", "2024-11-01", "", "2024-11-20"),
        ("7", "71", "Entered in Error", "2024-12-01", "2024-12-02", ""),
        ("8", "71", "", "2024-12-05", "", ""),
    ]
    tables = {
        **HOSPITAL,
        "FIN_ASST_CASE": [{"FIN_ASST_CASE_ID": "71", "ACCOUNT_ID": "51"}],
        "FIN_ASST_TRACKER": [dict(zip(columns, row, strict=True)) for row in trackers],
    }
    report = read_epic(tmp_path, tables)
    assert texts(
        fetch_rows(
            report,
            "SELECT subject_id, flag, known_on, ended_on FROM flags WHERE subject_type = 'guarantor' ORDER BY known_on",
        )
    ) == [
        ("51", "charity_pending", "2024-02-01", "2024-02-20"),
        ("51", "charity_approved", "2024-02-20", "2024-08-20"),
        ("51", "charity_pending", "2024-09-01", "2024-09-09"),
        ("51", "charity_pending", "2024-10-01", None),
        ("51", "charity_pending", "2024-11-01", "2024-11-20"),
        ("51", "charity_pending", "2024-12-01", "2024-12-02"),
        ("51", "charity_pending", "2024-12-05", None),
    ]
    (file,) = [file for file in report.files if file.name == "FIN_ASST_TRACKER.tsv"]
    assert (file.loaded, sorted(file.skipped.values())) == (6, [1, 1])
    assert any("1 record of FIN_ASST_TRACKER inactive or entered in error" in notice for notice in report.notices)


def test_a_plan_is_loaded_for_each_account_it_covers_and_a_new_plan_ends_the_old_one(tmp_path: Path) -> None:
    plans = [
        {"GUAR_ACCOUNT_ID": "51", "LINE": "1", "PP_START_DATE": "2024-03-01", "PP_AMT": "25", "PP_ORIG_PLAN_LINE": ""},
        {"GUAR_ACCOUNT_ID": "51", "LINE": "2", "PP_START_DATE": "2024-06-01", "PP_AMT": "40", "PP_ORIG_PLAN_LINE": "1"},
        {"GUAR_ACCOUNT_ID": "51", "LINE": "3", "PP_START_DATE": "2024-07-01", "PP_AMT": "10", "PP_ORIG_PLAN_LINE": ""},
    ]
    covered = [("51", "1", "1", "700001"), ("51", "2", "1", "700001"), ("51", "2", "2", "700002")]
    rows = [dict(zip(("ACCT_ID", "GROUP_LINE", "VALUE_LINE", "HB_PP_HAR"), row, strict=True)) for row in covered]
    report = read_epic(tmp_path, {**HOSPITAL, "HSP_GUAR_PMT_PLAN": plans, "ACCT_PP_HAR_LIST": rows})
    query = (
        "SELECT plan_id, started_on, installment, frequency_days, ended_on, end_reason FROM payment_plans ORDER BY 1"
    )
    assert texts(fetch_rows(report, query)) == [
        ("HB51-1-700001", "2024-03-01", "25.00", "30", "2024-06-01", "replaced"),
        ("HB51-2-700001", "2024-06-01", "40.00", "30", None, None),
        ("HB51-2-700002", "2024-06-01", "40.00", "30", None, None),
    ]
    assert any(notice.startswith("1 payment plan without an account") for notice in report.notices)


def test_guarantor_statuses_are_flags_dated_on_the_ledgers_last_day(tmp_path: Path) -> None:
    statuses = [
        "Bankruptcy - Chapter 7",
        "Contested Accounts",
        "Returned Mail",
        "VIP of the board",
        "Deceased",
        "Estate",
    ]
    rows = [
        {"ACCOUNT_ID": "51", "LINE": str(line), "ACCOUNT_STATUS_C_NAME": status} for line, status in enumerate(statuses)
    ]
    report = read_epic(tmp_path, {**HOSPITAL, "ACCOUNT_STATUS": rows})
    assert texts(fetch_rows(report, "SELECT subject_type, subject_id, flag, known_on FROM flags ORDER BY flag")) == [
        ("guarantor", "51", "bankruptcy", "2024-01-03"),
        ("guarantor", "51", "deceased", "2024-01-03"),
        ("guarantor", "51", "dispute", "2024-01-03"),
        ("guarantor", "51", "vip of the board", "2024-01-03"),
    ]


def test_a_feed_with_only_agencies_does_not_count_as_a_complete_flag_feed(tmp_path: Path) -> None:
    agency = [{"ACCOUNT_ID": "99", "LINE": "1", "SUBMIT_DATE": "2024-02-01", "RESOLVED_DATE": ""}]
    tables = {
        **HOSPITAL,
        **professional([charge(OUTSTANDING_AMT="100", INSURANCE_AMT="100")], []),
        "ACCT_COLL_AGENCY_HX": agency,
    }
    report = read_epic(tmp_path, tables)
    query = "SELECT subject_type, subject_id, flag FROM flags WHERE flag <> 'agency_placed' ORDER BY 2"
    assert fetch_rows(report, query) == [
        ("account", "700001", "guarantor_status_not_exported"),
        ("account", "80001", "guarantor_status_not_exported"),
    ]
    assert any(notice.startswith("2 accounts flagged guarantor_status_not_exported") for notice in report.notices)
    plain = tmp_path / "plain"
    plain.mkdir()
    assert "flags" not in read_epic(plain, HOSPITAL).rows_written
