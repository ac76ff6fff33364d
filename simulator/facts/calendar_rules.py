"""Rules that depend on the calendar: a policy change, a new payer, deductible resets, and tax refunds."""

from __future__ import annotations

from payrank.simulator.claims.denials import TIGHTENING_DAYS, TIGHTENING_PAYER
from payrank.simulator.facts.rule import Rule, combine, count_rows
from payrank.simulator.population.payers import PAYERS
from payrank.simulator.population.visits import PATIENT_CLASSES

NEW = {payer.payer_id: payer.starts_before for payer in PAYERS if payer.starts_before is not None}
TIGHTER = PAYERS[TIGHTENING_PAYER].payer_id

CALENDAR_RULES: tuple[Rule, ...] = (
    Rule(
        "a new payer enters the region",
        combine(tuple(NEW), PATIENT_CLASSES),
        count_rows("payer_id || ' ' || patient_class", "coverages JOIN accounts USING (account_id)"),
    ),
    Rule(
        "a payer denies at least 10% more after its policy change",
        (TIGHTER,),
        f"""WITH billed AS (SELECT remitted_on >= day - {TIGHTENING_DAYS} AS after, count(*) AS claims
                FROM truth_claims, today WHERE payer_id = '{TIGHTER}' GROUP BY 1),
            refused AS (SELECT denied_on >= day - {TIGHTENING_DAYS} AS after, count(*) AS denials
                FROM fact_denials, today WHERE payer_id = '{TIGHTER}' GROUP BY 1)
        SELECT '{TIGHTER}', CASE WHEN max(denials / claims) FILTER (after) > 1.1 * max(denials / claims)
            FILTER (NOT after) THEN max(denials) FILTER (after) ELSE 0 END FROM billed JOIN refused USING (after)""",
    ),
    Rule(
        "patients owe at least 10% more in January to March than in October to December",
        ("outpatient", "emergency"),
        """WITH bills AS (SELECT account_id, sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END)::DOUBLE AS charged,
                sum(CASE WHEN kind = 'transfer' AND responsibility = 'patient' THEN amount ELSE 0 END)::DOUBLE AS owed
            FROM transactions GROUP BY account_id),
        seasons AS (SELECT patient_class, month(service_on) <= 3 AS winter, count(*) AS bills,
                sum(owed) / sum(charged) AS share
            FROM bills JOIN accounts USING (account_id) JOIN primary_class USING (account_id), today
            WHERE payer_class = 'commercial' AND service_on < day - 150 AND month(service_on) NOT BETWEEN 4 AND 9
            GROUP BY 1, 2)
        SELECT patient_class, CASE WHEN max(share) FILTER (winter) > 1.1 * max(share) FILTER (NOT winter)
            THEN max(bills) FILTER (winter) ELSE 0 END FROM seasons GROUP BY 1""",
    ),
    Rule(
        "tax refunds raise payments on statements of February to April over August to November",
        ("low ability to pay", "high ability to pay"),
        """WITH thirds AS (SELECT guarantor_id, ntile(3) OVER (ORDER BY ability) AS third FROM truth_guarantors),
        sent AS (SELECT account_id, contacted_on, CASE third WHEN 1 THEN 'low ability to pay' ELSE
                'high ability to pay' END AS who, month(contacted_on) <= 4 AS spring
            FROM contacts JOIN thirds USING (guarantor_id), today WHERE channel = 'statement' AND third <> 2 AND
                contacted_on < day - 40 AND month(contacted_on) IN (2, 3, 4, 8, 9, 10, 11)),
        paid AS (SELECT DISTINCT account_id, contacted_on FROM sent JOIN transactions USING (account_id)
            WHERE kind = 'patient_payment' AND amount < 0 AND posted_on BETWEEN contacted_on AND contacted_on + 25),
        seasons AS (SELECT who, spring, count(p.account_id) AS payments, count(p.account_id) / count(*) AS share
            FROM sent AS s LEFT JOIN paid AS p ON p.account_id = s.account_id AND p.contacted_on = s.contacted_on
            GROUP BY 1, 2)
        SELECT who, CASE WHEN max(share) FILTER (spring) > least * max(share) FILTER (NOT spring)
            THEN max(payments) FILTER (spring) ELSE 0 END
        FROM seasons JOIN (VALUES ('low ability to pay', 1.15), ('high ability to pay', 1.03)) AS lifts(who, least)
            USING (who) GROUP BY who, least""",
    ),
)
