"""Probe: a training row is, to the bit, the row that the night of its day would have seen."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.build_frames import nightly_frame
from payrank.features.frame import Frame
from payrank.features.probes.future import find_differences
from payrank.features.probes.result import Leak, ProbeResult
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures

PROBE = "train/night agreement"
NIGHTS = 3
"""Snapshot days that are compared: first, middle, last."""


def probe_agreement(extract: Extract, frame: Frame, site_features: SiteFeatures = NO_SITE_FEATURES) -> ProbeResult:
    """Make the nightly frame of some of a training frame's days, and compare the rows that both hold."""
    days = sorted(frame.data["as_of"].unique())
    if not days:
        return ProbeResult(PROBE, frame.unit, 0, "", not_run="the training frame has no row")
    chosen = sorted({days[0], days[len(days) // 2], days[-1]})[:NIGHTS]
    leaks: dict[str, Leak] = {}
    rows = 0
    for day in chosen:
        on = pd.Timestamp(day).date()
        night = nightly_frame(extract, frame.target, on, site_features=site_features)
        shared = list(night.data.columns)
        trained = frame.data.loc[frame.data["as_of"] == day, shared].reset_index(drop=True)
        seen = night.data.set_index("unit_id").reindex(trained["unit_id"]).reset_index()[shared]
        rows += len(trained)
        for name, told in find_differences(replace(frame, data=trained), replace(night, data=seen)):
            text = f"{name} of training and of the night of {on} differ in {told}"
            leaks.setdefault(name, Leak(name, text))
    figures = f"{rows:,} rows of {len(chosen)} nights compared bit by bit"
    return ProbeResult(PROBE, frame.unit, len(frame.features), figures, tuple(leaks.values()))
