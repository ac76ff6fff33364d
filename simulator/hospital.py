"""The simulated hospital, assembled in causal order from people to their last statements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from payrank.simulator.claims.appeals import Outcomes, work_denials
from payrank.simulator.claims.claims import Claims, bill_claims
from payrank.simulator.claims.denials import Denials, deny_claims
from payrank.simulator.claims.deposits import refund_deposits, take_deposits
from payrank.simulator.claims.interest import pay_interest
from payrank.simulator.claims.recoveries import resolve_denials
from payrank.simulator.claims.remits import Transfers, discount_self_pay, find_secondary, remit_claims
from payrank.simulator.claims.takebacks import post_takebacks
from payrank.simulator.data_noise import delay_postings, misapply_payments, void_and_repost
from payrank.simulator.ledger import Ledger
from payrank.simulator.patients.balances import Journal, open_balances, open_journal
from payrank.simulator.patients.hardship import Hardship, draw_hardships
from payrank.simulator.patients.office import Office
from payrank.simulator.patients.statement_cycles import simulate_patients
from payrank.simulator.population.coverage import Coverages, assign_coverage
from payrank.simulator.population.duplicates import Duplicates, draw_duplicates
from payrank.simulator.population.payers import SELF_PAY
from payrank.simulator.population.people import People, make_people
from payrank.simulator.population.visits import Visits, count_guarantors, make_visits
from payrank.simulator.randomness import Integers, stream


@dataclass(frozen=True, slots=True)
class Hospital:
    """Everything that happens, both what an extract shows and what it hides, including events after the as-of date."""

    as_of: int
    people: People
    visits: Visits
    duplicates: Duplicates
    covered: Coverages
    claims: Claims
    denials: Denials
    outcomes: Outcomes
    hardship: Hardship
    journal: Journal
    ledger: dict[str, Integers]


def simulate_hospital(accounts: int, seed: int, as_of: int) -> Hospital:
    """Simulate three years of accounts.

    Parameters
    ----------
    accounts
        Number of accounts.
    seed
        Seed of all random draws.
    as_of
        Day number (days since 1970-01-01) at which the history ends.
    """
    year = int(np.int64(as_of).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)) + 1970
    people = make_people(count_guarantors(accounts), seed, year)
    visits = make_visits(accounts, people, seed, as_of)
    covered = assign_coverage(people, visits, seed, as_of)
    ledger, transfers, journal = Ledger(), Transfers(), open_journal()
    claims = bill_claims(people, visits, covered, ledger, seed)
    denials = deny_claims(claims, visits, seed, as_of)
    outcomes = work_denials(claims, visits, denials, seed)
    secondary = find_secondary(claims, covered, seed)
    remit_claims(claims, _denied_cents(claims, denials), secondary, ledger, transfers)
    pay_interest(claims, denials, ledger)
    resolve_denials(claims, denials, outcomes, secondary=secondary, ledger=ledger, transfers=transfers)
    deposits = take_deposits(people, visits, covered, claims, ledger=ledger, seed=seed)
    alone = np.flatnonzero(covered.payer == SELF_PAY)
    discount_self_pay(visits, alone, seed, ledger, transfers)
    hardship = draw_hardships(people, visits, covered.qualified, journal=journal, seed=seed, as_of=as_of)
    balances = open_balances(visits, covered.payer == SELF_PAY, transfers.rows.collect())
    for_nothing = ~balances.credit(*deposits)
    refund_deposits(*(column[for_nothing] for column in deposits), ledger=ledger, seed=seed)
    simulate_patients(Office(stream(seed, "patients"), people, hardship, ledger, journal, as_of), balances)
    columns = post_takebacks(misapply_payments(ledger.collect(), visits, seed), seed)
    columns = delay_postings(void_and_repost(columns, seed), seed)
    duplicates = draw_duplicates(people, visits, seed)
    return Hospital(as_of, people, visits, duplicates, covered, claims, denials, outcomes, hardship, journal, columns)


def _denied_cents(claims: Claims, denials: Denials) -> Integers:
    """Return the denied charges of each claim in cents."""
    real = denials.real
    held = np.zeros(claims.size, dtype=np.int64)
    held[denials.claim[real]] = denials.cents[real]
    return held
