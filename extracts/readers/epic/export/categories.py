"""Map Epic's categories to the contract's values with DuckDB macros.

A site may add its own category values, so names are matched by keywords, and the first match counts. Epic's released
values are listed with each column in its public documentation (EHI Tables, "Category Entries").
"""

from __future__ import annotations

import duckdb

from payrank.extracts.contract.source_file import quote_name, quote_text

PAYER_CLASSES = (
    ("advantage|medicare (hmo|ppo|replacement|managed|mc)|managed medicare", "medicare_advantage"),
    ("managed medicaid|medicaid (hmo|mco|managed|mc)|mmis managed", "managed_medicaid"),
    ("medigap|supplement", "commercial"),
    ("medicare", "medicare"),
    ("medicaid|medi-cal|medical assistance", "medicaid"),
    ("worker'?s'? ?comp|workers comp|feca", "workers_comp"),
    ("tricare|champ ?va|champus|veteran|military", "military"),
    ("auto|no[- ]fault|motor|third party liab", "auto"),
    ("self[- ]?pay", "self_pay"),
    ("blue|commercial|group health|managed care|hmo|ppo|employer", "commercial"),
)
"""Financial class or product type -> payer class. Anything else is `other` and is counted."""

PATIENT_CLASSES = (
    ("inpatient|newborn", "inpatient"),
    ("emergency|\\bed\\b", "emergency"),
    ("outpatient|observation|series|surgery|ambulatory|recurring|therap|lab|home", "outpatient"),
    ("clinic|office|professional", "clinic"),
)
"""Account class -> patient class. Observation is outpatient care."""

ADJUSTMENT_KINDS = (
    ("refund", "refund"),
    ("contractual|allowance|not allowed", "contractual_adjustment"),
    ("charity|financial assist|indigent|free care", "charity_adjustment"),
    ("bad debt", "bad_debt_write_off"),
    ("small bal", "small_balance_write_off"),
    ("interest|late fee", "interest"),
)
"""Adjustment category, otherwise write-off reason -> transaction kind. Anything else is `other_adjustment`."""

GROUP_CODES = (
    ("^co$|contractual", "CO"),
    ("^pr$|patient resp", "PR"),
    ("^oa$|other adj", "OA"),
    ("^pi$|pay[eo]r initiated", "PI"),
    ("^cr$|correction", "CR"),
)
"""Group of a claim adjustment (X12 CAS01), as Epic names it -> its code."""

GUARANTOR_FLAGS = (
    ("bankrupt", "bankruptcy"),
    ("deceas|estate|expired", "deceased"),
    ("attorney|lawyer", "attorney"),
    ("litigation|legal", "litigation"),
    ("cease|do not contact", "cease_contact"),
    ("minor", "minor"),
    ("contest|dispute", "dispute"),
    ("charity|financial assist", "charity_pending"),
    ("collection|agency", "agency_placed"),
)
"""Guarantor status -> flag. A site's own status keeps its name, and its guarantor is held for review."""

STATES = (
    "Alabama AL|Alaska AK|Arizona AZ|Arkansas AR|California CA|Colorado CO|Connecticut CT|Delaware DE|"
    "District of Columbia DC|Florida FL|Georgia GA|Hawaii HI|Idaho ID|Illinois IL|Indiana IN|Iowa IA|Kansas KS|"
    "Kentucky KY|Louisiana LA|Maine ME|Maryland MD|Massachusetts MA|Michigan MI|Minnesota MN|Mississippi MS|"
    "Missouri MO|Montana MT|Nebraska NE|Nevada NV|New Hampshire NH|New Jersey NJ|New Mexico NM|New York NY|"
    "North Carolina NC|North Dakota ND|Ohio OH|Oklahoma OK|Oregon OR|Pennsylvania PA|Puerto Rico PR|Rhode Island RI|"
    "South Carolina SC|South Dakota SD|Tennessee TN|Texas TX|Utah UT|Vermont VT|Virginia VA|Washington WA|"
    "West Virginia WV|Wisconsin WI|Wyoming WY"
)

MACROS = (
    # An amount in the contract's format. Anything else is null here and is loaded as text, to be quarantined.
    r"money(text) AS CASE WHEN regexp_full_match(text, '-?\d{1,16}(\.\d{1,2})?') "
    "THEN TRY_CAST(text AS DECIMAL(18,2)) END",
    # The date of a timestamp. Columns that Epic documents as date and time have an hour, which no table here needs.
    r"day_of(text) AS CASE WHEN regexp_full_match(text, '\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?') "
    r"THEN left(text, 10) WHEN regexp_full_match(text, '\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}(:\d{2})?( [AP]M)?') "
    "THEN day(split_part(text, ' ', 1)) ELSE day(text) END",
    "is_day(text) AS coalesce(CAST(TRY_CAST(text AS DATE) AS VARCHAR) = text, false)",
    "is_self_pay(class) AS coalesce(regexp_matches(lower(class), '^4$|self[- ]?pay'), false)",
)


def define_categories(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros that the reader's queries share."""
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    for name, words in {
        "payer_class_of": PAYER_CLASSES,
        "patient_class_of": PATIENT_CLASSES,
        "adjustment_kind_of": ADJUSTMENT_KINDS,
        "group_code_of": GROUP_CODES,
        "guarantor_flag_of": GUARANTOR_FLAGS,
    }.items():
        connection.execute(f"CREATE MACRO {quote_name(name)}(text) AS {_render_choice(words)}")
    states = [pair.rsplit(" ", 1) for pair in STATES.split("|")]
    cases = " ".join(f"WHEN {quote_text(name.lower())} THEN {quote_text(code)}" for name, code in states)
    connection.execute(f"CREATE MACRO state_code_of(text) AS CASE lower(text) {cases} ELSE text END")


def _render_choice(words: tuple[tuple[str, str], ...]) -> str:
    cases = " ".join(
        f"WHEN regexp_matches(lower(text), {quote_text(pattern)}) THEN {quote_text(meaning)}"
        for pattern, meaning in words
    )
    return f"CASE {cases} END"
