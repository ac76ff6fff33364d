"""The state of each denial at each snapshot: open or decided, its appeal level, its payer, and its account."""

from __future__ import annotations

from collections.abc import Mapping

from payrank.features.dialects.dialect import Dialect
from payrank.features.relations.appeal_deadlines import due_on
from payrank.features.relations.relation import Field

WON = "p.outcome IN ('overturned', 'partially_overturned')"
PAID_SHARE = 0.5
"""Share of a denial that the payer must pay afterward for it to count as paid without an appeal."""


def known_appeals() -> str:
    """Return SQL of what was known about each denial's appeals at each snapshot. A decision counts after its date."""
    decided = "p.decided_on < d.as_of"
    return (
        "SELECT p.denial_id, d.as_of, COUNT(*) AS filed, MAX(p.level) AS level, MAX(p.filed_on) AS last_filed_on, "
        f"MAX(CASE WHEN {decided} AND {WON} THEN 1 ELSE 0 END) AS won, "
        f"MAX(CASE WHEN {decided} AND p.outcome = 'upheld' THEN 1 ELSE 0 END) AS upheld, "
        f"MAX(CASE WHEN {decided} AND ({WON} OR p.outcome = 'upheld') THEN p.decided_on END) AS decided_on, "
        f"SUM(CASE WHEN {decided} THEN 0 ELSE 1 END) AS pending "
        "FROM appeals p JOIN as_of_dates d ON p.filed_on < d.as_of GROUP BY p.denial_id, d.as_of"
    )


def paid_after_denial() -> str:
    """Return SQL of the dollars that the denying payer paid on the account after the denial."""
    return (
        "SELECT n.denial_id, d.as_of, SUM(-t.amount) AS paid FROM denials n "
        "JOIN transactions t ON t.account_id = n.account_id AND t.kind = 'insurance_payment' "
        "AND t.posted_on > n.denied_on AND (t.payer_id IS NULL OR n.payer_id IS NULL OR t.payer_id = n.payer_id) "
        "JOIN as_of_dates d ON t.posted_on < d.as_of GROUP BY n.denial_id, d.as_of"
    )


def denial_fields(dialect: Dialect, attributes: tuple[str, ...]) -> dict[str, Field]:
    """Return the columns of `denial_state`: name to SQL.

    Over denials `n`, their known appeals `p`, later payments `q`, account `a` and payer `y`.
    """
    columns = [
        "account_id",
        "claim_id",
        "payer_id",
        "denied_amount",
        "group_code",
        "carc",
        "rarc",
        "service_line",
        "appeal_due_on",
    ]
    due = due_on(dialect)
    paid = f"COALESCE(p.filed, 0) = 0 AND q.paid >= {PAID_SHARE} * n.denied_amount"
    decisions = ("appeals.decided_on", "appeals.outcome")
    outcome = "CASE WHEN p.won = 1 THEN 1 WHEN p.upheld = 1 AND p.pending = 0 THEN 0 END"

    def once_decided(days: str) -> str:
        return f"CASE WHEN ({outcome}) IS NOT NULL THEN {days} END"

    return {
        "denial_id": Field("n.denial_id"),
        "denied_on": Field("n.denied_on"),
        **{name: Field(f"n.{name}", (f"denials.{name}",)) for name in columns},
        **{f"site_{name}": Field(f"n.{name}", (f"denials.{name}",)) for name in attributes},
        "as_of": Field("d.as_of"),
        "guarantor_id": Field("a.guarantor_id", ("denials.account_id", "accounts")),
        "service_on": Field("a.service_on", ("denials.account_id", "accounts.service_on")),
        "patient_class": Field("a.patient_class", ("denials.account_id", "accounts.patient_class")),
        "facility": Field("a.facility", ("denials.account_id", "accounts.facility")),
        "payer_class": Field("y.payer_class", ("denials.payer_id", "payers")),
        "appeal_days": Field("y.appeal_days", ("denials.payer_id", "payers.appeal_days")),
        "due_on": Field(due),
        "days_service_to_denial": Field(
            dialect.days_between("a.service_on", "n.denied_on"), ("denials.account_id", "accounts.service_on")
        ),
        "days_since_denial": Field(dialect.days_between("n.denied_on", "d.as_of")),
        "filed": Field("COALESCE(p.filed, 0)", ("appeals",)),
        "pending": Field("COALESCE(p.pending, 0)", ("appeals.decided_on",)),
        "upheld": Field("COALESCE(p.upheld, 0)", decisions),
        "level": Field("CASE WHEN p.filed IS NULL THEN 0 ELSE p.level END", ("appeals.level",)),
        "days_since_filed": Field(dialect.days_between("p.last_filed_on", "d.as_of"), ("appeals",)),
        "outcome": Field(outcome, decisions),
        "outcome_age": Field(once_decided(dialect.days_between("p.decided_on", "d.as_of")), decisions),
        "days_to_decide": Field(once_decided(dialect.days_between("n.denied_on", "p.decided_on")), decisions),
        "month_of_year": Field("EXTRACT(MONTH FROM d.as_of)"),
        "denied_month": Field("EXTRACT(MONTH FROM n.denied_on)"),
        "days_left": Field(dialect.days_between("d.as_of", due)),
        "paid_without_appeal": Field(
            f"CASE WHEN {paid} THEN 1 ELSE 0 END",
            ("transactions", "appeals", "denials.account_id", "denials.denied_amount"),
        ),
    }


