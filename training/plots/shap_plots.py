"""The SHAP beeswarm plot of a model, from exact SHAP values."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from payrank.extracts.optional import require
from payrank.models.bundle import Bundle
from payrank.models.matrix import encode
from payrank.models.shap.explain import explain

MAX_EXPLAINED = 1000
"""Rows in the plot, evenly spaced in time."""
MAX_FEATURES = 20


def draw_beeswarm(bundle: Bundle, data: pd.DataFrame, file: Path) -> None:
    """Draw the SHAP beeswarm of a model: each row's contribution of each important feature.

    Parameters
    ----------
    data
        Rows to explain, in time order; at most 1,000 of them are used.
    file
        PNG file to write.

    Raises
    ------
    WrongUsageError
        If Matplotlib or SHAP is not installed.
    """
    require("matplotlib", extra="train", needed_for="the SHAP plot").use("Agg")
    pyplot = require("matplotlib.pyplot", extra="train")
    with warnings.catch_warnings():
        # SHAP 0.51 builds its colors with a call that Matplotlib 3.11 deprecates. Remove this once SHAP fixes it.
        warnings.simplefilter("ignore")
        shap = require("shap", extra="train", needed_for="the SHAP plot")
    rows = np.unique(np.linspace(0, len(data) - 1, MAX_EXPLAINED).astype(int))
    sample = data.iloc[rows]
    explained = explain(bundle, sample)
    try:
        shap.summary_plot(
            explained.contributions,
            features=encode(sample, bundle.manifest.features),
            feature_names=[f"{name}  " for name in explained.features],
            max_display=MAX_FEATURES,
            show=False,
            rng=np.random.default_rng(1),
        )
        pyplot.xlabel("contribution to the score (log-odds)")
        pyplot.savefig(file, dpi=120, bbox_inches="tight", metadata={"Software": None})
    finally:
        pyplot.close("all")
