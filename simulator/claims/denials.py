"""Denials: which claims a payer denies on the remittance date, why, and how much of each claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.extracts.codes.code_lists import NO_APPEAL_RARCS
from payrank.features.arrays import Floats
from payrank.simulator.claims.claims import Claims
from payrank.simulator.claims.codes import ALL_CODES, DENIAL_CODES, KIND_NAMES, NON_DENIAL_CODES, NOT_A_DENIAL
from payrank.simulator.event_log import MISSING
from payrank.simulator.population.coverage import payer_class_index
from payrank.simulator.population.payers import CLASSES, DENIAL_RATE, PAYERS
from payrank.simulator.population.visits import INPATIENT, Visits
from payrank.simulator.randomness import Booleans, Integers, between, happens, pick, pick_by_row, sigmoid, stream


@dataclass(frozen=True, slots=True)
class Denials:
    """One entry per denial. `code` indexes ALL_CODES, `rarc` the code's RARCs; `cents` are denied charges."""

    claim: Integers
    day: Integers
    code: Integers
    rarc: Integers
    cents: Integers
    due: Integers

    @property
    def size(self) -> int:
        """Number of denials."""
        return len(self.claim)

    @property
    def kind(self) -> Integers:
        """Index of each denial's kind in KIND_NAMES."""
        return np.array([KIND_NAMES.index(code.kind) for code in ALL_CODES], dtype=np.int64)[self.code]

    @property
    def real(self) -> Booleans:
        """Whether the row is a true denial. Some systems also log patient responsibility and contractual amounts."""
        return np.array([code.kind != NOT_A_DENIAL for code in ALL_CODES])[self.code]

    @property
    def appealable(self) -> Booleans:
        """Whether the denial can be appealed: it is a true denial and its remark code allows an appeal."""
        widest = max(len(code.rarcs) for code in ALL_CODES)
        closed = np.zeros((len(ALL_CODES), widest), dtype=bool)
        for row, code in enumerate(ALL_CODES):
            closed[row, : len(code.rarcs)] = [rarc in NO_APPEAL_RARCS for rarc in code.rarcs]
        return np.asarray(self.real & ~closed[self.code, self.rarc])


LINE_RISK = np.array([0.10, 0.15, 0.18, -0.20, 0.20, 0.12, 0.0, -0.05, -0.25, 0.15, 0.10])
"""Log factor on the denial rate, by service line."""

TIGHTENING_PAYER, TIGHTENING_DAYS = 8, 240
"""Index of the payer that tightens its policy, and how many days before the as-of date it does so."""

CLASS_RISK = np.array([-0.75, 0.15, 0.1, 0.1, 0.0])
"""Log factor on the denial rate, by patient class: payers rarely bother to deny an office visit."""


def deny_claims(claims: Claims, visits: Visits, seed: int, as_of: int) -> Denials:
    """Draw the denials of all claims, sorted by day."""
    rng = stream(seed, "denials")
    denied = np.flatnonzero(rng.random(claims.size) < _denial_probability(claims, visits, as_of))
    inpatient = visits.patient_class[claims.account[denied]] == INPATIENT
    code = pick_by_row(rng, _code_weights(), claims.payer[denied] * 2 + inpatient)
    # Small claims are denied in full; large claims are more often denied for some lines only.
    some_lines = sigmoid(-0.8 + 2.4 * (np.log10(np.maximum(claims.charges[denied], 100)) - 5.5))
    part = np.where(happens(rng, some_lines, len(denied)), rng.uniform(0.1, 0.7, len(denied)), 1.0)
    cents = np.maximum(1, np.floor(claims.charges[denied] * part)).astype(np.int64)
    unfit = _log_shared(rng, claims, denied)
    claim = np.concatenate([denied, unfit[0]])
    code = np.concatenate([code, unfit[1]])
    cents = np.concatenate([cents, unfit[2]])
    rarcs = np.array([len(c.rarcs) for c in ALL_CODES])[code]
    rarc = np.floor(rng.random(len(claim)) * rarcs).astype(np.int64)
    day = claims.remitted[claim]
    order = np.lexsort((claim, day))
    return Denials(
        claim[order], day[order], code[order], rarc[order], cents[order], _due_days(rng, claims, claim, day)[order]
    )


def _denial_probability(claims: Claims, visits: Visits, as_of: int) -> Floats:
    """Return each claim's denial probability. The mean for each payer class equals its published rate."""
    account = claims.account
    line = visits.service_line[account]
    factor = np.array([p.denial_log_factor for p in PAYERS])[claims.payer]
    factor = factor + np.where(line == MISSING, 0.0, LINE_RISK[np.maximum(line, 0)])
    factor = factor + CLASS_RISK[visits.patient_class[account]]
    tighter = (claims.payer == TIGHTENING_PAYER) & (claims.remitted >= as_of - TIGHTENING_DAYS)
    relative = np.exp(factor + 0.35 * tighter)
    classes = payer_class_index(claims.payer)
    mean = np.bincount(classes, relative, len(CLASSES)) / np.maximum(np.bincount(classes, minlength=len(CLASSES)), 1)
    rate = np.array([DENIAL_RATE[name] for name in CLASSES])
    return np.asarray(np.minimum(0.6, rate[classes] * relative / mean[classes]))


def _code_weights() -> Floats:
    """Return the weights of DENIAL_CODES, two rows per payer: other claims first, then inpatient claims.

    The weights do not depend on the seed: a payer has the same denial habits in every simulation.
    """
    habits = np.exp(0.45 * stream(1, "payer habits").normal(size=(len(PAYERS), len(DENIAL_CODES))))
    base = np.array([code.weight for code in DENIAL_CODES])
    inpatient = np.array([code.inpatient for code in DENIAL_CODES])
    return np.asarray(np.stack([habits * base, habits * base * inpatient], axis=1).reshape(2 * len(PAYERS), -1))


def _log_shared(rng: np.random.Generator, claims: Claims, denied: Integers) -> tuple[Integers, Integers, Integers]:
    """Log a few adjustments that are not denials. Returns (claim, code, cents)."""
    clean = np.ones(claims.size, dtype=bool)
    clean[denied] = False
    listed = np.flatnonzero(clean & happens(rng, 0.012, claims.size) & (claims.share > 0))
    code = len(DENIAL_CODES) + pick(rng, [c.weight for c in NON_DENIAL_CODES], len(listed))
    patient = np.array([c.group == "PR" for c in ALL_CODES])[code]
    cents = np.where(patient, claims.share[listed], np.maximum(claims.charges - claims.allowed, 1)[listed])
    return listed, code, cents


def _due_days(rng: np.random.Generator, claims: Claims, claim: Integers, day: Integers) -> Integers:
    """Return the appeal deadline that the remittance system shows. Only slightly more than half of the denials have
    one.
    """
    days = np.array([p.appeal_days or MISSING for p in PAYERS])[claims.payer[claim]]
    shown = (days != MISSING) & happens(rng, 0.55, len(claim))
    return np.where(
        shown, day + days + np.where(happens(rng, 0.3, len(claim)), between(rng, 1, 5, len(claim)), 0), MISSING
    )
