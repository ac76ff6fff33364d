"""Payer classes of the contract by the code systems and payer names that sources use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from payrank.extracts.contract.source_file import quote_text

FILING_INDICATORS: Mapping[str, str] = {
    "09": "self_pay",  # self-pay (4010)
    "11": "other",  # other non-federal programs
    "12": "commercial",  # preferred provider organization
    "13": "commercial",  # point of service
    "14": "commercial",  # exclusive provider organization
    "15": "commercial",  # indemnity insurance
    "16": "medicare_advantage",  # HMO, Medicare risk
    "17": "commercial",  # dental maintenance organization
    "AM": "auto",  # automobile medical
    "BL": "commercial",  # Blue Cross, Blue Shield
    "CH": "military",  # CHAMPUS, TRICARE
    "CI": "commercial",  # commercial insurance
    "DS": "other",  # disability
    "FI": "commercial",  # federal employees program
    "HM": "commercial",  # health maintenance organization
    "LI": "other",  # liability
    "LM": "other",  # liability medical
    "MA": "medicare",  # Medicare part A
    "MB": "medicare",  # Medicare part B
    "MC": "medicaid",  # Medicaid
    "OF": "other",  # other federal program
    "TV": "other",  # title V
    "VA": "military",  # Veterans Affairs plan
    "WC": "workers_comp",  # workers' compensation
    "ZZ": "other",  # mutually defined, or unknown
}
"""X12 claim filing indicator (data element 1032) -> payer class.

Source: the codes listed under CLP06 of ASC X12 005010X221A1 and SBR09 of 005010X222A1. There is no code for managed
Medicaid, so a plan that files as MC is Medicaid.
"""

PAYMENT_TYPOLOGY: tuple[tuple[str, str], ...] = (
    ("11", "medicare_advantage"),
    ("1", "medicare"),
    ("21", "managed_medicaid"),
    ("2", "medicaid"),
    ("31", "military"),
    ("32", "military"),
    ("5", "commercial"),
    ("6", "commercial"),
    ("81", "self_pay"),
    ("95", "workers_comp"),
    ("96", "auto"),
)
"""Prefix of a Source of Payment Typology code (NAHDO) -> payer class. The first match counts."""
TYPOLOGY_MARK = "sopt:"
"""Precedes a Source of Payment Typology code, to distinguish it from codes of other systems."""

COVERAGE_TYPES: Mapping[str, str] = {"WCBPOL": "workers_comp", "AUTOPOL": "auto", "pay": "self_pay"}
"""FHIR Coverage.type (HL7 v3 ActCode, coverage-selfpay) -> payer class. Codes such as HMO and PPO are ambiguous."""

SYNTHEA_PAYERS: Mapping[str, str] = {
    "Medicare": "medicare",
    # Medicare is primary for people with both.
    "Dual Eligible": "medicare",
    "Medicaid": "medicaid",
    "NO_INSURANCE": "self_pay",
    "Private": "commercial",
    "Aetna": "commercial",
    "Anthem": "commercial",
    "Blue Cross Blue Shield": "commercial",
    "Cigna Health": "commercial",
    "Humana": "commercial",
    "UnitedHealthcare": "commercial",
}
"""Payer name -> payer class, for the payers that ship with Synthea (its insurance_companies.csv)."""

SYNTHEA_OWNERSHIP: Mapping[str, str] = {"private": "commercial", "no_insurance": "self_pay", "government": "other"}
"""Synthea payers.OWNERSHIP (newer exports) -> payer class, for payers that do not ship with Synthea."""


def render_payer_class(column: str, classes: Mapping[str, str], default: str | None = "other") -> str:
    """Render the payer class of a column as SQL: `default` for unlisted or null values, or null if it is None.

    >>> import duckdb
    >>> sql = f"SELECT {render_payer_class('f', FILING_INDICATORS)} FROM (VALUES ('MA'), ('')) AS t (f)"
    >>> duckdb.connect().execute(sql).fetchall()
    [('medicare',), ('other',)]
    """
    cases = " ".join(f"WHEN {quote_text(code)} THEN {quote_text(name)}" for code, name in classes.items())
    otherwise = "" if default is None else f" ELSE {quote_text(default)}"
    return f"CASE {column} {cases}{otherwise} END"


def classify_coverage(codes: Iterable[str], name: str | None) -> str | None:
    """Return a payer's class by its FHIR coverage type codes, otherwise by its exact name if Synthea ships the payer.

    Returns None if neither determines the class.

    >>> classify_coverage(["HMO", "sopt:111"], None), classify_coverage([], "Medicaid")
    ('medicare_advantage', 'medicaid')
    >>> classify_coverage(["PPO"], "Mutual of Somewhere") is None
    True
    """
    for code in sorted(codes):
        if code in COVERAGE_TYPES:
            return COVERAGE_TYPES[code]
        if code.startswith(TYPOLOGY_MARK):
            typology = code.removeprefix(TYPOLOGY_MARK)
            for prefix, payer_class in PAYMENT_TYPOLOGY:
                if typology.startswith(prefix):
                    return payer_class
    return SYNTHEA_PAYERS.get(name or "")
