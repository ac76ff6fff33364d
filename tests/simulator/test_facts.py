"""The simulated hospital reproduces published facts, each with its own denominator and tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from payrank.extracts.errors import WrongUsageError
from payrank.simulator import Simulated, simulate
from payrank.simulator.claims.appeals import PARTIAL, WITHDRAWN
from payrank.simulator.claims.denials import TIGHTENING_DAYS, TIGHTENING_PAYER
from payrank.simulator.facts import check_facts as facts
from payrank.simulator.facts.check_facts import Measurement, list_silent_rules, list_violations, measure_facts
from payrank.simulator.facts.fact import read_facts, read_orders
from payrank.simulator.facts.fact_table import BEGIN, END, format_fact, replace_table
from payrank.simulator.facts.fact_views import open_views
from payrank.simulator.facts.rule_firings import Firing, count_firings
from payrank.simulator.ledger import KINDS
from payrank.simulator.patients.contacts import CALLED
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.seasons import calendar_month
from payrank.simulator.truth.payment_truth import PaymentTruth, payment_truth

pytestmark = pytest.mark.slow

AS_OF = date(2026, 11, 1)
HORIZON = 120
PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """A hospital large enough for the tolerances, simulated with a seed that was not used for tuning."""
    return simulate(tmp_path_factory.mktemp("facts"), accounts=100_000, seed=29, as_of=AS_OF, truth=True)


@pytest.fixture(scope="module")
def tables(simulated: Simulated) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in simulated.rows:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{simulated.folder}/{name}.parquet')")
    connection.execute("SET threads = 2")
    return connection


def fetch_number(tables: duckdb.DuckDBPyConnection, sql: str) -> float:
    row = tables.execute(sql).fetchone()
    assert row is not None
    return float(row[0])


@pytest.fixture(scope="module")
def views(simulated: Simulated) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_views(simulated.folder, AS_OF) as connection:
        yield connection


@pytest.fixture(scope="module")
def measured(views: duckdb.DuckDBPyConnection) -> dict[str, Measurement]:
    return measure_facts(views)


@pytest.mark.parametrize("fact", read_facts(), ids=lambda fact: fact.name)
def test_every_fact_is_within_its_allowed_range(measured: dict[str, Measurement], fact: Any) -> None:
    assert fact.min_allowed <= measured[fact.name].value <= fact.max_allowed


@pytest.mark.parametrize("fact", read_facts(), ids=lambda fact: fact.name)
def test_the_sample_is_large_enough_for_each_tolerance(measured: dict[str, Measurement], fact: Any) -> None:
    assert 0 < measured[fact.name].error < 0.4 * (fact.max_allowed - fact.min_allowed)


@pytest.mark.parametrize("fact", read_facts(), ids=lambda fact: fact.name)
def test_a_share_of_zero_fails_and_our_own_bounds_are_not_called_published(fact: Any) -> None:
    assert fact.min_allowed > 0
    assert bool(fact.published) != bool(fact.bounds)
    assert (fact.tolerance > 0) == bool(fact.published)


@pytest.mark.parametrize("order", read_orders(), ids=lambda order: order.why)
def test_published_orders_hold(measured: dict[str, Measurement], order: Any) -> None:
    assert measured[order.higher].value > measured[order.lower].value


def test_a_fact_outside_its_allowed_range_is_named(measured: dict[str, Measurement]) -> None:
    shifted = {name: replace(measurement, value=measurement.value + 1000) for name, measurement in measured.items()}
    assert [word.split(":")[0] for word in list_violations(shifted)] == [fact.name for fact in read_facts()]
    nothing = {name: replace(measurement, value=0.0) for name, measurement in measured.items()}
    assert len(list_violations(nothing)) == len(read_facts()) + len(read_orders())


@pytest.mark.parametrize("name", ["initial denials, all, by count", "collected, over $10,000", "mean days to payment"])
def test_the_standard_error_matches_a_bootstrap_over_guarantors(
    views: duckdb.DuckDBPyConnection, measured: dict[str, Measurement], name: str
) -> None:
    """The standard error must match the spread of the fact when guarantors are resampled."""
    fact = next(fact for fact in read_facts() if fact.name == name)
    rows = views.execute(f"""SELECT sum({fact.part})::DOUBLE AS y, sum({fact.whole})::DOUBLE AS x
        FROM fact_{fact.view} WHERE {fact.where} GROUP BY guarantor_id""").fetchnumpy()
    y, x = np.asarray(rows["y"]), np.asarray(rows["x"])
    rng = np.random.default_rng(5)
    resampled = [y[drawn].sum() / x[drawn].sum() for drawn in (rng.integers(0, len(y), len(y)) for _ in range(80))]
    assert 0.7 < np.std(resampled) / measured[name].error < 1.4


def test_the_command_prints_every_fact_updates_a_page_and_reports_failures(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold table\n{END}\nafter\n")
    code = facts.main(["--accounts", "200", "--seeds", "4", "--into", str(page)])
    output = capsys.readouterr().out
    assert all(f"| {format_fact(fact)[0]} |" in output for fact in read_facts())
    assert "| seed 4 |" in output
    assert code == int("seed 4: " in output)
    before, table, after = page.read_text().partition(BEGIN)[0], page.read_text(), page.read_text().partition(END)[2]
    assert (before, after) == ("before\n", "\nafter\n")
    assert "old table" not in table
    assert table.count("| seed 4 |") == 1
    with pytest.raises(WrongUsageError, match=r"no table of facts in .*: the page needs the markers"):
        replace_table(tmp_path / "none.md", "table")


def test_the_documented_table_lists_the_same_facts_and_all_three_seeds_are_within_range() -> None:
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert "100,000 accounts" in text
    assert lines[0] == ["fact", "published", "allowed", "our own bounds", "seed 1", "seed 2", "seed 3"]
    assert [tuple(line[:4]) for line in lines[2:]] == [format_fact(fact) for fact in read_facts()]
    for fact, line in zip(read_facts(), lines[2:], strict=True):
        for shown in line[4:]:
            value = float(shown.rstrip("%")) / (100 if shown.endswith("%") else 1)
            assert fact.min_allowed - 0.0006 <= value <= fact.max_allowed + 0.0006 or fact.unit in ("days", "count"), (
                fact.name
            )
            assert fact.unit not in ("days", "count") or fact.min_allowed - 0.06 <= value <= fact.max_allowed + 0.06, (
                fact.name
            )


def test_the_true_overturn_probability_ranks_realistically(simulated: Simulated) -> None:
    outcomes = simulated.hospital.outcomes
    rows = outcomes.rows.collect()
    first = (rows["level"] == 1) & (rows["outcome"] != WITHDRAWN)
    won, truth = rows["outcome"][first] <= PARTIAL, outcomes.overturn_odds[rows["denial"][first]]
    assert 0.65 <= roc_auc_score(won, truth) <= 0.80
    assert truth.mean() == pytest.approx(won.mean(), abs=0.02)


@pytest.mark.parametrize("days_before", [120, 300, 600])
def test_the_true_payment_probability_ranks_realistically_and_is_calibrated(
    simulated: Simulated, days_before: int
) -> None:
    truth, paid, cents = _snapshot(simulated, simulated.hospital.as_of - days_before)
    chance = truth.usual.probability
    assert len(chance) > 5000
    assert 0.72 <= roc_auc_score(paid, chance) <= 0.85
    assert 0.18 < paid.mean() < 0.35
    assert chance.mean() == pytest.approx(paid.mean(), abs=0.02)
    for decile in np.array_split(np.argsort(chance), 10):
        assert chance[decile].mean() == pytest.approx(paid[decile].mean(), abs=0.06)
    assert truth.usual.cents.sum() == pytest.approx(cents.sum(), rel=0.08)


@pytest.mark.parametrize("called", [True, False])
def test_randomized_calls_match_repeated_draws_from_the_true_probabilities(simulated: Simulated, called: bool) -> None:
    """For each decile of the true probability, the payment rate must lie within 400 redraws, plus or minus 0.02 for
    the events that the truth ignores (new bills, bounced checks)."""
    chance, paid = _randomized_calls(simulated, called=called)
    assert len(chance) > 5000
    rng = np.random.default_rng(7)
    for decile in np.array_split(np.argsort(chance, kind="stable"), 10):
        draws = (rng.random((400, len(decile))) < chance[decile]).mean(axis=1)
        assert draws.min() - 0.02 <= paid[decile].mean() <= draws.max() + 0.02
    assert paid.mean() == pytest.approx(chance.mean(), abs=0.02)


def test_the_effect_of_a_call_is_significant_and_matches_the_truth(simulated: Simulated) -> None:
    called, paid = _randomized_calls(simulated, called=True)
    alone, left = _randomized_calls(simulated, called=False)
    effect = paid.mean() - left.mean()
    error = np.sqrt(paid.var() / len(paid) + left.var() / len(left))
    assert effect > 4 * error
    assert effect == pytest.approx(called.mean() - alone.mean(), abs=3 * error)


def _randomized_calls(simulated: Simulated, *, called: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the true probability of each balance in one randomized arm, and whether it paid within the horizon."""
    arm = "with_call" if called else "without_call"
    with duckdb.connect() as connection:
        rows = connection.execute(f"""WITH randomized AS (SELECT * FROM '{simulated.folder}/truth/calls.parquet'
                WHERE called = {called} AND statement_on < DATE '{AS_OF}' - {HORIZON})
            SELECT probability_{arm} AS chance, count(posted_on) > 0 AS paid
            FROM randomized LEFT JOIN (SELECT account_id, posted_on FROM '{simulated.folder}/transactions.parquet'
                WHERE kind = 'patient_payment' AND amount < 0) AS t ON t.account_id = randomized.account_id
                AND posted_on >= statement_on AND posted_on < statement_on + {HORIZON}
            GROUP BY randomized.account_id, statement_on, probability_{arm}
            ORDER BY randomized.account_id, statement_on""").fetchnumpy()
    return np.asarray(rows["chance"]), np.asarray(rows["paid"], dtype=bool)


