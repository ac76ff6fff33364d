"""Probe: a model trained on shuffled labels must not predict later labels.

If it does, the labels reached it by another route than learning: a rate that counts the row itself, a column made from
the outcome, or later rows among the fitted ones.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd

from payrank.features.frame import Frame
from payrank.features.probes.ranking import MIN_OUTCOMES, rank
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult
from payrank.features.probes.single_features import split_in_time
from payrank.training.fit.quick_fit import forecast_later

PROBE = "label shuffle"
LABELS = ("label", "share", "recovered")
SEED = 1

Prepare = Callable[[pd.DataFrame], pd.DataFrame]


def probe_shuffled_labels(frame: Frame, prepare: Prepare | None = None, seed: int = SEED) -> ProbeResult:
    """Shuffle the labels of a training frame by household, train on earlier snapshots, and score later ones.

    A household's labels of one snapshot day stay together and move to another household and day, so the true AUC is
    exactly 0.5. The features leak if the lower bound of the AUC (with one false alarm in a thousand) is above 0.5.

    Parameters
    ----------
    frame
        A training frame.
    prepare
        Optional step between frame and fit. It must return the same rows and may change the feature columns.
    seed
        Random seed of the shuffle.
    """
    data = frame.data.copy()
    data[list(LABELS)] = _shuffle(data, seed)
    if prepare is not None:
        data = prepare(data)
    parts = split_in_time(data)
    if parts is None:
        return ProbeResult(
            PROBE,
            frame.unit,
            0,
            "",
            not_run=f"fewer than {MIN_OUTCOMES} outcomes of each kind in the earlier or later rows",
        )
    earlier, later = parts
    score = forecast_later(data, frame.features, earlier, later)
    blocks = data.groupby(["household", "as_of"], dropna=False, observed=True).ngroup().to_numpy()[later]
    ranking = rank(data["label"].to_numpy(dtype=np.float64)[later], score, blocks.astype(np.intp))
    if ranking is None:
        return ProbeResult(PROBE, frame.unit, 0, "", not_run=f"fewer than {MIN_OUTCOMES} households in the later rows")
    lower = ranking.lower(1, FALSE_ALARM)
    upper = ranking.auc + NormalDist().inv_cdf(1 - FALSE_ALARM) * ranking.error
    result = f"AUC {ranking.auc:.3f} on {int(later.sum()):,} later rows, interval {lower:.3f} to {upper:.3f}"
    leaks: tuple[Leak, ...] = ()
    if lower > 0.5:
        text = (
            f"a model trained on shuffled labels still predicts later labels ({result}): a feature contains the label"
        )
        leaks = (Leak("all features", text),)
    return ProbeResult(PROBE, frame.unit, len(frame.features), result, leaks)


def _shuffle(data: pd.DataFrame, seed: int) -> np.ndarray:
    """Return the labels after each household's block of one day moved to another household and day."""
    blocks = data.groupby(["household", "as_of"], dropna=False, observed=True).ngroup().to_numpy()
    place_in_block = data.groupby(blocks).cumcount().to_numpy()
    order = np.argsort(blocks, kind="stable")
    sizes = np.bincount(blocks)
    starts = np.cumsum(sizes) - sizes
    donor = np.random.default_rng(seed).permutation(len(sizes))[blocks]
    return np.asarray(
        data[list(LABELS)].to_numpy(dtype=np.float64)[order[starts[donor] + place_in_block % sizes[donor]]]
    )
