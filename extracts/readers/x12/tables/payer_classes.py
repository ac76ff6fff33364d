"""Which class of payer a claim filing indicator names.

Source: claim filing indicator code, data element 1032, as listed under CLP06 of ASC X12 005010X221A1 and SBR09 of
005010X222A1. The code knows no managed Medicaid: a plan that files as MC is Medicaid here.
"""

from __future__ import annotations

from payrank.extracts.contract.source_file import quote_text

PAYER_CLASSES: dict[str, str] = {
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
"""Claim filing indicator -> payer class of the contract. What is not listed, or empty, is `other`."""


def render_payer_class(filing: str) -> str:
    """Render the payer class of a claim filing indicator as SQL.

    >>> import duckdb
    >>> duckdb.connect().execute(f"SELECT {render_payer_class('f')} FROM (VALUES ('MA'), ('')) AS t (f)").fetchall()
    [('medicare',), ('other',)]
    """
    cases = " ".join(f"WHEN {quote_text(code)} THEN {quote_text(name)}" for code, name in PAYER_CLASSES.items())
    return f"CASE {filing} {cases} ELSE 'other' END"
