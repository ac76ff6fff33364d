"""The best possible ranking: a ceiling that assumes the true probabilities are known. No honest model beats it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from payrank.extracts.contract.source_file import quote_path
from payrank.extracts.errors import WrongUsageError
from payrank.features.arrays import Floats

TRUTH_FOLDER = "truth"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The best results possible for a worklist of `capacity` balances or denials.

    `auc` is the expected AUC of the true probabilities. `dollars` is the expected amount from the best list when ranked
    by expected dollars; `all_dollars` is the total for all units. `gained` is what working the best list adds when
    ranked by the effect of working; `all_gained` is the total effect if every unit were worked.
    """

    units: int
    capacity: int
    auc: float
    dollars: float
    all_dollars: float
    gained: float
    all_gained: float


def best_auc(chances: Floats) -> float:
    """Return the expected AUC of true probabilities against the outcomes they generate.

    Each pair counts with the probability that the first unit has the outcome and the second does not. Ties count half.

    >>> best_auc(np.array([0.0, 1.0]))
    1.0
    >>> best_auc(np.array([0.3, 0.3, 0.3]))
    0.5
    """
    values, where = np.unique(chances, return_inverse=True)
    count = np.bincount(where).astype(np.float64)
    yes, no = count * values, count * (1 - values)
    # A unit is not a pair with itself, so subtract its own term from the ties.
    ties = yes * no - count * values * (1 - values)
    below = np.concatenate([[0.0], np.cumsum(no)[:-1]])
    pairs = yes.sum() * no.sum() - (count * values * (1 - values)).sum()
    return float(((yes * below).sum() + ties.sum() / 2) / pairs)


def best_dollars(expected: Floats, capacity: int) -> float:
    """Return the expected dollars of the best list of that size.

    >>> best_dollars(np.array([5.0, 90.0, 20.0]), 2)
    110.0
    """
    return float(np.sort(expected)[::-1][:capacity].sum())


def best_payment(folder: Path, as_of: date, capacity: int) -> Ceiling:
    """Return the ceiling for patient balances, from the truth that `simulate(..., truth=True)` wrote to `folder`.

    Raises
    ------
    WrongUsageError
        If the folder has no truth, or none for that date.
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
    """Return the ceiling for denials that are all `age` days old, if each were appealed on that day.

    Raises
    ------
    WrongUsageError
        If the folder has no truth, or none for that age.
    """
    columns = ("with_appeal", "dollars_with_appeal", "dollars_with_appeal", "dollars_without_appeal")
    return _ceiling(folder, "denial_ages", "age_days", age, columns, capacity)


def _ceiling(folder: Path, name: str, key: str, value: date | int, columns: tuple[str, ...], capacity: int) -> Ceiling:
    path = folder / TRUTH_FOLDER / f"{name}.parquet"
    if not path.is_file():
        raise WrongUsageError(f"no truth in {folder}: simulate the folder again with truth=True")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW source AS SELECT * FROM read_parquet({quote_path(path)})")
        rows = connection.execute(
            f"SELECT {', '.join(f'{c} AS c{n}' for n, c in enumerate(columns))} FROM source WHERE {key} = ?",
            [value],
        ).fetchnumpy()
        days = connection.execute(f"SELECT DISTINCT {key} FROM source ORDER BY 1").fetchall()
    chances, dollars, worked, left = (np.asarray(rows[f"c{number}"], dtype=np.float64) for number in range(4))
    if not len(chances):
        available = ", ".join(str(day) for (day,) in days[-6:])
        raise WrongUsageError(f"no truth for {key} {value} in {folder}: the available values are {available}")
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
