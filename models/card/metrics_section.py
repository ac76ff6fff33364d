"""The sections of a model card about how good the model is: figures, final test, calibration, what drives it."""

from __future__ import annotations

from payrank.models.card.card_record import Section, Table
from payrank.models.card.charts import advantage_chart, calibration_chart, captured_chart, gains_chart, importance_chart
from payrank.models.card.tables import tabulate_capacities, tabulate_rankings, tabulate_reliability
from payrank.models.card.texts import alarm_lines
from payrank.models.card.verdict import beats_all_baselines, describe_final_test, describe_verdict
from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import UNKNOWN, show_count
from payrank.models.manifest import Manifest
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation

MOST_FEATURES = 15
MORE_FIGURES = {
    "average_precision": "average precision",
    "log_loss": "log loss",
    "lift": "lift: outcomes at the top of the list, times those of an order by chance",
    "reliability": "Brier score: reliability (less is better)",
    "resolution": "Brier score: resolution, taken off (more is better)",
    "uncertainty": "Brier score: uncertainty of the outcomes themselves",
    "within_bins": "Brier score: within the tenths",
}


def _interval(figure: Estimate, form: str) -> str:
    if figure.low is None or figure.high is None:
        return "no interval"
    return f"{format(figure.low, form)} to {format(figure.high, form)}"


def tell_headline(holdout: Evaluation) -> tuple[tuple[str, str, str], ...]:
    """Return the figures that stand out: name, value, interval."""
    gain = holdout.holdout.gain_unit
    names = {
        "auc": "AUC",
        "captured": f"{gain.capitalize()} in the top {holdout.holdout.capacity:.0%}",
        "brier": "Brier score",
        "ece": "Calibration error",
    }
    forms = {"captured": ".1%"}
    return tuple(
        (told, format(holdout.metrics[name].value, form), _interval(holdout.metrics[name], form))
        for name, told in names.items()
        for form in (forms.get(name, ".3f"),)
        if name in holdout.metrics
    )


def tell_alarms(manifest: Manifest) -> tuple[Section, ...]:
    """Return the section of alarms and notices, none where there is nothing to warn of."""
    told = alarm_lines(manifest)
    if not beats_all_baselines(manifest.evaluation):
        told = (*told, *describe_verdict(manifest.evaluation))
    return (Section("alarms", "Read this first", warnings=told),) if told else ()


def tell_figures(manifest: Manifest) -> Section:
    """Return the figures beside the baselines, with intervals."""
    holdout = manifest.evaluation
    tables = [tabulate_rankings(holdout, "On the judged periods")]
    tables += tabulate_capacities(holdout)
    rows = tuple(
        (told, format_estimate(holdout.metrics[name], ".4f"))
        for name, told in MORE_FIGURES.items()
        if name in holdout.metrics
    )
    tables.append(Table("More figures of the model", ("figure", "value"), rows))
    count = holdout.holdout
    return Section(
        "figures",
        "How good it is, beside what an office could do without it",
        (
            f"Measured on {show_count(count.rows)} later rows of {show_count(count.households)} households, from "
            f"{count.first} to {count.last}. Intervals hold 95 % of {count.resamples} draws of whole households. "
            f'"Ahead" is the share of all {count.gain_unit} that the model captures beyond a baseline when the top '
            f"{count.capacity:.0%} of each list is worked: it is surely ahead where the interval is above 0.",
            *(describe_verdict(holdout) if beats_all_baselines(holdout) else ()),
        ),
        charts=tuple(
            chart
            for chart in (captured_chart(holdout), advantage_chart(holdout), gains_chart(holdout))
            if chart is not None
        ),
        tables=tuple(tables),
    )


def tell_final_test(manifest: Manifest) -> Section:
    """Return the final test as a section of its own, or why there is none."""
    title, final = "The final test: the last period, kept for the end", manifest.final_test
    if final is None:
        return Section("final", title, warnings=("There is none: see the notices for what it wants.",))
    holdout, kept = final.holdout, manifest.windows.reserved
    told = (
        f"{show_count(holdout.rows)} rows of {show_count(holdout.households)} households, from {holdout.first} to "
        f"{holdout.last}. Nothing was chosen on them: no tree, no setting, no calibration. "
    )
    told += (
        "Their households are strangers to the fit."
        if kept is None
        else f"Their households are {kept.share:.0%} of all, drawn by a hash, and this test's fit saw none of them."
    )
    charts = (captured_chart(final), calibration_chart(final))
    return Section(
        "final",
        title,
        (told, *describe_final_test(manifest)),
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(
            tabulate_rankings(final, "On the final test"),
            *tabulate_capacities(final),
            tabulate_reliability(final, "Promised and seen in the final test"),
        ),
    )


def tell_calibration(holdout: Evaluation) -> Section:
    """Return the reliability curve."""
    chart = calibration_chart(holdout)
    return Section(
        "calibration",
        "Do its probabilities come true?",
        (f"Mean gap between promised and seen (ECE): {format_estimate(holdout.metrics.get('ece'))}.",),
        charts=(chart,) if chart else (),
        tables=(tabulate_reliability(holdout, "Promised and seen"),),
    )


def tell_drivers(holdout: Evaluation) -> Section:
    """Return importances and stability."""
    chart = importance_chart(holdout, MOST_FEATURES)
    rows = tuple(
        (one.feature, f"{one.contribution:.3f}", UNKNOWN if one.auc_drop is None else f"{one.auc_drop:.4f}")
        for one in holdout.importance[:MOST_FEATURES]
    )
    stable = tuple(
        (
            f"{one.earlier} to {one.later}",
            UNKNOWN if one.auc_earlier is None else f"{one.auc_earlier:.3f}",
            UNKNOWN if one.auc_later is None else f"{one.auc_later:.3f}",
            f"{one.score_psi:.3f}",
            UNKNOWN if one.importance_rank_correlation is None else f"{one.importance_rank_correlation:.2f}",
        )
        for one in holdout.stability
    )
    heads = ("periods", "AUC before", "AUC after", "shift of scores (PSI)", "rank correlation of importances")
    tables = [Table("What moves the score most", ("feature", "mean contribution", "AUC lost when shuffled"), rows)]
    if stable:
        tables.append(Table("From one period to the next", heads, stable))
    return Section(
        "drivers",
        "What drives it, and is that stable?",
        (
            f"Mean absolute SHAP contributions (log-odds) on {show_count(holdout.sample_rows)} later rows, and the "
            "decrease of the AUC when a feature is shuffled.",
        ),
        charts=(chart,) if chart else (),
        tables=tuple(tables),
    )
