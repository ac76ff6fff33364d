"""Epic's categories in the contract's words, as tables of DuckDB.

Categories may hold values of a site's own, so names are matched by the words in them, first line that fits. The words
that Epic releases itself are listed with each column in its public documentation (EHI Tables, "Category Entries").
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
"""Financial class or product type -> payer class. What fits nothing is `other`, and is counted."""

PATIENT_CLASSES = (
    ("inpatient|newborn", "inpatient"),
    ("emergency|\\bed\\b", "emergency"),
    ("outpatient|observation|series|surgery|ambulatory|recurring|therap|lab|home", "outpatient"),
    ("clinic|office|professional", "clinic"),
)
"""Account class -> patient class. Observation is outpatient care, whatever the bed."""

ADJUSTMENT_KINDS = (
    ("refund", "refund"),
    ("contractual|allowance|not allowed", "contractual_adjustment"),
    ("charity|financial assist|indigent|free care", "charity_adjustment"),
    ("bad debt", "bad_debt_write_off"),
    ("small bal", "small_balance_write_off"),
    ("interest|late fee", "interest"),
)
"""Adjustment category, else write-off reason -> transaction kind. What fits nothing is `other_adjustment`."""

GROUP_CODES = (
    ("^co$|contractual", "CO"),
    ("^pr$|patient resp", "PR"),
    ("^oa$|other adj", "OA"),
    ("^pi$|pay[eo]r initiated", "PI"),
    ("^cr$|correction", "CR"),
)
"""Group of a claim adjustment (X12 CAS01) as Epic spells it -> its code."""

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
"""Guarantor status -> flag. A status of a site's own keeps its own words, and its guarantor off the list for review."""

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
    # An amount as the contract reads it; what it would not read is null here and lands as the text that it is.
    r"money(given) AS CASE WHEN regexp_full_match(given, '-?\d{1,16}(\.\d{1,2})?') "
    "THEN TRY_CAST(given AS DECIMAL(18,2)) END",
    # The day of a moment: columns that Epic documents as date and time keep their hour, which no table here needs.
    r"day_of(given) AS CASE WHEN regexp_full_match(given, '\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?') "
    r"THEN left(given, 10) WHEN regexp_full_match(given, '\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}(:\d{2})?( [AP]M)?') "
    "THEN day(split_part(given, ' ', 1)) ELSE day(given) END",
    "is_day(given) AS coalesce(CAST(TRY_CAST(given AS DATE) AS VARCHAR) = given, false)",
    "is_self_pay(class) AS coalesce(regexp_matches(lower(class), '^4$|self[- ]?pay'), false)",
)


def define_categories(connection: duckdb.DuckDBPyConnection) -> None:
    """Define the macros and tables that the reader's queries share."""
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    for name, words in {
        "payer_class_of": PAYER_CLASSES,
        "patient_class_of": PATIENT_CLASSES,
        "adjustment_kind_of": ADJUSTMENT_KINDS,
        "group_code_of": GROUP_CODES,
        "guarantor_flag_of": GUARANTOR_FLAGS,
    }.items():
        connection.execute(f"CREATE MACRO {quote_name(name)}(given) AS {_render_choice(words)}")
    states = [pair.rsplit(" ", 1) for pair in STATES.split("|")]
    cases = " ".join(f"WHEN {quote_text(name.lower())} THEN {quote_text(code)}" for name, code in states)
    connection.execute(f"CREATE MACRO state_code_of(given) AS CASE lower(given) {cases} ELSE given END")


def _render_choice(words: tuple[tuple[str, str], ...]) -> str:
    cases = " ".join(
        f"WHEN regexp_matches(lower(given), {quote_text(pattern)}) THEN {quote_text(meaning)}"
        for pattern, meaning in words
    )
    return f"CASE {cases} END"
