"""Rules about noise in ledgers and code lists."""

from __future__ import annotations

from payrank.simulator.claims.interest import PAYS_INTEREST
from payrank.simulator.claims.takebacks import TAKEBACK_DAYS
from payrank.simulator.data_noise import POSTED_LATE, VOIDED
from payrank.simulator.facts.rule import Rule, count_rows
from payrank.simulator.ledger import KINDS
from payrank.simulator.tables.denial_tables import UNKNOWN_CARC, UNKNOWN_RARC

BLANKED: dict[str, tuple[str, ...]] = {
    "accounts": ("service_on", "patient_class", "service_line", "facility"),
    "transactions": ("effective_on",),
    "contacts": ("account_id", "direction"),
    "denials": (
        *("claim_id", "payer_id", "denied_amount", "group_code", "carc", "rarc", "service_line", "appeal_due_on"),
    ),
    "guarantors": ("birth_year", "state", "zip3", "language", "text_consent", "audit_race_ethnicity"),
    "payers": ("appeal_days", "filing_days"),
}
"""Columns with some unknown values, by table."""

_REVERSED = "transactions AS r JOIN transactions AS t ON r.reverses_id = t.transaction_id"
_AGAIN = "EXISTS (SELECT 1 FROM transactions AS n WHERE n.account_id = t.account_id AND n.kind = t.kind AND \
n.amount = t.amount AND n.posted_on = r.posted_on)"

NOISE_RULES: tuple[Rule, ...] = (
    Rule("a transaction of this kind is posted", KINDS, count_rows("kind", "transactions")),
    Rule(
        "a row is voided and reposted",
        tuple(VOIDED),
        count_rows("r.kind", f"{_REVERSED} WHERE r.account_id = t.account_id AND {_AGAIN}"),
    ),
    Rule(
        "a payment bounces",
        ("patient_payment",),
        count_rows("r.kind", f"{_REVERSED} WHERE r.kind = 'patient_payment' AND NOT {_AGAIN}"),
    ),
    Rule(
        "misapplied cash is moved to the correct account",
        ("moved",),
        count_rows(
            "'moved'",
            f"{_REVERSED} JOIN transactions AS n ON n.posted_on = r.posted_on AND n.amount = t.amount "
            "AND n.effective_on = t.posted_on AND n.account_id <> t.account_id "
            "JOIN accounts AS a ON a.account_id = t.account_id "
            "JOIN accounts AS b ON b.account_id = n.account_id AND b.guarantor_id = a.guarantor_id "
            "WHERE r.kind = n.kind AND r.kind = 'patient_payment'",
        ),
    ),
    Rule(
        "a payment is posted weeks after it is received",
        tuple(POSTED_LATE),
        count_rows("kind", "transactions WHERE posted_on - effective_on >= 7"),
    ),
    Rule(
        "a person has a duplicate number",
        ("merged", "not yet merged"),
        count_rows(
            "CASE WHEN d.guarantor_id = a.guarantor_id THEN 'not yet merged' ELSE 'merged' END",
            "truth_duplicates AS d JOIN accounts AS a USING (account_id)",
        ),
    ),
    Rule(
        "a code is on no list",
        ("carc", "rarc", "facility", "service_line"),
        f"""SELECT 'carc', count(*) FROM denials WHERE carc = '{UNKNOWN_CARC}' UNION ALL
        SELECT 'rarc', count(*) FROM denials WHERE rarc = '{UNKNOWN_RARC}' UNION ALL
        SELECT 'facility', count(*) FROM accounts WHERE facility = '99' UNION ALL
        SELECT 'service_line', count(*) FROM accounts WHERE service_line = 'UNKNOWN'""",
    ),
    Rule(
        "a value is unknown",
        tuple(f"{table} {column}" for table, columns in BLANKED.items() for column in columns),
        " UNION ALL ".join(
            f"SELECT '{table} {column}', count(*) - count({column}) FROM {table}"
            for table, columns in BLANKED.items()
            for column in columns
        ),
    ),
    Rule(
        "an insurer pays interest",
        PAYS_INTEREST,
        count_rows("payer_class", "transactions JOIN payers USING (payer_id) WHERE kind = 'interest' AND amount > 0"),
    ),
    Rule(
        "an insurer recoups a payment",
        ("in part", "in full"),
        count_rows(
            "CASE WHEN EXISTS (SELECT 1 FROM transactions AS n WHERE n.account_id = t.account_id AND "
            "n.kind = 'insurance_payment' AND n.posted_on = r.posted_on AND n.amount < 0) THEN 'in part' "
            "ELSE 'in full' END",
            f"{_REVERSED} WHERE r.kind = 'insurance_payment' AND r.posted_on - t.posted_on >= {TAKEBACK_DAYS[0]}",
        ),
    ),
    Rule(
        "a patient is refunded",
        ("paid twice", "unneeded deposit", "late coverage"),
        count_rows(
            """CASE WHEN EXISTS (SELECT 1 FROM transactions AS n WHERE n.account_id = r.account_id AND
                n.kind = 'transfer' AND n.responsibility = 'patient' AND n.amount < 0) THEN 'late coverage'
            WHEN NOT EXISTS (SELECT 1 FROM transactions AS n WHERE n.account_id = r.account_id AND
                n.responsibility = 'patient' AND n.kind IN ('transfer', 'charge')) THEN 'unneeded deposit'
            WHEN (SELECT count(*) FROM transactions AS n WHERE n.account_id = r.account_id AND
                n.kind = 'patient_payment' AND n.amount = -r.amount) > 1 THEN 'paid twice' END""",
            "transactions AS r WHERE r.kind = 'refund'",
        ),
    ),
)
