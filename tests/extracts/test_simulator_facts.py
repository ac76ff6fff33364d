"""The simulated hospital behaves as published figures say, each with its own denominator and tolerance."""

from dataclasses import replace
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from extracts.simulator import Simulated, facts, simulate
from extracts.simulator.appeals import PARTIAL, WITHDRAWN
from extracts.simulator.contacts import CALLED
from extracts.simulator.denials import PAYER_THAT_TIGHTENS, TIGHTER_DAYS
from extracts.simulator.facts import (
    Found,
    broken_facts,
    find_facts,
    find_firings,
    read_facts,
    read_orders,
    silent_rules,
)
from extracts.simulator.ledger import KINDS
from extracts.simulator.payers import PAYERS
from extracts.simulator.payment_truth import PaymentTruth, payment_truth
from extracts.simulator.rules_fired import Firing
from extracts.simulator.seasons import month_of

AS_OF = date(2026, 11, 1)
HORIZON = 120


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("facts"), accounts=40_000, seed=3, as_of=AS_OF, truth=True)


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


@pytest.fixture(scope="module")
def found(simulated: Simulated) -> dict[str, Found]:
    return find_facts(simulated.folder, AS_OF)


@pytest.mark.parametrize("fact", read_facts(), ids=lambda fact: fact.name)
def test_a_published_figure_is_met_within_its_tolerance_and_the_sampling_error_of_this_size(found, fact):
    figure = found[fact.name]
    assert 0 < figure.error < max(abs(figure.value), 0.05)
    assert figure.within(fact.least, fact.most, errors=3), f"{figure.value:.4g} is not {fact.least} to {fact.most}"


@pytest.mark.parametrize("order", read_orders(), ids=lambda order: order.why)
def test_published_orders_hold(found, order):
    assert found[order.higher].value > found[order.lower].value


def test_a_figure_outside_its_tolerance_is_named(found):
    shifted = {name: replace(figure, value=figure.value + 1000) for name, figure in found.items()}
    words = broken_facts(shifted, errors=3)
    assert [word.split(":")[0] for word in words] == [fact.name for fact in read_facts()]
    assert not broken_facts(found, errors=3)


def test_the_sampling_error_is_that_of_other_hospitals(found, tmp_path):
    """The error of a figure must foretell how much it differs between seeds."""
    others = []
    for seed in range(6):
        simulate(tmp_path / str(seed), accounts=1000, seed=seed, as_of=AS_OF, truth=True)
        others.append(find_facts(tmp_path / str(seed), AS_OF))
    for name in ("initial denials", "collected, balance to $1,200", "denials appealed", "mean days to a payment"):
        spread = np.std([other[name].value for other in others], ddof=1)
        foretold = np.mean([other[name].error for other in others])
        assert 0.4 < spread / foretold < 2.0, name


def test_the_command_prints_every_figure_and_says_what_is_broken(capsys):
    code = facts.main(["--accounts", "300", "--seeds", "4", "5"])
    told = capsys.readouterr().out
    assert all(f"| {fact.name} |" in told for fact in read_facts())
    assert "| seed 4 | seed 5 |" in told
    assert code == int("seed 4: " in told or "seed 5: " in told)


def test_the_true_chance_of_an_overturn_ranks_as_people_do(simulated):
    outcomes = simulated.hospital.outcomes
    rows = outcomes.rows.collect()
    first = (rows["level"] == 1) & (rows["outcome"] != WITHDRAWN)
    won, truth = rows["outcome"][first] <= PARTIAL, outcomes.overturn_odds[rows["denial"][first]]
    assert 0.65 <= roc_auc_score(won, truth) <= 0.80
    assert truth.mean() == pytest.approx(won.mean(), abs=0.02)


