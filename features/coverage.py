"""Feature coverage by family: how many features an extract supports, and how often they have a value."""

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
    """Coverage of one family of a unit's features.

    `features` counts the catalog's features, `available` those whose tables and columns the extract has, and `filled`
    is the mean share of the frame's rows (0 to 1) in which the available ones have a value; None without rows.
    """

    unit: str
    family: str
    features: int
    available: int
    filled: float | None


def measure_coverage(
    extract: Extract, target: Definition, as_of: date, site_features: SiteFeatures = NO_SITE_FEATURES
) -> tuple[FamilyCoverage, ...]:
    """Build the frame as of a date and measure its coverage by family, in the catalog's order."""
    frame = nightly_frame(extract, target, as_of, site_features=site_features)
    unavailable = set(frame.unavailable)
    families = []
    for family in dict.fromkeys(feature.family for feature in frame.features):
        members = [feature.name for feature in frame.features if feature.family == family]
        available = [name for name in members if name not in unavailable]
        filled = float(np.mean(frame.data[available].notna().to_numpy())) if available and len(frame.data) else None
        families.append(FamilyCoverage(frame.unit, family, len(members), len(available), filled))
    return tuple(families)
