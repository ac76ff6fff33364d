"""Rules of visits, cover, denials and appeals."""

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
        "a visit of this class has this service line",
        tuple(
            f"{PATIENT_CLASSES[row]} {SERVICE_LINES[column]}"
            for row in range(len(PATIENT_CLASSES))
            for column in range(len(SERVICE_LINES))
            if LINE_WEIGHTS[row, column] > 0
        ),
        count_rows("patient_class || ' ' || service_line", "accounts"),
    ),
    Rule(
        "a payer of this class covers a visit",
        CLASSES,
        count_rows("payer_class", "coverages JOIN payers USING (payer_id)"),
    ),
    Rule(
        "coverage is lost, gained, found later, or comes second",
        ("ended", "gained", "found later", "second"),
        """SELECT 'ended', count(ended_on) FROM coverages
        UNION ALL SELECT 'second', count(*) FROM coverages WHERE priority = 2
        UNION ALL SELECT 'found later', count(*) FROM coverages JOIN accounts USING (account_id)
        WHERE priority = 1 AND known_on > opened_on
        UNION ALL SELECT 'gained', count(*) FROM (SELECT payer_class, lag(payer_class) OVER (
                PARTITION BY guarantor_id ORDER BY opened_on, account_id) AS before
            FROM accounts JOIN primary_class USING (account_id))
        WHERE before = 'self_pay' AND payer_class <> 'self_pay'""",
    ),
    Rule("a claim is denied", DENYING, "SELECT payer_class, sum(denied) FROM fact_claims GROUP BY 1"),
    Rule("a claim is denied for this code", tuple(c.carc for c in DENIAL_CODES), count_rows("carc", "fact_denials")),
    Rule(
        "a payer of this class denies for this kind of reason",
        combine(COMMON_CLASSES, APPEALED_KINDS),
        count_rows("payer_class || ' ' || kind", "fact_denials"),
    ),
    Rule(
        "an adjustment is logged that is no denial",
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
        "an appeal of this level is decided so",
        combine(("1", "2", "3"), OUTCOMES),
        count_rows("level || ' ' || outcome", "appeals"),
    ),
    Rule(
        "the first deadline is missed",
        COMMON_CLASSES,
        count_rows(
            "payer_class",
            "appeals JOIN denials USING (denial_id) JOIN payers USING (payer_id) "
            "WHERE level = 1 AND filed_on > denied_on + coalesce(appeal_days, 180)",
        ),
    ),
    Rule(
        "a later deadline is missed",
        ("2", "3"),
        count_rows(
            "a.level",
            "appeals AS a JOIN appeals AS b ON b.denial_id = a.denial_id AND b.level = a.level - 1 "
            "WHERE a.filed_on > b.decided_on + 60",
        ),
    ),
    Rule(
        "a coin decides about an appeal",
        combine(APPEALED_KINDS, ("appealed", "left alone")),
        count_rows(
            "kind || CASE WHEN appealed THEN ' appealed' ELSE ' left alone' END", "truth_denials WHERE random_slice"
        ),
    ),
    Rule(
        "a benefit runs out",
        tuple(EXHAUSTION_CHANCE),
        f"""SELECT payer_class, count(*) FILTER (owed >= 0.6 * charged AND charged >= {MIN_CHARGES} / 100) FROM (
            SELECT account_id, sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END)::DOUBLE AS charged,
                sum(CASE WHEN kind = 'transfer' AND responsibility = 'patient' THEN amount ELSE 0 END)::DOUBLE AS owed
            FROM transactions GROUP BY account_id) JOIN primary_class USING (account_id) GROUP BY 1""",
    ),
)
