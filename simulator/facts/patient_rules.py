"""Rules about patients: calls, promises, payment plans, hardship, financial assistance, and agency placement."""

from __future__ import annotations

from payrank.extracts.contract.tables import KNOWN_FLAGS
from payrank.simulator.allowed_values import allowed_values
from payrank.simulator.facts.rule import Rule, combine, count_rows
from payrank.simulator.patients.plans import END_REASONS

PATIENT_RULES: tuple[Rule, ...] = (
    Rule(
        "a call is randomized",
        ("called", "not called"),
        count_rows("CASE WHEN called THEN 'called' ELSE 'not called' END", "truth_calls"),
    ),
    Rule(
        "a patient balance is a credit or is in this band",
        ("credit", "50", "200", "1200", "1450", "5000", "7500", "10000", "more"),
        """SELECT CASE WHEN owed < 0 THEN 'credit' WHEN owed <= 50 THEN '50' WHEN owed <= 200 THEN '200'
            WHEN owed <= 1200 THEN '1200' WHEN owed <= 1450 THEN '1450' WHEN owed <= 5000 THEN '5000'
            WHEN owed <= 7500 THEN '7500' WHEN owed <= 10000 THEN '10000' ELSE 'more' END, count(*)
        FROM (SELECT sum(amount) OVER (PARTITION BY account_id ORDER BY posted_on) AS owed
            FROM transactions WHERE responsibility = 'patient') GROUP BY 1""",
    ),
    Rule(
        "a patient is contacted this way",
        (*combine(("call", "letter", "statement", "text", "email"), ("out",)), "portal in", "visit in", "call in"),
        count_rows("channel || ' ' || direction", "contacts"),
    ),
    Rule("a contact has this outcome", allowed_values("contacts", "outcome"), count_rows("outcome", "contacts")),
    Rule(
        "a promise is kept or broken",
        ("kept", "broken"),
        count_rows(
            "CASE WHEN paid THEN 'kept' ELSE 'broken' END",
            "(SELECT EXISTS (SELECT 1 FROM transactions AS t WHERE t.account_id = p.account_id AND "
            "t.kind = 'patient_payment' AND t.posted_on BETWEEN p.made_on AND p.due_on + 3) AS paid "
            "FROM promises AS p)",
        ),
    ),
    Rule(
        "a payment plan is active or ended for this reason",
        (*END_REASONS, "active"),
        count_rows("coalesce(end_reason, 'active')", "payment_plans"),
    ),
    Rule("this flag is raised", KNOWN_FLAGS, count_rows("flag", "flags")),
    Rule(
        "charity covers all or half",
        ("all", "half"),
        """SELECT CASE WHEN left_owed <= 0 THEN 'all' ELSE 'half' END, count(*) FROM (SELECT kind, sum(amount) OVER
            (PARTITION BY account_id ORDER BY posted_on) AS left_owed FROM transactions
            WHERE responsibility = 'patient') WHERE kind = 'charity_adjustment' GROUP BY 1""",
    ),
    Rule(
        "an agency collects some bad debt",
        ("agency",),
        count_rows("'agency'", "transactions WHERE kind = 'bad_debt_write_off' AND amount > 0"),
    ),
)
