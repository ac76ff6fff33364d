"""What changed since the last lists: who entered, who left, who moved, and why, in words."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from payrank.extracts.formula_safe import on_one_line, safe_text
from payrank.scoring.past_run import UNREADABLE, ListName, RunSnapshot, last_standing, read_standing

How = Literal["entered", "left", "moved"]
MOVED_PLACES = 10
"""Fewer places up or down are no news: others came and went."""
A_CHANGE = 0.05
"""By what share dollars must differ to be told as the cause."""
COLUMNS = ("list", "change", "id", "line_before", "line_now", "why")


@dataclass(frozen=True, slots=True)
class Change:
    """One guarantor or denial whose place on a list changed. `cause` names the kind of reason, `why` says it."""

    list: ListName
    how: How
    id: str
    before: int | None
    now: int | None
    cause: str
    why: str


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many entered, left or moved for one kind of reason, for the report: no id."""

    list: ListName
    how: How
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes against an earlier run, of the day `since` (empty: none); `unread` tells of damaged lists."""

    since: str = ""
    rows: tuple[Change, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def counts(self) -> tuple[ChangeCount, ...]:
        """Counts by list, kind of change and cause, the commonest first."""
        found = Counter((one.list, one.how, one.cause) for one in self.rows)
        order = sorted(found.items(), key=lambda item: (item[0][0] != "patient_pay", item[0][1], -item[1], item[0][2]))
        return tuple(ChangeCount(name, how, cause, count) for (name, how, cause), count in order)


NO_CHANGES = Changes()
"""There is no earlier run to compare with."""


def compare_runs(
    before: Path | None,
    now: Path,
    day: str,
    models: Mapping[ListName, str],
    rules: Mapping[str, tuple[str, str]],
) -> Changes:
    """Compare tonight's lists with those of an earlier run.

    Parameters
    ----------
    before, now
        Folder of a published run, or None; and the folder in which tonight's scores and `listed.parquet` stand.
    day
        Tonight.
    models
        Digest of the model behind each list that is published tonight.
    rules
        Rule to title and citation.

    Returns
    -------
    Changes
        A list that either run did not publish, or that the earlier one holds damaged, is left out: tonight's lists do
        not wait for yesterday's. Who stands fewer than ten lines off is not told.
    """
    found: list[Change] = []
    unread: list[str] = []
    since = ""
    for name, model in models.items():
        try:
            then = None if before is None else last_standing(before, name)
        except UNREADABLE as error:
            then = None
            told = f"What changed since the last {name.replace('_', ' ')} list is not told"
            unread.append(f"{told}: that run's files cannot be read ({type(error).__name__}).")
        if then is not None:
            since = then.day
            found += _compare(then, read_standing(now, name, day, model), rules)
    return Changes(since, tuple(found), tuple(unread))


def render_changes(changes: Changes) -> bytes:
    """Return the changes as CSV: UTF-8, formula-safe, a row a change."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in changes.rows:
        before, now = ("" if line is None else str(line) for line in (one.before, one.now))
        writer.writerow(
            [one.list, one.how, on_one_line(safe_text(one.id)), before, now, on_one_line(safe_text(one.why))]
        )
    return text.getvalue().encode("utf-8", errors="replace")


def _compare(then: RunSnapshot, today: RunSnapshot, rules: Mapping[str, tuple[str, str]]) -> list[Change]:
    both = then.subjects.add_suffix("_then").join(today.subjects.add_suffix("_now"), how="outer")
    was, listed = both["line_then"].notna(), both["line_now"].notna()
    moved = was & listed & ((both["line_now"] - both["line_then"]).abs() >= MOVED_PLACES)
    news: dict[str, How] = {}
    for how, here in (("entered", listed & ~was), ("left", was & ~listed), ("moved", moved)):
        news |= dict.fromkeys(both.index[here], how)
    if not news:
        return []
    rows = both.loc[sorted(news)]
    rearranged = rows[rows["lead_then"].notna() & rows["lead_now"].notna()]
    reasons_then = then.reasons(set(rearranged["lead_then"]))
    reasons_now = today.reasons(set(rearranged["lead_now"]))
    found = []
    for subject, row in zip(rows.index, rows.to_dict("records"), strict=True):
        how = news[subject]
        shift = ""
        if row["lead_then"] == row["lead_now"]:
            shift = _largest_shift(reasons_then.get(row["lead_then"], {}), reasons_now.get(row["lead_now"], {}))
        cause, why = _explain(how, row, then.model != today.model, shift, rules)
        found.append(Change(today.name, how, str(subject), _line(row["line_then"]), _line(row["line_now"]), cause, why))
    order = {"entered": 0, "left": 1, "moved": 2}
    return sorted(found, key=lambda one: (order[one.how], one.now or one.before or 0, one.id))


def _explain(
    how: How, row: Mapping[Hashable, object], other_model: bool, shift: str, rules: Mapping[str, tuple[str, str]]
) -> tuple[str, str]:
    """Return the kind of reason and the sentence."""
    held_then, held_now = row["held_by_then"], row["held_by_now"]
    if how == "entered" and not isinstance(row["lead_then"], str):
        return "new", "New since the last list"
    if how == "entered" and isinstance(held_then, str):
        return "rule lifted", f"No longer kept off by rule {held_then}, {_title(held_then, rules)}"
    if how == "left" and not isinstance(row["lead_now"], str):
        return "nothing left to work", "Nothing left to work: paid, adjusted, decided or placed elsewhere"
    if how == "left" and isinstance(held_now, str):
        return "rule", f"Kept off by rule {held_now}, {_title(held_now, rules)}"
    return _explain_value(how, row, other_model, shift)


def _explain_value(how: How, row: Mapping[Hashable, object], other_model: bool, shift: str) -> tuple[str, str]:
    amounts, values = _dollars(row, "amount"), _dollars(row, "value")
    if amounts and _differ(*amounts):
        return "amount", f"${amounts[1]:,.0f} at stake now, ${amounts[0]:,.0f} before"
    if other_model:
        return "another model", "Scored by another model than the last list"
    if values and _differ(*values):
        told = f"Expected value ${values[1]:,.0f} now, ${values[0]:,.0f} before"
        return "reasons", f"{told}: {shift}" if shift else told
    return "others", {"entered": "Room on the list", "left": "Others came before it"}.get(how, "Others came or went")


def _largest_shift(then: Mapping[str, tuple[float, str]], now: Mapping[str, tuple[float, str]]) -> str:
    """Return the sentence of the reason whose part in the score changed most; nothing where none is known."""
    shifts = {name: now[name][0] - then.get(name, (0.0, ""))[0] for name in now if name != "all_other"}
    if not shifts:
        return ""
    most = max(sorted(shifts), key=lambda name: abs(shifts[name]))
    return now[most][1] if shifts[most] else ""


def _dollars(row: Mapping[Hashable, object], name: str) -> tuple[float, float] | None:
    then, now = row[f"{name}_then"], row[f"{name}_now"]
    known = isinstance(then, float) and isinstance(now, float) and then == then and now == now  # noqa: PLR0124 - not NaN
    return (then, now) if known and isinstance(then, float) and isinstance(now, float) else None


def _differ(then: float, now: float) -> bool:
    return abs(now - then) > max(A_CHANGE * abs(then), 0.005)


def _title(rule: str, rules: Mapping[str, tuple[str, str]]) -> str:
    return rules[rule][0].lower() if rule in rules else "of another table"


def _line(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value == value else None  # noqa: PLR0124 - not NaN
