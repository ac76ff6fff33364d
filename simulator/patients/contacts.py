"""Statements, letters, texts, portal visits and calls of one cycle; staff call the largest and the oldest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.allowed_values import allowed_values
from payrank.simulator.event_log import MISSING
from payrank.simulator.patients.behavior import promise_chance
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.randomness import Booleans, Floats, Integers, between, happens, pick, sigmoid

CHANNEL = {name: number for number, name in enumerate(allowed_values("contacts", "channel"))}
DIRECTION = {name: number for number, name in enumerate(allowed_values("contacts", "direction"))}
OUTCOME = {name: number for number, name in enumerate(allowed_values("contacts", "outcome"))}
RANDOM_SLICE = 0.06
"""Share of balances of a cycle that a coin sends to a call or leaves alone: the unselected sample."""
FINAL_NOTICE_AGE = 3
"""Statement cycle in which a final notice follows the letter: the next may bring bad debt."""
NO_ARM, LEFT_ALONE, CALLED = MISSING, 0, 1
"""Arms of the randomized slice."""


@dataclass(frozen=True, slots=True)
class CallResults:
    """What the calls of one cycle came to, one entry a balance; `day` is that of the conversation (MISSING: none).

    `arm` is the balance's arm of the randomized slice (NO_ARM: staff chose).
    """

    arm: Integers
    day: Integers
    spoke: Booleans
    promise: Booleans
    refusal: Booleans


def call_chance(balance: Integers, age: Integers) -> Floats:
    """Return the chance that staff call about a balance (cents) in the cycle of that age."""
    size = np.log10(np.maximum(balance, 100) / 100.0)
    return sigmoid(-2.3 + 1.1 * (size - 2.5) + 0.45 * np.minimum(age, 5))


def conversation_chance(reach: Floats) -> Floats:
    """Return the chance that a guarantor is spoken to in a cycle with calls: staff try twice."""
    return np.asarray(1 - (1 - reach) ** 2)


def refusal_chance(willingness: Floats) -> Floats:
    """Return the chance that a right-party call without a promise ends in a refusal."""
    return sigmoid(-1.6 - 0.5 * willingness)


def contact_patients(office: Office, cycle: StatementCycle, log_odds: Floats) -> CallResults:
    """Send and call for the balances of one cycle and write every contact down."""
    rng, size = office.rng, cycle.size
    quiet = (office.hardship.silent[cycle.guarantor] <= cycle.start) | cycle.balances.placed[cycle.entries]
    _send_mail(office, cycle, quiet)
    _meet_online(office, cycle, quiet)
    free = ~quiet & ~cycle.on_plan
    arm = np.where(free & happens(rng, RANDOM_SLICE, size), happens(rng, 0.5, size).astype(np.int64), NO_ARM)
    chosen = happens(rng, call_chance(cycle.owed, cycle.age), size)
    called = free & np.where(arm == NO_ARM, chosen, arm == CALLED)
    first = cycle.start + between(rng, 2, 12, size)
    second = first + between(rng, 1, 5, size)
    reach = office.people.reach[cycle.guarantor]
    found_first = called & happens(rng, reach, size)
    found = found_first | (called & happens(rng, reach, size))
    promise = found & happens(rng, promise_chance(log_odds), size)
    other = found & ~promise
    refusal = other & happens(rng, refusal_chance(office.people.willingness[cycle.guarantor]), size)
    dispute = other & ~refusal & happens(rng, 0.04, size)
    spoken = np.select(
        [promise, refusal, dispute],
        [OUTCOME["promise"], OUTCOME["refused"], OUTCOME["dispute"]],
        OUTCOME["right_party"],
    )
    misses = np.array([OUTCOME["no_answer"], OUTCOME["left_message"], OUTCOME["wrong_number"]])
    missed = misses[pick(rng, (0.5, 0.42, 0.08), size)]
    _write(office, cycle, "call", called, first, outcome=np.where(found_first, spoken, missed))
    _write(office, cycle, "call", called & ~found_first, second, outcome=np.where(found, spoken, missed))
    day = np.where(found_first, first, np.where(found, second, MISSING))
    return CallResults(arm=arm, day=day, spoke=found, promise=promise, refusal=refusal)


def _send_mail(office: Office, cycle: StatementCycle, quiet: Booleans) -> None:
    rng, size, age = office.rng, cycle.size, cycle.age
    day = cycle.start + between(rng, 0, 3, size)
    sent = ~quiet & (cycle.owed >= 500) & (age < 5)
    came_back = office.people.bad_address[cycle.guarantor] & happens(rng, 0.6, size)
    outcome = np.where(came_back, OUTCOME["returned"], MISSING)
    _write(office, cycle, "statement", sent & (age < 3), day, outcome=outcome)
    _write(office, cycle, "letter", sent & (age >= 3), day, outcome=outcome)
    final = sent & (age == FINAL_NOTICE_AGE)
    _write(office, cycle, "letter", final, cycle.start + between(rng, 15, 22, size), outcome=outcome)


def _meet_online(office: Office, cycle: StatementCycle, quiet: Booleans) -> None:
    rng, size, age = office.rng, cycle.size, cycle.age
    consent = office.people.text_consent[cycle.guarantor] == 1
    texted = consent & ~quiet & happens(rng, 0.55, size) & (age < 5)
    _write(office, cycle, "text", texted, cycle.start + between(rng, 5, 15, size), outcome=np.full(size, MISSING))
    mailed = ~consent & ~quiet & happens(rng, 0.3, size) & (age < 5)
    _write(office, cycle, "email", mailed, cycle.start + between(rng, 5, 15, size), outcome=np.full(size, MISSING))
    comes = happens(rng, sigmoid(-4.6 + 0.5 * office.people.willingness[cycle.guarantor]), size)
    met = np.full(size, OUTCOME["right_party"])
    _write(office, cycle, "visit", comes, cycle.start + between(rng, 1, 20, size), outcome=met, direction="in")
    looks = sigmoid(-2.3 + 0.8 * office.people.willingness[cycle.guarantor] - 0.25 * age)
    day = cycle.start + between(rng, 1, 20, size)
    viewed = np.full(size, OUTCOME["viewed"])
    _write(office, cycle, "portal", happens(rng, looks, size), day, outcome=viewed, direction="in")


def _write(
    office: Office,
    cycle: StatementCycle,
    channel: str,
    chosen: Booleans,
    day: Integers,
    *,
    outcome: Integers,
    direction: str = "out",
) -> None:
    office.journal.contacts.add(
        guarantor=cycle.guarantor[chosen],
        account=cycle.account[chosen],
        day=day[chosen],
        channel=CHANNEL[channel],
        direction=DIRECTION[direction],
        outcome=outcome[chosen],
    )
