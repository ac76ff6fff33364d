"""The truth written with a simulated extract agrees with the simulator's draws and randomized samples."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from payrank.extracts.errors import WrongUsageError
from payrank.simulator import Simulated, simulate
from payrank.simulator.claims.appeals import PARTIAL, WITHDRAWN
from payrank.simulator.claims.recoveries import recovered_cents
from payrank.simulator.truth.best_possible import best_auc, best_dollars, best_overturn, best_payment
from payrank.simulator.truth.denial_truth import AGES, overturn_truth
from payrank.simulator.truth.payment_truth import payment_truth

AS_OF = date(2026, 11, 1)
HORIZON = 120


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("truth"), accounts=25_000, seed=8, as_of=AS_OF, truth=True)


def fetch_row(folder: Path, sql: str) -> tuple[Any, ...]:
    with duckdb.connect() as connection:
        for path in [*folder.glob("*.parquet"), *(folder / "truth").glob("*.parquet")]:
            name = path.stem if path.parent == folder else f"truth_{path.stem}"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
        return connection.execute(sql).fetchall()[0]


def test_a_call_helps_on_average_and_changes_nothing_for_accounts_that_may_not_be_called(simulated: Simulated) -> None:
    truth = payment_truth(simulated.hospital, simulated.hospital.as_of - 200, HORIZON)
    gain = truth.with_call.probability - truth.without_call.probability
    assert 0.02 < gain.mean() < 0.10
    assert (gain == 0).mean() > 0.02
    assert (truth.usual.probability <= np.maximum(truth.with_call.probability, truth.without_call.probability)).all()


def test_appeals_succeed_as_often_and_recover_as_much_as_the_truth_predicts(simulated: Simulated) -> None:
    hospital = simulated.hospital
    denials, outcomes = hospital.denials, hospital.outcomes
    rows = outcomes.rows.collect()
    first = rows["level"] == 1
    denial = rows["denial"][first]
    age = np.zeros(denials.size, dtype=np.int64)
    age[denial] = rows["filed"][first] - denials.day[denial]
    truth = overturn_truth(hospital, age)
    decided = rows["outcome"][first] != WITHDRAWN
    won = rows["outcome"][first] <= PARTIAL
    assert truth.with_appeal[denial[decided]].mean() == pytest.approx(won[decided].mean(), abs=0.02)
    randomized = outcomes.random[denial] & decided
    assert truth.with_appeal[denial[randomized]].mean() == pytest.approx(won[randomized].mean(), abs=0.06)
    _, allowed, patient = recovered_cents(hospital.claims, denials, outcomes.recovered)
    surprise = (allowed - patient)[denial] / 100 - truth.dollars_with_appeal[denial]
    error = np.sqrt((surprise**2).sum())
    assert error < 0.06 * truth.dollars_with_appeal[denial].sum()
    assert abs(surprise.sum()) < 3 * error


def test_a_denial_randomized_to_no_appeal_recovers_nothing(simulated: Simulated) -> None:
    outcomes = simulated.hospital.outcomes
    alone = outcomes.random & np.isnan(outcomes.overturn_odds)
    assert alone.sum() > 60
    assert not outcomes.recovered[alone].any()


def test_corrected_claims_are_paid_as_often_as_the_truth_predicts(simulated: Simulated) -> None:
    hospital = simulated.hospital
    truth, corrected = overturn_truth(hospital, 0), hospital.outcomes.resubmitted
    assert truth.without_appeal.mean() == pytest.approx(corrected.mean(), abs=0.02)
    waited = hospital.outcomes.resolved - hospital.denials.day
    left = ~corrected | (waited > 45)
    later = overturn_truth(hospital, 45).without_appeal[left]
    assert later.mean() == pytest.approx((corrected & left).sum() / left.sum(), abs=0.02)


def test_a_denial_that_cannot_be_appealed_gains_nothing_from_an_appeal_but_may_be_paid_on_a_new_claim(
    simulated: Simulated,
) -> None:
    denials, truth = simulated.hospital.denials, overturn_truth(simulated.hospital, 10)
    closed = denials.real & ~denials.appealable
    assert closed.sum() > 100
    assert not truth.with_appeal[closed].any()
    assert not truth.dollars_with_appeal[closed].any()
    assert (truth.without_appeal[closed] > 0).all()
    assert (truth.with_appeal[denials.appealable] > 0).all()


def test_overturn_probabilities_fall_with_age(simulated: Simulated) -> None:
    folder = simulated.folder
    rising = """SELECT count(*) FROM truth_denial_ages AS a JOIN truth_denial_ages AS b USING (denial_id)
        WHERE b.age_days > a.age_days AND b.with_appeal > a.with_appeal"""
    assert fetch_row(folder, rising) == (0,)
    ages = "SELECT count(DISTINCT age_days), count(*) / count(DISTINCT denial_id) FROM truth_denial_ages"
    assert fetch_row(folder, ages) == (len(AGES), len(AGES))


def test_expected_dollars_are_between_zero_and_the_balance(simulated: Simulated) -> None:
    wrong = """SELECT count(*) FROM truth_payments WHERE NOT (probability BETWEEN 0 AND 1)
        OR NOT (dollars BETWEEN 0 AND patient_balance + 0.005) OR dollars_with_call > patient_balance + 0.005
        OR patient_balance < 10"""
    assert fetch_row(simulated.folder, wrong) == (0,)
    snapshots = fetch_row(simulated.folder, "SELECT count(DISTINCT as_of), max(as_of) FROM truth_payments")
    assert snapshots == (37, AS_OF)


def test_balances_in_the_truth_match_the_ledger_on_that_day(simulated: Simulated) -> None:
    day = AS_OF - timedelta(days=150)
    differing = f"""SELECT count(*), count(*) FILTER (owed <> patient_balance) FROM truth_payments JOIN (
        SELECT account_id, sum(amount) AS owed FROM transactions
        WHERE responsibility = 'patient' AND posted_on < DATE '{day}' GROUP BY account_id) USING (account_id)
        WHERE as_of = DATE '{day}'"""
    rows, wrong = fetch_row(simulated.folder, differing)
    assert rows > 1000
    assert wrong == 0


def test_the_best_auc_equals_the_sum_over_all_pairs() -> None:
    rng = np.random.default_rng(1)
    chances = np.round(rng.beta(1, 3, 60), 1)
    pairs = chances[:, None] * (1 - chances[None, :])
    np.fill_diagonal(pairs, 0)
    ranks = (chances[:, None] > chances[None, :]) + 0.5 * (chances[:, None] == chances[None, :])
    assert best_auc(chances) == pytest.approx((pairs * ranks).sum() / pairs.sum())


def test_no_ranking_beats_the_best_possible(simulated: Simulated) -> None:
    day = AS_OF - timedelta(days=120)
    best = best_payment(simulated.folder, day, 500)
    largest = fetch_row(
        simulated.folder,
        f"""SELECT count(*), sum(dollars), sum(CASE WHEN place <= 500 THEN dollars END) FROM (SELECT dollars,
            row_number() OVER (ORDER BY patient_balance DESC) AS place FROM truth_payments
            WHERE as_of = DATE '{day}')""",
    )
    assert best.units == largest[0]
    assert best.all_dollars == pytest.approx(largest[1])
    assert largest[2] < best.dollars < best.all_dollars
    assert 0 < best.gained < best.all_gained < best.all_dollars
    assert 0.72 < best.auc < 0.85
    fresh, old = best_overturn(simulated.folder, 0, 100), best_overturn(simulated.folder, 120, 100)
    assert fresh.units == old.units
    assert fresh.dollars > old.dollars >= old.gained > 0
    assert best_dollars(np.array([3.0, 1.0, 2.0]), 2) == 5.0


def test_a_folder_without_truth_or_a_day_without_a_snapshot_is_refused_with_the_remedy(
    simulated: Simulated, tmp_path: Path
) -> None:
    with pytest.raises(WrongUsageError, match=r"no truth in .*: simulate the folder again with truth=True"):
        best_payment(tmp_path, AS_OF, 10)
    with pytest.raises(WrongUsageError, match=r"no truth for as_of 2026-10-31 .*the available values are .*2026-11-01"):
        best_payment(simulated.folder, AS_OF - timedelta(days=1), 10)


def test_the_same_seed_writes_identical_truth(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        simulate(folder, accounts=300, seed=5, as_of=AS_OF, truth=True)
    names = sorted(path.name for path in (first / "truth").iterdir())
    assert all((first / "truth" / n).read_bytes() == (second / "truth" / n).read_bytes() for n in names)
    assert all(path.stat().st_mode & 0o077 == 0 for path in [first / "truth", *(first / "truth").iterdir()])
