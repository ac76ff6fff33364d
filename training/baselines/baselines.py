"""Baselines on the same rows: what offices do today, tables of past rates, a scorecard, and a logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from payrank.features.arrays import Floats
from payrank.features.feature import Feature
from payrank.models.calibration.methods import sigmoid
from payrank.training.baselines.scorecard import fit_scorecard
from payrank.training.evaluate.holdout import Forecast, amounts_known
from payrank.training.evaluate.metrics import measure_probabilities

AGING_BUCKETS = (31, 61, 91, 121, 181, 366)
"""First day of each aging bucket after 0-30: 31-60, 61-90, 91-120, 121-180, 181-365, and over a year."""
SMOOTHING = 20.0
"""Rows with the overall rate that are added to each cell of a rate table."""
MAX_LOGISTIC_ROWS = 20_000


_MEANINGS = {
    "majority": "the same probability for everyone",
    "rate_by_age": "past rate by age",
    "rate_by_aging_bucket": "past rate by days owed",
    "logistic": "logistic regression on all features",
    "oldest_first": "oldest first",
    "newest_first": "newest first",
    "largest_first": "largest amount first",
    "value_by_payer_and_age": "past value by payer class and aging bucket",
    "scorecard": "points scorecard",
}


def describe_baseline(name: str) -> str:
    """Return what a baseline ranks by.

    >>> describe_baseline("rate_by_payer_class")
    'past rate by payer class'
    """
    return _MEANINGS.get(name) or "past " + name.replace("_", " ")


def forecast_baselines(
    fitted: pd.DataFrame, later: pd.DataFrame, features: Sequence[Feature], category: str | None
) -> dict[str, Forecast]:
    """Fit each baseline on the fitted rows and return its forecast of the later ones.

    Parameters
    ----------
    fitted, later
        Rows of a training frame, before and in a period.
    features
        The catalog.
    category
        The category whose past rates are a baseline; see `choose_category`.
    """
    base = float(fitted["label"].mean())
    card = fit_scorecard(fitted, [feature for feature in features if feature.modeled])
    cells, later_cells = payer_and_age(fitted), payer_and_age(later)
    probabilities = {
        "majority": np.full(len(later), base),
        "rate_by_age": rate_table(aging_bucket(fitted), fitted["label"], aging_bucket(later)),
        "value_by_payer_and_age": rate_table(cells, fitted["label"], later_cells),
        "logistic": logistic(fitted, later, features),
        "scorecard": sigmoid(card.log_odds(later)),
    }
    if category is not None:
        probabilities[f"rate_by_{category}"] = rate_table(fitted[category], fitted["label"], later[category])
    in_dollars = amounts_known(later)
    amount = later["amount"].to_numpy(dtype=np.float64, na_value=np.nan)
    forecasts = {
        name: Forecast(p, p, p * np.nan_to_num(amount) if in_dollars else p) for name, p in probabilities.items()
    }
    forecasts["scorecard"] = replace(forecasts["scorecard"], score=card.points(later))
    if in_dollars:
        worth = share_table(cells, fitted, later_cells) * np.nan_to_num(amount)
        forecasts["value_by_payer_and_age"] = replace(forecasts["value_by_payer_and_age"], worth=worth)
    age = later["age_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    for name, order in {"oldest_first": age, "newest_first": -age, "largest_first": amount}.items():
        if not np.isnan(order).all():
            known = np.nan_to_num(order, nan=-np.inf)
            forecasts[name] = Forecast(known, None, known)
    return forecasts


def payer_and_age(data: pd.DataFrame) -> pd.Series:
    """Return the cell of each row by payer and aging bucket.

    The payer is its class, or the payer ID if no class is known. A row without either has only its aging bucket.
    """
    payers = name_payers(data)
    if payers is None and "row_payer_id" in data:
        payers = data["row_payer_id"]
    payer = payers.astype(object) if payers is not None else pd.Series("", index=data.index, dtype=object)
    return payer.where(payer.notna(), "") + " " + aging_bucket(data).astype(str)


def name_payers(data: pd.DataFrame) -> pd.Series | None:
    """Return the payer's class of each row, where a feature holds it, else None: ids of payers are not for showing."""
    if "payer_class" in data and data["payer_class"].notna().any():
        return data["payer_class"]
    return None


