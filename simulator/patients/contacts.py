"""Statements, letters, texts, portal visits, and calls in one cycle. Staff call the largest and oldest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.features.arrays import Floats
from payrank.simulator.allowed_values import allowed_values
from payrank.simulator.event_log import MISSING
from payrank.simulator.patients.behavior import promise_chance
from payrank.simulator.patients.office import Office, StatementCycle
from payrank.simulator.randomness import Booleans, Integers, between, happens, pick, sigmoid

CHANNEL = {name: number for number, name in enumerate(allowed_values("contacts", "channel"))}
DIRECTION = {name: number for number, name in enumerate(allowed_values("contacts", "direction"))}
OUTCOME = {name: number for number, name in enumerate(allowed_values("contacts", "outcome"))}
RANDOM_SLICE = 0.06
"""Share of balances per cycle where a random draw, not staff, decides whether to call: the randomized sample."""
FINAL_NOTICE_AGE = 3
"""Statement cycle in which a final notice follows the letter. Bad debt may follow in the next cycle."""
NO_ARM, LEFT_ALONE, CALLED = MISSING, 0, 1
"""Arms of the randomized sample."""


@dataclass(frozen=True, slots=True)
class CallResults:
    """Call results for one cycle, one entry per balance. `day` is the day of the conversation (MISSING if none).

    `arm` is the balance's arm in the randomized sample, or NO_ARM if staff chose.
    """

    arm: Integers
    day: Integers
    spoke: Booleans
    promise: Booleans
    refusal: Booleans


def call_chance(balance: Integers, age: Integers) -> Floats:
    """Return the probability that staff call about a balance (in cents) at the given age (in cycles)."""
    size = np.log10(np.maximum(balance, 100) / 100.0)
    return sigmoid(-2.3 + 1.1 * (size - 2.5) + 0.45 * np.minimum(age, 5))


def conversation_chance(reach: Floats) -> Floats:
    """Return the probability of reaching a guarantor in a cycle with calls: staff try twice."""
    return np.asarray(1 - (1 - reach) ** 2)


def refusal_chance(willingness: Floats) -> Floats:
    """Return the probability that a right-party call without a promise ends in a refusal."""
    return sigmoid(-1.6 - 0.5 * willingness)


def contact_patients(office: Office, cycle: StatementCycle, log_odds: Floats) -> CallResults:
    """Send mail and make calls for the balances of one cycle, and record every contact."""
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
    reached_first = called & happens(rng, reach, size)
    reached = reached_first | (called & happens(rng, reach, size))
    promise = reached & happens(rng, promise_chance(log_odds), size)
    other = reached & ~promise
    refusal = other & happens(rng, refusal_chance(office.people.willingness[cycle.guarantor]), size)
    dispute = other & ~refusal & happens(rng, 0.04, size)
    spoken = np.select(
        [promise, refusal, dispute],
        [OUTCOME["promise"], OUTCOME["refused"], OUTCOME["dispute"]],
        OUTCOME["right_party"],
    )
    misses = np.array([OUTCOME["no_answer"], OUTCOME["left_message"], OUTCOME["wrong_number"]])
    missed = misses[pick(rng, (0.5, 0.42, 0.08), size)]
    _write(office, cycle, "call", called, first, outcome=np.where(reached_first, spoken, missed))
    _write(office, cycle, "call", called & ~reached_first, second, outcome=np.where(reached, spoken, missed))
    day = np.where(reached_first, first, np.where(reached, second, MISSING))
    return CallResults(arm=arm, day=day, spoke=reached, promise=promise, refusal=refusal)


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
