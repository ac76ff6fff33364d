"""A worklist as one self-contained page: search, sort, filter, and a waterfall of reasons below each row.

The rows are embedded as JSON in a script element that holds only data. The page draws one screen of them at a time, so
5,000 lines stay responsive. The page requests nothing (its policy forbids it), so it works from an email or a share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from payrank.models.html_page import UNKNOWN, as_json, render_page
from payrank.scoring.rules.suppressions import name_rules
from payrank.scoring.worklist import (
    URGENT_DAYS,
    AccountLine,
    DenialLine,
    Line,
    PatientLine,
    Reason,
    Worklist,
    days_left,
    is_assumed,
)
from payrank.scoring.worklists.columns import display_text

Cell = Mapping[str, str]

_PATIENT_CELLS: tuple[Cell, ...] = (
    {"key": "rank", "title": "Rank", "kind": "rank"},
    {"key": "id", "title": "Guarantor", "kind": "id"},
    {"key": "action", "title": "Next action", "kind": "action"},
    {"key": "amount", "title": "Balance", "kind": "money"},
    {"key": "age", "title": "Age (days)", "kind": "days"},
    {"key": "chance", "title": "Chance", "kind": "chance"},
    {"key": "value", "title": "Expected value", "kind": "money"},
    {"key": "due", "title": "Deadline", "kind": "deadline"},
    {"key": "why", "title": "Main reasons", "kind": "reasons"},
)
_DENIAL_CELLS: tuple[Cell, ...] = (
    {"key": "rank", "title": "Rank", "kind": "rank"},
    {"key": "id", "title": "Denial", "kind": "id"},
    {"key": "payer", "title": "Payer and code", "kind": "payer"},
    {"key": "action", "title": "Next action", "kind": "action"},
    {"key": "amount", "title": "Denied", "kind": "money"},
    {"key": "age", "title": "Age (days)", "kind": "days"},
    {"key": "chance", "title": "Chance", "kind": "chance"},
    {"key": "value", "title": "Expected value", "kind": "money"},
    {"key": "due", "title": "Due", "kind": "deadline"},
    {"key": "work", "title": "Work day", "kind": "date"},
    {"key": "why", "title": "Main reasons", "kind": "reasons"},
)
_LABELS = {
    "patient_pay": {"line": "guarantor", "unit": "account", "amount": "patient balance", "chance": "chance of payment"},
    "denials": {"line": "denial", "unit": "denial", "amount": "denied amount", "chance": "chance of overturn"},
}


def render_html(worklist: Worklist[Line]) -> bytes:
    """Return the page of a worklist as UTF-8. The same list gives the same bytes."""
    data = {
        "name": worklist.name,
        "asOf": worklist.as_of.isoformat(),
        "labels": _LABELS["denials" if worklist.name == "denials" else "patient_pay"],
        "baseline": _number(worklist.baseline_probability, 4),
        "cells": _DENIAL_CELLS if worklist.name == "denials" else _PATIENT_CELLS,
        "rows": [_row(line, worklist) for line in worklist.lines],
    }
    return render_page(
        "worklist.html",
        package="payrank.scoring",
        styles=("theme.css", "worklist.css"),
        scripts=("rows.js", "draw.js", "worklist.js"),
        worklist=worklist,
        labels=data["labels"],
        scheduled=worklist.name == "denials",
        at_stake=_total(worklist, worklist.at_stake),
        expected=_total(worklist, worklist.expected),
        urgent_days=URGENT_DAYS,
        suppressed=name_rules(worklist.suppressed_by),
        unknown=UNKNOWN,
        notices=tuple(notice for notice in worklist.notices if "simulated" not in notice.lower()),
        banners=tuple(notice for notice in worklist.notices if "simulated" in notice.lower()),
        data=as_json(data),
    )


def _row(line: Line, worklist: Worklist[Line]) -> dict[str, Any]:
    row = {
        "rank": line.rank,
        "queue": display_text(line.queue),
        "action": display_text(line.action),
        "because": line.action_why,
        "amount": _number(line.amount, 2),
        "age": line.age_days,
        "chance": _number(line.probability, 4),
        "recovery": _number(line.expected_recovery, 2),
        "value": _number(line.expected_value, 2),
        "due": None if line.due_on is None else line.due_on.isoformat(),
        "left": days_left(line, worklist.as_of),
        "filed": isinstance(line, DenialLine) and line.filed,
        "source": line.due_on_source,
        "assumed": is_assumed(line.due_on_source),
        "payers": line.payers,
        "reasons": _reasons(line.reasons),
    }
    return row | (_denial(line) if isinstance(line, DenialLine) else _household(line))


def _denial(line: DenialLine) -> dict[str, Any]:
    return {
        "id": line.denial_id,
        "account": line.account_id,
        "payer": line.payer,
        "payerClass": display_text(line.payer_class),
        "code": line.code,
        "work": line.work_on.isoformat(),
        "scale": _scale(line),
    }


def _household(line: PatientLine) -> dict[str, Any]:
    lead = next((account for account in line.accounts if account.reasons == line.reasons), None)
    return {
        "id": line.guarantor_id,
        "accounts": [_account(account) for account in line.accounts],
        "lead": lead.account_id if lead is not None and len(line.accounts) > 1 else None,
        "scale": None if lead is None else _scale(lead),
    }


def _account(account: AccountLine) -> dict[str, Any]:
    return {
        "id": account.account_id,
        "payer": account.payer,
        "amount": _number(account.balance, 2),
        "age": account.age_days,
        "chance": _number(account.probability, 4),
        "share": _number(account.expected_share, 4),
        "recovery": _number(account.expected_recovery, 2),
        "value": _number(account.expected_value, 2),
        "reasons": _reasons(account.reasons),
        "scale": _scale(account),
    }


def _scale(line: AccountLine | DenialLine) -> list[float] | None:
    """Return the start and end of the waterfall, in log-odds; None unless both are known."""
    if line.base_value is None or line.raw_score is None:
        return None
    return [round(line.base_value, 4), round(line.raw_score, 4)]


def _reasons(reasons: Iterable[Reason]) -> list[tuple[str, float]]:
    return [(reason.text, round(reason.contribution, 4)) for reason in reasons]


def _total(worklist: Worklist[Line], dollars: float) -> float | None:
    """Return a total, or None when the list has lines but no known amount: the page then shows a dash, not $0."""
    return None if worklist.lines and worklist.amounts_unknown == len(worklist.lines) else dollars


def _number(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
