"""Probe: a training row equals, bit for bit, the row that a nightly run on its date would have scored."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.build_frames import nightly_frame
from payrank.features.frame import Frame
from payrank.features.probes.future import find_differences
from payrank.features.probes.result import Leak, ProbeResult
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures

PROBE = "train/score agreement"
COMPARED_DAYS = 3
"""Snapshot days to compare: first, middle, and last."""


def probe_agreement(extract: Extract, frame: Frame, site_features: SiteFeatures = NO_SITE_FEATURES) -> ProbeResult:
    """Build the nightly frame of some days of a training frame, and compare the rows that both have."""
    days = sorted(frame.data["as_of"].unique())
    if not days:
        return ProbeResult(PROBE, frame.unit, 0, "", not_run="the training frame has no rows")
    chosen = sorted({days[0], days[len(days) // 2], days[-1]})[:COMPARED_DAYS]
    leaks: dict[str, Leak] = {}
    rows = 0
    for day in chosen:
        as_of = pd.Timestamp(day).date()
        nightly = nightly_frame(extract, frame.target, as_of, site_features=site_features)
        shared = list(nightly.data.columns)
        trained = frame.data.loc[frame.data["as_of"] == day, shared].reset_index(drop=True)
        scored = nightly.data.set_index("unit_id").reindex(trained["unit_id"]).reset_index()[shared]
        rows += len(trained)
        for name, where in find_differences(replace(frame, data=trained), replace(nightly, data=scored)):
            text = f"{name} differs between the training frame and the nightly frame of {as_of} in {where}"
            leaks.setdefault(name, Leak(name, text))
    details = f"{rows:,} rows on {len(chosen)} days compared bit by bit"
    return ProbeResult(PROBE, frame.unit, len(frame.features), details, tuple(leaks.values()))