@pytest.mark.parametrize("days_before", [120, 300, 600])
def test_the_true_chance_of_a_payment_ranks_as_people_do_and_is_calibrated(simulated, days_before):
    truth, paid, cents = _snapshot(simulated, simulated.hospital.as_of - days_before)
    chance = truth.usual.probability
    assert len(chance) > 2000
    assert 0.72 <= roc_auc_score(paid, chance) <= 0.85
    assert 0.22 < paid.mean() < 0.45
    assert chance.mean() == pytest.approx(paid.mean(), abs=0.025)
    for tenth in np.array_split(np.argsort(chance), 10):
        assert chance[tenth].mean() == pytest.approx(paid[tenth].mean(), abs=0.08)
    assert truth.usual.cents.sum() == pytest.approx(cents.sum(), rel=0.2)


def _snapshot(simulated: Simulated, day: int) -> tuple[PaymentTruth, np.ndarray, np.ndarray]:
    """The truth of a day, whether a payment came within the horizon, and how many cents of the balance were paid."""
    hospital = simulated.hospital
    ledger, size = hospital.ledger, hospital.visits.size
    truth = payment_truth(hospital, day, HORIZON)
    within = (ledger["kind"] == KINDS.index("patient_payment")) & (ledger["posted"] >= day)
    within &= ledger["posted"] < day + HORIZON
    came = np.bincount(ledger["account"][within & (ledger["cents"] < 0)], minlength=size) > 0
    cents = -np.bincount(ledger["account"][within], ledger["cents"][within], size)[truth.account]
    return truth, came[truth.account], np.clip(cents, 0, truth.cents)


def test_demo_size_is_enough_to_train_both_models(tables):
    decided = one(tables, "SELECT count(*) FROM appeals WHERE outcome IS NOT NULL")
    assert decided / 2 >= 1500
    undecided = f"""SELECT count(*) FROM denials WHERE denied_on >= DATE '{AS_OF - timedelta(days=180)}'
        AND denial_id NOT IN (SELECT denial_id FROM appeals WHERE outcome IS NOT NULL)"""
    assert one(tables, undecided) / 2 >= 300


def test_some_denials_are_paid_without_an_appeal_some_left_alone_and_some_drawn_at_random(simulated):
    outcomes, real = simulated.hospital.outcomes, simulated.hospital.denials.real
    appealed = ~np.isnan(outcomes.overturn_odds)
    assert 0.25 < outcomes.resubmitted[real].mean() < 0.50
    assert 0.04 < outcomes.random[real].mean() < 0.08
    assert appealed[outcomes.random].mean() == pytest.approx(0.5, abs=0.06)
    assert not appealed[~real].any()


def test_staff_appeal_the_largest_first_but_the_random_slice_is_not_selected(simulated):
    outcomes, denials = simulated.hospital.outcomes, simulated.hospital.denials
    appealed = ~np.isnan(outcomes.overturn_odds)
    middle = np.median(denials.cents[denials.real])
    assert np.median(denials.cents[denials.real & appealed]) > 1.15 * middle
    by_coin = outcomes.random & appealed
    alone = np.median(denials.cents[outcomes.random & ~appealed])
    assert np.median(denials.cents[by_coin]) == pytest.approx(alone, rel=0.25)


def test_some_flags_end_and_some_come_after_the_bill(tables):
    assert one(tables, "SELECT count(DISTINCT flag) FROM flags WHERE ended_on IS NOT NULL") >= 4
    later = """SELECT count(*) FROM flags JOIN accounts ON subject_id = guarantor_id
        WHERE flag = 'bankruptcy' AND known_on {} opened_on"""
    assert one(tables, later.format(">")) > 20
    assert one(tables, later.format("<")) > 20


def test_promises_are_kept_and_broken_in_the_ledger(tables):
    kept = f"""SELECT avg(CASE WHEN EXISTS (SELECT 1 FROM transactions AS t WHERE t.account_id = p.account_id
            AND t.kind = 'patient_payment' AND t.posted_on BETWEEN p.made_on AND p.due_on + 3) THEN 1 ELSE 0 END)
        FROM promises AS p WHERE due_on < DATE '{AS_OF}' - 10"""
    assert 0.45 < one(tables, kept) < 0.80


