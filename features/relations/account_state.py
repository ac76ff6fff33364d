"""The state of each account at each snapshot, which the population, household features, and rates read."""

from __future__ import annotations

from collections.abc import Mapping

from payrank.extracts.contract.flag_words import flag_word
from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Step
from payrank.features.relations.relation import Field
from payrank.features.sources import RateAtAge
from payrank.features.targets import PaymentTarget

_MONEY = [
    "patient_balance",
    "insurance_balance",
    "charges",
    "insurance_paid",
    "contractual",
    "charity",
    "bad_debt",
    "refunded",
    "patient_billed",
    "patient_paid",
    "paid_30d",
    "paid_90d",
    "paid_365d",
]
_DAYS = ["first_patient_on", "first_payment_on", "last_payment_on"]


def account_fields(dialect: Dialect, target: PaymentTarget, attributes: tuple[str, ...]) -> dict[str, Field]:
    """Return the columns of `account_state`: name to SQL.

    Over accounts `a`, known ledger `l`, primary payer `p`, agency `g` and as-of dates `d`.
    """
    ledger = ("transactions",)
    horizon = str(target.horizon_days)
    due = dialect.add_days("l.first_patient_on", horizon)
    owed = dialect.days_between("l.first_patient_on", "d.as_of")
    settled = "l.patient_billed > 0 AND l.patient_balance <= 0 AND l.patient_paid > 0"
    return {
        "account_id": Field("a.account_id"),
        "guarantor_id": Field("a.guarantor_id"),
        "opened_on": Field("a.opened_on"),
        "service_on": Field("a.service_on", ("accounts.service_on",)),
        "patient_class": Field("a.patient_class", ("accounts.patient_class",)),
        "service_line": Field("a.service_line", ("accounts.service_line",)),
        "facility": Field("a.facility", ("accounts.facility",)),
        **{f"site_{name}": Field(f"a.{name}", (f"accounts.{name}",)) for name in attributes},
        "as_of": Field("d.as_of"),
        "account_age": Field(dialect.days_between("a.opened_on", "d.as_of")),
        **{name: Field(f"COALESCE(l.{name}, 0)", ledger) for name in _MONEY},
        **{name: Field(f"l.{name}", ledger) for name in _DAYS},
        "days_owed": Field(owed, ledger),
        "age_pooled": Field(f"CASE WHEN {owed} <= 60 THEN {owed} ELSE 30 * FLOOR({owed} / 30.0) END", ledger),
        "days_to_pay": Field(dialect.days_between("l.first_patient_on", "l.first_payment_on"), ledger),
        "days_since_payment": Field(dialect.days_between("l.last_payment_on", "d.as_of"), ledger),
        "settled": Field(f"CASE WHEN l.patient_billed > 0 THEN CASE WHEN {settled} THEN 1 ELSE 0 END END", ledger),
        "outcome": Field(
            f"CASE WHEN {due} <= d.as_of THEN CASE WHEN l.first_payment_on < {due} THEN 1 ELSE 0 END END", ledger
        ),
        "outcome_age": Field(f"{owed} - {horizon}", ledger),
        "payer_id": Field("p.payer_id", ("coverages",)),
        "payer_class": Field(
            "CASE WHEN p.payer_id IS NULL THEN 'self_pay' ELSE p.payer_class END", ("coverages", "payers")
        ),
        "has_coverage": Field("CASE WHEN p.payer_id IS NULL THEN 0 ELSE 1 END", ("coverages",)),
        "month_of_year": Field("EXTRACT(MONTH FROM d.as_of)"),
        "day_of_month": Field("EXTRACT(DAY FROM d.as_of)"),
        "weekday": Field(dialect.weekday("d.as_of")),
        "at_agency": Field("CASE WHEN g.account_id IS NULL THEN 0 ELSE 1 END"),
    }


def primary_payer() -> str:
    """Return SQL of each account's primary payer among the coverages known and active at the snapshot."""
    return (
        "SELECT account_id, as_of, payer_id, payer_class FROM ("
        "SELECT v.account_id, d.as_of, v.payer_id, y.payer_class, ROW_NUMBER() OVER ("
        "PARTITION BY v.account_id, d.as_of ORDER BY v.priority, v.known_on DESC, v.payer_id) AS place "
        "FROM coverages v JOIN as_of_dates d ON v.known_on < d.as_of AND (v.ended_on IS NULL OR v.ended_on >= d.as_of) "
        "LEFT JOIN payers y ON y.payer_id = v.payer_id) ranked WHERE place = 1"
    )


def agency_accounts() -> str:
    """Return SQL of accounts placed with an agency as known at the snapshot, singly or with all of the guarantor's."""
    # Most systems write the flag exactly so. Testing that first avoids normalizing every text.
    placed = f"(f.flag = 'agency_placed' OR {flag_word('f.flag')} = 'agency_placed')"
    known = (
        "JOIN as_of_dates d ON f.known_on < d.as_of AND (f.ended_on IS NULL OR f.ended_on >= d.as_of) "
        f"WHERE {placed} AND f.subject_type ="
    )
    return (
        f"SELECT f.subject_id AS account_id, d.as_of FROM flags f {known} 'account' UNION "
        "SELECT a.account_id, d.as_of FROM flags f JOIN accounts a ON a.guarantor_id = f.subject_id "
        f"{known} 'guarantor'"
    )


