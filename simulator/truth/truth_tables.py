"""Write the hidden truth next to an extract, in a separate folder that no loader reads."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa

from payrank.features.arrays import Floats
from payrank.simulator.claims.appeals import PARTIAL, WITHDRAWN
from payrank.simulator.claims.codes import ALL_CODES, KIND_NAMES
from payrank.simulator.event_log import MISSING, select_rows
from payrank.simulator.hospital import Hospital
from payrank.simulator.patients.contacts import NO_ARM
from payrank.simulator.population.visits import HISTORY_DAYS
from payrank.simulator.tables.denial_tables import count_known_denials
from payrank.simulator.tables.ids import account_ids, claim_ids, denial_ids, guarantor_ids, payer_ids
from payrank.simulator.tables.write_parquet import (
    write_booleans,
    write_days,
    write_integers,
    write_money,
    write_names,
    write_numbers,
    write_parquet,
)
from payrank.simulator.truth.denial_truth import AGES, OverturnTruth, overturn_truth
from payrank.simulator.truth.payment_truth import payment_truth, randomized_call_truth

TRUTH_FOLDER = "truth"
SNAPSHOT_DAYS = 30
"""Days between the snapshots at which payment probabilities are written."""
HORIZON_DAYS = 120


def write_truth(hospital: Hospital, folder: Path) -> None:
    """Write the true future of balances and denials, the randomized samples, and the hidden traits of guarantors."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _write_payments(hospital, folder)
    _write_calls(hospital, folder)
    _write_duplicates(hospital, folder)
    _write_claims(hospital, folder)
    _write_denials(hospital, folder)
    _write_denial_ages(hospital, folder)
    people = hospital.people
    columns = {
        "guarantor_id": (pa.string(), guarantor_ids(np.arange(people.size))),
        "ability": (pa.float64(), write_numbers(people.ability)),
        "willingness": (pa.float64(), write_numbers(people.willingness)),
        "reach": (pa.float64(), write_numbers(people.reach)),
    }
    write_parquet(folder / "guarantors.parquet", people.size, columns)


def _write_payments(hospital: Hospital, folder: Path) -> None:
    """Write each open balance's expected payments within the horizon, with and without a call, at monthly snapshots."""
    days = sorted(range(hospital.as_of, hospital.as_of - HISTORY_DAYS, -SNAPSHOT_DAYS))
    truths = [payment_truth(hospital, day, HORIZON_DAYS) for day in days]

    def stack(name: str) -> Floats:
        return np.concatenate([attrgetter(name)(truth) for truth in truths])

    account = np.concatenate([truth.account for truth in truths])
    cents = np.concatenate([truth.cents for truth in truths])
    day = np.concatenate([np.full(len(truth.account), day) for day, truth in zip(days, truths, strict=True)])
    columns = {
        "as_of": (pa.date32(), write_days(day)),
        "account_id": (pa.string(), account_ids(account)),
        "patient_balance": (pa.decimal128(18, 2), write_money(cents)),
        "probability": (pa.float64(), write_numbers(stack("usual.probability"))),
        "dollars": (pa.float64(), write_numbers(stack("usual.cents") / 100)),
        "probability_with_call": (pa.float64(), write_numbers(stack("with_call.probability"))),
        "dollars_with_call": (pa.float64(), write_numbers(stack("with_call.cents") / 100)),
        "probability_without_call": (pa.float64(), write_numbers(stack("without_call.probability"))),
        "dollars_without_call": (pa.float64(), write_numbers(stack("without_call.cents") / 100)),
    }
    write_parquet(folder / "payments.parquet", len(day), columns)


def _write_duplicates(hospital: Hospital, folder: Path) -> None:
    """Write the duplicate guarantor numbers of one person, with their past or future merge dates."""
    duplicates = hospital.duplicates
    columns = {
        "guarantor_id": (pa.string(), guarantor_ids(duplicates.people + np.arange(duplicates.size))),
        "same_as": (pa.string(), guarantor_ids(duplicates.guarantor)),
        "account_id": (pa.string(), account_ids(duplicates.account)),
        "merged_on": (pa.date32(), write_days(duplicates.merged)),
    }
    write_parquet(folder / "duplicates.parquet", duplicates.size, columns)


