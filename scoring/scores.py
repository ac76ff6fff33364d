"""A population with its scores: the nightly frame, what the model says of each row, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.build_frames import nightly_frame
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.targets import OverturnTarget, PaymentTarget
from payrank.models.bundle import Bundle, check_features
from payrank.models.monitoring.drift import Drift, measure_drift
from payrank.models.predict import calibrate_scores, predict
from payrank.models.shap.explain import explain
from payrank.scoring.reasons.reasons import explain_rows
from payrank.scoring.worklist import Reason

FrameOf = Callable[[Definition, date, SiteFeatures], Frame]
"""How another engine than the embedded one gives the nightly frame of a target."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Everyone in the population as of the day: `frame.data` and, row by row, `scores` (`payrank.models.predict`)."""

    frame: Frame
    bundle: Bundle
    scores: pd.DataFrame

    @property
    def rows(self) -> pd.DataFrame:
        """The frame's rows and their scores side by side."""
        return pd.concat([self.frame.data, self.scores], axis=1)


@dataclass(frozen=True, slots=True)
class Explained:
    """Reasons by unit id, and the base value that all of them start from (log-odds).

    `usual` is the base value as a calibrated chance: what the model says of a row before anything is known of it.
    """

    base_value: float
    reasons: Mapping[str, tuple[Reason, ...]]
    usual: float | None = None

    def of(self, unit_id: str) -> tuple[Reason, ...]:
        """Return the reasons of one account or denial; empty where none were asked for."""
        return self.reasons.get(unit_id, ())


def target_of(bundle: Bundle) -> Definition:
    """Return the target that a model was trained for: its horizon and population hold at night too."""
    kind = PaymentTarget if bundle.kind == "payment" else OverturnTarget
    return kind(**bundle.manifest.target)


def score_population(
    extract: Extract,
    bundle: Bundle,
    as_of: date,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    frame_of: FrameOf | None = None,
) -> Scored:
    """Score everyone in the model's population as of a day.

    Parameters
    ----------
    frame_of
        Another engine's way to the frame; None computes it from the loaded extract.

    Raises
    ------
    NoUsableModelError
        When the model was trained on other features than the catalog in use.
    """
    target = target_of(bundle)
    frame = (
        nightly_frame(extract, target, as_of, site_features=site_features)
        if frame_of is None
        else frame_of(target, as_of, site_features)
    )
    check_features(bundle, frame.features)
    return Scored(frame, bundle, predict(bundle, frame.data))


def explain_scored(scored: Scored, wanted: pd.Series) -> Explained:
    """Explain the rows that `wanted` (boolean, by the frame's index) marks."""
    data = scored.frame.data.loc[wanted.to_numpy(dtype=bool)]
    explanation = explain(scored.bundle, data)
    by_name = {feature.name: feature for feature in scored.frame.features}
    features = [by_name[name] for name in explanation.features]
    found = explain_rows(features, data, explanation.contributions, together=scored.bundle.manifest.correlated_features)
    usual = float(calibrate_scores(scored.bundle, np.array([explanation.base_value]))[0])
    return Explained(explanation.base_value, dict(zip(data["unit_id"], found, strict=True)), usual)


def drift_of(scored: Scored) -> tuple[Drift, ...]:
    """Return how far the scored rows have moved from those that the model was trained on."""
    return measure_drift(scored.bundle, scored.frame.data, scored.scores["probability"].to_numpy(dtype=np.float64))
