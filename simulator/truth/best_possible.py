"""How well anyone could do who knew each chance: the ceiling that no honest model passes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from payrank.extracts.contract.source_file import quote_path
from payrank.extracts.errors import WrongUsageError
from payrank.simulator.randomness import Floats

TRUTH_FOLDER = "truth"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The best that a list of `capacity` balances or denials can do on a day.

    `auc` is the expected AUC of the true chances themselves. `dollars` are expected of the listed when they are ranked
    by what they will bring, of `all_dollars` in all. `gained` is what working the best list adds, ranked by what the
    work changes, of `all_gained` if everyone were worked.
    """

    units: int
    capacity: int
    auc: float
    dollars: float
    all_dollars: float
    gained: float
    all_gained: float


def best_auc(chances: Floats) -> float:
    """Return the expected AUC of true chances against the outcomes that they bring.

    Each pair of units counts by how likely the first has the outcome and the second has not; ties count half.

    >>> best_auc(np.array([0.0, 1.0]))
    1.0
    >>> best_auc(np.array([0.3, 0.3, 0.3]))
    0.5
    """
    values, where = np.unique(chances, return_inverse=True)
    count = np.bincount(where).astype(np.float64)
    yes, no = count * values, count * (1 - values)
    # A unit is no pair with itself: its own share leaves the ties.
    ties = yes * no - count * values * (1 - values)
    below = np.concatenate([[0.0], np.cumsum(no)[:-1]])
    pairs = yes.sum() * no.sum() - (count * values * (1 - values)).sum()
    return float(((yes * below).sum() + ties.sum() / 2) / pairs)


def best_dollars(expected: Floats, capacity: int) -> float:
    """Return the dollars expected of the best list of that size.

    >>> best_dollars(np.array([5.0, 90.0, 20.0]), 2)
    110.0
    """
    return float(np.sort(expected)[::-1][:capacity].sum())


def best_payment(folder: Path, as_of: date, capacity: int) -> Ceiling:
    """Return the ceiling of a patient list from a truth that `simulate(..., truth=True)` wrote into `folder`.

    Raises
    ------
    WrongUsageError
        When the folder holds no truth, or none of that day.
    """
    return _ceiling(
        folder,
        "payments",
        "as_of",
        as_of,
        ("probability", "dollars", "dollars_with_call", "dollars_without_call"),
        capacity,
    )


def best_overturn(folder: Path, age: int, capacity: int) -> Ceiling:
    """Return the ceiling of a list of denials that are all `age` days old, if each were appealed on that day.

    Raises
    ------
    WrongUsageError
        When the folder holds no truth, or none of that age.
    """
    columns = ("with_appeal", "dollars_with_appeal", "dollars_with_appeal", "dollars_without_appeal")
    return _ceiling(folder, "denial_ages", "age_days", age, columns, capacity)


def _ceiling(folder: Path, name: str, key: str, wanted: date | int, columns: tuple[str, ...], capacity: int) -> Ceiling:
    path = folder / TRUTH_FOLDER / f"{name}.parquet"
    if not path.is_file():
        raise WrongUsageError(
            f"no truth in {folder}: allowed is a folder that was simulated with its truth; write it anew"
        )
    with duckdb.connect() as own:
        own.execute(f"CREATE VIEW source AS SELECT * FROM read_parquet({quote_path(path)})")
        found = own.execute(
            f"SELECT {', '.join(f'{c} AS c{n}' for n, c in enumerate(columns))} FROM source WHERE {key} = ?",
            [wanted],
        ).fetchnumpy()
        days = own.execute(f"SELECT DISTINCT {key} FROM source ORDER BY 1").fetchall()
    chances, dollars, worked, left = (np.asarray(found[f"c{number}"], dtype=np.float64) for number in range(4))
    if not len(chances):
        allowed = ", ".join(str(day) for (day,) in days[-6:])
        raise WrongUsageError(f"no truth for {key} {wanted} in {folder}: allowed are {allowed}; ask for one of them")
    gain = np.maximum(worked - left, 0)
    return Ceiling(
        units=len(chances),
        capacity=capacity,
        auc=best_auc(chances),
        dollars=best_dollars(dollars, capacity),
        all_dollars=float(dollars.sum()),
        gained=best_dollars(gain, capacity),
        all_gained=float(gain.sum()),
    )
