"""The checks of the simulated hospital detect a broken rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from payrank.simulator import data_noise, simulate
from payrank.simulator.claims import overturns, takebacks
from payrank.simulator.claims.appeals import STAFF_LOG_ODDS
from payrank.simulator.facts.check_facts import list_silent_rules, list_violations, measure_facts
from payrank.simulator.facts.fact_views import open_views
from payrank.simulator.facts.rule_firings import count_firings
from payrank.simulator.patients import behavior
from payrank.simulator.population import benefit_limits, duplicates
from payrank.simulator.population.payers import DENIAL_RATE

pytestmark = pytest.mark.slow

AS_OF = date(2026, 11, 1)

BROKEN = (
    "bills over $7,500",
    "collected after insurance, all",
    "collected, $1,201 to $1,450",
    "collected, true self-pay",
    "denials appealed",
    "initial denials, Medicare Advantage",
    "initial denials, all, by value",
    "initial denials, commercial",
    "overturned after 60 days",
    "overturned, billing",
    "payments within 16 days",
    "statements per payment",
    "$1,451 to $5,000 does not exceed",
)
SILENT = (
    "benefits run out: never fired (auto)",
    "a person has a duplicate number: never fired (merged)",
    "an insurer recoups a payment: never fired (in full)",
    "misapplied cash is moved to the correct account: never fired (moved)",
)


ACCOUNTS, SEED = 15_000, 29


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the failures of a hospital in which one rule of each type is broken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(behavior, "BANDS", np.zeros_like(behavior.BANDS))
        patch.setattr(behavior, "AGES", np.zeros_like(behavior.AGES))
        patch.setattr(behavior, "SELF_PAY_EFFECT", 0.0)
        patch.setattr(overturns, "DAILY_LOSS", 0.05)
        patch.setattr(takebacks, "TAKEBACK_SHARE", 0.0)
        patch.setattr(data_noise, "MISAPPLIED", 0.0)
        patch.setattr(duplicates, "SHARE", 0.0)
        patch.setattr(benefit_limits, "EXHAUSTION_CHANCE", {})
        for kind in STAFF_LOG_ODDS:
            patch.setitem(STAFF_LOG_ODDS, kind, STAFF_LOG_ODDS[kind] - 1.5)
        for payer_class in DENIAL_RATE:
            patch.setitem(DENIAL_RATE, payer_class, 1.6 * DENIAL_RATE[payer_class])
        return _check(tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="module")
def unbroken_messages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the failures of the same hospital with no rule broken. It is small, so some facts fail by chance."""
    return _check(tmp_path_factory.mktemp("sound"))


@pytest.mark.parametrize("text", [*BROKEN, *SILENT])
def test_a_broken_rule_is_named_and_an_unbroken_one_is_not(
    messages: list[str], unbroken_messages: list[str], text: Any
) -> None:
    assert any(text in message for message in messages), messages
    assert not any(text in message for message in unbroken_messages)


def _check(folder: Path) -> list[str]:
    simulate(folder, accounts=ACCOUNTS, seed=SEED, as_of=AS_OF, truth=True)
    with open_views(folder, AS_OF) as views:
        return list_violations(measure_facts(views)) + list_silent_rules(count_firings(views))
