"""The sections of a model card about its metrics: headline, alarms, baselines, final test, calibration, drivers."""

from __future__ import annotations

from payrank.models.card.card_record import Section, Table
from payrank.models.card.charts import advantage_chart, calibration_chart, captured_chart, gains_chart, importance_chart
from payrank.models.card.tables import tabulate_calibration, tabulate_capacities, tabulate_rankings
from payrank.models.card.texts import list_alarms
from payrank.models.card.verdict import beats_all_baselines, describe_final_test, describe_verdict
from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import UNKNOWN, show_count
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation

MAX_FEATURES = 15
MORE_METRICS = {
    "average_precision": "average precision",
    "log_loss": "log loss",
    "lift": "lift: outcome rate at the top of the list, relative to random order",
    "reliability": "Brier score: reliability (lower is better)",
    "resolution": "Brier score: resolution, subtracted (higher is better)",
    "uncertainty": "Brier score: uncertainty of the outcomes",
    "within_bins": "Brier score: within deciles",
}


def headline_metrics(evaluation: Evaluation) -> tuple[tuple[str, str, str], ...]:
    """Return the metrics at the top of the card: label, value, interval."""
    holdout = evaluation.holdout
    labels = {
        "auc": "AUC",
        "captured": f"{holdout.gain_unit.capitalize()} in the top {holdout.capacity:.0%}",
        "brier": "Brier score",
        "ece": "Calibration error",
    }
    shown = []
    for name, label in labels.items():
        if name in evaluation.metrics:
            form = ".1%" if name == "captured" else ".3f"
            estimate = evaluation.metrics[name]
            shown.append((label, format(estimate.value, form), _format_interval(estimate, form)))
    return tuple(shown)


def _format_interval(estimate: Estimate, form: str) -> str:
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return f"{format(estimate.low, form)} to {format(estimate.high, form)}"


def alarm_sections(manifest: Manifest) -> tuple[Section, ...]:
    """Return the section of alarms and notices; none when there is nothing to warn about."""
    warnings = list_alarms(manifest)
    if not beats_all_baselines(manifest.evaluation):
        warnings = (*warnings, *describe_verdict(manifest.evaluation))
    return (Section("alarms", "Read this first", warnings=warnings),) if warnings else ()


def metrics_section(manifest: Manifest) -> Section:
    """Return the metrics of the model and its baselines, with intervals."""
    evaluation = manifest.evaluation
    holdout = evaluation.holdout
    rows = tuple(
        (label, format_estimate(evaluation.metrics[name], ".4f"))
        for name, label in MORE_METRICS.items()
        if name in evaluation.metrics
    )
    return Section(
        "metrics",
        "Performance compared with baselines",
        (
            f"Measured on {show_count(holdout.rows)} later rows of {show_count(holdout.households)} households, from "
            f"{holdout.first} to {holdout.last}. Intervals are 95% intervals from {holdout.resamples} bootstrap "
            f"samples of households. The model's advantage is the share of all {holdout.gain_unit} that it captures "
            f"beyond a baseline when staff work the top {holdout.capacity:.0%} of each list. It is significant when "
            "its interval is above 0.",
            *(describe_verdict(evaluation) if beats_all_baselines(evaluation) else ()),
        ),
        charts=tuple(filter(None, (captured_chart(evaluation), advantage_chart(evaluation), gains_chart(evaluation)))),
        tables=(
            tabulate_rankings(evaluation, "Holdout periods"),
            *tabulate_capacities(evaluation),
            Table("More metrics of the model", ("metric", "value"), rows),
        ),
    )


def final_test_section(manifest: Manifest) -> Section:
    """Return the section of the final test, or why there is none."""
    title, final, reserved = "Final test: the last period", manifest.final_test, manifest.windows.reserved
    if final is None:
        return Section("final", title, warnings=("There was no final test. The notices say what it requires.",))
    holdout = final.holdout
    sentence = (
        f"{show_count(holdout.rows)} rows of {show_count(holdout.households)} households, from {holdout.first} to "
        f"{holdout.last}. Nothing was chosen on them: no trees, no settings, no calibration. "
    )
    sentence += (
        "The model was not trained on any of these households."
        if reserved is None
        else f"These households are a random {reserved.share:.0%} of all, and the model for this test was not trained "
        "on any of them."
    )
    return Section(
        "final",
        title,
        (sentence, *describe_final_test(manifest)),
        charts=tuple(filter(None, (captured_chart(final), calibration_chart(final)))),
        tables=(
            tabulate_rankings(final, "Final test"),
            *tabulate_capacities(final),
            tabulate_calibration(final, "Predicted vs. actual in the final test"),
        ),
    )


def calibration_section(evaluation: Evaluation) -> Section:
    """Return the calibration of the probabilities."""
    ece = format_estimate(evaluation.metrics.get("ece"))
    return Section(
        "calibration",
        "Calibration",
        (f"Mean difference between predicted and actual rates (expected calibration error): {ece}.",),
        charts=tuple(filter(None, (calibration_chart(evaluation),))),
        tables=(tabulate_calibration(evaluation, "Predicted vs. actual"),),
    )


def drivers_section(evaluation: Evaluation) -> Section:
    """Return feature importance, and stability from one period to the next."""
    importance = tuple(
        (feature.feature, f"{feature.contribution:.3f}", _format(feature.auc_drop, ".4f"))
        for feature in evaluation.importance[:MAX_FEATURES]
    )
    stability = tuple(
        (
            f"{pair.earlier} to {pair.later}",
            _format(pair.auc_earlier, ".3f"),
            _format(pair.auc_later, ".3f"),
            f"{pair.score_psi:.3f}",
            _format(pair.importance_rank_correlation, ".2f"),
        )
        for pair in evaluation.stability
    )
    columns = ("periods", "AUC before", "AUC after", "PSI of the scores", "rank correlation of importances")
    tables = [Table("Most important features", ("feature", "mean contribution", "AUC drop when shuffled"), importance)]
    if stability:
        tables.append(Table("Stability between periods", columns, stability))
    return Section(
        "drivers",
        "Feature importance and stability",
        (
            f"Mean absolute SHAP contributions (log-odds) on {show_count(evaluation.sample_rows)} later rows, and the "
            "decrease of the AUC when a feature is shuffled.",
        ),
        charts=tuple(filter(None, (importance_chart(evaluation, MAX_FEATURES),))),
        tables=tuple(tables),
    )


def _format(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)
