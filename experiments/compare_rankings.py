"""Compares scores with baselines on the same rows, by period, as tables."""

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

PAYRANK = "payrank"


@dataclass(frozen=True, slots=True)
class Period:
    """One period: its name, the outcome of each row (0 or 1), and each ranking's scores of the same rows.

    `probabilities` are the names of the rankings whose scores are probabilities; these also get a Brier score.
    """

    name: str
    label: Floats
    scores: Mapping[str, Floats]
    probabilities: tuple[str, ...] = ()


def find_data(folder: str, path: Path | None) -> Path:
    """Return the data of an experiment: `path` if it is given, or the folder in PAYRANK_DATA or ../shared/data."""
    if path is not None:
        return path
    root = Path(os.environ.get("PAYRANK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    data = root / folder
    if not data.exists():
        raise SystemExit(f"no data at {data}; give a file or folder with --data, or set PAYRANK_DATA")
    return data


def auc_table(periods: list[Period]) -> pd.DataFrame:
    """Return the AUC of each ranking in each period, and the mean over the periods."""
    table = pd.DataFrame(
        {
            period.name: {name: roc_auc_score(period.label, score) for name, score in period.scores.items()}
            for period in periods
        }
    )
    table["mean"] = table.mean(axis=1)
    return table


def brier_table(periods: list[Period]) -> pd.DataFrame:
    """Return the Brier score of each ranking with probabilities, by period, and the mean over the periods."""
    table = pd.DataFrame(
        {
            period.name: {name: brier_score_loss(period.label, period.scores[name]) for name in period.probabilities}
            for period in periods
        }
    )
    table["mean"] = table.mean(axis=1)
    return table


def print_table(title: str, table: pd.DataFrame) -> None:
    """Print a table as Markdown, ready for the experiment's README."""
    print(f"\n{title}\n")
    print("| | " + " | ".join(str(column) for column in table.columns) + " |")
    print("|---" * (len(table.columns) + 1) + "|")
    for name, row in table.iterrows():
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + " |")


def logistic(train: pd.DataFrame, label: Floats, test: pd.DataFrame) -> Floats:
    """Return probabilities of a logistic regression on one-hot categories (rare ones pooled) and scaled numbers."""
    categories = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    numbers = [name for name in train if name not in categories]
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    columns = ColumnTransformer([("categories", one_hot, categories), ("numbers", StandardScaler(), numbers)])
    model = make_pipeline(columns, LogisticRegression(max_iter=2000))
    fitted = model.fit(train, label)
    probability: Floats = fitted.predict_proba(test)[:, 1]
    return probability


def rate_by(train: pd.Series, label: Floats, test: pd.Series) -> Floats:
    """Return each category's outcome rate in the training rows; an unseen category has the overall rate."""
    rates = pd.Series(label, index=train.index).groupby(train).mean()
    rate: Floats = np.asarray(test.map(rates).fillna(label.mean()), dtype=np.float64)
    return rate
