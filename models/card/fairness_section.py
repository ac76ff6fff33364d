"""The sections of a model card about people: slices, selection bias, and fairness."""

from __future__ import annotations

from payrank.models.card.card_record import Section, Table
from payrank.models.card.charts import slices_chart
from payrank.models.card.fairness_chart import fairness_chart
from payrank.models.format_estimate import format_estimate
from payrank.models.html_page import show_count
from payrank.models.records.evaluation import Evaluation, SliceMetrics
from payrank.models.records.fairness import (
    GROUP_METRIC_LABELS,
    SUPPRESSED,
    AttributeAudit,
    GroupMetrics,
    label_attribute,
)


def slices_section(evaluation: Evaluation) -> Section:
    """Return the metrics of each slice, compared with the best baseline."""
    best = evaluation.best_baseline
    columns = ("rows", "predicted", "actual", "AUC", f"{evaluation.holdout.gain_unit} captured", "model's advantage")
    tables = tuple(
        Table(
            f"By {dimension}",
            (dimension, *columns),
            tuple(
                _slice_row(part, best.name if best else "") for part in evaluation.slices if part.dimension == dimension
            ),
        )
        for dimension in dict.fromkeys(part.dimension for part in evaluation.slices)
    )
    baseline = f"The advantage is over the best baseline, {best.meaning}. " if best else ""
    return Section(
        "slices",
        "Performance by slice",
        (f"{baseline}Each slice is ranked separately. Slices of fewer than 11 households are merged with others.",),
        charts=tuple(filter(None, (slices_chart(evaluation),))),
        tables=tables,
    )


def _slice_row(part: SliceMetrics, best: str) -> tuple[str, ...]:
    return (
        part.name,
        show_count(part.rows),
        f"{part.predicted:.1%}",
        format_estimate(part.actual, ".1%"),
        format_estimate(part.auc, ".2f"),
        format_estimate(part.captured, ".0%"),
        format_estimate(part.advantage.get(best), ".1%"),
    )


def selection_section(evaluation: Evaluation) -> Section:
    """Return the groups without observed outcomes."""
    title = "Selection bias: who has no observed outcome"
    if evaluation.never_observed:
        return Section("selection", title, points=evaluation.never_observed)
    return Section("selection", title, ("Selection bias was not measured in this training.",))


def fairness_section(evaluation: Evaluation) -> Section:
    """Return the audit by group, or that there was none."""
    fairness = evaluation.fairness
    return Section(
        "fairness",
        "Fairness",
        (
            "Protected attributes are never features. Here they are used to audit the list that the model would have "
            f"made: who is in its top {evaluation.holdout.capacity:.0%}, who was called within the horizon, who had "
            "the outcome but was not listed, and who was offered financial assistance. Some group always ranks last; "
            "the difference is significant when the group's interval excludes the value of all rows. Metrics that "
            f"would reveal fewer than 11 people, even by subtraction, are {SUPPRESSED}.",
        ),
        points=fairness.notes,
        charts=tuple(fairness_chart(evaluation, audit) for audit in fairness.attributes),
        tables=tuple(table for audit in fairness.attributes for table in _audit_tables(audit)),
        warnings=(fairness.not_checked,) if fairness.not_checked else (),
    )


def _show_share(group: GroupMetrics, name: str) -> str:
    share = group.shares.get(name)
    return SUPPRESSED if share is None and name in group.shares else format_estimate(share, ".1%")


def _audit_tables(audit: AttributeAudit) -> list[Table]:
    attribute = label_attribute(audit.attribute)
    shares = [name for name in GROUP_METRIC_LABELS if any(name in group.shares for group in audit.groups)]
    tables = [
        Table(
            f"By {attribute}: listed, called, and helped",
            (attribute, "rows", *(GROUP_METRIC_LABELS[name] for name in shares)),
            tuple(
                (group.group, show_count(group.rows), *(_show_share(group, name) for name in shares))
                for group in audit.groups
            ),
        ),
        Table(
            f"By {attribute}: calibration",
            (attribute, "predicted", "actual", "predicted - actual", "AUC"),
            tuple(
                (
                    group.group,
                    f"{group.predicted:.1%}",
                    format_estimate(group.actual, ".1%") if group.actual else SUPPRESSED,
                    format_estimate(group.gap, ".1%") if group.gap else SUPPRESSED,
                    SUPPRESSED if group.events is None else format_estimate(group.auc, ".2f"),
                )
                for group in audit.groups
            ),
        ),
    ]
    if audit.worst_groups:
        rows = tuple(
            (
                GROUP_METRIC_LABELS.get(worst.metric, worst.metric),
                worst.group,
                format_estimate(worst.value, ".1%"),
                f"{worst.overall:.1%}",
                "yes" if worst.is_significant else "no",
            )
            for worst in audit.worst_groups
        )
        columns = ("metric", "group", "value", "all rows", "significant")
        tables.append(Table(f"By {attribute}: least favorable groups", columns, rows))
    return tables
