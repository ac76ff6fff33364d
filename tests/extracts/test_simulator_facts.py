"""The simulated hospital behaves as published figures say, each with its own denominator and tolerance."""

from datetime import date, timedelta
from functools import cache

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from extracts.contract import KNOWN_FLAGS
from extracts.simulator import Simulated, simulate
from extracts.simulator.codes import KIND_NAMES
from extracts.simulator.ledger import KINDS, PATIENT
from extracts.simulator.payers import DENIAL_RATE, PAYERS
from extracts.simulator.tables import levels
from extracts.simulator.truth import overturn_truth, payment_truth

AS_OF = date(2026, 11, 1)
HORIZON = 120


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("facts"), accounts=40_000, seed=3, as_of=AS_OF)


@pytest.fixture(scope="module")
def tables(simulated: Simulated) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in simulated.rows:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{simulated.folder}/{name}.parquet')")
    connection.execute("SET threads = 2")
    return connection


def one(tables: duckdb.DuckDBPyConnection, sql: str) -> float:
    row = tables.execute(sql).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize(
    "payer_class", ["medicare", "medicare_advantage", "medicaid", "managed_medicaid", "commercial"]
)
def test_initial_denials_a_claim_come_at_the_published_rate_of_each_payer_class(simulated, payer_class):
    claims, denials = simulated.hospital.claims, simulated.hospital.denials
    of_class = np.array([payer.payer_class == payer_class for payer in PAYERS])
    billed = of_class[claims.payer].sum()
    refused = of_class[claims.payer[denials.claim]][denials.real].sum()
    spread = 3 * np.sqrt(DENIAL_RATE[payer_class] / billed)
    assert refused / billed == pytest.approx(DENIAL_RATE[payer_class], abs=spread)


def test_denied_claims_are_between_a_tenth_and_a_sixth_of_all_and_a_third_at_most_is_lost_for_good(simulated):
    hospital = simulated.hospital
    initial = hospital.denials.real.sum() / hospital.claims.size
    assert 0.10 < initial < 0.16
    lost = (hospital.denials.real & (hospital.outcomes.recovered == 0)).sum() / hospital.claims.size
    assert 0.028 < lost < 0.08


BANDS = {
    "under 1,200": (0, 1200, 0.401, 0.05),
    "1,201 to 1,450": (1200, 1450, 0.176, 0.07),
    "1,451 to 5,000": (1450, 5000, 0.25, 0.05),
    "5,001 to 7,500": (5000, 7500, 0.102, 0.06),
    "7,501 to 10,000": (7500, 10000, 0.041, 0.05),
}


@pytest.mark.parametrize("band", BANDS)
def test_collection_after_insurance_by_balance_is_as_published(tables, band):
    low, high, published, tolerance = BANDS[band]
    assert _collected(tables, low, high) == pytest.approx(published, abs=tolerance)


def test_collection_by_balance_is_not_monotone(tables):
    below, above = _collected(tables, 1200, 1450), _collected(tables, 1450, 5000)
    assert _collected(tables, 0, 1200) > above > below > _collected(tables, 5000, 1_000_000)


@cache
def _collected(tables: duckdb.DuckDBPyConnection, low: int, high: int) -> float:
    """Dollars paid by patients over dollars moved to them, of accounts whose first transfer is 300 days old."""
    return one(
        tables,
        f"""SELECT sum(paid) / sum(owed) FROM (
            SELECT sum(CASE WHEN kind = 'transfer' THEN amount ELSE 0 END) AS owed,
                -sum(CASE WHEN kind = 'patient_payment' THEN amount ELSE 0 END) AS paid,
                min(CASE WHEN kind = 'transfer' THEN posted_on END) AS first_on
            FROM transactions WHERE responsibility = 'patient' GROUP BY account_id
        ) WHERE owed > {low} AND owed <= {high} AND first_on < DATE '{AS_OF}' - 300""",
    )


