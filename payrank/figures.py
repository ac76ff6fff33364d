"""A model's figures beside the baselines, as a table that fits a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from models.figure import Figure
from models.manifest import Manifest
from payrank.console import make_table

WIDEST_SLICES = 24


def captured(manifest: Manifest) -> tuple[str, str]:
    """Return the figure that counts what the top of the list captures, and its heading: dollars, or outcomes."""
    judged = manifest.evaluation.judged
    return f"{judged.gain}_captured", f"{judged.gain} in the top {judged.capacity:.0%}"


def figures_table(manifest: Manifest) -> Table:
    """Return AUC, Brier score and captured dollars of the model and of each baseline, on the same later rows.

    The last column is what the model captures beyond the baseline, with its 95 % interval over households.
    """
    evaluation = manifest.evaluation
    order = sorted(evaluation.baselines, key=lambda one: -(one.figures["auc"].value if "auc" in one.figures else 0.0))
    rows = [["payrank", *_cells(evaluation.figures), "-"]]
    rows += [[one.name.replace("_", " "), *_cells(one.figures), show_interval(one.ahead)] for one in order]
    title = f"{manifest.kind}, measured on {evaluation.judged.rows:,} later rows that the model had not seen"
    _, heading = captured(manifest)
    columns = [("ranking by", False), ("AUC", True), ("Brier", True), (heading, True), ("model ahead by", True)]
    return make_table(title, columns, rows)


def slices_table(manifest: Manifest) -> Table:
    """Return the model in each slice: rows, what was promised and what happened, AUC, and captured dollars."""
    evaluation = manifest.evaluation
    best = evaluation.strongest
    rows = [
        [
            one.by,
            one.name if len(one.name) <= WIDEST_SLICES else one.name[: WIDEST_SLICES - 3] + "...",
            f"{one.rows:,}",
            f"{one.promised:.0%}",
            f"{one.happened.value:.0%}",
            f"{one.auc.value:.2f}" if one.auc else "-",
            show_interval(one.ahead.get(best.name)) if best else "-",
        ]
        for one in evaluation.slices
    ]
    against = f"; ahead of {best.name.replace('_', ' ')}" if best else ""
    columns = [
        ("by", False),
        ("slice", False),
        ("rows", True),
        ("said", True),
        ("was", True),
        ("AUC", True),
        ("ahead", True),
    ]
    return make_table(f"Each slice ranked within itself{against}", columns, rows)


def fairness_table(manifest: Manifest) -> Table | None:
    """Return who fares worst by each attribute and figure, beside all rows; None where nothing was checked."""
    rows = [
        [
            audit.attribute.replace("_", " "),
            one.figure.replace("_", " "),
            one.group,
            f"{one.value.value:.1%}",
            "-" if one.value.low is None else f"{one.value.low:.1%} to {one.value.high:.1%}",
            f"{one.overall:.1%}",
        ]
        for audit in manifest.evaluation.fairness.attributes
        for one in audit.worst
    ]
    columns = [("by", False), ("figure", False), ("worst", False), ("share", True), ("95 %", True), ("all", True)]
    return make_table("Fairness: the group that fares worst", columns, rows) if rows else None


def fairness_lines(manifest: Manifest) -> list[str]:
    """Return what the audit could not check, so that nothing passes in silence."""
    fairness = manifest.evaluation.fairness
    lines = [f"Fairness: {fairness.not_checked}"] if fairness.not_checked else []
    return [*lines, *(f"Fairness: {note}" for note in fairness.notes)]


def show_interval(figure: Figure | None) -> str:
    """Return a share with its interval, shortly.

    >>> show_interval(Figure(value=0.052, low=0.047, high=0.058)), show_interval(None)
    ('+5% (+5 to +6)', '-')
    """
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:+.0%}"
    return f"{figure.value:+.0%} ({100 * figure.low:+.0f} to {100 * figure.high:+.0f})"


def _cells(figures: Mapping[str, Figure]) -> list[str]:
    def cell(name: str, form: str) -> str:
        return format(figures[name].value, form) if name in figures else "-"

    return [cell("auc", ".3f"), cell("brier", ".3f"), cell("captured", ".0%")]
