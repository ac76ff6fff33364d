"""Probe: nothing that a site adds tells more by itself than the whole catalog together."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.probes.ranking import FEWEST, number_households, rank, standard_error
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult
from payrank.features.probes.single_features import rank_features, split_in_time
from payrank.features.site.features import PREFIX
from payrank.training.fit.quick_fit import forecast_later

PROBE = "beyond the catalog"
FLOOR, JUMP = 0.75, 0.05
"""AUC from which a single column is looked at, and by how much it must surely beat the catalog's model."""


def probe_beyond(frame: Frame) -> ProbeResult:
    """Set each site attribute and each of the site's own features against a model of the catalog without them.

    Alone it may help, even much; a single column that surely beats by 0.05 of AUC all that ledger, contacts and payers
    tell, and stands over 0.75 itself, knows the outcome.
    """
    ours = [feature for feature in frame.features if not is_added(feature)]
    added = tuple(feature for feature in frame.features if is_added(feature))
    if not added:
        return ProbeResult(PROBE, frame.unit, 0, "the site adds nothing to the catalog")
    parts = split_in_time(frame.data)
    if parts is None:
        return ProbeResult(
            PROBE, frame.unit, 0, "", not_run=f"fewer than {FEWEST} outcomes of each kind earlier, or later"
        )
    learn, judge = parts
    label = frame.data["label"].to_numpy(dtype=np.float64)
    household = number_households(frame.data["household"])[judge]
    rest = rank(label[judge], forecast_later(frame.data, ours, learn, judge), household)
    if rest is None:
        return ProbeResult(PROBE, frame.unit, 0, "", not_run=f"fewer than {FEWEST} households to judge by")
    alone = rank_features(Frame(frame.unit, frame.data, added, frame.target), learn, judge)
    leaks = []
    for name, one in alone.items():
        error = standard_error(one.influence - rest.influence)
        surely = one.auc - rest.auc - NormalDist().inv_cdf(1 - FALSE_ALARM / len(alone)) * error
        if surely > JUMP and one.lower(len(alone), FALSE_ALARM) > FLOOR:
            told = f"{name} alone has an AUC of {one.auc:.3f}, a model of all {len(ours)} features of the catalog "
            leaks.append(Leak(name, f"{told}{rest.auc:.3f}: it knows more than was to be known"))
    figures = f"{len(added)} columns against the catalog's AUC of {rest.auc:.3f}"
    return ProbeResult(PROBE, frame.unit, len(added), figures, tuple(leaks))


def is_added(feature: Feature) -> bool:
    """Whether a feature is the site's: of its attributes, or of its settings."""
    return feature.family == "site attribute" or feature.name.startswith(PREFIX)
