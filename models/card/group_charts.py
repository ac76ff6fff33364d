"""The charts of a fairness audit: by group who is listed, and whether what was promised came true."""

from __future__ import annotations

from collections.abc import Iterator

from payrank.models.card.charts import LEFT, RAIL, STEP, WIDTH, Bar, Chart
from payrank.models.records.estimate import Estimate
from payrank.models.records.fairness import AttributeAudit


def group_charts(audit: AttributeAudit) -> Iterator[Chart]:
    """Yield the share listed of each group beside that of all, and what happened beside what was promised.

    A group of which a figure is not told is in no chart of it.
    """
    name = audit.attribute.replace("_", " ")
    listed = [(one, figure) for one in audit.groups if (figure := one.shares.get("listed")) is not None]
    if listed:
        whole = sum(one.rows * figure.value for one, figure in listed) / sum(one.rows for one, _ in listed)
        line = "all rows" if len(listed) == len(audit.groups) else "these groups"
        shown = [(one.group, figure) for one, figure in listed]
        yield _chart(f"Listed, by {name} (line: {line}, {whole:.0%})", shown, [whole] * len(shown))
    happened = [(one, one.actual) for one in audit.groups if one.actual is not None]
    if happened:
        shown = [(one.group, figure) for one, figure in happened]
        yield _chart(f"Happened, by {name} (line: promised)", shown, [one.predicted for one, _ in happened])


def _chart(name: str, found: list[tuple[str, Estimate]], marks: list[float]) -> Chart:
    most = max([figure.high or figure.value for _, figure in found] + marks + [1e-9])

    def along(share: float) -> float:
        return round(LEFT + RAIL * share / most, 1)

    bars = tuple(
        Bar(
            label=group,
            shown=f"{figure.value:.1%}",
            y=STEP * place,
            width=round(RAIL * figure.value / most, 1),
            low=None if figure.low is None else along(figure.low),
            high=None if figure.high is None else along(figure.high),
            mark=along(mark),
        )
        for place, ((group, figure), mark) in enumerate(zip(found, marks, strict=True))
    )
    told = ", ".join(
        f"{group} {figure.value:.1%}, line at {mark:.1%}" for (group, figure), mark in zip(found, marks, strict=True)
    )
    return Chart(name, told, WIDTH, STEP * len(bars) + 4, bars=bars)
