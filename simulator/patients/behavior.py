"""The hidden probability that a patient pays in one statement cycle. No other module defines it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.randomness import Booleans, Integers, sigmoid
from payrank.simulator.seasons import seasonal_log_odds

CYCLE_DAYS = 30
"""Days between statements."""

BANDS_DOLLARS = np.array([50.0, 200.0, 1200.0, 1450.0, 5000.0, 7500.0, 10000.0])
BANDS = np.array([0.15, 0.12, 0.08, -2.25, 0.12, -1.65, -3.65, -5.6])
"""Log-odds of a payment by balance band. The trend is downward but not monotone.

Collection rates by balance: 40.1% under $1,200, 17.6% to $1,450, over 25% to $5,000, then 10.2%, 4.1%, and 0.9%
(Crowe, 172 hospitals).
"""

AGES = np.array([1.88, -0.02, -0.42, -0.78, -1.1, -1.3, -1.5, -1.7])
"""Log-odds by statement cycle: most money arrives early, with a long tail."""

SETTINGS = np.array([0.15, -0.1, -0.28, -0.32, 0.0])
"""Log-odds of a payment by patient class, in the order of PATIENT_CLASSES. Scheduled patients expect a bill."""

BASE = -1.82
SELF_PAY_EFFECT = -1.05
LATENT_WEIGHT = 0.22


@dataclass(frozen=True, slots=True)
class Debt:
    """Inputs of the payment probability, one entry per account.

    The guarantor's hidden ability and willingness, the balance in cents, and its age in statement cycles. `setting` is
    the patient class of the visit. `stopped` marks guarantors who are bankrupt, deceased, or represented by an
    attorney: they pay almost nothing.
    """

    ability: Floats
    willingness: Floats
    self_pay: Booleans
    setting: Integers
    stopped: Booleans
    balance: Integers
    age: Integers
    day: Integers
    waiting: Booleans
    """Whether an application for financial assistance is pending."""


def payment_propensity(ability: Floats, willingness: Floats) -> Floats:
    """Return the guarantor's hidden propensity to pay; its standard deviation is about one."""
    return np.asarray(0.65 * ability + 0.75 * willingness)


def band_effect(balance: Integers) -> Floats:
    """Return the log-odds for the balance's band.

    >>> band_effect(np.array([130000, 200000])).tolist()
    [-2.25, 0.12]
    """
    return np.asarray(BANDS[np.searchsorted(BANDS_DOLLARS, balance / 100.0, side="left")])


def payment_log_odds(debt: Debt) -> Floats:
    """Return the log-odds of a payment in this cycle without a call."""
    age = AGES[np.minimum(debt.age, len(AGES) - 1)] - 0.15 * np.maximum(debt.age - len(AGES) + 1, 0)
    return np.asarray(
        BASE
        + LATENT_WEIGHT * payment_propensity(debt.ability, debt.willingness)
        + band_effect(debt.balance)
        + age
        + SELF_PAY_EFFECT * debt.self_pay
        + SETTINGS[debt.setting]
        + seasonal_log_odds(debt.day, debt.ability)
        - 3.0 * debt.stopped
        - 2.0 * debt.waiting
    )


def after_conversation(log_odds: Floats) -> Floats:
    """Return the log-odds after a conversation without a promise."""
    return np.asarray(log_odds + 0.55)


def after_promise(log_odds: Floats) -> Floats:
    """Return the log-odds that a promise is kept: most people mean it, and those who can pay keep it."""
    return np.asarray(0.55 + 0.6 * (log_odds + 1.6))


def after_refusal(log_odds: Floats) -> Floats:
    """Return the log-odds after a refusal."""
    return np.asarray(log_odds - 1.1)


def promise_chance(log_odds: Floats) -> Floats:
    """Return the probability that a right-party call ends in a promise."""
    return sigmoid(-0.35 + 0.6 * (log_odds + 1.6))


def installment_chance(ability: Floats, willingness: Floats) -> Floats:
    """Return the probability that an installment of an active plan is paid."""
    return sigmoid(0.8 + 0.5 * payment_propensity(ability, willingness))


def full_payment_chance(balance: Integers, ability: Floats) -> Floats:
    """Return the probability that a payment clears the balance: common for small balances, rare for large ones."""
    size = np.log10(np.maximum(balance, 100) / 100.0)
    return sigmoid(0.35 - 1.6 * (size - 2.0) - 3.0 * np.maximum(size - 3.7, 0.0) + 0.6 * ability)


PART = (1.4, 3.6)
"""Beta distribution parameters of the share of the balance that a partial payment covers."""


def part_scale(balance: Integers) -> Floats:
    """Return the factor on the size of partial payments: nobody pays a third of $10,000 at once.

    >>> part_scale(np.array([50_000, 1_000_000])).round(2).tolist()
    [1.0, 0.55]
    """
    size = np.log10(np.maximum(balance, 100) / 100.0)
    return np.clip(1.0 - 0.45 * (size - 3.0), 0.3, 1.0)
