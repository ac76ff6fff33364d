"""Selection bias: only denials that were appealed and decided have a label. Measures whom that leaves out.

The chance of a decided appeal is estimated for all open denials, from what was known at the snapshot and out of fold by
household. A decided row can then represent 1 / chance rows like it (Horvitz and Thompson 1952); these weights are
stabilized and clipped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import WrongUsageError
from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.features.probes.auc import RankedRows, measure_auc
from payrank.features.probes.ranking import number_households
from payrank.models.calibration.methods import sigmoid
from payrank.models.records.selection import Overlap, SelectionBias
from payrank.training.backtest.backtest import Backtest
from payrank.training.evaluate.holdout import row_gains
from payrank.training.evaluate.metrics import reliability_bins
from payrank.training.evaluate.small_cells import join_neighbors
from payrank.training.evaluation import expected_worth
from payrank.training.fit.quick_fit import forecast_later
from payrank.training.settings import TrainingSettings
from payrank.training.training_job import AppealChances, TrainingJob

FOLDS = 3
MIN_CHANCE = 0.05
"""A denial with a lower chance of a decided appeal is outside of what the model has learned from."""
WEIGHT = "selection_weight"
"""Column of a training frame by which the fit multiplies its weights."""
MIN_ROWS = 50
"""Decided, and never-decided, denials below which their chances cannot be estimated."""
DIGITS = 5
MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class WeightedRows:
    """Holdout rows with the weight that each counts with: outcome, probability, expected worth, and gain."""

    label: Floats
    probability: Floats
    worth: Floats
    gain: Floats
    weight: Floats


def add_appeal_chances(job: TrainingJob, population: Frame) -> TrainingJob:
    """Return the job with appeal chances and selection weights; unchanged if there are too few denials to estimate.

    With `settings.selection == "weights"`, the fit uses the weights.
    """
    chances = estimate_appeal_chances(population)
    if chances is None:
        return job
    weights = weigh_rows(job.frame, chances, job.settings)
    frame = job.frame
    if job.settings.selection == "weights":
        frame = replace(frame, data=frame.data.assign(**{WEIGHT: weights}))
    return replace(job, frame=frame, appeal_chances=chances, selection_weights=weights)


def estimate_appeal_chances(population: Frame) -> AppealChances | None:
    """Estimate each snapshot's chance of a decided appeal; None if too few were decided, or never decided.

    Parameters
    ----------
    population
        From `payrank.features.build_frames.population_frame`: `label` is NaN if no appeal was decided.
    """
    decided = population.data["label"].notna().to_numpy()
    if min(int(decided.sum()), int((~decided).sum())) < MIN_ROWS:
        return None
    data = population.data.assign(label=decided.astype(np.float64))
    folds = number_households(data["household"]) % FOLDS
    raw = np.empty(len(data))
    for fold in range(FOLDS):
        in_fold = folds == fold
        raw[in_fold] = forecast_later(data, population.features, ~in_fold, in_fold)
    return AppealChances(population.data, decided, sigmoid(raw))


def weigh_rows(frame: Frame, chances: AppealChances, settings: TrainingSettings) -> Floats:
    """Return the weight of each row of the training frame: share decided / chance, clipped, with mean 1.

    Raises
    ------
    WrongUsageError
        If the population lacks a row of the frame.
    """
    keys = ["unit_id", "as_of"]
    known = chances.data[keys].assign(chance=chances.chance)
    chance = frame.data[keys].merge(known, on=keys, how="left", validate="one_to_one")["chance"].to_numpy()
    if np.isnan(chance).any():
        raise WrongUsageError(
            f"{int(np.isnan(chance).sum())} of {len(chance)} training rows are not in the population; make both frames "
            "from the same extract, target, and day (training_frame and population_frame)"
        )
    # Multiplying by the share decided stabilizes the weights: the mean stays near 1. Clipping bounds the variance that
    # a few denials with a tiny chance would otherwise bring into the fit.
    weights = np.clip(chances.decided.mean() / chance, 1 / settings.max_weight, settings.max_weight)
    return np.asarray(weights / weights.mean())


def measure_selection_bias(job: TrainingJob, chances: AppealChances, backtest: Backtest) -> SelectionBias:
    """Return the selection bias of a training run, with the metrics of its holdout rows before and after weighting."""
    weights = np.asarray(job.selection_weights)
    rows = backtest.rows[backtest.holdout]
    data = job.data.iloc[rows]
    holdout = WeightedRows(
        label=backtest.label[backtest.holdout],
        probability=backtest.probability[backtest.holdout],
        worth=expected_worth(data, backtest),
        gain=row_gains(data),
        weight=weights[rows],
    )
    return describe_selection(chances, weights, holdout, job.settings)


def describe_selection(
    chances: AppealChances, weights: Floats, holdout: WeightedRows, settings: TrainingSettings
) -> SelectionBias:
    """Return the record of the selection bias.

    Parameters
    ----------
    weights
        Selection weights of the rows of the training frame.
    holdout
        The holdout rows, with theirs.
    """
    never_decided = chances.chance[~chances.decided]
    auc = measure_auc(chances.decided.astype(np.float64), chances.chance)
    equally = replace(holdout, weight=np.ones_like(holdout.weight))
    return SelectionBias(
        weights_used=settings.selection == "weights",
        snapshots=len(chances.chance),
        decided=int(chances.decided.sum()),
        auc=round(0.5 if auc is None else auc, DIGITS),
        floor=MIN_CHANCE,
        outside_support=round(float((never_decided < MIN_CHANCE).mean()), DIGITS),
        max_weight=settings.max_weight,
        effective_rows=round(float(weights.sum() ** 2 / (weights**2).sum()), 1),
        overlap=_measure_overlap(chances),
        unweighted=weighted_metrics(equally, settings.capacity),
        weighted=weighted_metrics(holdout, settings.capacity),
    )


def _measure_overlap(chances: AppealChances) -> tuple[Overlap, ...]:
    """Return decided and never-decided counts by tenth of the chance, merged until each count has enough people."""
    tenths = np.minimum((chances.chance * 10).astype(np.intp), 9)
    _, dense = np.unique(tenths, return_inverse=True)
    household = number_households(chances.data["household"])
    parts: list[Overlap] = []
    for group in join_neighbors(np.asarray(dense, dtype=np.intp), household):
        here = np.isin(dense, group)
        decided, never = int((here & chances.decided).sum()), int((here & ~chances.decided).sum())
        low, high = float(tenths[here].min()) / 10, float(tenths[here].max() + 1) / 10
        if parts and 0 < min(decided, never, parts[-1].decided, parts[-1].never_decided) < MIN_PEOPLE:
            before = parts.pop()
            low, decided, never = before.low, decided + before.decided, never + before.never_decided
        parts.append(Overlap(low=round(low, 1), high=round(high, 1), decided=decided, never_decided=never))
    return tuple(parts)


def weighted_metrics(rows: WeightedRows, capacity: float) -> dict[str, float]:
    """Return `auc`, `brier`, `ece`, and `captured`, each row counted by its weight and all rows ranked as one list.

    >>> label, probability = np.array([1.0, 0, 1, 0]), np.array([0.9, 0.2, 0.4, 0.6])
    >>> rows = WeightedRows(label, probability, probability, label, np.array([1.0, 1, 1, 2]))
    >>> metrics = weighted_metrics(rows, 0.4)
    >>> metrics["auc"], metrics["captured"]
    (0.66667, 0.5)
    """
    weight, error = rows.weight, rows.probability - rows.label
    auc, _ = RankedRows(rows.label, rows.probability).measure(weight)
    gaps = np.bincount(reliability_bins(rows.probability), weights=weight * error)
    order = np.argsort(-rows.worth, kind="stable")
    weight_above = np.cumsum(weight[order]) - weight[order]
    listed_weight = np.clip(capacity * weight.sum() - weight_above, 0, weight[order])
    total = float((weight * rows.gain).sum())
    metrics = {
        "auc": 0.5 if np.isnan(auc) else auc,
        "brier": float(np.average(error**2, weights=weight)),
        "ece": float(np.abs(gaps).sum() / weight.sum()),
        "captured": float((listed_weight * rows.gain[order]).sum()) / total if total else 0.0,
    }
    return {name: round(value, DIGITS) for name, value in metrics.items()}


def describe_never_observed(chances: AppealChances, selection: SelectionBias) -> tuple[str, ...]:
    """Return sentences about the denials whose appeals were never observed."""
    never = selection.snapshots - selection.decided
    weighted, unweighted = selection.weighted, selection.unweighted
    sentences = [
        f"An appeal was decided for {selection.decided:,} of {selection.snapshots:,} open denials. How an "
        f"appeal of the other {never:,} would have ended is unknown.",
        f"{selection.outside_support:.0%} of those others are unlike the denials that get appealed (their chance of a "
        f"decided appeal is under {selection.floor:.0%}), so their probabilities are extrapolated.",
        f"Weighted to represent all open denials: AUC {weighted['auc']:.3f} (unweighted {unweighted['auc']:.3f}), "
        f"Brier score {weighted['brier']:.3f} ({unweighted['brier']:.3f}), calibration error {weighted['ece']:.3f} "
        f"({unweighted['ece']:.3f}).",
    ]
    columns = [name for name in ("payer_class", "carc") if name in chances.data.columns]
    if len(columns) == 2:
        sentences += _describe_undecided_pairs(chances, columns)
    return tuple(sentences)


def _describe_undecided_pairs(chances: AppealChances, columns: list[str]) -> list[str]:
    """Return sentences about the pairs of payer class and CARC of which no denial was ever decided."""
    household = number_households(chances.data["household"])
    table = chances.data[columns].assign(decided=chances.decided, household=household)
    cells = table.groupby(columns, observed=True).agg(
        decided=("decided", "sum"), rows=("decided", "size"), people=("household", "nunique")
    )
    undecided = cells[(cells["decided"] == 0) & (cells["people"] >= MIN_PEOPLE)].sort_values("rows", ascending=False)
    sentences = [
        f"No appeal was ever decided for payer class {payer_class} with CARC {carc} ({rows:,} open denials)."
        for (payer_class, carc), rows in zip(undecided.index[:MAX_LISTED], undecided["rows"].tolist(), strict=False)
    ]
    more = len(undecided) - len(sentences)
    return [*sentences, f"The same is true of {more} more pairs of payer class and CARC."] if more > 0 else sentences


def describe_past_calls(data: pd.DataFrame) -> tuple[str, ...]:
    """Return sentences about how payments depend on past calls: the shares paid with and without a recent call."""
    if "calls_90d" not in data.columns or not data["calls_90d"].notna().any():
        return ()
    not_called: NDArray[np.bool_] = data["calls_90d"].fillna(0).to_numpy(dtype=np.float64) == 0
    if min(int(not_called.sum()), int((~not_called).sum())) < MIN_PEOPLE:
        return ()
    paid = data["label"].to_numpy(dtype=np.float64)
    return (
        f"Payments depend on past calls: {not_called.mean():.0%} of {len(not_called):,} snapshots had no call in the "
        f"90 days before. {paid[not_called].mean():.0%} of those paid, compared with {paid[~not_called].mean():.0%} of "
        "the others. The office chose whom to call, so this difference is not the effect of a call.",
        "The probability is that of a payment if the office continues to work as before. Only randomized calls can "
        "show what a call changes.",
    )