def test_true_self_pay_collects_few_of_its_charges(tables):
    collected = one(
        tables,
        f"""SELECT sum(paid) / sum(charged) FROM (
            SELECT sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END) AS charged,
                -sum(CASE WHEN kind = 'patient_payment' THEN amount ELSE 0 END) AS paid, min(posted_on) AS first_on
            FROM transactions WHERE responsibility = 'patient' GROUP BY account_id
        ) WHERE charged > 0 AND first_on < DATE '{AS_OF}' - 300""",
    )
    assert collected == pytest.approx(0.0606, abs=0.025)


def test_payment_is_early_with_a_long_tail(tables):
    days = f"""SELECT quantile_cont(posted_on - first_on, 0.5), avg(posted_on - first_on) FROM transactions JOIN (
            SELECT account_id, min(posted_on) AS first_on FROM transactions
            WHERE responsibility = 'patient' AND kind IN ('transfer', 'charge') GROUP BY account_id
        ) USING (account_id) WHERE kind = 'patient_payment' AND first_on < DATE '{AS_OF}' - 365"""
    median, mean = tables.execute(days).fetchone()
    assert median < 60
    assert 55 < mean < 95


OVERTURNED = {
    "clinical": (0.20, 0.40),
    "registration": (0.55, 0.80),
    "non_covered": (0.45, 0.80),
    "billing": (0.60, 0.92),
    "timely": (0.05, 0.35),
}


@pytest.mark.parametrize("kind", OVERTURNED)
def test_first_appeals_are_overturned_by_kind_as_published(simulated, kind):
    won, _, kinds, _ = _first_appeals(simulated)
    low, high = OVERTURNED[kind]
    assert low < won[kinds == KIND_NAMES.index(kind)].mean() < high


def test_about_half_of_what_is_fought_is_overturned_and_odds_fall_with_age(simulated):
    won, truth, _, age = _first_appeals(simulated)
    assert 0.45 < won.mean() < 0.60
    assert won[age <= 20].mean() > won[age > 60].mean() + 0.05
    assert truth.mean() == pytest.approx(won.mean(), abs=0.03)


def test_the_true_chance_of_an_overturn_ranks_as_people_do(simulated):
    won, truth, _, _ = _first_appeals(simulated)
    assert 0.65 <= roc_auc_score(won, truth) <= 0.80


def _first_appeals(simulated: Simulated) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    hospital = simulated.hospital
    rows = hospital.outcomes.rows.collect()
    first = (rows["level"] == 1) & (rows["outcome"] != 3) & (rows["decided"] < hospital.as_of)
    denial = rows["denial"][first]
    age = rows["filed"][first] - hospital.denials.day[denial]
    return rows["outcome"][first] < 2, overturn_truth(hospital)[denial], hospital.denials.kind[denial], age


@pytest.mark.parametrize("days_before", [120, 300, 600])
def test_the_true_chance_of_a_payment_ranks_as_people_do_and_is_calibrated(simulated, days_before):
    account, truth, paid = _snapshot(simulated, simulated.hospital.as_of - days_before)
    assert len(account) > 2000
    assert 0.72 <= roc_auc_score(paid, truth) <= 0.85
    assert 0.22 < paid.mean() < 0.45
    assert truth.mean() == pytest.approx(paid.mean(), abs=0.025)