def denial_state(fields: Mapping[str, Field]) -> str:
    """Return SQL of the state of every denial known at each snapshot."""
    columns = ", ".join(f"{field.sql} AS {name}" for name, field in fields.items())
    return (
        f"SELECT {columns} FROM denials n JOIN as_of_dates d ON n.denied_on < d.as_of "
        "LEFT JOIN known_appeals p ON p.denial_id = n.denial_id AND p.as_of = d.as_of "
        "LEFT JOIN paid_after_denial q ON q.denial_id = n.denial_id AND q.as_of = d.as_of "
        "LEFT JOIN accounts a ON a.account_id = n.account_id AND a.opened_on < d.as_of "
        "LEFT JOIN payers y ON y.payer_id = n.payer_id"
    )


DENIAL_POPULATION = "outcome IS NULL AND paid_without_appeal = 0"
"""Open at the snapshot: no appeal was won, none was finally upheld, and the payer did not pay without an appeal."""


def denial_labels(dialect: Dialect, matured_by: str) -> str:
    """Return SQL of the labels: decisions made on or after the snapshot and known by the training day.

    Columns: unit_id, as_of, label (0 or 1), share (of the denied amount recovered, 0 to 1), recovered (dollars),
    days_to_outcome (whole days from the snapshot to the first favorable decision; null without one), known_on (the day
    after the decision).
    Withdrawn and undecided appeals give no label, nor does an upheld appeal while another is pending.
    """
    known = f"p.decided_on >= s.as_of AND p.decided_on < {matured_by}"

    def flag_any(condition: str) -> str:
        return f"MAX(CASE WHEN {condition} THEN 1 ELSE 0 END)"

    won, upheld = f"{known} AND {WON}", f"{known} AND p.outcome = 'upheld'"
    decided = f"MAX(CASE WHEN {won} OR {upheld} THEN p.decided_on END)"
    days = f"MIN(CASE WHEN {won} THEN {dialect.days_between('s.as_of', 'p.decided_on')} END)"
    return (
        "SELECT unit_id, as_of, won AS label, known_on, "
        "CASE WHEN won = 0 THEN 0 WHEN amount > 0 AND recovered >= amount THEN 1 "
        "WHEN amount > 0 AND recovered < 0 THEN 0 WHEN amount > 0 THEN recovered / amount END AS share, "
        "CASE WHEN won = 0 THEN 0 WHEN recovered < 0 THEN 0 WHEN recovered > amount THEN amount ELSE recovered END "
        "AS recovered, days_to_outcome FROM ("
        "SELECT s.denial_id AS unit_id, s.as_of, s.denied_amount AS amount, "
        f"{flag_any(won)} AS won, {flag_any(upheld)} AS upheld, "
        f"MAX(CASE WHEN p.decided_on < {matured_by} THEN 0 ELSE 1 END) AS pending, "
        f"SUM(CASE WHEN {won} THEN p.recovered_amount END) AS recovered, {dialect.add_days(decided, '1')} AS known_on, "
        f"{days} AS days_to_outcome "
        f"FROM population s JOIN appeals p ON p.denial_id = s.denial_id AND p.filed_on < {matured_by} "
        "GROUP BY s.denial_id, s.as_of, s.denied_amount) decided WHERE won = 1 OR upheld = 1 AND pending = 0"
    )
