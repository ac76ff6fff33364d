"""Pictures of what drives a model, from exact SHAP values."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from payrank.models.bundle import Bundle
from payrank.models.matrix import encode
from payrank.models.shap.explain import Explanation, explain
from payrank.training.plots.picture import BLUE, picture

MOST_EXPLAINED = 1000
"""Rows in the pictures, evenly spaced over time."""
MOST_FEATURES = 20


def draw_drivers(bundle: Bundle, data: pd.DataFrame, importance: Path, beeswarm: Path) -> None:
    """Draw what moves the score most: mean absolute contributions as bars, and the SHAP beeswarm.

    Parameters
    ----------
    data
        Rows to explain, in order of time; at most `MOST_EXPLAINED` of them are.
    importance, beeswarm
        PNG files to write.
    """
    rows = np.unique(np.linspace(0, len(data) - 1, MOST_EXPLAINED).astype(int))
    sample = data.iloc[rows]
    explained = explain(bundle, sample)
    _draw_bars(explained, importance)
    _draw_beeswarm(bundle, explained, sample, beeswarm)


def _draw_bars(explained: Explanation, file: Path) -> None:
    size = np.abs(explained.contributions).mean(axis=0)
    top = np.argsort(-size, kind="stable")[:MOST_FEATURES][::-1]
    with picture(file, 7.5, 1.2 + 0.27 * len(top)) as axes:
        axes.barh(np.array(explained.features)[top], size[top], color=BLUE)
        axes.tick_params(axis="y", labelsize=8)
        axes.set_xlabel("mean absolute contribution (log-odds)")
        axes.set_title("What moves the score most", fontsize=10, loc="left")


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
