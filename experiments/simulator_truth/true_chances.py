"""The true chances that the simulated hospital hides: of a day's balances and open denials."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from payrank.simulator.claims.overturns import WITHDRAWN_SHARE, WON_SHARE, appeal_days
from payrank.simulator.hospital import Hospital
from payrank.simulator.randomness import Integers
from payrank.simulator.tables.ids import account_ids, denial_ids
from payrank.simulator.truth.denial_truth import overturn_truth
from payrank.simulator.truth.payment_truth import payment_truth

EPOCH = date(1970, 1, 1)


def true_payments(hospital: Hospital, as_of: date, horizon_days: int) -> pd.DataFrame:
    """Return `chance` and `dollars` of each open balance, by `unit_id`, if the office keeps working as usual."""
    truth = payment_truth(hospital, (as_of - EPOCH) // timedelta(days=1), horizon_days)
    return pd.DataFrame(
        {
            "unit_id": account_ids(truth.account)(slice(None)).to_pandas(),
            "chance": truth.usual.probability,
            "dollars": truth.usual.cents / 100,
        }
    )


def true_overturns(hospital: Hospital, as_of: date) -> pd.DataFrame:
    """Return `chance` and `dollars` of each denial, by `unit_id`, if it is appealed when staff usually would.

    That is after the mean wait of denials that reached its age, and before its deadline; each day of waiting lowers the
    odds. `chance` is the chance to win at some level once decided, as in the label (withdrawn appeals have no label).
    Rejected claims that are not denials are left out.
    """
    denials = hospital.denials
    age = np.maximum((as_of - EPOCH) // timedelta(days=1) - denials.day, 0)
    limit = appeal_days(hospital.claims, denials)
    age = np.maximum(age, np.minimum(age + usual_wait(hospital)[age], limit))
    now, fresh = overturn_truth(hospital, age), overturn_truth(hospital, 0)
    real = denials.real & (fresh.without_appeal > 0)
    # A corrected claim recovers the full value, so its dollars divided by its chance are the value of a denial.
    worth = fresh.dollars_without_appeal[real] / fresh.without_appeal[real]
    won = now.dollars_with_appeal[real] / (WON_SHARE * np.maximum(worth, 1e-9))
    return pd.DataFrame(
        {
            "unit_id": denial_ids(np.flatnonzero(real))(slice(None)).to_pandas(),
            "chance": np.where(worth > 0, np.minimum(won / (1 - WITHDRAWN_SHARE), 1.0), now.with_appeal[real]),
            "dollars": now.dollars_with_appeal[real],
        }
    )


def usual_wait(hospital: Hospital) -> Integers:
    """Return, for each age of a denial in days, the mean further wait of first appeals that were filed later."""
    rows = hospital.outcomes.rows.collect()
    first = rows["level"] == 1
    delay = np.sort((rows["filed"] - hospital.denials.day[rows["denial"]])[first].astype(np.int64))
    ages = np.arange(int(hospital.as_of - hospital.denials.day.min()) + 1)
    later = np.searchsorted(delay, ages)
    left = np.append(np.cumsum(delay[::-1])[::-1], 0)[later] / np.maximum(len(delay) - later, 1)
    return np.maximum(np.rint(left - ages), 0).astype(np.int64)
