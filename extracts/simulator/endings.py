"""How a patient balance ends when it is not paid: charity, a small-balance write-off, bad debt and the agency."""

from __future__ import annotations

import numpy as np

from extracts.simulator.balances import BAD_DEBT, CHARITY, NEVER, OPEN, SMALL, Balances, Journal
from extracts.simulator.behaviour import CYCLE_DAYS
from extracts.simulator.hardship import FLAG
from extracts.simulator.ledger import PATIENT, Ledger
from extracts.simulator.people import People
from extracts.simulator.randomness import Booleans, Integers, between, happens, sigmoid
from extracts.simulator.rows import MISSING


def end_balances(
    rng: np.random.Generator,
    balances: Balances,
    now: Integers,
    cycle: int,
    people: People,
    ledger: Ledger,
    journal: Journal,
) -> Integers:
    """Decide applications, write off and place what is due at the start of a cycle; return the balances still open."""
    _decide_charity(rng, balances, now, cycle, people, ledger, journal)
    now = now[balances.state[now] == OPEN]
    day = balances.start[now] + CYCLE_DAYS * cycle
    owed = balances.owed[now]
    age = balances.age(now, cycle)
    small = (age >= 2) & (owed < 1000) & happens(rng, 0.5, len(now))
    _write_off(
        balances,
        now[small],
        day[small] + between(rng, 0, 3, int(small.sum())),
        "small_balance_write_off",
        SMALL,
        ledger,
    )
    old = (age >= 4) & ~small & ~balances.on_plan[now] & (balances.waiting_until[now] == MISSING)
    old &= (balances.pending[now] == 0) & happens(rng, 0.42, len(now))
    when = day[old] + between(rng, 0, 3, int(old.sum()))
    _write_off(balances, now[old], when, "bad_debt_write_off", BAD_DEBT, ledger)
    placed = now[old]
    _place(rng, balances, placed[~balances.placed[placed]], when[~balances.placed[placed]], journal)
    now = now[balances.state[now] == OPEN]
    early = (
        (balances.age(now, cycle) >= 3) & ~balances.on_plan[now] & ~balances.placed[now] & happens(rng, 0.05, len(now))
    )
    _place(rng, balances, now[early], (balances.start[now] + CYCLE_DAYS * cycle)[early], journal)
    return now


def apply_for_charity(
    rng: np.random.Generator, balances: Balances, now: Integers, cycle: int, people: People, journal: Journal
) -> None:
    """Let some who cannot pay apply for financial assistance in this cycle; the application is known when it comes in."""
    size = np.log10(np.maximum(balances.owed[now], 100) / 100.0)
    ability = people.ability[balances.guarantor[now]]
    chance = sigmoid(-4.4 - 0.9 * ability + 0.7 * (size - 2.7) + 0.9 * balances.self_pay[now])
    free = (
        (balances.age(now, cycle) <= 4)
        & ~balances.on_plan[now]
        & (balances.waiting_until[now] == MISSING)
        & (balances.owed[now] >= 10000)
    )
    applies = free & happens(rng, chance, len(now))
    entries = now[applies]
    known = balances.start[entries] + CYCLE_DAYS * cycle + between(rng, 20, 29, len(entries))
    rows = journal.flags.add(
        of_account=np.ones(len(entries)), subject=balances.account[entries], flag=FLAG["charity_pending"], known=known
    )
    balances.waiting_until[entries] = known + between(rng, 20, 75, len(entries))
    balances.waiting_row[entries] = rows


def recover_bad_debt(rng: np.random.Generator, balances: Balances, cycle: int, as_of: int, ledger: Ledger) -> None:
    """Let the agency bring in a little of what was written off: the write-off is taken back to the amount paid."""
    written = np.flatnonzero(balances.state == BAD_DEBT)
    written = written[balances.start[written] + CYCLE_DAYS * cycle < as_of]
    hit = written[happens(rng, 0.008, len(written))]
    hit = hit[balances.owed[hit] >= 2000]
    day = balances.start[hit] + CYCLE_DAYS * cycle + between(rng, 1, 29, len(hit))
    cents = np.maximum(1000, np.floor(balances.owed[hit] * rng.uniform(0.05, 0.6, len(hit))).astype(np.int64))
    ledger.post("bad_debt_write_off", balances.account[hit], day, cents, responsibility=PATIENT)
    ledger.post("patient_payment", balances.account[hit], day, -cents, responsibility=PATIENT)
    balances.owed[hit] -= cents


def _decide_charity(
    rng: np.random.Generator,
    balances: Balances,
    now: Integers,
    cycle: int,
    people: People,
    ledger: Ledger,
    journal: Journal,
) -> None:
    start = balances.start[now] + CYCLE_DAYS * cycle
    due = now[(balances.waiting_until[now] != MISSING) & (balances.waiting_until[now] <= start)]
    day = balances.waiting_until[due]
    journal.flag_ends.add(row=balances.waiting_row[due], day=day)
    balances.waiting_until[due] = np.where(balances.state[due] == OPEN, MISSING, NEVER)
    approved = happens(rng, sigmoid(0.6 - 1.0 * people.ability[balances.guarantor[due]]), len(due)) & (
        balances.owed[due] > 0
    )
    given, when = due[approved], day[approved]
    share = np.where(happens(rng, 0.7, len(given)), 100, 50)
    cents = balances.owed[given] * share // 100
    some = cents > 0
    ledger.post("charity_adjustment", balances.account[given][some], when[some], -cents[some], responsibility=PATIENT)
    balances.owed[given] -= cents
    journal.flags.add(
        of_account=np.ones(len(given)), subject=balances.account[given], flag=FLAG["charity_approved"], known=when
    )
    balances.state[given] = np.where(balances.owed[given] == 0, CHARITY, balances.state[given])


def _write_off(balances: Balances, entries: Integers, day: Integers, kind: str, state: int, ledger: Ledger) -> None:
    ledger.post(kind, balances.account[entries], day, -balances.owed[entries], responsibility=PATIENT)
    balances.state[entries] = state
    if state == SMALL:
        balances.owed[entries] = 0


def _place(rng: np.random.Generator, balances: Balances, entries: Integers, day: Integers, journal: Journal) -> None:
    known = day + between(rng, 3, 21, len(entries))
    journal.flags.add(
        of_account=np.ones(len(entries)), subject=balances.account[entries], flag=FLAG["agency_placed"], known=known
    )
    fresh: Booleans = ~balances.placed[entries]
    balances.placed[entries[fresh]] = True
