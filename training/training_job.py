"""One training run as an object: its inputs, and the design and settings that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.optional import require
from payrank.features.arrays import Floats
from payrank.features.frame import Frame
from payrank.models.audit import AuditFacts
from payrank.models.manifest import ModelKind
from payrank.models.records.auto_settings import AutoSettings
from payrank.training.design.check_frame import check_frame, check_outcomes
from payrank.training.design.check_settings import check_segments, check_unconstrained
from payrank.training.design.temporal import Design, Positions, plan_periods
from payrank.training.settings import TrainingSettings, default_settings


@dataclass(frozen=True, slots=True)
class AppealChances:
    """All denials that were open at the training snapshots: whether each was decided, and its chance of that.

    `data` are the rows of the population; `chance` (0 to 1) was estimated out of fold.
    """

    data: pd.DataFrame
    decided: NDArray[np.bool_]
    chance: Floats


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What every step of a training run needs.

    `settings` still has `"auto"` values until `payrank.training.fit.auto_settings` resolves them and records how in
    `auto_settings`. `audit` is only used to evaluate fairness; no fit sees it. `appeal_chances`, and
    `selection_weights` (one per row of the frame, with mean 1), are None without a population.
    """

    frame: Frame
    kind: ModelKind
    as_of: date
    settings: TrainingSettings
    design: Design
    audit: AuditFacts | None = None
    appeal_chances: AppealChances | None = None
    selection_weights: Floats | None = None
    auto_settings: AutoSettings = field(default_factory=AutoSettings)

    @property
    def data(self) -> pd.DataFrame:
        """The rows of the training frame, in time order."""
        return self.frame.data

    @property
    def served_rows(self) -> Positions:
        """Positions of the rows that the served model is fitted on."""
        return self.design.served if self.settings.refit else self.design.splits[-1].fitted

    @property
    def native_categories(self) -> bool:
        """Whether LightGBM splits categories as categories, instead of by threshold."""
        return self.settings.categories == "native"


def plan_job(
    frame: Frame,
    *,
    kind: ModelKind,
    as_of: date,
    settings: TrainingSettings | None = None,
    audit: AuditFacts | None = None,
) -> TrainingJob:
    """Check the inputs of a training run and lay out its periods.

    Raises
    ------
    WrongUsageError
        If the frame has the wrong unit or no labels, a setting names an unknown feature, or scikit-learn is missing.
    NoUsableModelError
        If there are too few outcomes, labels have not matured, or the history is too short.
    """
    require("sklearn", extra="train", needed_for="training")  # the baselines need it, after minutes of fitting
    settings = settings or default_settings(kind)
    check_frame(frame, kind)
    check_segments(frame.features, settings)
    check_unconstrained(frame.features, settings)
    check_outcomes(frame.data["label"], kind, settings)
    design = plan_periods(frame.data, frame.target.label_lag_days, as_of, settings)
    return TrainingJob(frame, kind, as_of, settings, design, audit)
