"""How much of the catalog an extract can fill: by family, what is available and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from payrank.extracts.extract import Extract
from payrank.features.build_frames import nightly_frame
from payrank.features.frame import Definition
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures


@dataclass(frozen=True, slots=True)
class FamilyCoverage:
    """One family of a unit's features: how many there are, how many the extract's tables allow, and the mean share of
    the frame's rows in which those have a value (None: no rows)."""

    unit: str
    family: str
    features: int
    available: int
    filled: float | None


def measure_coverage(
    extract: Extract, target: Definition, as_of: date, site_features: SiteFeatures = NO_SITE_FEATURES
) -> tuple[FamilyCoverage, ...]:
    """Make the frame of a night and measure it, family by family, in the catalog's order."""
    frame = nightly_frame(extract, target, as_of, site_features=site_features)
    absent = set(frame.unavailable)
    families = []
    for family in dict.fromkeys(feature.family for feature in frame.features):
        members = [feature.name for feature in frame.features if feature.family == family]
        there = [name for name in members if name not in absent]
        filled = float(np.mean(frame.data[there].notna().to_numpy())) if there and len(frame.data) else None
        families.append(FamilyCoverage(frame.unit, family, len(members), len(there), filled))
    return tuple(families)