def share_table(keys: pd.Series, fitted: pd.DataFrame, later: pd.Series) -> Floats:
    """Return the past share recovered of the amount for each later row's key, shrunk towards the overall share."""
    known = fitted["amount"].notna() & fitted["recovered"].notna()
    money = fitted.loc[known, ["amount", "recovered"]].astype(float)
    total = money.sum()
    overall = float(total["recovered"] / total["amount"]) if total["amount"] > 0 else 0.0
    cells = money.groupby(keys[known].to_numpy()).sum()
    prior = SMOOTHING * float(total["amount"]) / max(len(money), 1)
    rates = (cells["recovered"] + prior * overall) / (cells["amount"] + prior) if prior else cells["recovered"] * 0.0
    rate = later.map(rates.to_dict()).to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(rate), overall, rate)


def aging_bucket(data: pd.DataFrame) -> pd.Series:
    """Return the aging bucket of each row (0 is 0-30 days), by `age_days`."""
    days = data["age_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(np.searchsorted(AGING_BUCKETS, days, side="right"), index=data.index)


def rate_table(keys: pd.Series, label: pd.Series, later: pd.Series) -> Floats:
    """Return the smoothed rate of each later row's key; an unseen or unknown key has the overall rate."""
    base = float(label.mean())
    cells = label.groupby(keys.to_numpy(), dropna=True).agg(["sum", "size"])
    rates = (cells["sum"] + SMOOTHING * base) / (cells["size"] + SMOOTHING)
    rate = later.map(rates.to_dict()).to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(rate), base, rate)


def choose_category(fitted: pd.DataFrame, later: pd.DataFrame, features: Sequence[Feature]) -> str | None:
    """Return the category whose rate table has the lowest log loss in the tuning period; None without a category."""
    label = later["label"].to_numpy(dtype=np.float64)
    losses = {
        feature.name: measure_probabilities(
            label, rate_table(fitted[feature.name], fitted["label"], later[feature.name])
        )["log_loss"]
        for feature in features
        if feature.unit == "category" and fitted[feature.name].notna().any()
    }
    return min(losses, key=lambda name: (losses[name], name)) if losses else None


def logistic(fitted: pd.DataFrame, later: pd.DataFrame, features: Sequence[Feature]) -> Floats:
    """Return the probabilities of a logistic regression on one-hot categories and scaled numbers.

    Numbers enter by their signed log, because balances are skewed. Unknown numbers are the median, with an indicator.
    At most the latest 20,000 rows are fitted.
    """
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - slow to import
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    fitted = fitted.iloc[-MAX_LOGISTIC_ROWS:]
    label = fitted["label"].to_numpy(dtype=np.float64)
    if not 0 < label.sum() < len(label):
        return np.full(len(later), float(label.mean()))
    numbers = [f.name for f in features if f.unit != "category" and fitted[f.name].notna().any()]
    categories = [f.name for f in features if f.unit == "category"]
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=11, max_categories=40, sparse_output=False
    )
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    model: Any = make_pipeline(
        ColumnTransformer([("numbers", scaled, numbers), ("categories", one_hot, categories)]),
        LogisticRegression(solver="newton-cholesky", max_iter=50, tol=1e-3),
    )
    model.fit(_to_table(fitted, numbers, categories), label)
    probability: Floats = model.predict_proba(_to_table(later, numbers, categories))[:, 1]
    return probability


def _to_table(data: pd.DataFrame, numbers: list[str], categories: list[str]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name in numbers:
        values = data[name].to_numpy(dtype=np.float64, na_value=np.nan)
        columns[name] = np.sign(values) * np.log1p(np.abs(values))
    for name in categories:
        columns[name] = data[name].astype(object).where(data[name].notna(), "unknown").to_numpy()
    return pd.DataFrame(columns)
