"""Rules about visits, coverage, denials, and appeals."""

from __future__ import annotations

from payrank.simulator.allowed_values import allowed_values
from payrank.simulator.claims.codes import DENIAL_CODES, KIND_NAMES, NON_DENIAL_CODES, NOT_A_DENIAL
from payrank.simulator.facts.rule import Rule, combine, count_rows
from payrank.simulator.population.benefit_limits import EXHAUSTION_CHANCE, MIN_CHARGES
from payrank.simulator.population.payers import CLASSES
from payrank.simulator.population.visits import LINE_WEIGHTS, PATIENT_CLASSES, SERVICE_LINES

DENYING = tuple(name for name in CLASSES if name != "self_pay")
COMMON_CLASSES = ("medicare", "medicare_advantage", "medicaid", "managed_medicaid", "commercial")
APPEALED_KINDS = tuple(kind for kind in KIND_NAMES if kind != NOT_A_DENIAL)
OUTCOMES = allowed_values("appeals", "outcome")

CLAIM_RULES: tuple[Rule, ...] = (
    Rule(
        "a visit in this patient class has this service line",
        tuple(
            f"{PATIENT_CLASSES[row]} {SERVICE_LINES[column]}"
            for row in range(len(PATIENT_CLASSES))
            for column in range(len(SERVICE_LINES))
            if LINE_WEIGHTS[row, column] > 0
        ),
        count_rows("patient_class || ' ' || service_line", "accounts"),
    ),
    Rule(
        "a payer in this class covers a visit",
        CLASSES,
        count_rows("payer_class", "coverages JOIN payers USING (payer_id)"),
    ),
    Rule(
        "coverage is lost, gained, found late, or secondary",
        ("ended", "gained", "found late", "second"),
        """SELECT 'ended', count(ended_on) FROM coverages
        UNION ALL SELECT 'second', count(*) FROM coverages WHERE priority = 2
        UNION ALL SELECT 'found late', count(*) FROM coverages JOIN accounts USING (account_id)
        WHERE priority = 1 AND known_on > opened_on
        UNION ALL SELECT 'gained', count(*) FROM (SELECT payer_class, lag(payer_class) OVER (
                PARTITION BY guarantor_id ORDER BY opened_on, account_id) AS before
            FROM accounts JOIN primary_class USING (account_id))
        WHERE before = 'self_pay' AND payer_class <> 'self_pay'""",
    ),
    Rule("a claim is denied", DENYING, "SELECT payer_class, sum(denied) FROM fact_claims GROUP BY 1"),
    Rule("a claim is denied with this code", tuple(c.carc for c in DENIAL_CODES), count_rows("carc", "fact_denials")),
    Rule(
        "a payer in this class denies for this kind of reason",
        combine(COMMON_CLASSES, APPEALED_KINDS),
        count_rows("payer_class || ' ' || kind", "fact_denials"),
    ),
    Rule(
        "an adjustment that is not a denial is logged",
        tuple(c.carc for c in NON_DENIAL_CODES),
        count_rows("carc", "denials JOIN codes USING (carc) WHERE NOT a_denial"),
    ),
    Rule(
        "a corrected claim is paid",
        APPEALED_KINDS,
        "SELECT kind, sum(corrected::INTEGER) FROM truth_denials WHERE a_denial GROUP BY 1",
    ),
    Rule("an appeal is filed", APPEALED_KINDS, "SELECT kind, sum(appealed) FROM fact_denials GROUP BY 1"),
    Rule(
        "an appeal at this level has this outcome",
        combine(("1", "2", "3"), OUTCOMES),
        count_rows("level || ' ' || outcome", "appeals"),
    ),
    Rule(
        "a first-level deadline is missed",
        COMMON_CLASSES,
        count_rows(
            "payer_class",
            "appeals JOIN denials USING (denial_id) JOIN payers USING (payer_id) "
            "WHERE level = 1 AND filed_on > denied_on + coalesce(appeal_days, 180)",
        ),
    ),
    Rule(
        "a next-level deadline is missed",
        ("2", "3"),
        count_rows(
            "a.level",
            "appeals AS a JOIN appeals AS b ON b.denial_id = a.denial_id AND b.level = a.level - 1 "
            "WHERE a.filed_on > b.decided_on + 60",
        ),
    ),
    Rule(
        "an appeal is randomized",
        combine(APPEALED_KINDS, ("appealed", "not appealed")),
        count_rows(
            "kind || CASE WHEN appealed THEN ' appealed' ELSE ' not appealed' END", "truth_denials WHERE random_slice"
        ),
    ),
    Rule(
        "benefits run out",
        tuple(EXHAUSTION_CHANCE),
        f"""SELECT payer_class, count(*) FILTER (owed >= 0.6 * charged AND charged >= {MIN_CHARGES} / 100) FROM (
            SELECT account_id, sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END)::DOUBLE AS charged,
                sum(CASE WHEN kind = 'transfer' AND responsibility = 'patient' THEN amount ELSE 0 END)::DOUBLE AS owed
            FROM transactions GROUP BY account_id) JOIN primary_class USING (account_id) GROUP BY 1""",
    ),
)
