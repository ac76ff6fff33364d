"""The sections of a model card about how good the model is: figures, final test, calibration, what drives it."""

from __future__ import annotations

from models.card_charts import captured_chart, gains_chart, importance_chart, reliability_chart
from models.card_record import Section, Table
from models.card_texts import alarm_lines
from models.evaluation import Evaluation
from models.figure import Figure
from models.manifest import Manifest
from models.page import UNKNOWN, show_count, show_dollars
from models.show_figure import show_figure
from models.verdict import surely_ahead, tell_final, tell_verdict

MOST_FEATURES = 15
MODEL = "payrank"
"""The model's own name among the gains."""
USUAL_ORDERS = ("largest_first", "oldest_first")
"""How offices sort without a model."""
CAPACITIES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of the list at which a table tells what is captured."""


def _interval(figure: Figure) -> str:
    return "no interval" if figure.low is None or figure.high is None else f"{figure.low:.3f} to {figure.high:.3f}"


def tell_headline(judged: Evaluation) -> tuple[tuple[str, str, str], ...]:
    """Return the figures that stand out: name, value, interval."""
    gain = judged.judged.gain
    names = {
        "auc": "AUC",
        "captured": f"{gain.capitalize()} in the top {judged.judged.capacity:.0%}",
        "brier": "Brier score",
        "ece": "Calibration error",
    }
    return tuple(
        (told, f"{judged.figures[name].value:.3f}", _interval(judged.figures[name]))
        for name, told in names.items()
        if name in judged.figures
    )


def tell_alarms(manifest: Manifest) -> tuple[Section, ...]:
    """Return the section of alarms and notices, none where there is nothing to warn of."""
    told = alarm_lines(manifest)
    if not surely_ahead(manifest.evaluation):
        told = (*told, *tell_verdict(manifest.evaluation))
    return (Section("alarms", "Read this first", warnings=told),) if told else ()


def tell_figures(manifest: Manifest) -> Section:
    """Return the figures beside the baselines, with intervals."""
    judged = manifest.evaluation
    tables = [_ranking_table(judged, "On the judged periods")]
    tables += _capacity_table(judged)
    parts = ("average_precision", "log_loss", "lift", "reliability", "resolution", "uncertainty", "within_bins")
    rows = tuple(
        (name.replace("_", " "), show_figure(judged.figures[name], ".4f")) for name in parts if name in judged.figures
    )
    tables.append(Table("More figures of the model", ("figure", "value"), rows))
    count = judged.judged
    return Section(
        "figures",
        "How good it is, beside what an office could do without it",
        (
            f"Measured on {show_count(count.rows)} later rows of {show_count(count.households)} households, from "
            f"{count.first} to {count.last}. Intervals hold 95 % of {count.resamples} draws of whole households. "
            f'"Ahead" is the share of all {count.gain} that the model captures beyond a baseline when the top '
            f"{count.capacity:.0%} of each list is worked: it is surely ahead where the interval is above 0.",
            *(tell_verdict(judged) if surely_ahead(judged) else ()),
        ),
        charts=tuple(chart for chart in (captured_chart(judged), gains_chart(judged)) if chart is not None),
        tables=tuple(tables),
    )


def tell_final_test(manifest: Manifest) -> Section:
    """Return the final test as a section of its own, or why there is none."""
    title, final = "The final test: the last period, kept for the end", manifest.final_test
    if final is None:
        return Section("final", title, warnings=("There is none: see the notices for what it wants.",))
    judged, kept = final.judged, manifest.windows.reserved
    told = (
        f"{show_count(judged.rows)} rows of {show_count(judged.households)} households, from {judged.first} to "
        f"{judged.last}. Nothing was chosen on them: no tree, no setting, no calibration. "
    )
    told += (
        "Their households are strangers to the fit."
        if kept is None
        else f"Their households are {kept.share:.0%} of all, drawn by a hash, and this test's fit saw none of them."
    )
    charts = (captured_chart(final), reliability_chart(final))
    return Section(
        "final",
        title,
        (told, *tell_final(manifest)),
        charts=tuple(chart for chart in charts if chart is not None),
        tables=(
            _ranking_table(final, "On the final test"),
            *_capacity_table(final),
            _reliability_table(final, "Promised and seen in the final test"),
        ),
    )


def _capacity_table(judged: Evaluation) -> list[Table]:
    """Return what is captured at several capacities by the model, the best other ranking and the usual orders."""
    curves = {one.name: one.captured for one in judged.gains}
    best = judged.strongest
    names = [MODEL, *([best.name] if best else []), *USUAL_ORDERS]
    chosen = [name for name in dict.fromkeys(names) if name in curves]
    if MODEL not in curves or not judged.judged.total:
        return []
    meanings = {one.name: one.meaning for one in judged.baselines} | {MODEL: "this model"}
    total, unit = judged.judged.total, judged.judged.gain
    show = show_dollars if unit == "dollars" else show_count
    rows = tuple(
        (
            f"{share:.0%}",
            *(f"{show(curves[name][place] * total)} ({curves[name][place]:.0%})" for name in chosen),
            f"{curves[MODEL][place] / share:.1f}",
        )
        for place, share in enumerate(judged.worked)
        if round(share, 2) in CAPACITIES
    )
    heads = ("list worked", *(meanings[name] for name in chosen), "lift of this model")
    return [Table(f"{unit.capitalize()} by capacity (of {show(total)}; lift: times those of any order)", heads, rows)]


def _ranking_table(judged: Evaluation, title: str) -> Table:
    def line(name: str, figures: dict[str, Figure], ahead: Figure | None) -> tuple[str, ...]:
        return (
            name,
            show_figure(figures.get("auc")),
            show_figure(figures.get("brier")),
            show_figure(figures.get("captured"), ".1%"),
            show_figure(ahead, ".1%"),
        )

    rows = [line("this model", dict(judged.figures), None)]
    rows += [
        line(one.meaning, dict(one.figures), one.ahead)
        for one in sorted(judged.baselines, key=lambda one: -_value(one.figures.get("captured")))
    ]
    return Table(title, ("ranking by", "AUC", "Brier", f"{judged.judged.gain} captured", "model ahead by"), tuple(rows))


def _value(figure: Figure | None) -> float:
    return float("-inf") if figure is None else figure.value


def tell_calibration(judged: Evaluation) -> Section:
    """Return the reliability curve."""
    chart = reliability_chart(judged)
    return Section(
        "calibration",
        "Do its probabilities come true?",
        (f"Mean gap between promised and seen (ECE): {show_figure(judged.figures.get('ece'))}.",),
        charts=(chart,) if chart else (),
        tables=(_reliability_table(judged, "Promised and seen"),),
    )


def _reliability_table(judged: Evaluation, title: str) -> Table:
    rows = tuple(
        (show_count(one.rows), f"{one.promised:.1%}", show_figure(one.happened, ".1%")) for one in judged.calibration
    )
    return Table(title, ("rows", "promised", "happened"), rows)


def tell_drivers(judged: Evaluation) -> Section:
    """Return importances and stability."""
    chart = importance_chart(judged, MOST_FEATURES)
    rows = tuple(
        (one.feature, f"{one.contribution:.3f}", UNKNOWN if one.auc_lost is None else f"{one.auc_lost:.4f}")
        for one in judged.importance[:MOST_FEATURES]
    )
    stable = tuple(
        (
            f"{one.earlier} to {one.later}",
            UNKNOWN if one.auc_earlier is None else f"{one.auc_earlier:.3f}",
            UNKNOWN if one.auc_later is None else f"{one.auc_later:.3f}",
            f"{one.score_shift:.3f}",
            UNKNOWN if one.importance_rank is None else f"{one.importance_rank:.2f}",
        )
        for one in judged.stability
    )
    heads = ("periods", "AUC before", "AUC after", "shift of scores (PSI)", "rank correlation of importances")
    tables = [Table("What moves the score most", ("feature", "mean contribution", "AUC lost when shuffled"), rows)]
    if stable:
        tables.append(Table("From one period to the next", heads, stable))
    return Section(
        "drivers",
        "What drives it, and is that stable?",
        (
            f"Mean absolute SHAP contributions in log-odds, on {judged.sample} later rows; and what the AUC falls by "
            "when a feature is shuffled.",
        ),
        charts=(chart,) if chart else (),
        tables=tuple(tables),
    )
