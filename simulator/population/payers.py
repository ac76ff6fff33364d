"""Payers of the region: what they pay, how fast, how often they deny, and how hard they fight appeals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Payer:
    """One payer. `share` is its weight within its payer class.

    `rate` is the allowed share of charges. `remit_days` and `decision_days` are the usual days from bill to remittance
    and from appeal to decision. `denial_log_factor` scales the class's denial rate, and `overturn_log_odds` shifts the
    log-odds of an overturn. `starts_before` is how many days before the as-of date the payer enters the region (None:
    always present).
    """

    payer_id: str
    name: str
    payer_class: str
    appeal_days: int | None
    filing_days: int | None
    share: float
    rate: float
    remit_days: int
    denial_log_factor: float = 0.0
    overturn_log_odds: float = 0.0
    decision_days: int = 52
    starts_before: int | None = None


PAYERS: tuple[Payer, ...] = (
    Payer("0001", "Medicare Part A and B", "medicare", 120, 365, 1.0, 0.27, 17, 0.0, -0.05, 48),
    Payer("0101", "Harbor Medicare Advantage", "medicare_advantage", 65, 180, 0.6, 0.26, 24, 0.12, -2.45, 44),
    Payer("0102", "Beacon Senior Plan", "medicare_advantage", 60, 120, 0.4, 0.27, 30, -0.18, -1.90, 60),
    Payer("0201", "State Medicaid", "medicaid", 60, 365, 1.0, 0.20, 28, 0.0, -0.10, 55),
    Payer("0301", "Community Care MCO", "managed_medicaid", 60, 150, 0.55, 0.20, 26, 0.10, 0.15, 40),
    Payer("0302", "Granite Health MCO", "managed_medicaid", 60, 120, 0.45, 0.21, 33, -0.12, -0.45, 58),
    Payer("0401", "Bay Mutual PPO", "commercial", 180, 90, 0.30, 0.52, 18, -0.10, -1.65, 45),
    Payer("0402", "Pilgrim Health HMO", "commercial", 90, 90, 0.24, 0.46, 22, 0.15, -2.00, 52),
    Payer("0403", "Summit National", "commercial", 180, 180, 0.20, 0.44, 27, 0.22, -2.20, 62),
    Payer("0404", "Old Colony Employers Trust", "commercial", 180, 365, 0.14, 0.55, 30, -0.25, -1.45, 40),
    Payer("0405", "Keystone Exchange Plan", "commercial", None, 180, 0.12, 0.38, 31, 0.20, -2.25, 66),
    Payer("0406", "Northstar Health", "commercial", 120, 120, 0.16, 0.43, 25, 0.30, -2.00, 50, starts_before=420),
    Payer("0501", "State Workers Compensation Fund", "workers_comp", 120, 365, 1.0, 0.60, 55, 0.0, 0.1, 60),
    Payer("0601", "Regional Auto Insurers", "auto", None, None, 1.0, 0.70, 70, 0.0, 0.0, 75),
    Payer("0701", "Military Health East", "military", 90, 365, 1.0, 0.28, 24, 0.0, 0.2, 50),
    Payer("0801", "Other Government Programs", "other", None, None, 1.0, 0.35, 40, 0.0, 0.0, 60),
    Payer("0900", "Self Pay", "self_pay", None, None, 1.0, 1.0, 0),
)

SELF_PAY = next(number for number, payer in enumerate(PAYERS) if payer.payer_class == "self_pay")

DENIAL_RATE: dict[str, float] = {
    "medicare": 0.084,
    "medicare_advantage": 0.157,
    "medicaid": 0.167,
    "managed_medicaid": 0.151,
    "commercial": 0.139,
    "workers_comp": 0.15,
    "auto": 0.15,
    "military": 0.11,
    "other": 0.13,
    "self_pay": 0.0,
}
"""Initial denials per claim, by payer class (Premier, 516 hospitals). Classes that Premier does not report are assumed.
"""

CLASSES: tuple[str, ...] = tuple(DENIAL_RATE)


def payers_in_class(payer_class: str) -> tuple[int, ...]:
    """Return the indexes of a class's payers.

    >>> [PAYERS[number].name for number in payers_in_class("medicaid")]
    ['State Medicaid']
    """
    return tuple(number for number, payer in enumerate(PAYERS) if payer.payer_class == payer_class)
