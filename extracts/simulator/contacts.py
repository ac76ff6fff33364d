"""Statements, letters, texts, portal visits and calls of one cycle; staff call the largest and the oldest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from extracts.contract import table
from extracts.simulator.balances import Balances, Journal
from extracts.simulator.behaviour import CYCLE_DAYS, promise_chance
from extracts.simulator.hardship import Hardship
from extracts.simulator.people import People
from extracts.simulator.randomness import Booleans, Floats, Integers, between, happens, pick, sigmoid
from extracts.simulator.rows import MISSING


def _levels(column: str) -> dict[str, int]:
    found = table("contacts").column(column)
    return {name: number for number, name in enumerate(found.levels if found else ())}


CHANNEL = _levels("channel")
DIRECTION = _levels("direction")
OUTCOME = _levels("outcome")
RANDOM_CALLS = 0.04
"""Share of balances called by the toss of a coin in a cycle: the unselected sample."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What the calls of one cycle came to, one entry a balance of the cycle; `day` is the call's (MISSING: none)."""

    day: Integers
    spoke: Booleans
    promise: Booleans
    refusal: Booleans


def call_chance(balance: Integers, age: Integers) -> Floats:
    """Return the chance that staff call about a balance (cents) in the cycle of that age."""
    size = np.log10(np.maximum(balance, 100) / 100.0)
    chosen = sigmoid(-2.3 + 1.1 * (size - 2.5) + 0.45 * np.minimum(age, 5))
    return np.asarray(RANDOM_CALLS + (1 - RANDOM_CALLS) * chosen)


def contact_patients(
    rng: np.random.Generator,
    balances: Balances,
    now: Integers,
    cycle: int,
    log_odds: Floats,
    people: People,
    hardship: Hardship,
    journal: Journal,
) -> Reached:
    """Send and call for the balances `now` (entries) of one cycle and write every contact down."""
    guarantor = balances.guarantor[now]
    day = balances.start[now] + CYCLE_DAYS * cycle
    quiet = (hardship.silent[guarantor] <= day) | balances.placed[now]
    _send_mail(rng, balances, now, cycle, people, quiet, journal)
    _meet_online(rng, balances, now, cycle, people, quiet, journal)
    size = len(now)
    called = (
        happens(rng, call_chance(balances.owed[now], balances.age(now, cycle)), size) & ~quiet & ~balances.on_plan[now]
    )
    first = day + between(rng, 2, 12, size)
    second = first + between(rng, 1, 5, size)
    reach = people.reach[guarantor]
    found_first = called & happens(rng, reach, size)
    found = found_first | (called & happens(rng, reach, size))
    promise = found & happens(rng, promise_chance(log_odds), size)
    other = found & ~promise
    refusal = other & happens(rng, sigmoid(-1.6 - 0.5 * people.willingness[guarantor]), size)
    dispute = other & ~refusal & happens(rng, 0.04, size)
    result = np.select(
        [promise, refusal, dispute],
        [OUTCOME["promise"], OUTCOME["refused"], OUTCOME["dispute"]],
        OUTCOME["right_party"],
    )
    missed = np.array([OUTCOME["no_answer"], OUTCOME["left_message"], OUTCOME["wrong_number"]])[
        pick(rng, (0.5, 0.42, 0.08), size)
    ]
    _write(journal, balances, now, called, first, "call", np.where(found_first, result, missed))
    _write(journal, balances, now, called & ~found_first, second, "call", np.where(found, result, missed))
    when = np.where(found_first, first, np.where(found, second, MISSING))
    return Reached(day=when, spoke=found, promise=promise, refusal=refusal)


def _send_mail(
    rng: np.random.Generator,
    balances: Balances,
    now: Integers,
    cycle: int,
    people: People,
    quiet: Booleans,
    journal: Journal,
) -> None:
    size = len(now)
    age = balances.age(now, cycle)
    day = balances.start[now] + CYCLE_DAYS * cycle + between(rng, 0, 3, size)
    sent = ~quiet & (balances.owed[now] >= 500) & (age < 5)
    came_back = people.bad_address[balances.guarantor[now]] & happens(rng, 0.6, size)
    outcome = np.where(came_back, OUTCOME["returned"], MISSING)
    _write(journal, balances, now, sent & (age < 3), day, "statement", outcome)
    _write(journal, balances, now, sent & (age >= 3), day, "letter", outcome)


def _meet_online(
    rng: np.random.Generator,
    balances: Balances,
    now: Integers,
    cycle: int,
    people: People,
    quiet: Booleans,
    journal: Journal,
) -> None:
    size = len(now)
    guarantor = balances.guarantor[now]
    age = balances.age(now, cycle)
    day = balances.start[now] + CYCLE_DAYS * cycle
    texted = (people.text_consent[guarantor] == 1) & ~quiet & happens(rng, 0.55, size) & (age < 5)
    _write(journal, balances, now, texted, day + between(rng, 5, 15, size), "text", np.full(size, MISSING))
    looked = happens(rng, sigmoid(-2.3 + 0.8 * people.willingness[guarantor] - 0.25 * age), size)
    _write(
        journal,
        balances,
        now,
        looked,
        day + between(rng, 1, 20, size),
        "portal",
        np.full(size, OUTCOME["viewed"]),
        "in",
    )


def _write(
    journal: Journal,
    balances: Balances,
    now: Integers,
    chosen: Booleans,
    day: Integers,
    channel: str,
    outcome: Integers,
    direction: str = "out",
) -> None:
    entries = now[chosen]
    journal.contacts.add(
        guarantor=balances.guarantor[entries],
        account=balances.account[entries],
        day=day[chosen],
        channel=CHANNEL[channel],
        direction=DIRECTION[direction],
        outcome=outcome[chosen],
    )
