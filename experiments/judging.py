"""How an experiment is judged: scores and baselines on the same rows, one period at a time, as a table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from payrank.features.arrays import Floats

OURS = "payrank"


@dataclass(frozen=True, slots=True)
class Period:
    """One period: its name, the outcome of each row (0 or 1), and what each ranking says of the same rows.

    `probabilities` names the rankings whose scores are probabilities: their Brier scores are shown too.
    """

    name: str
    label: Floats
    scores: Mapping[str, Floats]
    probabilities: tuple[str, ...] = ()


def find_data(folder: str, given: Path | None) -> Path:
    """Return the data of an experiment: what was given, or the folder in PAYRANK_DATA or ../shared/data."""
    if given is not None:
        return given
    home = Path(os.environ.get("PAYRANK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    found = home / folder
    if not found.exists():
        raise SystemExit(f"no data at {found}: name a file or folder with --data, or set PAYRANK_DATA")
    return found


def auc_table(periods: list[Period]) -> pd.DataFrame:
    """Return the AUC of each ranking in each period, and the mean of the periods."""
    table = pd.DataFrame(
        {
            period.name: {name: roc_auc_score(period.label, score) for name, score in period.scores.items()}
            for period in periods
        }
    )
    table["mean"] = table.mean(axis=1)
    return table


def brier_table(periods: list[Period]) -> pd.DataFrame:
    """Return the Brier score of each ranking that gives probabilities, and the mean of the periods."""
    table = pd.DataFrame(
        {
            period.name: {name: brier_score_loss(period.label, period.scores[name]) for name in period.probabilities}
            for period in periods
        }
    )
    table["mean"] = table.mean(axis=1)
    return table


def show(title: str, table: pd.DataFrame) -> None:
    """Print a table of figures as Markdown, ready for the experiment's README."""
    print(f"\n{title}\n")
    print("| | " + " | ".join(str(column) for column in table.columns) + " |")
    print("|---" * (len(table.columns) + 1) + "|")
    for name, row in table.iterrows():
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + " |")


def logistic(train: pd.DataFrame, label: Floats, test: pd.DataFrame) -> Floats:
    """Return the probabilities of a logistic regression: categories one-hot (rare ones pooled), numbers scaled."""
    words = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    numbers = [name for name in train if name not in words]
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    columns = ColumnTransformer([("words", one_hot, words), ("numbers", StandardScaler(), numbers)])
    model = make_pipeline(columns, LogisticRegression(max_iter=2000))
    fitted = model.fit(train, label)
    probability: Floats = fitted.predict_proba(test)[:, 1]
    return probability


def rate_by(train: pd.Series, label: Floats, test: pd.Series) -> Floats:
    """Return the outcome rate of each category in the training rows, the overall rate for a category not seen."""
    rates = pd.Series(label, index=train.index).groupby(train).mean()
    return test.map(rates).fillna(label.mean()).to_numpy(dtype=np.float64)
