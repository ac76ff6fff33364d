"""Probe: no feature alone tells later outcomes better than a fact known before them could."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.features.probes.ranking import FEWEST, Ranking, number_households, rank, score_alone
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult

PROBE = "too good alone"
CEILING = 0.95
"""An AUC that no single fact known before the outcome reached on anything that we measured: 0.73 on simulated
hospitals, 0.66 on real decisions of reviews, 0.90 on a real invoice ledger (a customer's own record, seven days ahead).
"""


def probe_single_features(frame: Frame, ceiling: float = CEILING) -> ProbeResult:
    """Judge each feature of a training frame alone: learned on earlier snapshots, measured on later ones.

    A feature leaks when the lower bound of its AUC is over the ceiling; the chance of one false alarm over all
    features is at most 0.1 %.
    """
    parts = split_in_time(frame.data)
    if parts is None:
        return ProbeResult(
            PROBE, frame.unit, 0, "", not_run=f"fewer than {FEWEST} outcomes of each kind earlier, or later"
        )
    found = rank_features(frame, *parts)
    leaks = tuple(
        Leak(
            name,
            f"{name} alone has an AUC of {one.auc:.3f} on later snapshots (at least {lower:.3f}); nothing known before "
            f"should be over {ceiling:.2f}",
        )
        for name, one in found.items()
        if (lower := one.lower(len(found), FALSE_ALARM)) > ceiling
    )
    best = max(found, key=lambda name: found[name].auc, default=None)
    figures = f"best: {best}, AUC {found[best].auc:.3f}" if best else "no feature with values"
    return ProbeResult(PROBE, frame.unit, len(found), figures, leaks)


def split_in_time(data: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return which rows to learn from and which to judge: labels known by a day, and snapshots from that day on.

    The day is the one that leaves the smaller part the most of the rarer outcome. None where either part has fewer
    than 30 outcomes of a kind.
    """
    label = data["label"].to_numpy(dtype=np.float64)
    days, known = data["as_of"].to_numpy(), data["known_on"].to_numpy()
    best: tuple[int, NDArray[np.bool_], NDArray[np.bool_]] | None = None
    for day in np.unique(days):
        learn, judge = known <= day, days >= day
        rarer = min(int((label[part] == kind).sum()) for part in (learn, judge) for kind in (0, 1))
        if best is None or rarer > best[0]:
            best = rarer, learn, judge
    return None if best is None or best[0] < FEWEST else (best[1], best[2])


def rank_features(frame: Frame, learn: NDArray[np.bool_], judge: NDArray[np.bool_]) -> dict[str, Ranking]:
    """Return the ranking of each feature that has values."""
    label: Floats = frame.data["label"].to_numpy(dtype=np.float64)
    household = number_households(frame.data["household"])[judge]
    found = {}
    for feature in frame.features:
        values = frame.data[feature.name]
        if values[learn].notna().any():
            ranking = rank(label[judge], score_alone(values, label, learn)[judge], household)
            if ranking is not None:
                found[feature.name] = ranking
    return found
