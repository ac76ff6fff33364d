"""A model's figures beside the baselines, as a table that fits a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from payrank.console import STDOUT, make_table
from payrank.models.card.verdict import describe_final_test, describe_verdict
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.fairness import GROUP_METRIC_LABELS

WIDEST_SLICES = 24


def periods_table(manifest: Manifest) -> Table:
    """Return the periods: each was predicted by trees of rows whose labels were known before it."""
    rows = [
        [
            "final test" if one.role == "final" else one.role,
            f"{one.predicted.first} to {one.predicted.last}",
            f"{one.predicted.rows:,}",
            f"{one.predicted.events:,}",
            str(one.fitted_labels_known_by),
        ]
        for one in manifest.windows.periods
    ]
    columns = [
        ("period", False),
        ("snapshots", False),
        ("rows", True),
        ("outcomes", True),
        ("fitted on labels known by", False),
    ]
    return make_table("How it was measured: each period predicted before it began", columns, rows)


def figures_table(manifest: Manifest) -> Table:
    """Return AUC, Brier score and captured dollars of the model and of each baseline, on the same judged rows.

    The last column is what the model captures beyond the baseline, with its 95 % interval over households.
    """
    rows = manifest.evaluation.holdout.rows
    return _ranking_table(manifest.evaluation, f"{manifest.kind}, judged on {rows:,} later rows that no fit had seen")


def final_table(manifest: Manifest) -> Table | None:
    """Return the same figures of the final test, None where the history was too short for one."""
    final = manifest.final_test
    if final is None:
        return None
    holdout = final.holdout
    title = f"Final test, {holdout.first} to {holdout.last}: {holdout.rows:,} rows of {holdout.households:,} households"
    return _ranking_table(final, f"{title}\n(nothing was chosen on them, and its fit saw none of these households)")


def _ranking_table(evaluation: Evaluation, title: str) -> Table:
    order = sorted(evaluation.baselines, key=lambda one: -(one.metrics["auc"].value if "auc" in one.metrics else 0.0))
    rows = [["payrank", *_cells(evaluation.metrics), "-"]]
    rows += [[one.short_name, *_cells(one.metrics), show_interval(one.advantage)] for one in order]
    heading = f"{evaluation.holdout.gain_unit} in top {evaluation.holdout.capacity:.0%}"
    columns = [("ranking by", False), ("AUC", True), ("Brier", True), (heading, True), ("model ahead by (95 %)", True)]
    return make_table(title, columns, rows)


def slices_table(manifest: Manifest) -> Table:
    """Return the model in each slice: rows, what was promised and what happened, AUC, and captured dollars."""
    evaluation = manifest.evaluation
    best = evaluation.best_baseline
    rows = [
        [
            one.dimension,
            one.name if len(one.name) <= WIDEST_SLICES else one.name[: WIDEST_SLICES - 3] + "...",
            f"{one.rows:,}",
            f"{one.predicted:.0%}",
            f"{one.actual.value:.0%}",
            f"{one.auc.value:.2f}" if one.auc else "-",
            show_interval(one.advantage.get(best.name)) if best else "-",
        ]
        for one in evaluation.slices
    ]
    against = f"; ahead of {best.short_name}" if best else ""
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


def show_figures(manifest: Manifest, *, slices: bool = False) -> None:
    """Print what is said of every model: figures, final test, verdict, slices where asked for, fairness, notices."""
    tables = [figures_table(manifest), final_table(manifest)]
    for table in tables:
        if table is not None:
            STDOUT.print(table)
            STDOUT.print()
    for text in (*describe_verdict(manifest.evaluation), *describe_final_test(manifest)):
        _say(text)
    if slices:
        STDOUT.print()
        STDOUT.print(slices_table(manifest))
    if (audited := fairness_table(manifest)) is not None:
        STDOUT.print()
        STDOUT.print(audited)
    for line in fairness_lines(manifest):
        _say(line)
    for notice in manifest.notices:
        _say(f"- {notice}")


def _say(line: str) -> None:
    STDOUT.print(line, markup=False, soft_wrap=False)


def fairness_table(manifest: Manifest) -> Table | None:
    """Return who fares worst by each attribute and figure, beside all rows; None where nothing was checked.

    A group is apart where its interval leaves out the figure of all rows: the rest may be the noise of few people.
    """
    rows = [
        [
            audit.attribute.replace("_", " "),
            GROUP_METRIC_LABELS.get(one.metric, one.metric),
            one.group,
            f"{one.value.value:.1%}",
            "-" if one.value.low is None else f"{one.value.low:.1%} to {one.value.high:.1%}",
            f"{one.overall:.1%}",
            "yes" if one.is_significant else "-",
        ]
        for audit in manifest.evaluation.fairness.attributes
        for one in audit.worst_groups
    ]
    columns = [
        ("by", False),
        ("figure", False),
        ("worst", False),
        ("share", True),
        ("95 %", True),
        ("all", True),
        ("apart", True),
    ]
    title = "Fairness: who fares worst, and who is behind all rows beyond the noise (apart)"
    return make_table(title, columns, rows) if rows else None


def fairness_lines(manifest: Manifest) -> list[str]:
    """Return what the audit could not check, so that nothing passes in silence."""
    fairness = manifest.evaluation.fairness
    lines = [f"Fairness: {fairness.not_checked}"] if fairness.not_checked else []
    return [*lines, *(f"Fairness: {note}" for note in fairness.notes)]


def show_interval(figure: Estimate | None) -> str:
    """Return a share with its interval, shortly.

    >>> show_interval(Estimate(value=0.052, low=0.047, high=0.058)), show_interval(None)
    ('+5% (+5 to +6)', '-')
    """
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{_percent(figure.value)}%"
    return f"{_percent(figure.value)}% ({_percent(figure.low)} to {_percent(figure.high)})"


def _percent(share: float) -> str:
    """Return whole percents with their sign; what rounds to nothing has none of its own (-0 says nothing)."""
    return f"{round(100 * share):+d}"


def _cells(figures: Mapping[str, Estimate]) -> list[str]:
    def cell(name: str, form: str) -> str:
        return format(figures[name].value, form) if name in figures else "-"

    return [cell("auc", ".3f"), cell("brier", ".3f"), cell("captured", ".0%")]
