"""From what happened to what an extract shows: rows known before the as-of day, as the canonical tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from extracts.contract import KNOWN_FLAGS, Column, table
from extracts.simulator.appeals import OUTCOMES
from extracts.simulator.claims import Claims
from extracts.simulator.codes import ALL_CODES
from extracts.simulator.hospital import Hospital
from extracts.simulator.ledger import KINDS, RESPONSIBILITIES
from extracts.simulator.mess import forget
from extracts.simulator.payers import PAYERS
from extracts.simulator.people import AREAS, GROUPS, LANGUAGES, SEXES, STATES
from extracts.simulator.plans import END_REASONS
from extracts.simulator.randomness import Integers, stream
from extracts.simulator.recoveries import recovered_cents
from extracts.simulator.rows import MISSING, keep
from extracts.simulator.visits import FACILITIES, PATIENT_CLASSES, SERVICE_LINES
from extracts.simulator.writing import (
    Build,
    identify,
    name_codes,
    write_booleans,
    write_days,
    write_integers,
    write_money,
    write_table,
)

AUDIT_COLUMNS = (Column("audit_sex", "text"), Column("audit_race_ethnicity", "text"))


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows of each table, and the ledger's sum in cents."""

    rows: dict[str, int]
    ledger_cents: int


class Publisher:
    """Writes one hospital's tables into a folder."""

    def __init__(self, hospital: Hospital, folder: Path, seed: int) -> None:
        self._hospital = hospital
        self._folder = folder
        self._seed = seed
        self._rows: dict[str, int] = {}

    def publish(self) -> Totals:
        """Write every canonical table and return what was written."""
        self._write_payers()
        self._write_guarantors()
        self._write_accounts()
        self._write_coverages()
        cents = self._write_transactions()
        self._write_denials()
        self._write_contacts()
        self._write_promises()
        self._write_plans()
        self._write_flags()
        return Totals(rows=dict(sorted(self._rows.items())), ledger_cents=cents)

    def _write(self, name: str, size: int, builds: dict[str, Build], extra: tuple[Column, ...] = ()) -> None:
        write_table(self._folder, name, size, builds, extra)
        self._rows[name] = size

    def _known(self, days: Integers) -> Integers:
        """Return days of later events, MISSING where they are not yet known."""
        return np.where((days != MISSING) & (days < self._hospital.as_of), days, MISSING)

    def _write_payers(self) -> None:
        seen = [n for n, p in enumerate(PAYERS)]
        builds = {
            "payer_id": name_codes(np.array(seen), [p.payer_id for p in PAYERS]),
            "payer_name": name_codes(np.array(seen), [p.name for p in PAYERS]),
            "payer_class": name_codes(np.array(seen), [p.payer_class for p in PAYERS]),
            "appeal_days": write_integers(np.array([p.appeal_days or MISSING for p in PAYERS])),
            "filing_days": write_integers(np.array([p.filing_days or MISSING for p in PAYERS])),
        }
        self._write("payers", len(seen), builds)

    def _write_guarantors(self) -> None:
        people = self._hospital.people
        state = np.array([*(STATES.index(area[0]) for area in AREAS), MISSING])
        builds = {
            "guarantor_id": guarantor_ids(np.arange(people.size)),
            "birth_year": write_integers(people.birth_year),
            "state": name_codes(state[people.area], STATES),
            "zip3": name_codes(people.area, [area[1] for area in AREAS]),
            "language": name_codes(people.language, LANGUAGES),
            "text_consent": write_booleans(people.text_consent),
            "audit_sex": name_codes(people.sex, SEXES),
            "audit_race_ethnicity": name_codes(people.group, GROUPS),
        }
        self._write("guarantors", people.size, builds, AUDIT_COLUMNS)

    def _write_accounts(self) -> None:
        visits = self._hospital.visits
        rng = stream(self._seed, "forgotten account columns")
        builds = {
            "account_id": account_ids(np.arange(visits.size)),
            "guarantor_id": guarantor_ids(visits.guarantor),
            "opened_on": write_days(visits.opened),
            "service_on": write_days(forget(rng, visits.service, 0.01)),
            "patient_class": name_codes(forget(rng, visits.patient_class, 0.004), PATIENT_CLASSES),
            "service_line": name_codes(visits.service_line, SERVICE_LINES),
            "facility": name_codes(forget(rng, visits.facility, 0.006), FACILITIES),
        }
        self._write("accounts", visits.size, builds)

    def _write_coverages(self) -> None:
        rows = self._hospital.covered.rows.collect()
        rows = keep(rows, rows["known"] < self._hospital.as_of)
        rows = keep(rows, np.lexsort((rows["priority"], rows["account"])))
        builds = {
            "account_id": account_ids(rows["account"]),
            "payer_id": payer_ids(rows["payer"]),
            "priority": write_integers(rows["priority"]),
            "known_on": write_days(rows["known"]),
            "ended_on": write_days(self._known(rows["ended"])),
        }
        self._write("coverages", len(rows["account"]), builds)

    def _write_transactions(self) -> int:
        columns = self._hospital.ledger
        order = np.argsort(
            columns["posted"].astype(np.int64) * self._hospital.visits.size + columns["account"], kind="stable"
        )
        order = order[columns["posted"][order] < self._hospital.as_of]
        number = np.full(len(columns["posted"]), MISSING, dtype=np.int64)
        number[order] = np.arange(len(order))
        rows = keep(columns, order)
        rng = stream(self._seed, "forgotten ledger columns")
        reverses = np.where(rows["reverses"] == MISSING, MISSING, number[rows["reverses"]])
        effective = np.where(rows["effective"] == MISSING, rows["posted"], rows["effective"])
        builds = {
            "transaction_id": identify("T", np.arange(len(order)), 10),
            "account_id": account_ids(rows["account"]),
            "posted_on": write_days(rows["posted"]),
            "effective_on": write_days(forget(rng, effective, 0.05)),
            "kind": name_codes(rows["kind"], KINDS),
            "amount": write_money(rows["cents"]),
            "responsibility": name_codes(rows["responsibility"], RESPONSIBILITIES),
            "payer_id": payer_ids(rows["payer"]),
            "reverses_id": identify("T", reverses, 10),
        }
        self._write("transactions", len(order), builds)
        return int(rows["cents"].sum())

    def _write_denials(self) -> None:
        hospital, denials = self._hospital, self._hospital.denials
        claims: Claims = hospital.claims
        size = int(np.searchsorted(denials.day, hospital.as_of))
        rng = stream(self._seed, "forgotten denial columns")
        claim, code = denials.claim[:size], denials.code[:size]
        rarcs = [c.rarcs for c in ALL_CODES]
        flat = [rarc for choices in rarcs for rarc in choices]
        first = np.cumsum([0, *(len(choices) for choices in rarcs)])[:-1]
        account = claims.account[claim]
        cents = denials.cents[:size]
        unknown = (forget(rng, np.zeros(size, dtype=np.int64), 0.006) == MISSING).astype(np.int64)
        builds = {
            "denial_id": identify("D", np.arange(size), 8),
            "account_id": account_ids(account),
            "claim_id": identify("C", forget(rng, claim, 0.02), 9),
            "payer_id": payer_ids(forget(rng, claims.payer[claim], 0.005)),
            "denied_on": write_days(denials.day[:size]),
            "denied_amount": write_money(cents, unknown),
            "group_code": name_codes(forget(rng, code, 0.004), [c.group for c in ALL_CODES]),
            "carc": name_codes(forget(rng, code, 0.003), [c.carc for c in ALL_CODES]),
            "rarc": name_codes(forget(rng, first[code] + denials.rarc[:size], 0.02), flat),
            "service_line": name_codes(forget(rng, hospital.visits.service_line[account], 0.02), SERVICE_LINES),
            "appeal_due_on": write_days(denials.due[:size]),
        }
        self._write("denials", size, builds)
        self._write_appeals(size)

    def _write_appeals(self, denials_known: int) -> None:
        hospital = self._hospital
        rows = hospital.outcomes.rows.collect()
        rows = keep(rows, (rows["filed"] < hospital.as_of) & (rows["denial"] < denials_known))
        rows = keep(rows, np.lexsort((rows["level"], rows["denial"], rows["filed"])))
        settled, allowed, patient = recovered_cents(hospital.claims, hospital.denials, hospital.outcomes.recovered)
        won = rows["outcome"] <= 1
        decided = self._known(rows["decided"])
        open_still = decided == MISSING
        recovered = np.where(won, (allowed - patient)[rows["denial"]], 0)
        withdrawn = rows["outcome"] == OUTCOMES.index("withdrawn")
        builds = {
            "appeal_id": identify("P", np.arange(len(decided)), 8),
            "denial_id": identify("D", rows["denial"], 8),
            "level": write_integers(rows["level"]),
            "filed_on": write_days(rows["filed"]),
            "decided_on": write_days(decided),
            "outcome": name_codes(np.where(open_still, MISSING, rows["outcome"]), OUTCOMES),
            "recovered_amount": write_money(recovered, (open_still | withdrawn).astype(np.int64)),
        }
        self._write("appeals", len(decided), builds)

    def _write_contacts(self) -> None:
        rows = self._hospital.journal.contacts.collect()
        rows = keep(rows, rows["day"] < self._hospital.as_of)
        rows = keep(rows, np.lexsort((rows["channel"], rows["account"], rows["day"])))
        rng = stream(self._seed, "forgotten contact columns")
        builds = {
            "contact_id": identify("K", np.arange(len(rows["day"])), 9),
            "guarantor_id": guarantor_ids(rows["guarantor"]),
            "account_id": account_ids(forget(rng, rows["account"], 0.05)),
            "contacted_on": write_days(rows["day"]),
            "channel": name_codes(rows["channel"], _levels("contacts", "channel")),
            "direction": name_codes(forget(rng, rows["direction"], 0.01), _levels("contacts", "direction")),
            "outcome": name_codes(rows["outcome"], _levels("contacts", "outcome")),
        }
        self._write("contacts", len(rows["day"]), builds)

    def _write_promises(self) -> None:
        rows = self._hospital.journal.promises.collect()
        rows = keep(rows, rows["made"] < self._hospital.as_of)
        rows = keep(rows, np.lexsort((rows["account"], rows["made"])))
        builds = {
            "promise_id": identify("R", np.arange(len(rows["made"])), 8),
            "account_id": account_ids(rows["account"]),
            "made_on": write_days(rows["made"]),
            "due_on": write_days(rows["due"]),
            "amount": write_money(rows["cents"]),
        }
        self._write("promises", len(rows["made"]), builds)

    def _write_plans(self) -> None:
        rows = self._hospital.journal.plans.collect()
        ends = self._hospital.journal.plan_ends.collect()
        rows["ended"] = np.full(len(rows["started"]), MISSING)
        rows["reason"] = np.full(len(rows["started"]), MISSING)
        rows["ended"][ends["row"]] = ends["day"]
        rows["reason"][ends["row"]] = ends["reason"]
        rows = keep(rows, rows["started"] < self._hospital.as_of)
        rows = keep(rows, np.lexsort((rows["account"], rows["started"])))
        ended = self._known(rows["ended"])
        builds = {
            "plan_id": identify("N", np.arange(len(ended)), 8),
            "account_id": account_ids(rows["account"]),
            "started_on": write_days(rows["started"]),
            "installment": write_money(rows["cents"]),
            "frequency_days": write_integers(np.full(len(ended), 30)),
            "ended_on": write_days(ended),
            "end_reason": name_codes(np.where(ended == MISSING, MISSING, rows["reason"]), END_REASONS),
        }
        self._write("payment_plans", len(ended), builds)

    def _write_flags(self) -> None:
        rows = self._hospital.journal.flags.collect()
        ends = self._hospital.journal.flag_ends.collect()
        rows["ended"] = np.full(len(rows["known"]), MISSING)
        rows["ended"][ends["row"]] = ends["day"]
        rows = keep(rows, rows["known"] < self._hospital.as_of)
        rows = keep(rows, np.lexsort((rows["flag"], rows["subject"], rows["of_account"], rows["known"])))
        of_account = rows["of_account"] == 1
        accounts, guarantors = account_ids(rows["subject"]), guarantor_ids(rows["subject"])

        def subjects(part: slice) -> object:
            import pyarrow.compute as pc

            return pc.if_else(of_account[part], accounts(part), guarantors(part))

        builds = {
            "subject_type": name_codes(rows["of_account"], ("guarantor", "account")),
            "subject_id": subjects,
            "flag": name_codes(rows["flag"], KNOWN_FLAGS),
            "known_on": write_days(rows["known"]),
            "ended_on": write_days(self._known(rows["ended"])),
        }
        self._write("flags", len(of_account), builds)


def account_ids(numbers: Integers) -> Build:
    """Account numbers as hospitals print them: digits, with leading zeros."""
    return identify("", numbers, 10)


def guarantor_ids(numbers: Integers) -> Build:
    """Guarantor numbers."""
    return identify("G", numbers, 8)


def payer_ids(numbers: Integers) -> Build:
    """Payer ids of the region's list."""
    return name_codes(numbers, [payer.payer_id for payer in PAYERS])


def _levels(name: str, column: str) -> tuple[str, ...]:
    found = table(name).column(column)
    return found.levels if found else ()
