"""Probe: a model that is trained on shuffled labels knows nothing of later ones.

Whatever it still knows came from the labels by another way than learning: a rate that counts the row itself, a column
made from the outcome, rows of the later part among those fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd

from payrank.features.frame import Frame
from payrank.features.probes.ranking import FEWEST, rank
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult
from payrank.features.probes.single_features import split_in_time
from payrank.training.fit.quick_fit import forecast_later

PROBE = "label shuffle"
LABELS = ("label", "share", "recovered")
SEED = 1

Prepare = Callable[[pd.DataFrame], pd.DataFrame]


def probe_labels(frame: Frame, prepare: Prepare | None = None, seed: int = SEED) -> ProbeResult:
    """Shuffle the labels of a training frame by household, train on earlier snapshots, and judge later ones.

    A household's labels of one snapshot day stay together and go to another household and day, so that the true AUC is
    0.5 exactly. The features leak when the lower bound of the AUC (one chance of a false alarm in a thousand) is above
    0.5.

    Parameters
    ----------
    frame
        A training frame.
    prepare
        What is done to the frame's rows between frame and fit, if anything; it must return the same rows, and may
        change the columns of the features.
    """
    data = frame.data.copy()
    data[list(LABELS)] = _shuffle(data, seed)
    if prepare is not None:
        data = prepare(data)
    parts = split_in_time(data)
    if parts is None:
        return ProbeResult(
            PROBE, frame.unit, 0, "", not_run=f"fewer than {FEWEST} outcomes of each kind earlier, or later"
        )
    learn, judge = parts
    score = forecast_later(data, frame.features, learn, judge)
    blocks = data.groupby(["household", "as_of"], dropna=False, observed=True).ngroup().to_numpy()[judge]
    found = rank(data["label"].to_numpy(dtype=np.float64)[judge], score, blocks.astype(np.intp))
    if found is None:
        return ProbeResult(PROBE, frame.unit, 0, "", not_run=f"fewer than {FEWEST} households to judge by")
    lower = found.lower(1, FALSE_ALARM)
    around = NormalDist().inv_cdf(1 - FALSE_ALARM) * found.error
    figures = (
        f"AUC {found.auc:.3f} of {int(judge.sum()):,} later rows, interval {lower:.3f} to {found.auc + around:.3f}"
    )
    leaks: tuple[Leak, ...] = ()
    if lower > 0.5:
        told = f"a model of shuffled labels still tells later ones, {figures}: a feature carries the label itself"
        leaks = (Leak("features together", told),)
    return ProbeResult(PROBE, frame.unit, len(frame.features), figures, leaks)


def _shuffle(data: pd.DataFrame, seed: int) -> np.ndarray:
    """Return the labels after every household's block of a day went to another household and day."""
    blocks = data.groupby(["household", "as_of"], dropna=False, observed=True).ngroup().to_numpy()
    inside = data.groupby(blocks).cumcount().to_numpy()
    order = np.argsort(blocks, kind="stable")
    sizes = np.bincount(blocks)
    starts = np.cumsum(sizes) - sizes
    donor = np.random.default_rng(seed).permutation(len(sizes))[blocks]
    return np.asarray(data[list(LABELS)].to_numpy(dtype=np.float64)[order[starts[donor] + inside % sizes[donor]]])