def _snapshot(simulated: Simulated, day: int) -> tuple[PaymentTruth, np.ndarray, np.ndarray]:
    """Return a day's truth, whether each balance was paid on within the horizon, and the cents paid."""
    hospital = simulated.hospital
    ledger, size = hospital.ledger, hospital.visits.size
    truth = payment_truth(hospital, day, HORIZON)
    within = (ledger["kind"] == KINDS.index("patient_payment")) & (ledger["posted"] >= day)
    within &= ledger["posted"] < day + HORIZON
    paid = np.bincount(ledger["account"][within & (ledger["cents"] < 0)], minlength=size) > 0
    cents = -np.bincount(ledger["account"][within], ledger["cents"][within], size)[truth.account]
    return truth, paid[truth.account], np.clip(cents, 0, truth.cents)


def test_the_demo_size_is_enough_to_train_both_models(tables: duckdb.DuckDBPyConnection) -> None:
    decided = fetch_number(tables, "SELECT count(*) FROM appeals WHERE outcome IS NOT NULL")
    assert decided / 2 >= 1500
    undecided = f"""SELECT count(*) FROM denials WHERE denied_on >= DATE '{AS_OF - timedelta(days=180)}'
        AND denial_id NOT IN (SELECT denial_id FROM appeals WHERE outcome IS NOT NULL)"""
    assert fetch_number(tables, undecided) / 2 >= 300


