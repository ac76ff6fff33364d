"""Draws all plots of a training run as PNG files. They contain no ID and no name of a person."""

from __future__ import annotations

import re
from pathlib import Path

from payrank.models.card.charts import (
    advantage_chart,
    calibration_chart,
    captured_chart,
    gains_chart,
    importance_chart,
    slices_chart,
)
from payrank.models.card.fairness_chart import fairness_chart
from payrank.models.card.figure import write_png
from payrank.models.records.evaluation import Evaluation
from payrank.training.plots.design_plot import draw_design
from payrank.training.plots.shap_plots import draw_beeswarm
from payrank.training.train import Trained

PLOTS = ("design", "calibration", "captured", "advantage", "gains", "slices", "importance", "shap_beeswarm")
"""Names of the plots of every training run; an audit adds `fairness_<attribute>` for each attribute."""
MAX_FEATURES = 20


def draw_plots(trained: Trained, folder: Path) -> dict[str, Path]:
    """Draw every plot of a training run as a PNG file. The charts are those of the model card.

    Parameters
    ----------
    trained
        What `train` returned.
    folder
        Where the files go; created if it does not exist.

    Returns
    -------
    dict
        Path by name, as in `PLOTS`. Without any gain, `captured`, `advantage`, `gains`, and `slices` are absent.

    Raises
    ------
    WrongUsageError
        If Matplotlib or SHAP is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bundle = trained.bundle
    files = {"design": folder / "design.png"}
    draw_design(bundle.manifest, files["design"])
    files |= draw_evaluation(bundle.manifest.evaluation, folder)
    files["shap_beeswarm"] = folder / "shap_beeswarm.png"
    draw_beeswarm(bundle, trained.fitted_rows, files["shap_beeswarm"])
    return files


def draw_evaluation(evaluation: Evaluation, folder: Path) -> dict[str, Path]:
    """Draw the charts of an evaluation as PNG files, including one per audited attribute; return them by name."""
    charts = {
        "calibration": calibration_chart(evaluation),
        "captured": captured_chart(evaluation),
        "advantage": advantage_chart(evaluation),
        "gains": gains_chart(evaluation),
        "slices": slices_chart(evaluation),
        "importance": importance_chart(evaluation, MAX_FEATURES),
    }
    for audit in evaluation.fairness.attributes:
        name = re.sub(r"\W", "_", audit.attribute)
        charts[f"fairness_{name}"] = fairness_chart(evaluation, audit)
    files = {}
    for name, chart in charts.items():
        if chart is not None:
            files[name] = folder / f"{name}.png"
            write_png(chart, files[name])
    return files
