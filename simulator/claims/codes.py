"""Denial codes as payers send them, keyed by group code, CARC, and RARC because a CARC alone is ambiguous.

The codes come from the X12 external code lists (claim adjustment reason codes, remittance advice remark codes).
`overturn` is the log-odds that an appeal filed in the first weeks is overturned. The kinds follow Jefferson Health:
clinical 20-30%, registration and coordination of benefits about 75%, billing and information about 90%, all declining
with age.
"""

from __future__ import annotations

from dataclasses import dataclass

CLINICAL, AUTHORIZATION, REGISTRATION, NON_COVERED, BILLING, DUPLICATE, TIMELY, NOT_A_DENIAL = (
    "clinical",
    "authorization",
    "registration",
    "non_covered",
    "billing",
    "duplicate",
    "timely",
    "not_a_denial",
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code triple. `weight` is its frequency among denials; `inpatient` is a factor for inpatient claims."""

    group: str
    carc: str
    rarcs: tuple[str | None, ...]
    kind: str
    weight: float
    overturn: float
    inpatient: float = 1.0


DENIAL_CODES: tuple[Code, ...] = (
    Code("CO", "16", ("M76", "N290", "MA130", None), BILLING, 15.3, 2.35),
    Code("CO", "97", ("M15", "N20"), BILLING, 6.0, 2.1, 0.6),
    Code("CO", "4", ("N519", None), BILLING, 4.0, 2.25, 0.6),
    Code("CO", "252", ("M127", "N706"), BILLING, 5.8, 2.25, 1.3),
    Code("OA", "18", ("N522", None), DUPLICATE, 4.5, -0.2, 0.7),
    Code("CO", "22", ("MA04", "N598"), REGISTRATION, 9.0, 1.55),
    Code("CO", "27", ("N30", None), REGISTRATION, 7.5, 1.42),
    Code("CO", "31", ("N382", None), REGISTRATION, 4.5, 1.6),
    Code("CO", "109", ("N418", "N104"), REGISTRATION, 5.5, 1.48),
    Code("CO", "96", ("N130", "N30"), NON_COVERED, 8.8, 1.35),
    Code("PR", "204", ("N130", None), NON_COVERED, 4.5, 1.1, 0.6),
    Code("CO", "197", ("M62", None), AUTHORIZATION, 9.5, -0.15, 1.7),
    Code("CO", "50", ("N115", "M25", None), CLINICAL, 4.4, -0.64, 2.0),
    Code("CO", "151", ("N362", "M25"), CLINICAL, 1.8, -0.52, 1.4),
    Code("CO", "29", ("N211", None), TIMELY, 4.5, -0.6),
)
"""The denial codes and how often payers use them."""

NON_DENIAL_CODES = (
    Code("PR", "1", (None, "N781"), NOT_A_DENIAL, 5.0, -9.0),
    Code("PR", "2", (None, "N782"), NOT_A_DENIAL, 3.0, -9.0),
    Code("PR", "3", (None, "N783"), NOT_A_DENIAL, 2.0, -9.0),
    Code("CO", "45", (None,), NOT_A_DENIAL, 2.0, -9.0),
    Code("CO", "253", (None,), NOT_A_DENIAL, 1.0, -9.0),
    Code("OA", "23", (None,), NOT_A_DENIAL, 1.0, -9.0),
)
"""Adjustments that some systems log with denials although nobody should appeal them."""

ALL_CODES = DENIAL_CODES + NON_DENIAL_CODES
KIND_NAMES = (CLINICAL, AUTHORIZATION, REGISTRATION, NON_COVERED, BILLING, DUPLICATE, TIMELY, NOT_A_DENIAL)
