"""The SHAP beeswarm plot of a model, from exact SHAP values."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from payrank.models.bundle import Bundle
from payrank.models.matrix import encode
from payrank.models.shap.explain import Explanation, explain

MOST_EXPLAINED = 1000
"""Rows in the pictures, evenly spaced over time."""
MOST_FEATURES = 20


def draw_beeswarm(bundle: Bundle, data: pd.DataFrame, file: Path) -> None:
    """Draw the SHAP beeswarm of a model: every row's contribution of each important feature.

    Parameters
    ----------
    data
        Rows to explain, in order of time; at most `MOST_EXPLAINED` of them are used.
    file
        PNG file to write.
    """
    rows = np.unique(np.linspace(0, len(data) - 1, MOST_EXPLAINED).astype(int))
    sample = data.iloc[rows]
    _draw_beeswarm(bundle, explain(bundle, sample), sample, file)


def _draw_beeswarm(bundle: Bundle, explained: Explanation, sample: pd.DataFrame, file: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - late: seconds of imports

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    with warnings.catch_warnings():
        # shap 0.51 still builds its colors by a call that matplotlib 3.11 deprecates; goes when shap mends it.
        warnings.simplefilter("ignore")
        import shap  # noqa: PLC0415
    try:
        shap.summary_plot(
            explained.contributions,
            features=encode(sample, bundle.manifest.features),
            feature_names=[f"{name}  " for name in explained.features],
            max_display=MOST_FEATURES,
            show=False,
            rng=np.random.default_rng(1),
        )
        plt.xlabel("contribution to the score (log-odds)")
        plt.savefig(file, dpi=120, bbox_inches="tight", metadata={"Software": None})
    finally:
        plt.close("all")