def account_state(fields: Mapping[str, Field]) -> str:
    """Return SQL of the state of every account known at each snapshot."""
    columns = ", ".join(f"{field.sql} AS {name}" for name, field in fields.items())
    return (
        f"SELECT {columns} FROM accounts a JOIN as_of_dates d ON a.opened_on < d.as_of "
        "LEFT JOIN known_ledger l ON l.account_id = a.account_id AND l.as_of = d.as_of "
        "LEFT JOIN primary_payer p ON p.account_id = a.account_id AND p.as_of = d.as_of "
        "LEFT JOIN agency_accounts g ON g.account_id = a.account_id AND g.as_of = d.as_of"
    )


def paid_at_age(horizon_days: int) -> tuple[Step, ...]:
    """Return steps that count, for each age in the spine, balances unpaid at that age and those then paid.

    Take a balance due for o days and paid after p days, and the horizon h. It was unpaid and then followed through the
    horizon at every age up to min(o - h, p), and of those it was paid within the horizon at every age above p - h. So
    each balance changes the counts at no more than two ages. A histogram of those changes is enough: summing it at and
    above an age gives the counts at that age, without comparing every balance with every age.
    """
    seen_until = f"e.days_owed - {horizon_days}"
    return (
        Step(
            "paid_histogram",
            "SELECT as_of, age, SUM(seen) AS seen, SUM(hits) AS hits FROM ("
            f"SELECT e.as_of, CASE WHEN e.days_to_pay < {seen_until} THEN e.days_to_pay ELSE {seen_until} END AS age, "
            "1 AS seen, CASE WHEN e.days_to_pay IS NULL THEN 0 ELSE 1 END AS hits FROM account_state e "
            "WHERE e.days_owed IS NOT NULL UNION ALL "
            f"SELECT e.as_of, e.days_to_pay - {horizon_days} AS age, 0 AS seen, -1 AS hits FROM account_state e "
            "WHERE e.days_to_pay IS NOT NULL) counted GROUP BY as_of, age",
        ),
        Step(
            "paid_at_age",
            "SELECT a.as_of, a.age_pooled, SUM(h.seen) AS seen, SUM(h.hits) AS hits "
            "FROM (SELECT DISTINCT spine.as_of, spine.age_pooled FROM spine) a "
            "JOIN paid_histogram h ON h.as_of = a.as_of AND h.age >= a.age_pooled GROUP BY a.as_of, a.age_pooled",
        ),
    )


PAID_AT_AGE_JOIN = (
    "LEFT JOIN paid_at_age ON paid_at_age.as_of = spine.as_of AND paid_at_age.age_pooled = spine.age_pooled"
)


def paid_at_age_sql(source: RateAtAge) -> str:
    """Return SQL of the smoothed share paid within the horizon among balances unpaid at the snapshot's age."""
    return (
        "CASE WHEN paid_at_age.seen > 0 THEN "
        f"(paid_at_age.hits + {source.weight * source.prior!r}) / (paid_at_age.seen + {source.weight!r}) END"
    )


def account_population(target: PaymentTarget) -> str:
    """Return the SQL condition of the payment population: a balance due, and no credit, agency, or bad-debt state."""
    return f"patient_balance > 0 AND patient_balance >= {target.min_balance:.2f} AND bad_debt <= 0 AND at_agency = 0"


def account_labels(dialect: Dialect, target: PaymentTarget, matured_by: str) -> str:
    """Return SQL of the labels: what patients paid in [as_of, as_of + horizon), once that horizon has passed.

    Columns: unit_id, as_of, label (0 or 1), share (of the balance paid, 0 to 1), recovered (dollars, at most the
    balance), days_to_outcome (whole days from the snapshot to the first day on which enough was paid; null without the
    outcome), known_on (the day after the last day of the horizon).
    """
    end = dialect.add_days("s.as_of", str(target.horizon_days))
    # Payments are summed by whole days, so a payment reversed on the same day never counts.
    payments = (
        "SELECT s.account_id, s.as_of, t.posted_on, -t.amount AS paid, "
        "SUM(-t.amount) OVER (PARTITION BY s.account_id, s.as_of ORDER BY t.posted_on) AS paid_so_far "
        "FROM population s JOIN transactions t ON t.account_id = s.account_id AND t.posted_on >= s.as_of "
        f"AND t.posted_on < {end} AND t.kind = 'patient_payment'"
    )
    enough = f"{target.min_share!r} * s.patient_balance"
    met = f"t.paid_so_far > 0 AND t.paid_so_far >= {enough}"
    return (
        "SELECT unit_id, as_of, known_on, CASE WHEN paid > 0 AND paid >= enough THEN 1 ELSE 0 END AS label, "
        "CASE WHEN paid <= 0 THEN 0 WHEN paid >= balance THEN 1 ELSE paid / balance END AS share, "
        "CASE WHEN paid <= 0 THEN 0 WHEN paid >= balance THEN balance ELSE paid END AS recovered, "
        "CASE WHEN paid > 0 AND paid >= enough THEN first_met END AS days_to_outcome FROM ("
        f"SELECT s.account_id AS unit_id, s.as_of, s.patient_balance AS balance, {enough} AS enough, "
        f"COALESCE(SUM(t.paid), 0) AS paid, {end} AS known_on, "
        f"MIN(CASE WHEN {met} THEN {dialect.days_between('s.as_of', 't.posted_on')} END) AS first_met "
        f"FROM population s LEFT JOIN ({payments}) t ON t.account_id = s.account_id AND t.as_of = s.as_of "
        f"WHERE {end} <= {matured_by} GROUP BY s.account_id, s.as_of, s.patient_balance) paid"
    )
