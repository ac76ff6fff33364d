"""The sections of a model card about people: slices, whom the history left out, and fairness."""

from __future__ import annotations

from payrank.models.card.card_record import Section, Table
from payrank.models.card.charts import slices_chart
from payrank.models.card.fairness_chart import fairness_chart
from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import show_count
from payrank.models.records.evaluation import Evaluation, SliceMetrics
from payrank.models.records.fairness import GROUP_METRIC_LABELS, SUPPRESSED, AttributeAudit, GroupMetrics


def tell_slices(holdout: Evaluation) -> Section:
    """Return the figures of each slice, beside the best other ranking."""
    kinds = dict.fromkeys(one.dimension for one in holdout.slices)
    best = holdout.best_baseline
    tables = tuple(
        Table(
            f"By {kind}",
            (
                kind,
                "rows",
                "promised",
                "happened",
                "AUC",
                f"{holdout.holdout.gain_unit} captured",
                "ahead of the best other",
            ),
            tuple(_slice_row(one, best.name if best else "") for one in holdout.slices if one.dimension == kind),
        )
        for kind in kinds
    )
    said = f"The best other way of ranking is {best.meaning}. " if best else ""
    return Section(
        "slices",
        "Is it good for everyone?",
        (f"{said}Each slice is ranked within itself. Slices of fewer than 11 households are joined with others.",),
        charts=tuple(chart for chart in (slices_chart(holdout),) if chart is not None),
        tables=tables,
    )


def _slice_row(one: SliceMetrics, best: str) -> tuple[str, ...]:
    return (
        one.name,
        show_count(one.rows),
        f"{one.predicted:.1%}",
        format_estimate(one.actual, ".1%"),
        format_estimate(one.auc, ".2f"),
        format_estimate(one.captured, ".0%"),
        format_estimate(one.advantage.get(best), ".1%"),
    )


def tell_selection(holdout: Evaluation) -> Section:
    """Return for whom no outcome was ever seen."""
    if holdout.never_observed:
        return Section("selection", "For whom it was never shown an outcome", points=holdout.never_observed)
    said = "Not measured in this training: nothing is said of whom the history left out."
    return Section("selection", "For whom it was never shown an outcome", (said,))


def tell_fairness(holdout: Evaluation) -> Section:
    """Return the audit by group, or that it was not made."""
    fairness = holdout.fairness
    return Section(
        "fairness",
        "Fairness",
        (
            "Protected attributes are never features. With them the list that the model would have made is audited: "
            f"who is in its top {holdout.holdout.capacity:.0%}, who was called within the horizon, whose outcome "
            "happened and was passed over, and who was sent to financial assistance. Some group is always the worst: "
            "it is surely apart where its interval leaves out the share of all rows. What would tell of fewer than 11 "
            f"people, even by subtraction, is {SUPPRESSED}.",
        ),
        points=fairness.notes,
        charts=tuple(fairness_chart(holdout, audit) for audit in fairness.attributes),
        tables=tuple(table for audit in fairness.attributes for table in _audit_tables(audit)),
        warnings=(fairness.not_checked,) if fairness.not_checked else (),
    )


def _show_share(group: GroupMetrics, mark: str) -> str:
    share = group.shares.get(mark)
    return SUPPRESSED if share is None and mark in group.shares else format_estimate(share, ".1%")


def _audit_tables(audit: AttributeAudit) -> list[Table]:
    marks = [
        name
        for name in ("listed", "called", "passed_over", "assistance")
        if any(name in g.shares for g in audit.groups)
    ]
    name = audit.attribute.replace("_", " ")
    tables = [
        Table(
            f"By {name}: what would have been done",
            (name, "rows", *(mark.replace("_", " ") for mark in marks)),
            tuple((g.group, show_count(g.rows), *(_show_share(g, mark) for mark in marks)) for g in audit.groups),
        ),
        Table(
            f"By {name}: calibration",
            (name, "promised", "happened", "promised too much by", "AUC"),
            tuple(
                (
                    g.group,
                    f"{g.predicted:.1%}",
                    format_estimate(g.actual, ".1%") if g.actual else SUPPRESSED,
                    format_estimate(g.gap, ".1%") if g.gap else SUPPRESSED,
                    SUPPRESSED if g.events is None else format_estimate(g.auc, ".2f"),
                )
                for g in audit.groups
            ),
        ),
    ]
    if audit.worst_groups:
        rows = tuple(
            (
                GROUP_METRIC_LABELS.get(one.metric, one.metric),
                one.group,
                format_estimate(one.value, ".1%"),
                f"{one.overall:.1%}",
                "yes" if one.is_significant else "no, within the noise",
            )
            for one in audit.worst_groups
        )
        heads = ("figure", "group", "value", "all rows", "surely apart")
        tables.append(Table(f"By {name}: who fares worst", heads, rows))
    return tables
