"""Probe: no feature that a site adds may predict better alone than a model of the whole catalog."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from payrank.features.feature import Feature
from payrank.features.frame import Frame
from payrank.features.probes.ranking import MIN_OUTCOMES, number_households, rank, standard_error
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult
from payrank.features.probes.single_features import rank_features, split_in_time
from payrank.features.site.features import PREFIX
from payrank.training.fit.quick_fit import forecast_later

PROBE = "site features"
MIN_AUC, MIN_LEAD = 0.75, 0.05
"""AUC that a single feature must exceed, and by how much it must significantly beat the catalog's model."""


def probe_site_features(frame: Frame) -> ProbeResult:
    """Compare each site attribute and site feature, alone, with a model of the catalog without them.

    A site feature may help a lot. But if it alone has an AUC over 0.75 and significantly beats everything that ledger,
    contacts, and payers show by 0.05, it contains the outcome.
    """
    catalog_features = [feature for feature in frame.features if not is_site_feature(feature)]
    site_features = tuple(feature for feature in frame.features if is_site_feature(feature))
    if not site_features:
        return ProbeResult(PROBE, frame.unit, 0, "the site adds no features to the catalog")
    parts = split_in_time(frame.data)
    if parts is None:
        return ProbeResult(
            PROBE,
            frame.unit,
            0,
            "",
            not_run=f"fewer than {MIN_OUTCOMES} outcomes of each kind in the earlier or later rows",
        )
    earlier, later = parts
    label = frame.data["label"].to_numpy(dtype=np.float64)
    household = number_households(frame.data["household"])[later]
    catalog = rank(label[later], forecast_later(frame.data, catalog_features, earlier, later), household)
    if catalog is None:
        return ProbeResult(PROBE, frame.unit, 0, "", not_run=f"fewer than {MIN_OUTCOMES} households in the later rows")
    alone = rank_features(Frame(frame.unit, frame.data, site_features, frame.target), earlier, later)
    leaks = []
    for name, ranking in alone.items():
        error = standard_error(ranking.influence - catalog.influence)
        # Bonferroni: the chance of one false alarm is shared by all site features.
        lead = ranking.auc - catalog.auc - NormalDist().inv_cdf(1 - FALSE_ALARM / len(alone)) * error
        if lead > MIN_LEAD and ranking.lower(len(alone), FALSE_ALARM) > MIN_AUC:
            text = (
                f"{name} alone has an AUC of {ranking.auc:.3f}, a model of all {len(catalog_features)} catalog "
                f"features has {catalog.auc:.3f}: it contains more than could be known at the snapshot"
            )
            leaks.append(Leak(name, text))
    result = f"{len(site_features)} site features compared with the catalog's AUC of {catalog.auc:.3f}"
    return ProbeResult(PROBE, frame.unit, len(site_features), result, tuple(leaks))


def is_site_feature(feature: Feature) -> bool:
    """Whether the site added a feature, as an attribute of the extract or in its settings."""
    return feature.family == "site attribute" or feature.name.startswith(PREFIX)
