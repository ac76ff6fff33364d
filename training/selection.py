"""Labels exist only for denials that were appealed and decided: whom that leaves out, and weights that make up for it.

The chance of a decided appeal is estimated from what was known at the snapshot, out of fold by household, for all that
were open; a decided row then stands for 1 / chance of those like it (Horvitz and Thompson 1952), stabilised, clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.errors import WrongUsageError
from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.features.probes.auc import RankedRows
from payrank.features.probes.ranking import number_households
from payrank.models.calibration.methods import sigmoid
from payrank.models.records.selection import Overlap, SelectionBias
from payrank.training.evaluate.metrics import discrimination, reliability_cells
from payrank.training.evaluate.small_cells import join_neighbors
from payrank.training.fit.quick_fit import forecast_later
from payrank.training.settings import TrainingSettings

FOLDS = 3
FLOOR = 0.05
"""A chance of a decided appeal below which a denial counts as outside of what the model has seen."""
WEIGHT = "selection_weight"
"""Column of a training frame that the fit multiplies its weights by."""
FEWEST_UNSEEN = 50
"""Denials never decided below which nothing can be learned of them."""
DIGITS = 5
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Chances:
    """Everyone open at the training snapshots: whether decided, and the chance of it (0 to 1) out of fold."""

    data: pd.DataFrame
    decided: NDArray[np.bool_]
    chance: Floats


def estimate_chances(population: Frame) -> Chances | None:
    """Estimate each snapshot's chance of a decided appeal; None where too few were never decided.

    Parameters
    ----------
    population
        `payrank.features.frame.population_frame`: `label` is NaN where no appeal was decided.
    """
    decided = population.data["label"].notna().to_numpy()
    if min(int(decided.sum()), int((~decided).sum())) < FEWEST_UNSEEN:
        return None
    data = population.data.assign(label=decided.astype(np.float64))
    folds = number_households(data["household"]) % FOLDS
    raw = np.empty(len(data))
    for fold in range(FOLDS):
        out = folds == fold
        raw[out] = forecast_later(data, population.features, ~out, out)
    return Chances(population.data, decided, sigmoid(raw))


def weigh_rows(frame: Frame, chances: Chances, settings: TrainingSettings) -> Floats:
    """Return the weight of each row of the training frame: share decided / chance, clipped, with mean 1.

    Raises
    ------
    WrongUsageError
        When the population lacks a row of the frame.
    """
    keys = ["unit_id", "as_of"]
    known = chances.data[keys].assign(chance=chances.chance)
    found = frame.data[keys].merge(known, on=keys, how="left", validate="one_to_one")["chance"].to_numpy()
    if np.isnan(found).any():
        raise WrongUsageError(
            f"{int(np.isnan(found).sum())} of {len(found)} training rows are not in the population; make both frames "
            "from the same extract, target and day (training_frame and population_frame)"
        )
    weights = np.clip(chances.decided.mean() / found, 1 / settings.max_weight, settings.max_weight)
    return np.asarray(weights / weights.mean())


def describe_selection(
    chances: Chances,
    weights: Floats,
    holdout: tuple[Floats, Floats, Floats, Floats, Floats],
    settings: TrainingSettings,
) -> SelectionBias:
    """Return the record of a selection.

    Parameters
    ----------
    weights
        Of the rows of the training frame.
    judged
        Of the judged rows: outcome, probability, expected worth, gain, and weight.
    """
    never = chances.chance[~chances.decided]
    label, probability, worth, gain, weight = holdout
    auc = discrimination(chances.decided.astype(np.float64), chances.chance).get("auc", 0.5)
    return SelectionBias(
        weights_used=settings.selection == "weights",
        snapshots=len(chances.chance),
        decided=int(chances.decided.sum()),
        auc=round(auc, DIGITS),
        floor=FLOOR,
        outside_support=round(float((never < FLOOR).mean()), DIGITS),
        max_weight=settings.max_weight,
        effective_rows=round(float(weights.sum() ** 2 / (weights**2).sum()), 1),
        overlap=_overlap(chances),
        unweighted=weighted_figures(label, probability, worth, gain, np.ones_like(weight), settings.capacity),
        weighted=weighted_figures(label, probability, worth, gain, weight, settings.capacity),
    )


def _overlap(chances: Chances) -> tuple[Overlap, ...]:
    """Return the tenths of the chance; neighbors are joined until each part has enough people, decided and never."""
    cells = np.minimum((chances.chance * 10).astype(np.intp), 9)
    _, dense = np.unique(cells, return_inverse=True)
    house = number_households(chances.data["household"])
    found: list[Overlap] = []
    for group in join_neighbors(np.asarray(dense, dtype=np.intp), house):
        here = np.isin(dense, group)
        decided, never = int((here & chances.decided).sum()), int((here & ~chances.decided).sum())
        low, high = float(cells[here].min()) / 10, float(cells[here].max() + 1) / 10
        if found and 0 < min(decided, never, found[-1].decided, found[-1].never_decided) < MIN_PEOPLE:
            low, decided, never = found[-1].low, decided + found[-1].decided, never + found[-1].never_decided
            found.pop()
        found.append(Overlap(low=round(low, 1), high=round(high, 1), decided=decided, never_decided=never))
    return tuple(found)


def weighted_figures(
    label: Floats, probability: Floats, worth: Floats, gain: Floats, weight: Floats, capacity: float
) -> dict[str, float]:
    """Return `auc`, `brier`, `ece` and `captured` with each row counted by its weight, all lists ranked together.

    >>> rows = [np.array([1.0, 0, 1, 0]), np.array([0.9, 0.2, 0.4, 0.6])]
    >>> figures = weighted_figures(*rows, rows[1], rows[0], np.array([1.0, 1, 1, 2]), 0.4)
    >>> figures["auc"], figures["captured"]
    (0.66667, 0.5)
    """
    auc, _ = RankedRows(label, probability).measure(weight)
    cells = reliability_cells(probability)
    gaps = np.bincount(cells, weights=weight * (probability - label))
    order = np.argsort(-worth, kind="stable")
    room = np.clip(capacity * weight.sum() - (np.cumsum(weight[order]) - weight[order]), 0, weight[order])
    total = float((weight * gain).sum())
    found = {
        "auc": 0.5 if np.isnan(auc) else auc,
        "brier": float(np.average((probability - label) ** 2, weights=weight)),
        "ece": float(np.abs(gaps).sum() / weight.sum()),
        "captured": float((room * gain[order]).sum()) / total if total else 0.0,
    }
    return {name: round(value, DIGITS) for name, value in found.items()}


def tell_never_shown(chances: Chances, selection: SelectionBias) -> tuple[str, ...]:
    """Return in sentences whose appeals were never seen decided."""
    never = selection.snapshots - selection.decided
    said = [
        f"Of {selection.snapshots:,} open denials {selection.decided:,} had an appeal decided; nothing is known of "
        f"what an appeal of the other {never:,} would have brought.",
        f"{selection.outside_support:.0%} of those others are unlike any that is appealed (chance of a decided appeal "
        f"under {selection.floor:.0%}): for them the probability is a guess from others.",
        f"Counted so that the decided stand for all: AUC {selection.weighted['auc']:.3f} (plain "
        f"{selection.unweighted['auc']:.3f}), Brier score {selection.weighted['brier']:.3f} "
        f"({selection.unweighted['brier']:.3f}), calibration error {selection.weighted['ece']:.3f} "
        f"({selection.unweighted['ece']:.3f}).",
    ]
    names = [name for name in ("payer_class", "carc") if name in chances.data.columns]
    if len(names) == 2:
        said += _unseen_cells(chances, names)
    return tuple(said)


def _unseen_cells(chances: Chances, names: list[str]) -> list[str]:
    table = chances.data[names].assign(decided=chances.decided, house=number_households(chances.data["household"]))
    cells = table.groupby(names, observed=True).agg(
        decided=("decided", "sum"), rows=("decided", "size"), people=("house", "nunique")
    )
    unseen = cells[(cells["decided"] == 0) & (cells["people"] >= MIN_PEOPLE)].sort_values("rows", ascending=False)
    said = [
        f"Never one decided: payer class {payer_class}, reason code {carc} ({rows:,} open denials)."
        for (payer_class, carc), rows in zip(unseen.index[:MOST_TOLD], unseen["rows"].tolist(), strict=False)
    ]
    left = len(unseen) - len(said)
    return [*said, f"So it is with {left} more pairs of payer class and reason code."] if left > 0 else said


def tell_past_calls(data: pd.DataFrame) -> tuple[str, ...]:
    """Return in sentences that payments follow what the office did: shares of snapshots that it had not called."""
    if "calls_90d" not in data.columns or not data["calls_90d"].notna().any():
        return ()
    quiet = data["calls_90d"].fillna(0).to_numpy(dtype=np.float64) == 0
    if min(int(quiet.sum()), int((~quiet).sum())) < MIN_PEOPLE:
        return ()
    paid = data["label"].to_numpy(dtype=np.float64)
    return (
        f"Payments follow past calls: {quiet.mean():.0%} of {len(quiet):,} snapshots had no call in the 90 days before;"
        f" {paid[quiet].mean():.0%} of them paid, and {paid[~quiet].mean():.0%} of the called. The office chose whom "
        "to call, so the difference is not what a call does.",
        "The probability is that of a payment if the office goes on as it did. What a call changes is learned only "
        "where a coin decided about it.",
    )
