"""The facts that the rules read: balances, calls, plans, and promises of each scored account as of the run's date."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd

from payrank.scoring.rules.call_caps import guarantors_at_cap
from payrank.scoring.rules.rules import RuleTable


def make_account_facts(
    connection: duckdb.DuckDBPyConnection, scored: pd.DataFrame, as_of: date, rules: RuleTable
) -> None:
    """Make the temporary table `account_facts`: one row per scored account, with the columns that rules may name.

    Parameters
    ----------
    scored
        Has account_id, guarantor_id, patient_balance and insurance_balance (dollars) and payer_class.
    rules
        Provides the call caps (S1) and the grace period for an installment (S4).
    """
    day = f"DATE '{as_of}'"
    connection.register("scored_accounts", scored)
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE account_facts AS {_sql(day, rules)}")
    finally:
        connection.unregister("scored_accounts")


def running_plans(connection: duckdb.DuckDBPyConnection, as_of: date) -> set[str]:
    """Return the accounts with an active payment plan as of the date, whether or not installments were missed."""
    rows = connection.execute(
        f"SELECT DISTINCT account_id FROM payment_plans WHERE started_on < DATE '{as_of}' "
        f"AND (ended_on IS NULL OR ended_on >= DATE '{as_of}')"
    ).fetchall()
    return {account for (account,) in rows}


def first_statements(connection: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, date]:
    """Return the date of the first statement sent to each account's guarantor after the account opened."""
    rows = connection.execute(
        "SELECT a.account_id, MIN(c.contacted_on) FROM accounts a JOIN contacts c ON c.guarantor_id = a.guarantor_id "
        f"AND c.contacted_on >= a.opened_on AND c.contacted_on < DATE '{as_of}' AND c.direction = 'out' "
        "AND c.channel IN ('statement', 'letter') WHERE c.account_id IS NULL OR c.account_id = a.account_id "
        "GROUP BY a.account_id"
    ).fetchall()
    return dict(rows)


def _sql(day: str, rules: RuleTable) -> str:
    missed_after = f"CAST(COALESCE(p.frequency_days, 30) + {rules.limit('S4', 'grace_days'):g} AS INTEGER)"
    plan_paid = (
        "(SELECT COALESCE(-SUM(t.amount), 0) FROM transactions t WHERE t.account_id = p.account_id "
        f"AND t.kind = 'patient_payment' AND t.posted_on < {day} AND t.posted_on >= {day} - {missed_after}) "
        ">= COALESCE(p.installment, 0.01)"
    )
    federal = guarantors_at_cap([cap for cap in rules.call_caps if not cap.state], day)
    by_state = guarantors_at_cap([cap for cap in rules.call_caps if cap.state], day)
    return (
        f"SELECT s.*, {day} AS as_of, g.birth_year, g.state, g.text_consent, "
        "CASE WHEN c.guarantor_id IS NULL THEN 0 ELSE 1 END AS call_cap_reached, "
        "CASE WHEN b.guarantor_id IS NULL THEN 0 ELSE 1 END AS state_call_cap_reached, "
        "CASE WHEN t.account_id IS NULL THEN 0 ELSE 1 END AS transferred, "
        "CASE WHEN q.account_id IS NULL THEN 0 ELSE 1 END AS qmb_remark, "
        "CASE WHEN p.account_id IS NULL THEN 0 ELSE 1 END AS plan_current, m.promise_due_on "
        "FROM scored_accounts s LEFT JOIN guarantors g ON g.guarantor_id = s.guarantor_id "
        f"LEFT JOIN ({federal}) c ON c.guarantor_id = s.guarantor_id "
        f"LEFT JOIN ({by_state}) b ON b.guarantor_id = s.guarantor_id "
        "LEFT JOIN (SELECT DISTINCT account_id FROM transactions WHERE kind = 'transfer' "
        f"AND responsibility = 'patient' AND amount > 0 AND posted_on < {day}) t ON t.account_id = s.account_id "
        "LEFT JOIN (SELECT DISTINCT account_id FROM denials WHERE rarc IN ('N781', 'N782', 'N783') "
        f"AND denied_on < {day}) q ON q.account_id = s.account_id "
        f"LEFT JOIN (SELECT DISTINCT p.account_id FROM payment_plans p WHERE p.started_on < {day} "
        f"AND (p.ended_on IS NULL OR p.ended_on >= {day}) "
        f"AND (p.started_on >= {day} - {missed_after} OR {plan_paid})) p ON p.account_id = s.account_id "
        f"LEFT JOIN (SELECT account_id, MAX(due_on) AS promise_due_on FROM promises WHERE made_on < {day} "
        "GROUP BY account_id) m ON m.account_id = s.account_id"
    )
