"""Every rule of the simulated hospital with the segments that it claims, and how often it was seen to fire in each."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from extracts.contract import KNOWN_FLAGS
from extracts.simulator.codes import CODES, KIND_NAMES, NOT_A_DENIAL, SHARED
from extracts.simulator.denial_tables import UNKNOWN_CARC, UNKNOWN_RARC
from extracts.simulator.ledger import KINDS
from extracts.simulator.mess import DATED_LONG_BEFORE, VOIDED
from extracts.simulator.payers import CLASSES, PAYERS
from extracts.simulator.plans import END_REASONS
from extracts.simulator.tables import levels
from extracts.simulator.visits import LINE_WEIGHTS, PATIENT_CLASSES, SERVICE_LINES

DENYING = tuple(name for name in CLASSES if name != "self_pay")
LARGE = ("medicare", "medicare_advantage", "medicaid", "managed_medicaid", "commercial")
FOUGHT = tuple(kind for kind in KIND_NAMES if kind != NOT_A_DENIAL)
NEW = tuple(payer.payer_id for payer in PAYERS if payer.starts_before is not None)
OUTCOMES = levels("appeals", "outcome")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the segments in which it claims to fire, and a query of (segment, how often)."""

    name: str
    segments: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Firing:
    """How often a rule fired in a segment of a simulated extract."""

    rule: str
    segment: str
    times: int


