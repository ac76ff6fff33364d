"""Changes since the last lists: who entered, left, or moved, and why."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from payrank.extracts.formula_safe import on_one_line, safe_text
from payrank.scoring.list_spec import LISTS, ListName
from payrank.scoring.past_run import UNREADABLE, RunSnapshot, read_past_run, read_snapshot

ChangeKind = Literal["entered", "left", "moved"]
MIN_MOVE = 10
"""Moves by fewer ranks are not reported: they happen whenever others enter or leave."""
MIN_DOLLAR_CHANGE = 0.05
"""Share by which dollars must differ to be given as the cause."""
COLUMNS = ("list", "change", "id", "line_before", "line_now", "why")


@dataclass(frozen=True, slots=True)
class LineChange:
    """One guarantor or denial that entered, left, or moved; `cause` is the category of the reason `why`."""

    list: ListName
    kind: ChangeKind
    id: str
    before: int | None
    now: int | None
    cause: str
    why: str


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many entered, left, or moved for one cause; for the report, without ids."""

    list: ListName
    kind: ChangeKind
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class ListChanges:
    """All changes since the run of the date `since` (empty: none); `unread` has a notice for each damaged list."""

    since: str = ""
    rows: tuple[LineChange, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def counts(self) -> tuple[ChangeCount, ...]:
        """Counts by list, kind of change, and cause, most common first."""
        counts = Counter((row.list, row.kind, row.cause) for row in self.rows)
        order = sorted(counts.items(), key=lambda item: (item[0][0] != "patient_pay", item[0][1], -item[1], item[0][2]))
        return tuple(ChangeCount(name, kind, cause, count) for (name, kind, cause), count in order)


def compare_runs(
    before: Path | None,
    now: Path,
    day: str,
    models: Mapping[ListName, str],
    rules: Mapping[str, tuple[str, str]],
) -> ListChanges:
    """Compare a run's lists with those of an earlier run.

    Parameters
    ----------
    before, now
        Folder of a published run, or None; and the folder with the current run's scores and `listed.parquet`.
    day
        Date of the current run.
    models
        Digest of the model behind each list that the current run publishes.
    rules
        Title and citation by rule.

    Returns
    -------
    ListChanges
        A list that either run did not publish, or whose earlier files are damaged, is left out: a damaged earlier run
        does not hold up the current one. Moves by fewer than ten ranks are not reported.
    """
    rows: list[LineChange] = []
    unread: list[str] = []
    since = ""
    for spec in LISTS:
        if spec.name not in models:
            continue
        model = models[spec.name]
        try:
            then = None if before is None else read_past_run(before, spec)
        except UNREADABLE as error:
            then = None
            unread.append(
                f"Changes since the last {spec.title.lower()} list are not shown: that run's files cannot be read "
                f"({type(error).__name__})."
            )
        if then is not None:
            since = then.day
            rows += _compare(then, read_snapshot(now, spec, day, model), rules)
    return ListChanges(since, tuple(rows), tuple(unread))


def render_changes(changes: ListChanges) -> bytes:
    """Return the changes as CSV: UTF-8, formula-safe, one row per change."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in changes.rows:
        before, now = ("" if line is None else str(line) for line in (row.before, row.now))
        writer.writerow(
            [row.list, row.kind, on_one_line(safe_text(row.id)), before, now, on_one_line(safe_text(row.why))]
        )
    return text.getvalue().encode("utf-8", errors="replace")


def _compare(then: RunSnapshot, today: RunSnapshot, rules: Mapping[str, tuple[str, str]]) -> list[LineChange]:
    both = then.subjects.add_suffix("_then").join(today.subjects.add_suffix("_now"), how="outer")
    was_listed, listed = both["line_then"].notna(), both["line_now"].notna()
    moved = was_listed & listed & ((both["line_now"] - both["line_then"]).abs() >= MIN_MOVE)
    kinds: dict[str, ChangeKind] = {}
    for kind, marked in (("entered", listed & ~was_listed), ("left", was_listed & ~listed), ("moved", moved)):
        kinds |= dict.fromkeys(both.index[marked], kind)
    if not kinds:
        return []
    rows = both.loc[sorted(kinds)]
    in_both = rows[rows["lead_then"].notna() & rows["lead_now"].notna()]
    reasons_then = then.reasons(set(in_both["lead_then"]))
    reasons_now = today.reasons(set(in_both["lead_now"]))
    changes = []
    for subject, row in zip(rows.index, rows.to_dict("records"), strict=True):
        kind = kinds[subject]
        shift = ""
        if row["lead_then"] == row["lead_now"]:
            shift = _largest_shift(reasons_then.get(row["lead_then"], {}), reasons_now.get(row["lead_now"], {}))
        cause, why = _explain(kind, row, then.model != today.model, shift, rules)
        before, now = _line(row["line_then"]), _line(row["line_now"])
        changes.append(LineChange(today.spec.name, kind, str(subject), before, now, cause, why))
    order = {"entered": 0, "left": 1, "moved": 2}
    return sorted(changes, key=lambda change: (order[change.kind], change.now or change.before or 0, change.id))


def _explain(
    kind: ChangeKind,
    row: Mapping[Hashable, object],
    other_model: bool,
    shift: str,
    rules: Mapping[str, tuple[str, str]],
) -> tuple[str, str]:
    """Return the cause of a change and the sentence that explains it."""
    rule_then, rule_now = row["suppressed_by_then"], row["suppressed_by_now"]
    if kind == "entered" and not isinstance(row["lead_then"], str):
        return "new", "New since the last list"
    if kind == "entered" and isinstance(rule_then, str):
        return "rule lifted", f"No longer suppressed by rule {rule_then}, {_title(rule_then, rules)}"
    if kind == "left" and not isinstance(row["lead_now"], str):
        return "resolved", "Resolved: paid, adjusted, decided, or placed elsewhere"
    if kind == "left" and isinstance(rule_now, str):
        return "rule", f"Suppressed by rule {rule_now}, {_title(rule_now, rules)}"
    return _explain_value(kind, row, other_model, shift)


def _explain_value(kind: ChangeKind, row: Mapping[Hashable, object], other_model: bool, shift: str) -> tuple[str, str]:
    amounts, values = _dollars(row, "amount"), _dollars(row, "value")
    if amounts and _differ(*amounts):
        return "amount", f"Amount at stake changed from ${amounts[0]:,.0f} to ${amounts[1]:,.0f}"
    if other_model:
        return "different model", "Scored by a different model than the last list"
    if values and _differ(*values):
        text = f"Expected value changed from ${values[0]:,.0f} to ${values[1]:,.0f}"
        return "reasons", f"{text}: {shift}" if shift else text
    texts = {"entered": "Capacity became available", "left": "Displaced by higher-value accounts"}
    return "others", texts.get(kind, "Other lines entered or left")


def _largest_shift(then: Mapping[str, tuple[float, str]], now: Mapping[str, tuple[float, str]]) -> str:
    """Return the text of the reason whose contribution changed most; empty where none is known."""
    shifts = {name: now[name][0] - then.get(name, (0.0, ""))[0] for name in now if name != "all_other"}
    if not shifts:
        return ""
    largest = max(sorted(shifts), key=lambda name: abs(shifts[name]))
    return now[largest][1] if shifts[largest] else ""


def _dollars(row: Mapping[Hashable, object], name: str) -> tuple[float, float] | None:
    then, now = row[f"{name}_then"], row[f"{name}_now"]
    known = isinstance(then, float) and isinstance(now, float) and then == then and now == now  # noqa: PLR0124 - not NaN
    return (then, now) if known and isinstance(then, float) and isinstance(now, float) else None


def _differ(then: float, now: float) -> bool:
    return abs(now - then) > max(MIN_DOLLAR_CHANGE * abs(then), 0.005)


def _title(rule: str, rules: Mapping[str, tuple[str, str]]) -> str:
    return rules[rule][0].lower() if rule in rules else "from an earlier rule table"


def _line(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value == value else None  # noqa: PLR0124 - not NaN