def _snapshot(simulated: Simulated, day: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Accounts in a statement cycle that owe $10 and more, their true chance, and whether a payment came."""
    hospital = simulated.hospital
    ledger, size = hospital.ledger, hospital.visits.size
    before = (ledger["responsibility"] == PATIENT) & (ledger["posted"] < day)
    owed = np.bincount(ledger["account"][before], ledger["cents"][before], size)
    payment = (ledger["kind"] == KINDS.index("patient_payment")) & (ledger["cents"] < 0)
    within = payment & (ledger["posted"] >= day) & (ledger["posted"] < day + HORIZON)
    paid = np.bincount(ledger["account"][within], minlength=size) > 0
    truth = payment_truth(hospital, day, HORIZON)
    listed = owed[truth.account] >= 1000
    return truth.account[listed], truth.probability[listed], paid[truth.account[listed]]


def test_recoverable_dollars_are_concentrated(simulated):
    denials, outcomes = simulated.hospital.denials, simulated.hospital.outcomes
    worth = np.sort((denials.cents / (1 + np.exp(-outcomes.strength)))[denials.real])[::-1]
    share = worth.cumsum() / worth.sum()
    assert 0.60 < share[int(0.16 * len(share))] < 0.85


def test_demo_size_is_enough_to_train_both_models(tables):
    decided = one(tables, "SELECT count(*) FROM appeals WHERE outcome IS NOT NULL")
    assert decided / 2 >= 1500
    undecided = f"""SELECT count(*) FROM denials WHERE denied_on >= DATE '{AS_OF - timedelta(days=180)}'
        AND denial_id NOT IN (SELECT denial_id FROM appeals WHERE outcome IS NOT NULL)"""
    assert one(tables, undecided) / 2 >= 300


def test_some_denials_are_paid_without_an_appeal_some_left_alone_and_some_drawn_at_random(simulated):
    outcomes, real = simulated.hospital.outcomes, simulated.hospital.denials.real
    appealed = ~np.isnan(outcomes.overturn_odds)
    assert 0.10 < outcomes.resubmitted[real].mean() < 0.30
    assert 0.35 < appealed[real].mean() < 0.60
    assert 0.04 < outcomes.random[real].mean() < 0.08
    assert not appealed[~real].any()


def test_staff_appeal_the_largest_first_but_the_random_slice_is_not_selected(simulated):
    outcomes, denials = simulated.hospital.outcomes, simulated.hospital.denials
    appealed = ~np.isnan(outcomes.overturn_odds)
    middle = np.median(denials.cents[denials.real])
    assert np.median(denials.cents[denials.real & appealed]) > 1.15 * middle
    assert np.median(denials.cents[outcomes.random]) == pytest.approx(middle, rel=0.15)


@pytest.mark.parametrize("flag", KNOWN_FLAGS)
def test_every_flag_that_a_rule_reads_is_raised(tables, flag):
    assert one(tables, f"SELECT count(*) FROM flags WHERE flag = '{flag}'") > 20


def test_some_flags_end_and_some_come_after_the_bill(tables):
    assert one(tables, "SELECT count(DISTINCT flag) FROM flags WHERE ended_on IS NOT NULL") >= 4
    later = """SELECT count(*) FROM flags JOIN accounts ON subject_id = guarantor_id
        WHERE flag = 'bankruptcy' AND known_on {} opened_on"""
    assert one(tables, later.format(">")) > 20
    assert one(tables, later.format("<")) > 20


@pytest.mark.parametrize("outcome", levels("contacts", "outcome"))
def test_every_outcome_of_a_contact_happens(tables, outcome):
    assert one(tables, f"SELECT count(*) FROM contacts WHERE outcome = '{outcome}'") > 50


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "interest"])
def test_every_kind_of_transaction_but_interest_is_posted(tables, kind):
    assert one(tables, f"SELECT count(*) FROM transactions WHERE kind = '{kind}'") > 50


def test_promises_are_kept_and_broken_in_the_ledger(tables):
    kept = f"""SELECT avg(CASE WHEN EXISTS (SELECT 1 FROM transactions AS t WHERE t.account_id = p.account_id
            AND t.kind = 'patient_payment' AND t.posted_on BETWEEN p.made_on AND p.due_on + 3) THEN 1 ELSE 0 END)
        FROM promises AS p WHERE due_on < DATE '{AS_OF}' - 10"""
    assert 0.45 < one(tables, kept) < 0.80


def test_plans_are_paid_off_broken_and_current(tables):
    reasons = dict(tables.execute("SELECT end_reason, count(*) FROM payment_plans GROUP BY end_reason").fetchall())
    assert set(reasons) == {"paid in full", "missed installments", None}
    assert min(reasons.values()) > 50
