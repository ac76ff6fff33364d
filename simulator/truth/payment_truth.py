"""The true future of patient balances, which an extract hides: expected payments with and without a call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.event_log import MISSING, select_rows
from payrank.simulator.hospital import Hospital
from payrank.simulator.ledger import KINDS, PATIENT
from payrank.simulator.patients.behavior import CYCLE_DAYS, Debt
from payrank.simulator.patients.hardship import FLAG
from payrank.simulator.population.payers import SELF_PAY
from payrank.simulator.randomness import Booleans, Integers
from payrank.simulator.truth.cycle_chances import AccountSnapshot
from payrank.simulator.truth.forecast import Forecast, forecast

MIN_BALANCE = 1000
"""Minimum patient balance in cents, as in the payment population of the contract."""


@dataclass(frozen=True, slots=True)
class PaymentTruth:
    """One entry per account that owes $10 or more on the day and is not placed with an agency.

    `usual` is the forecast if the office works as usual. `with_call` and `without_call` are the forecasts if it calls,
    or does not call, in the first statement cycle that starts on or after the day, and works as usual after that. They
    are equal for accounts that may not be called or that are on a payment plan.
    """

    account: Integers
    cents: Integers
    usual: Forecast
    with_call: Forecast
    without_call: Forecast


def payment_truth(hospital: Hospital, day: int, horizon: int = 120) -> PaymentTruth:
    """Return the forecast for [day, day + horizon), in days, given everything that happened before `day`."""
    account, snapshot = snapshot_accounts(hospital, day)
    usual, with_call, without_call = (forecast(snapshot, horizon, call) for call in (None, True, False))
    return PaymentTruth(account, snapshot.debt.balance, usual, with_call, without_call)


def randomized_call_truth(
    hospital: Hospital, cycles: dict[str, Integers], horizon: int = 120
) -> tuple[Forecast, Forecast]:
    """Return forecasts with and without a call in the cycle, as of the statement date.

    `cycles` are the journal rows where a random draw decided about the call. The horizon, in days, starts on their day.
    """
    account = cycles["account"].astype(np.int64)
    day, size = cycles["day"].astype(np.int64), len(account)
    guarantor = hospital.visits.guarantor[account]
    none, never = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
    snapshot = AccountSnapshot(
        debt=Debt(
            ability=hospital.people.ability[guarantor],
            willingness=hospital.people.willingness[guarantor],
            self_pay=hospital.covered.payer[account] == SELF_PAY,
            setting=hospital.visits.patient_class[account],
            stopped=hospital.hardship.stops[guarantor] <= day,
            balance=cycles["cents"],
            age=cycles["age"].astype(np.int64),
            day=day,
            waiting=cycles["waiting"] == 1,
        ),
        reach=hospital.people.reach[guarantor],
        callable=~never,
        elapsed=none,
        spoke=never,
        since=none,
        promise=never,
        chance=np.zeros(size),
        paid=never,
        on_plan=never,
        installment=none,
    )
    return forecast(snapshot, horizon, True, called_ahead=0), forecast(snapshot, horizon, False, called_ahead=0)


def snapshot_accounts(hospital: Hospital, day: int) -> tuple[Integers, AccountSnapshot]:
    """Return the accounts that are in a statement cycle on the day, and their state."""
    rows = hospital.journal.cycles.collect()
    rows = select_rows(rows, (rows["day"] < day) & (rows["day"] + CYCLE_DAYS >= day))
    owed = _owed_before(hospital, day)
    placed = _placed(hospital, day)
    rows = select_rows(rows, (owed[rows["account"]] >= MIN_BALANCE) & ~placed[rows["account"]])
    account = rows["account"].astype(np.int64)
    guarantor = hospital.visits.guarantor[account]
    installment = _installments(hospital, day)[account]
    since = np.full(hospital.visits.size, day, dtype=np.int64)
    since[account] = rows["day"]
    paid_cents = _paid_since(hospital, since, day)[account]
    # Anything owed after the cycle's bill was paid in full is new, so its cycles count from the next one.
    is_new_balance = paid_cents >= rows["cents"]
    people, hardship = hospital.people, hospital.hardship
    debt = Debt(
        ability=people.ability[guarantor],
        willingness=people.willingness[guarantor],
        self_pay=hospital.covered.payer[account] == SELF_PAY,
        setting=hospital.visits.patient_class[account],
        stopped=hardship.stops[guarantor] <= rows["day"],
        balance=owed[account],
        age=np.where(is_new_balance, -1, rows["age"].astype(np.int64)),
        day=rows["day"].astype(np.int64),
        waiting=rows["waiting"] == 1,
    )
    on_plan = installment != MISSING
    return account, AccountSnapshot(
        debt=debt,
        reach=people.reach[guarantor],
        callable=(hardship.silent[guarantor] > day) & ~on_plan,
        elapsed=day - debt.day,
        spoke=(rows["called"] != MISSING) & (rows["called"] < day),
        since=day - rows["called"].astype(np.int64),
        promise=rows["promise"] == 1,
        chance=rows["chance"].astype(np.float64),
        paid=paid_cents > 0,
        on_plan=on_plan,
        installment=np.maximum(installment, 0),
    )


def _owed_before(hospital: Hospital, day: int) -> Integers:
    """Return each account's patient balance before the day, in cents."""
    ledger = hospital.ledger
    mine = (ledger["responsibility"] == PATIENT) & (ledger["posted"] < day)
    owed = np.zeros(hospital.visits.size, dtype=np.int64)
    np.add.at(owed, ledger["account"][mine], ledger["cents"][mine])
    return owed


def _paid_since(hospital: Hospital, since: Integers, day: int) -> Integers:
    """Return patient payments per account from the account's `since` day until before `day`, in cents."""
    ledger = hospital.ledger
    mine = (ledger["kind"] == KINDS.index("patient_payment")) & (ledger["cents"] < 0) & (ledger["posted"] < day)
    mine &= ledger["posted"] >= since[ledger["account"]]
    paid = np.zeros(hospital.visits.size, dtype=np.int64)
    np.add.at(paid, ledger["account"][mine], -ledger["cents"][mine])
    return paid


def _placed(hospital: Hospital, day: int) -> Booleans:
    """Return a mask of the accounts placed with an agency."""
    flags = hospital.journal.flags.collect()
    known = (flags["flag"] == FLAG["agency_placed"]) & (flags["known"] < day)
    placed = np.zeros(hospital.visits.size, dtype=bool)
    placed[flags["subject"][known]] = True
    return placed


def _installments(hospital: Hospital, day: int) -> Integers:
    """Return the installment, in cents, of each account's active plan, or MISSING if there is none."""
    plans, ends = hospital.journal.plans.collect(), hospital.journal.plan_ends.collect()
    runs = plans["started"] < day
    runs[ends["row"][ends["day"] < day]] = False
    installments = np.full(hospital.visits.size, MISSING, dtype=np.int64)
    installments[plans["account"][runs]] = plans["cents"][runs]
    return installments
