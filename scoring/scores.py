"""The scored population of a run: the nightly frame, the model's scores for each row, and the reasons."""

from __future__ import annotations

from collections.abc import Mapping
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
from payrank.scoring.run_models import FrameMaker
from payrank.scoring.worklist import Reason


@dataclass(frozen=True, slots=True)
class Scored:
    """The population as of the run's date: `frame.data` and, row by row, `scores` (see `payrank.models.predict`)."""

    frame: Frame
    bundle: Bundle
    scores: pd.DataFrame

    @property
    def rows(self) -> pd.DataFrame:
        """The frame's columns and the score columns in one table."""
        return pd.concat([self.frame.data, self.scores], axis=1)


@dataclass(frozen=True, slots=True)
class Explained:
    """Reasons by unit id, and the base value from which every score starts (log-odds).

    `baseline_probability` is the base value as a calibrated probability: the average before anything is known of a row.
    """

    base_value: float
    reasons: Mapping[str, tuple[Reason, ...]]
    baseline_probability: float | None = None

    def reasons_for(self, unit_id: str) -> tuple[Reason, ...]:
        """Return the reasons for one account or denial; empty where none were computed."""
        return self.reasons.get(unit_id, ())


def target_of(bundle: Bundle) -> Definition:
    """Return the target that a model was trained for: its horizon and population also apply to nightly scoring."""
    target = PaymentTarget if bundle.kind == "payment" else OverturnTarget
    return target(**bundle.manifest.target)


def score_population(
    extract: Extract,
    bundle: Bundle,
    as_of: date,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    make_frame: FrameMaker | None = None,
) -> Scored:
    """Score everyone in the model's population as of a date.

    Parameters
    ----------
    make_frame
        Builds the nightly frame on another engine; None builds it from the loaded extract.

    Raises
    ------
    NoUsableModelError
        When the model was trained on other features than those of the catalog in use.
    """
    target = target_of(bundle)
    frame = (
        nightly_frame(extract, target, as_of, site_features=site_features)
        if make_frame is None
        else make_frame(target, as_of, site_features)
    )
    check_features(bundle, frame.features)
    return Scored(frame, bundle, predict(bundle, frame.data))


def explain_scored(scored: Scored, rows: pd.Series) -> Explained:
    """Explain the rows that the boolean series `rows` (indexed like the frame) marks."""
    data = scored.frame.data.loc[rows.to_numpy(dtype=bool)]
    explanation = explain(scored.bundle, data)
    by_name = {feature.name: feature for feature in scored.frame.features}
    features = [by_name[name] for name in explanation.features]
    reasons = explain_rows(
        features, data, explanation.contributions, correlated=scored.bundle.manifest.correlated_features
    )
    baseline = float(calibrate_scores(scored.bundle, np.array([explanation.base_value]))[0])
    return Explained(explanation.base_value, dict(zip(data["unit_id"], reasons, strict=True)), baseline)


def measure_population_drift(scored: Scored) -> tuple[Drift, ...]:
    """Return how far the scored rows have drifted from the training rows."""
    return measure_drift(scored.bundle, scored.frame.data, scored.scores["probability"].to_numpy(dtype=np.float64))
