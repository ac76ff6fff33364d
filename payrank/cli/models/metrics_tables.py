"""A model's metrics next to the baselines, as tables that fit a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from payrank.console import STDOUT, make_table
from payrank.models.card.verdict import describe_final_test, describe_verdict
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.fairness import GROUP_METRIC_LABELS, label_attribute

WIDEST_SLICES = 24


def periods_table(manifest: Manifest) -> Table:
    """Return the periods, each predicted by trees fitted on rows whose labels were known before it."""
    rows = [
        [
            "final test" if period.role == "final" else period.role,
            f"{period.predicted.first} to {period.predicted.last}",
            f"{period.predicted.rows:,}",
            f"{period.predicted.events:,}",
            str(period.fitted_labels_known_by),
        ]
        for period in manifest.windows.periods
    ]
    columns = [
        ("period", False),
        ("snapshots", False),
        ("rows", True),
        ("outcomes", True),
        ("fitted on labels known by", False),
    ]
    return make_table("Backtest periods (each predicted by trees fitted before it began)", columns, rows)


def metrics_table(manifest: Manifest) -> Table:
    """Return AUC, Brier score, and captured dollars of the model and of each baseline on the same holdout rows.

    The last column is how much more the model captures than the baseline, with a 95% interval over households.
    """
    rows = manifest.evaluation.holdout.rows
    return _ranking_table(manifest.evaluation, f"{manifest.kind}: {rows:,} later rows that were not used in training")


def final_table(manifest: Manifest) -> Table | None:
    """Return the same metrics on the final test; None when the history was too short for one."""
    final = manifest.final_test
    if final is None:
        return None
    holdout = final.holdout
    title = f"Final test, {holdout.first} to {holdout.last}: {holdout.rows:,} rows of {holdout.households:,} households"
    note = "(not used to choose settings; the model was not trained on these households)"
    return _ranking_table(final, f"{title}\n{note}")


def _ranking_table(evaluation: Evaluation, title: str) -> Table:
    order = sorted(
        evaluation.baselines,
        key=lambda baseline: -(baseline.metrics["auc"].value if "auc" in baseline.metrics else 0.0),
    )
    rows = [["payrank", *_cells(evaluation.metrics), "-"]]
    rows += [
        [baseline.short_name, *_cells(baseline.metrics), format_interval(baseline.advantage)] for baseline in order
    ]
    heading = f"{evaluation.holdout.gain_unit} in top {evaluation.holdout.capacity:.0%}"
    columns = [
        ("ranking by", False),
        ("AUC", True),
        ("Brier", True),
        (heading, True),
        ("advantage (95%)", True),
    ]
    return make_table(title, columns, rows)


def slices_table(manifest: Manifest) -> Table:
    """Return the model in each slice: rows, predicted and actual rates, AUC, and captured dollars."""
    evaluation = manifest.evaluation
    best = evaluation.best_baseline
    rows = [
        [
            row.dimension,
            row.name if len(row.name) <= WIDEST_SLICES else row.name[: WIDEST_SLICES - 3] + "...",
            f"{row.rows:,}",
            f"{row.predicted:.0%}",
            f"{row.actual.value:.0%}",
            f"{row.auc.value:.2f}" if row.auc else "-",
            format_interval(row.advantage.get(best.name)) if best else "-",
        ]
        for row in evaluation.slices
    ]
    against = f"; advantage over {best.short_name}" if best else ""
    columns = [
        ("by", False),
        ("slice", False),
        ("rows", True),
        ("predicted", True),
        ("actual", True),
        ("AUC", True),
        ("advantage", True),
    ]
    return make_table(f"Slices, each ranked separately{against}", columns, rows)


def show_metrics(manifest: Manifest, *, slices: bool = False) -> None:
    """Print a model's metrics, final test, verdict, slices on request, fairness audit, and notices."""
    tables = [metrics_table(manifest), final_table(manifest)]
    for table in tables:
        if table is not None:
            STDOUT.print(table)
            STDOUT.print()
    for text in (*describe_verdict(manifest.evaluation), *describe_final_test(manifest)):
        _print_wrapped(text)
    if slices:
        STDOUT.print()
        STDOUT.print(slices_table(manifest))
    if (audited := fairness_table(manifest)) is not None:
        STDOUT.print()
        STDOUT.print(audited)
    for line in fairness_lines(manifest):
        _print_wrapped(line)
    for notice in manifest.notices:
        _print_wrapped(f"- {notice}")


def _print_wrapped(line: str) -> None:
    STDOUT.print(line, markup=False, soft_wrap=False)


def fairness_table(manifest: Manifest) -> Table | None:
    """Return the worst-off group by attribute and metric compared with all rows; None when nothing was checked.

    A difference is significant when the group's interval excludes the value of all rows; the rest may be noise.
    """
    rows = [
        [
            label_attribute(audit.attribute),
            GROUP_METRIC_LABELS.get(group.metric, group.metric),
            group.group,
            f"{group.value.value:.1%}",
            "-" if group.value.low is None else f"{group.value.low:.1%} to {group.value.high:.1%}",
            f"{group.overall:.1%}",
            "yes" if group.is_significant else "-",
        ]
        for audit in manifest.evaluation.fairness.attributes
        for group in audit.worst_groups
    ]
    columns = [
        ("by", False),
        ("metric", False),
        ("worst", False),
        ("share", True),
        ("95%", True),
        ("all", True),
        ("significant", True),
    ]
    title = "Fairness: worst-off group by attribute and metric"
    return make_table(title, columns, rows) if rows else None


def fairness_lines(manifest: Manifest) -> list[str]:
    """Return what the audit could not check, one line each."""
    fairness = manifest.evaluation.fairness
    lines = [f"Fairness: {fairness.not_checked}"] if fairness.not_checked else []
    return [*lines, *(f"Fairness: {note}" for note in fairness.notes)]


def format_interval(figure: Estimate | None) -> str:
    """Return a share with its interval, in short form.

    >>> format_interval(Estimate(value=0.052, low=0.047, high=0.058)), format_interval(None)
    ('+5% (+5 to +6)', '-')
    """
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{_percent(figure.value)}%"
    return f"{_percent(figure.value)}% ({_percent(figure.low)} to {_percent(figure.high)})"


def _percent(share: float) -> str:
    """Return whole percents with their sign; zero after rounding is shown without a minus sign."""
    return f"{round(100 * share):+d}"


def _cells(metrics: Mapping[str, Estimate]) -> list[str]:
    def cell(name: str, form: str) -> str:
        return format(metrics[name].value, form) if name in metrics else "-"

    return [cell("auc", ".3f"), cell("brier", ".3f"), cell("captured", ".0%")]
