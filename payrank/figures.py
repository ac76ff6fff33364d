"""A model's figures beside the baselines, as a table that fits a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from models.manifest import Manifest
from payrank.console import make_table

_NAMES = {
    "largest_first": "largest first",
    "oldest_first": "oldest first",
    "majority": "majority",
    "logistic": "logistic regression",
    "rate_by_age": "rate by age",
}


def captured(manifest: Manifest) -> tuple[str, str]:
    """Return the figure that counts what the top of the list captures, and its heading: dollars, or outcomes."""
    if "dollars_captured" in manifest.metrics:
        return "dollars_captured", "dollars in the top 20%"
    return "outcomes_captured", "outcomes in the top 20%"


def figures_table(manifest: Manifest) -> Table:
    """Return AUC, Brier score and captured dollars of the model and of each baseline, on the same later rows."""
    key, heading = captured(manifest)
    judged = sum(period.predicted.rows for period in manifest.windows.periods if period.role == "judged")
    rows = [["payrank", *_cells(manifest.metrics, key)]]
    for name, figures in sorted(manifest.baselines.items(), key=lambda item: -item[1].get("auc", 0.0)):
        rows.append([_NAMES.get(name, name.replace("_", " ")), *_cells(figures, key)])
    title = f"{manifest.kind}, measured on {judged:,} later rows that the model had not seen"
    return make_table(title, [("ranking by", False), ("AUC", True), ("Brier", True), (heading, True)], rows)


def _cells(figures: Mapping[str, float], key: str) -> list[str]:
    def cell(name: str, form: str) -> str:
        return format(figures[name], form) if name in figures else "-"

    return [cell("auc", ".3f"), cell("brier", ".3f"), cell(key, ".0%")]