def test_denials_are_resolved_by_correction_by_appeal_or_not_at_all_and_some_at_random(simulated: Simulated) -> None:
    outcomes, real = simulated.hospital.outcomes, simulated.hospital.denials.real
    appealed = ~np.isnan(outcomes.overturn_odds)
    assert 0.25 < outcomes.resubmitted[real].mean() < 0.55
    assert 0.04 < outcomes.random[real].mean() < 0.08
    assert appealed[outcomes.random].mean() == pytest.approx(0.5, abs=0.06)
    assert not appealed[~real].any()


def test_staff_appeal_the_largest_first_but_the_randomized_sample_is_not_selected(simulated: Simulated) -> None:
    outcomes, denials = simulated.hospital.outcomes, simulated.hospital.denials
    appealed = ~np.isnan(outcomes.overturn_odds)
    middle = np.median(denials.cents[denials.real])
    assert np.median(denials.cents[denials.real & appealed]) > 1.15 * middle
    by_coin = outcomes.random & appealed
    alone = np.median(denials.cents[outcomes.random & ~appealed])
    assert np.median(denials.cents[by_coin]) == pytest.approx(alone, rel=0.25)


def test_some_flags_end_and_some_start_after_the_account_opens(tables: duckdb.DuckDBPyConnection) -> None:
    assert fetch_number(tables, "SELECT count(DISTINCT flag) FROM flags WHERE ended_on IS NOT NULL") >= 4
    later = """SELECT count(*) FROM flags JOIN accounts ON subject_id = guarantor_id
        WHERE flag = 'bankruptcy' AND known_on {} opened_on"""
    assert fetch_number(tables, later.format(">")) > 20
    assert fetch_number(tables, later.format("<")) > 20