def _write_calls(hospital: Hospital, folder: Path) -> None:
    """Write the randomized sample of calls: the arm drawn for each cycle, and the forecasts for both arms."""
    rows = hospital.journal.cycles.collect()
    rows = select_rows(rows, (rows["arm"] != NO_ARM) & (rows["day"] < hospital.as_of))
    rows = select_rows(rows, np.lexsort((rows["account"], rows["day"])))
    with_call, without_call = randomized_call_truth(hospital, rows, HORIZON_DAYS)
    columns = {
        "account_id": (pa.string(), account_ids(rows["account"])),
        "statement_on": (pa.date32(), write_days(rows["day"])),
        "called": (pa.bool_(), write_booleans(rows["arm"])),
        "probability_with_call": (pa.float64(), write_numbers(with_call.probability)),
        "dollars_with_call": (pa.float64(), write_numbers(with_call.cents / 100)),
        "probability_without_call": (pa.float64(), write_numbers(without_call.probability)),
        "dollars_without_call": (pa.float64(), write_numbers(without_call.cents / 100)),
    }
    write_parquet(folder / "calls.parquet", len(rows["day"]), columns)


def _write_claims(hospital: Hospital, folder: Path) -> None:
    """Write the claims remitted before the as-of date. Denial rates need them, and an extract has no claims."""
    claims, denials = hospital.claims, hospital.denials
    known = np.flatnonzero(claims.remitted < hospital.as_of)
    denied = np.zeros(claims.size, dtype=np.int64)
    np.add.at(denied, denials.claim[denials.real], denials.cents[denials.real])
    columns = {
        "claim_id": (pa.string(), claim_ids(known)),
        "account_id": (pa.string(), account_ids(claims.account[known])),
        "payer_id": (pa.string(), payer_ids(claims.payer[known])),
        "remitted_on": (pa.date32(), write_days(claims.remitted[known])),
        "charged": (pa.decimal128(18, 2), write_money(claims.charges[known])),
        "denied": (pa.decimal128(18, 2), write_money(denied[known])),
    }
    write_parquet(folder / "claims.parquet", len(known), columns)


def _write_denials(hospital: Hospital, folder: Path) -> None:
    """Write the outcome of each denial, including outcomes after the as-of date, and its causes."""
    size, outcomes = count_known_denials(hospital), hospital.outcomes
    denials, claims = hospital.denials, hospital.claims
    rows = outcomes.rows.collect()
    first = (rows["level"] == 1) & (rows["outcome"] != WITHDRAWN)
    won, age = np.full(denials.size, MISSING), np.full(denials.size, MISSING)
    won[rows["denial"][first]] = rows["outcome"][first] <= PARTIAL
    age[rows["denial"][first]] = rows["filed"][first] - denials.day[rows["denial"][first]]
    claim = denials.claim[:size]
    columns = {
        "denial_id": (pa.string(), denial_ids(np.arange(size))),
        "account_id": (pa.string(), account_ids(claims.account[claim])),
        "claim_id": (pa.string(), claim_ids(claim)),
        "payer_id": (pa.string(), payer_ids(claims.payer[claim])),
        "carc": (pa.string(), write_names(denials.code[:size], [code.carc for code in ALL_CODES])),
        "kind": (pa.string(), write_names(denials.kind[:size], KIND_NAMES)),
        "a_denial": (pa.bool_(), write_booleans(denials.real[:size].astype(np.int64))),
        "log_odds_at_denial": (pa.float64(), write_numbers(outcomes.strength[:size])),
        "log_odds_lost_a_day": (pa.float64(), write_numbers(outcomes.slope[:size])),
        "random_slice": (pa.bool_(), write_booleans(outcomes.random[:size].astype(np.int64))),
        "corrected": (pa.bool_(), write_booleans(outcomes.resubmitted[:size].astype(np.int64))),
        "appealed": (pa.bool_(), write_booleans(~np.isnan(outcomes.overturn_odds[:size]))),
        "filed_age": (pa.int32(), write_integers(age[:size])),
        "probability_as_filed": (pa.float64(), write_numbers(outcomes.overturn_odds[:size])),
        "won_first": (pa.bool_(), write_booleans(won[:size])),
        "recovered_share": (pa.float64(), write_numbers(outcomes.recovered[:size])),
        "expected_dollars": (pa.float64(), write_numbers(overturn_truth(hospital, 0).dollars_with_appeal[:size])),
    }
    write_parquet(folder / "denials.parquet", size, columns)


def _write_denial_ages(hospital: Hospital, folder: Path) -> None:
    """Write the truth of each denial with and without an appeal at each age. Rows that are not denials are left out."""
    real = np.flatnonzero(hospital.denials.real[: count_known_denials(hospital)])
    truths = [overturn_truth(hospital, age) for age in AGES]
    columns = {
        "denial_id": (pa.string(), denial_ids(np.tile(real, len(AGES)))),
        "age_days": (pa.int32(), write_integers(np.repeat(np.array(AGES), len(real)))),
        **{
            column.name: (pa.float64(), write_numbers(np.concatenate([getattr(t, column.name)[real] for t in truths])))
            for column in fields(OverturnTruth)
        },
    }
    write_parquet(folder / "denial_ages.parquet", len(real) * len(AGES), columns)
