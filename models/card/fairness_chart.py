"""The chart of a fairness audit: the share listed by group, and predicted vs. actual rates by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payrank.models.card.figure import ACCENT, INK, QUIET, WARN, Chart, draw_interval, name_rows
from payrank.models.records.estimate import Estimate
from payrank.models.records.evaluation import Evaluation
from payrank.models.records.fairness import SUPPRESSED, AttributeAudit, label_attribute

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def fairness_chart(evaluation: Evaluation, audit: AttributeAudit) -> Chart:
    """Return the chart of one attribute's groups; a metric that is suppressed is labeled so instead of drawn."""
    name = label_attribute(audit.attribute)
    groups = audit.groups
    listed = [group.shares.get("listed") for group in groups]
    shown = [(group.rows, share.value) for group, share in zip(groups, listed, strict=True) if share is not None]
    overall = sum(rows * share for rows, share in shown) / sum(rows for rows, _ in shown) if shown else None
    overall_label = "all rows" if len(shown) == len(groups) else "groups shown"

    def draw(figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1)
        if overall is not None:
            top.axvline(overall, color=INK, linewidth=1, linestyle=":", label=f"{overall_label}, {overall:.0%}")
            top.legend(loc="best")
        for place, (group, share) in enumerate(zip(groups, listed, strict=True)):
            _draw(top, place, share)
            _draw(bottom, place, group.actual)
            bottom.plot([group.predicted], [place], color=WARN, marker="|", markersize=15, markeredgewidth=3)
        bottom.plot([], [], color=ACCENT, marker="o", markersize=4.5, linestyle="none", label="actual")
        bottom.plot(
            [], [], color=WARN, marker="|", markersize=9, markeredgewidth=3, linestyle="none", label="predicted"
        )
        bottom.legend(loc="best")
        for axes, title in (
            (top, f"In the top {evaluation.holdout.capacity:.0%} of the list"),
            (bottom, "Outcome rate"),
        ):
            name_rows(axes, [f"{group.group} ({group.rows:,})" for group in groups])
            axes.xaxis.set_major_formatter("{x:.0%}")
            axes.set_xlim(left=0)
            axes.set_title(title, fontsize=10, loc="left")

    return Chart(
        f"Listed, and predicted vs. actual, by {name} (95% intervals)",
        "; ".join(
            f"{group.group}: {_say(share)} listed, {_say(group.actual)} actual, {group.predicted:.1%} predicted"
            for group, share in zip(groups, listed, strict=True)
        ),
        draw,
        1.9 + 0.62 * len(groups),
    )


def _draw(axes: Axes, place: float, estimate: Estimate | None) -> None:
    if estimate is not None:
        draw_interval(axes, place, estimate, ACCENT)
        return
    axes.text(0.01, place, SUPPRESSED, transform=axes.get_yaxis_transform(), color=QUIET, fontsize=9, va="center")


def _say(estimate: Estimate | None) -> str:
    return SUPPRESSED if estimate is None else f"{estimate.value:.1%}"