def test_the_ledger_shows_kept_and_broken_promises(tables: duckdb.DuckDBPyConnection) -> None:
    kept_share = f"""SELECT avg(CASE WHEN EXISTS (SELECT 1 FROM transactions AS t WHERE t.account_id = p.account_id
            AND t.kind = 'patient_payment' AND t.posted_on BETWEEN p.made_on AND p.due_on + 3) THEN 1 ELSE 0 END)
        FROM promises AS p WHERE due_on < DATE '{AS_OF}' - 10"""
    assert 0.45 < fetch_number(tables, kept_share) < 0.80


def test_every_rule_fires_in_every_one_of_its_segments(views: duckdb.DuckDBPyConnection) -> None:
    firings = count_firings(views)
    assert len(firings) > 200
    assert list_silent_rules(firings) == []


def test_a_rule_that_never_fires_in_a_segment_is_named() -> None:
    silent = list_silent_rules([Firing("a claim is denied", "auto", 0), Firing("a claim is denied", "military", 3)])
    assert silent == ["a claim is denied: never fired (auto)"]


def test_patients_owe_more_in_winter_because_deductibles_reset(simulated: Simulated) -> None:
    claims, visits = simulated.hospital.claims, simulated.hospital.visits
    commercial = np.array([payer.payer_class == "commercial" for payer in PAYERS])[claims.payer]
    month = calendar_month(visits.service[claims.account])

    def left(*months: int) -> float:
        here = commercial & np.isin(month, months)
        return float(claims.share[here].sum() / claims.allowed[here].sum())

    assert left(1, 2, 3) > 1.1 * left(10, 11, 12)


def test_tax_refunds_raise_spring_payments_most_for_patients_with_low_ability_to_pay(simulated: Simulated) -> None:
    hospital = simulated.hospital
    rows = hospital.journal.cycles.collect()
    free = rows["on_plan"] == 0
    guarantor = hospital.visits.guarantor[rows["account"]]
    month, ability = calendar_month(rows["day"].astype(np.int64)), hospital.people.ability[guarantor]

    def lift(group: np.ndarray) -> float:
        spring = rows["chance"][free & group & np.isin(month, (2, 3, 4))].mean()
        return float(spring / rows["chance"][free & group & np.isin(month, (8, 9, 10, 11))].mean())

    assert lift(ability < -0.5) > lift(ability > 0.5) > 1


def test_a_payer_denies_more_after_its_policy_change(simulated: Simulated) -> None:
    hospital = simulated.hospital
    payer = TIGHTENING_PAYER
    denied = np.zeros(hospital.claims.size, dtype=bool)
    denied[hospital.denials.claim[hospital.denials.real]] = True
    mine = hospital.claims.payer == payer
    after = hospital.claims.remitted >= hospital.as_of - TIGHTENING_DAYS
    assert denied[mine & after].mean() > 1.15 * denied[mine & ~after].mean()


def test_a_new_payer_takes_over_employers_from_its_first_day(tables: duckdb.DuckDBPyConnection) -> None:
    first, share = tables.execute(f"""SELECT min(opened_on) FILTER (payer_id = '0406'),
        count(*) FILTER (payer_id = '0406') / count(*) FROM accounts JOIN coverages USING (account_id)
        JOIN payers USING (payer_id) WHERE payer_class = 'commercial' AND priority = 1
        AND opened_on >= DATE '{AS_OF}' - 420""").fetchall()[0]
    assert (AS_OF - first).days == 420
    assert 0.10 < share < 0.25
    before = f"""SELECT count(*) FROM accounts JOIN coverages USING (account_id)
        WHERE payer_id = '0406' AND opened_on < DATE '{AS_OF}' - 420"""
    assert fetch_number(tables, before) == 0


def test_staff_call_the_largest_and_oldest_first_but_randomized_calls_do_not(simulated: Simulated) -> None:
    rows = simulated.hospital.journal.cycles.collect()
    spoken, coin = rows["called"] >= 0, rows["arm"] >= 0
    free = rows["on_plan"] == 0
    for column in ("cents", "age"):
        chosen = rows[column][free & ~coin & spoken].mean() / rows[column][free & ~coin & ~spoken].mean()
        drawn = rows[column][coin & (rows["arm"] == CALLED)].mean() / rows[column][coin & (rows["arm"] == 0)].mean()
        assert chosen > 1.2
        assert drawn == pytest.approx(1, abs=0.15)


def test_plans_are_paid_off_broken_or_active(tables: duckdb.DuckDBPyConnection) -> None:
    reasons = dict(tables.execute("SELECT end_reason, count(*) FROM payment_plans GROUP BY end_reason").fetchall())
    assert set(reasons) == {"paid in full", "missed installments", None}
    assert min(reasons.values()) > 50
