"""What happened to each row afterward: outcomes, and totals over the whole extract and as of the row's own date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.features.probes.rate_groups import account_groups, denial_groups

RATE_KEYS: tuple[tuple[str, ...], ...] = (
    ("payer_id",),
    ("carc",),
    ("rarc",),
    ("group_code",),
    ("service_line",),
    ("payer_id", "carc"),
    ("service_line", "carc"),
    ("payer_id", "carc", "service_line"),
)
"""Groups whose overturn rate a column may contain."""

RATE, GROUP = "rate_", "group_"
"""Prefixes of the names of a group's rate, and of the column that identifies the group."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened to each row afterward.

    Attributes
    ----------
    rows
        Rows with `unit_id` and `household`, in order of unit.
    outcomes
        Description of an outcome to its column (0, 1, or unknown).
    totals
        Description of a total to its column over the whole extract, and its column as of the row's own date ("" if
        there is none).
    groups
        Columns that a site may have computed a rate by, in the order of the rows.
    known_on
        Column with the date on which an outcome became known ("" if there is none). The row's own date is in `day`.
    """

    rows: pd.DataFrame
    outcomes: Mapping[str, str]
    totals: Mapping[str, tuple[str, str]]
    groups: pd.DataFrame
    known_on: str = ""


def account_facts(extract: Extract, opened_before: date, as_of: date) -> Facts:
    """Return the facts of accounts opened before a date, from rows known before `as_of`."""
    known = f"posted_on < DATE '{as_of}'"
    paid = "CASE WHEN t.kind = 'patient_payment' THEN -t.amount ELSE 0 END"
    rows = extract.connection.sql(
        f"""
        WITH ledger AS (
            SELECT account_id, sum({paid}) AS paid, count_if({paid} > 0) AS payments,
                sum(CASE WHEN responsibility = 'patient' THEN amount ELSE 0 END) AS balance,
                max(CASE WHEN responsibility = 'patient' AND amount > 0 THEN 1 ELSE 0 END) AS owed,
                max(CASE WHEN kind = 'bad_debt_write_off' THEN 1 ELSE 0 END) AS bad_debt
            FROM transactions t WHERE {known} GROUP BY account_id),
        at_opening AS (
            SELECT a.account_id, sum({paid}) AS paid_then FROM accounts a
            JOIN transactions t ON t.account_id = a.account_id AND t.posted_on <= a.opened_on GROUP BY a.account_id),
        household AS (
            SELECT a.account_id, sum({paid}) AS household_paid, count_if({paid} > 0) AS household_payments,
                sum(CASE WHEN t.posted_on <= a.opened_on THEN {paid} ELSE 0 END) AS household_paid_then,
                count_if(t.posted_on <= a.opened_on AND {paid} > 0) AS household_payments_then
            FROM accounts a JOIN accounts b ON b.guarantor_id = a.guarantor_id
            JOIN transactions t ON t.account_id = b.account_id AND t.kind = 'patient_payment' AND {known}
            GROUP BY a.account_id)
        SELECT a.account_id AS unit_id, a.guarantor_id AS household,
            CAST(coalesce(l.paid, 0) AS DOUBLE) AS paid, CAST(coalesce(o.paid_then, 0) AS DOUBLE) AS paid_then,
            CAST(coalesce(l.payments, 0) AS DOUBLE) AS payments,
            CAST(l.balance AS DOUBLE) AS balance,
            CAST(coalesce(h.household_paid, 0) AS DOUBLE) AS household_paid,
            CAST(coalesce(h.household_paid_then, 0) AS DOUBLE) AS household_paid_then,
            CAST(coalesce(h.household_payments, 0) AS DOUBLE) AS household_payments,
            CAST(coalesce(h.household_payments_then, 0) AS DOUBLE) AS household_payments_then,
            CAST(coalesce(h.household_paid, 0) - coalesce(h.household_paid_then, 0) AS DOUBLE) AS household_later,
            CASE WHEN l.owed = 1 THEN CASE WHEN l.paid > 0 THEN 1.0 ELSE 0.0 END END AS has_paid,
            CASE WHEN l.owed = 1 THEN CASE WHEN l.balance <= 0 THEN 1.0 ELSE 0.0 END END AS is_settled,
            CASE WHEN l.owed = 1 THEN CAST(l.bad_debt AS DOUBLE) END AS is_bad_debt,
            CASE WHEN coalesce(h.household_payments, 0) > coalesce(h.household_payments_then, 0) THEN 1.0 ELSE 0.0 END
                AS household_pays_later
        FROM accounts a LEFT JOIN ledger l USING (account_id) LEFT JOIN at_opening o USING (account_id)
        LEFT JOIN household h USING (account_id)
        WHERE a.opened_on < DATE '{opened_before}' ORDER BY a.account_id
        """
    ).to_arrow_table()
    return Facts(
        rows.to_pandas(),
        {
            "the patient paid": "has_paid",
            "the patient's balance was settled": "is_settled",
            "the account went to bad debt": "is_bad_debt",
            "the guarantor paid anything later": "household_pays_later",
        },
        {
            "the account's payments": ("paid", "paid_then"),
            "the number of the account's payments": ("payments", ""),
            "the account's balance": ("balance", ""),
            "the guarantor's payments": ("household_paid", "household_paid_then"),
            "the number of the guarantor's payments": ("household_payments", "household_payments_then"),
            "the guarantor's later payments": ("household_later", ""),
        },
        account_groups(extract, opened_before),
    )


def denial_facts(extract: Extract, as_of: date) -> Facts:
    """Return the facts of denials from rows known before `as_of`. Undecided denials have no outcome."""
    rates, joins, totals = [], [], {}
    for keys in RATE_KEYS:
        name = "_".join(keys)
        joins.append(f"LEFT JOIN ({_render_rate(keys)}) r_{name} ON r_{name}.denial_id = n.denial_id")
        rates += [f"r_{name}.whole AS {RATE}{name}", f"r_{name}.past AS {RATE}{name}_then"]
        rates.append(f"hash({', '.join(f'n.{key}' for key in keys)}) AS {GROUP}{name}")
        label = " and ".join(key.removesuffix("_id").replace("_", " ") for key in keys)
        totals[f"the overturn rate by {label}"] = (RATE + name, f"{RATE}{name}_then")
    rows = extract.connection.sql(
        f"""
        WITH reviewed AS (
            SELECT denial_id, max(won) AS won, arg_min(won, (decided_on, appeal_id)) AS first_won,
                min(CASE WHEN won IS NOT NULL THEN decided_on END) AS first_on, max(decided_on) AS decided_on,
                sum(recovered_amount) AS recovered
            FROM (SELECT *, CASE WHEN outcome IN ('overturned', 'partially_overturned') THEN 1.0
                WHEN outcome = 'upheld' THEN 0.0 END AS won FROM appeals WHERE decided_on < DATE '{as_of}')
            GROUP BY denial_id),
        decided AS (
            SELECT n.*, j.won, j.first_won, j.first_on, j.decided_on, j.recovered, a.guarantor_id FROM denials n
            LEFT JOIN reviewed j USING (denial_id) LEFT JOIN accounts a ON a.account_id = n.account_id)
        SELECT n.denial_id AS unit_id, coalesce(n.guarantor_id, n.account_id, n.denial_id) AS household,
            n.denied_on AS day, n.won, n.first_won, n.first_on,
            CASE WHEN n.won IS NOT NULL THEN CAST(coalesce(n.recovered, 0) AS DOUBLE) END AS recovered,
            {", ".join(rates)}
        FROM decided n {" ".join(joins)} WHERE n.denied_on < DATE '{as_of}' ORDER BY n.denial_id
        """
    ).to_arrow_table()
    return Facts(
        rows.to_pandas(),
        {"the appeal was won": "won", "the first appeal was won": "first_won"},
        {"what the appeal recovered": ("recovered", ""), **totals},
        denial_groups(extract, as_of),
        "first_on",
    )


def _render_rate(keys: tuple[str, ...]) -> str:
    """Return SQL of each denial's group's overturn rate: over the whole extract, and before the denial's own date."""
    named = ", ".join(keys)
    known = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f"SELECT denial_id, whole, past FROM (SELECT denial_id, avg(won) OVER (PARTITION BY {named}) AS whole, "
        f"avg(won) OVER (PARTITION BY {named} ORDER BY day "
        "RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING) AS past FROM ("
        f"SELECT {named}, NULL AS denial_id, decided_on AS day, CAST(won AS DOUBLE) AS won FROM decided "
        f"WHERE won IS NOT NULL AND {known} UNION ALL "
        f"SELECT {named}, denial_id, denied_on, NULL FROM decided WHERE {known}) events) rated "
        "WHERE denial_id IS NOT NULL"
    )