def _cross(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{one} {other}" for one in first for other in second)


def _counts(segment: str, rows: str) -> str:
    return f"SELECT {segment} AS segment, count(*) FROM {rows} GROUP BY 1"


_REVERSED = "transactions AS r JOIN transactions AS t ON r.reverses_id = t.transaction_id"
_AGAIN = "EXISTS (SELECT 1 FROM transactions AS n WHERE n.account_id = t.account_id AND n.kind = t.kind AND \
n.amount = t.amount AND n.posted_on = r.posted_on)"

RULES: tuple[Rule, ...] = (
    Rule(
        "a visit of this class has this service line",
        tuple(
            f"{PATIENT_CLASSES[row]} {SERVICE_LINES[column]}"
            for row in range(len(PATIENT_CLASSES))
            for column in range(len(SERVICE_LINES))
            if LINE_WEIGHTS[row, column] > 0
        ),
        _counts("patient_class || ' ' || service_line", "accounts"),
    ),
    Rule(
        "a payer of this class covers a visit",
        CLASSES,
        _counts("payer_class", "coverages JOIN payers USING (payer_id)"),
    ),
    Rule(
        "coverage is lost, found later, or comes second",
        ("ended", "found later", "second"),
        """SELECT 'ended', count(ended_on) FROM coverages UNION ALL SELECT 'second', count(*) FROM coverages
        WHERE priority = 2 UNION ALL SELECT 'found later', count(*) FROM coverages JOIN accounts USING (account_id)
        WHERE priority = 1 AND known_on > opened_on""",
    ),
    Rule("a new payer comes", NEW, _counts("payer_id", "coverages")),
    Rule("a claim is denied", DENYING, "SELECT payer_class, sum(denied) FROM fact_claims GROUP BY 1"),
    Rule("a claim is denied for this code", tuple(c.carc for c in CODES), _counts("carc", "fact_denials")),
    Rule(
        "a payer of this class denies for this kind of reason",
        _cross(LARGE, FOUGHT),
        _counts("payer_class || ' ' || kind", "truth_denials JOIN payers USING (payer_id)"),
    ),
    Rule(
        "an adjustment is logged that is no denial",
        tuple(c.carc for c in SHARED),
        _counts("carc", "truth_denials WHERE NOT a_denial"),
    ),
    Rule("a corrected claim is paid", FOUGHT, "SELECT kind, sum(corrected) FROM fact_denials GROUP BY 1"),
    Rule("an appeal is filed", FOUGHT, "SELECT kind, sum(appealed) FROM fact_denials GROUP BY 1"),
    Rule(
        "an appeal of this level is decided so",
        _cross(("1", "2", "3"), OUTCOMES),
        _counts("level || ' ' || outcome", "appeals"),
    ),
    Rule(
        "the first deadline is missed",
        LARGE,
        _counts(
            "payer_class",
            "truth_denials JOIN payers USING (payer_id) WHERE a_denial AND filed_age > coalesce(appeal_days, 180)",
        ),
    ),
    Rule(
        "a later deadline is missed",
        ("2", "3"),
        _counts(
            "a.level",
            "appeals AS a JOIN appeals AS b ON b.denial_id = a.denial_id AND b.level = a.level - 1 "
            "WHERE a.filed_on > b.decided_on + 60",
        ),
    ),
    Rule(
        "a coin decides about an appeal",
        _cross(FOUGHT, ("appealed", "left alone")),
        _counts(
            "kind || CASE WHEN appealed THEN ' appealed' ELSE ' left alone' END", "truth_denials WHERE random_slice"
        ),
    ),
    Rule(
        "a coin decides about a call",
        ("called", "left alone"),
        _counts("CASE WHEN called THEN 'called' ELSE 'left alone' END", "truth_calls"),
    ),
    Rule("money of this kind is posted", tuple(k for k in KINDS if k != "interest"), _counts("kind", "transactions")),
    Rule(
        "a row is voided and posted again",
        tuple(VOIDED),
        _counts("r.kind", f"{_REVERSED} WHERE r.account_id = t.account_id AND {_AGAIN}"),
    ),
    Rule(
        "a payment bounces",
        ("patient_payment",),
        _counts("r.kind", f"{_REVERSED} WHERE r.kind = 'patient_payment' AND NOT {_AGAIN}"),
    ),
    Rule(
        "cash is moved to another account of the guarantor",
        ("moved",),
        _counts(
            "'moved'",
            f"{_REVERSED} JOIN transactions AS n ON n.posted_on = r.posted_on AND n.amount = t.amount "
            "AND n.effective_on = t.posted_on AND n.account_id <> t.account_id WHERE r.kind = 'patient_payment'",
        ),
    ),
    Rule(
        "money is posted weeks after it came",
        tuple(DATED_LONG_BEFORE),
        _counts("kind", "transactions WHERE posted_on - effective_on >= 7"),
    ),
    Rule(
        "an account of a patient stands in credit, or owes this much",
        ("credit", "50", "200", "1200", "1450", "5000", "7500", "10000", "more"),
        """SELECT CASE WHEN owed < 0 THEN 'credit' WHEN owed <= 50 THEN '50' WHEN owed <= 200 THEN '200'
            WHEN owed <= 1200 THEN '1200' WHEN owed <= 1450 THEN '1450' WHEN owed <= 5000 THEN '5000'
            WHEN owed <= 7500 THEN '7500' WHEN owed <= 10000 THEN '10000' ELSE 'more' END, count(*)
        FROM (SELECT sum(amount) OVER (PARTITION BY account_id ORDER BY posted_on) AS owed
            FROM transactions WHERE responsibility = 'patient') GROUP BY 1""",
    ),
    Rule(
        "a patient is reached in this way",
        (*_cross(("call", "letter", "statement", "text", "email"), ("out",)), "portal in", "visit in", "call in"),
        _counts("channel || ' ' || direction", "contacts"),
    ),
    Rule("a contact ends so", levels("contacts", "outcome"), _counts("outcome", "contacts")),
    Rule(
        "a promise is kept or broken",
        ("kept", "broken"),
        _counts(
            "CASE WHEN paid THEN 'kept' ELSE 'broken' END",
            "(SELECT EXISTS (SELECT 1 FROM transactions AS t WHERE t.account_id = p.account_id AND "
            "t.kind = 'patient_payment' AND t.posted_on BETWEEN p.made_on AND p.due_on + 3) AS paid "
            "FROM promises AS p)",
        ),
    ),
    Rule(
        "a payment plan runs or ends so",
        (*END_REASONS, "runs"),
        _counts("coalesce(end_reason, 'runs')", "payment_plans"),
    ),
    Rule("this flag is raised", KNOWN_FLAGS, _counts("flag", "flags")),
    Rule(
        "charity takes all or half",
        ("all", "half"),
        """SELECT CASE WHEN left_owed <= 0 THEN 'all' ELSE 'half' END, count(*) FROM (SELECT kind, sum(amount) OVER
            (PARTITION BY account_id ORDER BY posted_on) AS left_owed FROM transactions
            WHERE responsibility = 'patient') WHERE kind = 'charity_adjustment' GROUP BY 1""",
    ),
    Rule(
        "an agency brings in some of the bad debt",
        ("agency",),
        _counts("'agency'", "transactions WHERE kind = 'bad_debt_write_off' AND amount > 0"),
    ),
    Rule(
        "a person has a second number",
        ("merged", "not yet merged"),
        _counts(
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
)


def count_firings(connection: duckdb.DuckDBPyConnection) -> tuple[Firing, ...]:
    """Count how often each rule fired in each segment that it claims, on views that `fact_views` opened."""
    firings = []
    for rule in RULES:
        seen = {str(segment): int(times or 0) for segment, times in connection.execute(rule.query).fetchall()}
        firings += [Firing(rule.name, segment, seen.get(segment, 0)) for segment in rule.segments]
    return tuple(firings)