def test_every_rule_was_seen_to_fire_in_every_segment_that_it_claims(simulated):
    firings = find_firings(simulated.folder, AS_OF)
    assert len(firings) > 200
    assert silent_rules(firings) == []


def test_a_rule_that_is_silent_in_a_segment_is_named():
    silent = silent_rules([Firing("a claim is denied", "auto", 0), Firing("a claim is denied", "military", 3)])
    assert silent == ["a claim is denied: never seen in auto"]


def test_deductibles_leave_more_to_the_patient_in_winter(simulated):
    claims, visits = simulated.hospital.claims, simulated.hospital.visits
    commercial = np.array([payer.payer_class == "commercial" for payer in PAYERS])[claims.payer]
    month = month_of(visits.service[claims.account])

    def left(*months: int) -> float:
        here = commercial & np.isin(month, months)
        return claims.share[here].sum() / claims.allowed[here].sum()

    assert left(1, 2, 3) > 1.1 * left(10, 11, 12)


def test_tax_refunds_lift_spring_payments_most_among_those_who_have_least(simulated):
    hospital = simulated.hospital
    rows = hospital.journal.cycles.collect()
    free = rows["on_plan"] == 0
    guarantor = hospital.visits.guarantor[rows["account"]]
    month, ability = month_of(rows["day"].astype(np.int64)), hospital.people.ability[guarantor]

    def lift(group: np.ndarray) -> float:
        spring = rows["chance"][free & group & np.isin(month, (2, 3, 4))].mean()
        return spring / rows["chance"][free & group & np.isin(month, (8, 9, 10, 11))].mean()

    assert lift(ability < -0.5) > lift(ability > 0.5) > 1


def test_a_payer_denies_more_from_a_given_day(simulated):
    hospital = simulated.hospital
    payer = PAYER_THAT_TIGHTENS
    denied = np.zeros(hospital.claims.size, dtype=bool)
    denied[hospital.denials.claim[hospital.denials.real]] = True
    mine = hospital.claims.payer == payer
    after = hospital.claims.remitted >= hospital.as_of - TIGHTER_DAYS
    assert denied[mine & after].mean() > 1.15 * denied[mine & ~after].mean()


def test_a_new_payer_takes_employers_over_from_its_first_day(tables):
    first, share = tables.execute(f"""SELECT min(opened_on) FILTER (payer_id = '0406'),
        count(*) FILTER (payer_id = '0406') / count(*) FROM accounts JOIN coverages USING (account_id)
        JOIN payers USING (payer_id) WHERE payer_class = 'commercial' AND priority = 1
        AND opened_on >= DATE '{AS_OF}' - 420""").fetchall()[0]
    assert (AS_OF - first).days == 420
    assert 0.10 < share < 0.25
    before = f"""SELECT count(*) FROM accounts JOIN coverages USING (account_id)
        WHERE payer_id = '0406' AND opened_on < DATE '{AS_OF}' - 420"""
    assert one(tables, before) == 0


def test_staff_call_the_largest_and_oldest_first_but_a_coin_does_not(simulated):
    rows = simulated.hospital.journal.cycles.collect()
    spoken, coin = rows["called"] >= 0, rows["arm"] >= 0
    free = rows["on_plan"] == 0
    for column in ("cents", "age"):
        chosen = rows[column][free & ~coin & spoken].mean() / rows[column][free & ~coin & ~spoken].mean()
        drawn = rows[column][coin & (rows["arm"] == CALLED)].mean() / rows[column][coin & (rows["arm"] == 0)].mean()
        assert chosen > 1.2
        assert drawn == pytest.approx(1, abs=0.15)


def test_plans_are_paid_off_broken_and_current(tables):
    reasons = dict(tables.execute("SELECT end_reason, count(*) FROM payment_plans GROUP BY end_reason").fetchall())
    assert set(reasons) == {"paid in full", "missed installments", None}
    assert min(reasons.values()) > 50
