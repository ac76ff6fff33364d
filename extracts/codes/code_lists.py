"""Claim adjustment codes in the X12 code lists: group codes, formats, and remarks that end appeal rights."""

from __future__ import annotations

from collections.abc import Mapping

GROUP_CODES = ("CO", "CR", "OA", "PI", "PR")
"""X12 list 974: contractual obligation, correction and reversal (4010 only), other adjustment, payer initiated
reduction, patient responsibility."""

NO_APPEAL_RARCS = ("MA130", "N211")
"""Remarks that say there is no right to appeal. The adjustment is still a denial: correct and resubmit, or close it."""

CODE_FORMATS: Mapping[str, tuple[str, str]] = {
    "group_code": ("|".join(GROUP_CODES), "CO, PR, OA, PI or CR"),
    "carc": (r"[A-Z]?\d{1,3}", "a claim adjustment reason code such as 16 or B7"),
    "rarc": (r"(M|MA|N)\d{1,4}", "a remittance advice remark code such as M51, MA130 or N211"),
}
"""Column -> the pattern that a whole code matches, and what to tell the user. A code that payers retired still matches,
and so does one that X12 added after this release."""
