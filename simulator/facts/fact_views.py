"""The rows each fact is measured on, read from the extract's own files and from the truth files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from payrank.extracts.contract.source_file import quote_path
from payrank.extracts.contract.tables import TABLE_NAMES
from payrank.features.probes.auc import measure_auc as area_under_curve
from payrank.simulator.claims.codes import ALL_CODES, NOT_A_DENIAL

TRUTHS = {
    "calls": "calls",
    "claims": "claims",
    "denials": "denials",
    "ages": "denial_ages",
    "duplicates": "duplicates",
    "guarantors": "guarantors",
    "payments": "payments",
}
"""Truth files, by view name."""

MATURED_DAYS = 300
"""Days after the first transfer to the patient when the payments on a balance count as complete."""
WORKED_DAYS = 240
"""Days after a denial when every appeal that will be filed has been filed."""
DECIDED_DAYS = 400
"""Days after a denial when nearly all three appeal levels are decided."""

VIEWS = {
    "after_insurance": """
        SELECT guarantor_id, owed, paid, coalesce(patient_class, 'other') AS patient_class, payer_class
        FROM (
            SELECT account_id, sum(CASE WHEN kind = 'transfer' THEN amount ELSE 0 END)::DOUBLE AS owed,
                -sum(CASE WHEN kind IN ('patient_payment', 'refund') THEN amount ELSE 0 END)::DOUBLE AS paid,
                min(CASE WHEN kind = 'transfer' THEN posted_on END) AS first_on
            FROM transactions WHERE responsibility = 'patient' GROUP BY account_id
        ) JOIN accounts USING (account_id) JOIN primary_class USING (account_id)
        WHERE owed > 0 AND payer_class <> 'self_pay' AND first_on < $as_of - $matured""",
    "self_pay": """
        SELECT guarantor_id, charged, paid
        FROM (
            SELECT account_id, sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END)::DOUBLE AS charged,
                -sum(CASE WHEN kind IN ('patient_payment', 'refund') THEN amount ELSE 0 END)::DOUBLE AS paid,
                min(posted_on) AS first_on
            FROM transactions WHERE responsibility = 'patient' GROUP BY account_id
        ) JOIN accounts USING (account_id)
        WHERE charged > 0 AND first_on < $as_of - $matured""",
    "payments": """
        SELECT guarantor_id, billed_on, (posted_on - billed_on)::DOUBLE AS days, -amount::DOUBLE AS dollars
        FROM (
            SELECT account_id, posted_on, amount, kind, max(CASE WHEN kind IN ('transfer', 'charge') AND amount > 0
                THEN posted_on END) OVER (PARTITION BY account_id ORDER BY posted_on, kind DESC) AS billed_on
            FROM transactions WHERE responsibility = 'patient' AND reverses_id IS NULL
        ) JOIN accounts USING (account_id)
        WHERE kind = 'patient_payment' AND amount < 0 AND billed_on < $as_of - 400""",
    # Bad debt can still be collected, so write-offs do not close a balance here. Each bill is measured on its first
    # day and at three later ages. Only bills at least two years old are used, so later payments are known.
    "collectable": """
        WITH entries AS (SELECT account_id, kind, amount::DOUBLE AS amount,
                posted_on - min(CASE WHEN amount > 0 AND kind IN ('transfer', 'charge') THEN posted_on END)
                    OVER (PARTITION BY account_id) AS day,
                min(CASE WHEN amount > 0 AND kind IN ('transfer', 'charge') THEN posted_on END)
                    OVER (PARTITION BY account_id) AS billed_on
            FROM transactions WHERE responsibility = 'patient' AND kind <> 'bad_debt_write_off'),
        aged AS (SELECT account_id, age, sum(CASE WHEN day <= age THEN amount ELSE 0 END) AS open,
                -sum(CASE WHEN day > age AND kind IN ('patient_payment', 'refund') THEN amount ELSE 0 END) AS later
            FROM entries, (VALUES (0), (90), (180), (365)) AS ages(age)
            WHERE billed_on < $as_of - 730 GROUP BY account_id, age)
        SELECT guarantor_id, age, open, later,
            later / (SELECT sum(later) / sum(open) FROM aged WHERE age = 0 AND open > 0) AS relative
        FROM aged JOIN accounts USING (account_id) WHERE open > 0""",
    "statements": """
        SELECT guarantor_id, 1.0 AS sent, 0.0 AS paid FROM contacts WHERE channel IN ('statement', 'letter')
        UNION ALL
        SELECT guarantor_id, 0.0, 1.0 FROM transactions JOIN accounts USING (account_id)
        WHERE kind = 'patient_payment' AND amount < 0 AND reverses_id IS NULL""",
    "denials": """
        SELECT guarantor_id, coalesce(y.payer_class, p.payer_class) AS payer_class, n.carc, c.kind, n.denied_on,
            n.denied_on < $as_of - $worked AS matured, (f.denial_id IS NOT NULL)::INTEGER AS appealed,
            n.denied_amount::DOUBLE AS dollars, n.denial_id, n.payer_id
        FROM denials AS n JOIN accounts USING (account_id) JOIN primary_class AS p USING (account_id)
        LEFT JOIN payers AS y ON y.payer_id = n.payer_id LEFT JOIN codes AS c ON c.carc = n.carc
        LEFT JOIN (SELECT DISTINCT denial_id FROM appeals) AS f USING (denial_id)
        WHERE coalesce(c.a_denial, true)""",
    # An extract has no claims. Billed claims come from the truth files, and denials come from the extract.
    "claims": """
        SELECT guarantor_id, payer_class, 1 AS claim, 0 AS denied
        FROM truth_claims JOIN accounts USING (account_id) JOIN payers USING (payer_id)
        UNION ALL SELECT guarantor_id, payer_class, 0, 1 FROM fact_denials""",
    "denied_value": """
        SELECT guarantor_id, charged, lost, coalesce(dollars, 0) AS denied,
            opened_on < $as_of - 150 AS matured, opened_on < $as_of - 700 AS old
        FROM (
            SELECT account_id, sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END)::DOUBLE AS charged,
                -sum(CASE WHEN kind = 'other_adjustment' THEN amount ELSE 0 END)::DOUBLE AS lost
            FROM transactions WHERE responsibility = 'insurance' GROUP BY account_id
        ) JOIN accounts USING (account_id) LEFT JOIN (
            SELECT account_id, sum(dollars) AS dollars FROM fact_denials JOIN denials USING (denial_id)
            GROUP BY account_id) USING (account_id)
        WHERE charged > 0""",
    "first_appeals": """
        SELECT d.guarantor_id, d.kind, d.payer_class, (outcome <> 'upheld')::INTEGER AS won,
            filed_on - d.denied_on AS age, t.probability_as_filed AS chance
        FROM appeals JOIN fact_denials AS d USING (denial_id) JOIN truth_denials AS t USING (denial_id)
        WHERE level = 1 AND outcome IN ('overturned', 'partially_overturned', 'upheld')""",
    # The final result of each appealed denial, after as many levels as staff pursued.
    "final_appeals": """
        SELECT d.guarantor_id, d.kind, d.payer_class,
            bool_or(outcome IN ('overturned', 'partially_overturned'))::INTEGER AS won
        FROM appeals JOIN fact_denials AS d USING (denial_id) WHERE d.denied_on < $as_of - $decided
        GROUP BY denial_id, d.guarantor_id, d.kind, d.payer_class HAVING bool_or(outcome <> 'withdrawn')""",
    "decision_times": """
        SELECT guarantor_id, (decided_on - filed_on)::DOUBLE AS days
        FROM appeals JOIN fact_denials USING (denial_id)
        WHERE filed_on < $as_of - $decided AND decided_on IS NOT NULL""",
    # Let each unit contribute its amount above the cutoff. The top share is then a ratio of means, because the cutoff
    # itself varies little, and the sampling error of a Lorenz share equals that of any other ratio.
    "recoverable": """
        WITH added AS (SELECT denial_id, greatest(dollars_with_appeal - dollars_without_appeal, 0) AS worth
            FROM truth_ages WHERE age_days = 0 AND with_appeal > 0)
        SELECT guarantor_id, denial_id, worth, greatest(worth - top_cut, 0) + 0.16 * top_cut AS top,
            least(worth, low_cut) - (1 - 0.49) * low_cut AS bottom
        FROM added JOIN fact_denials USING (denial_id)
        CROSS JOIN (SELECT quantile_cont(worth, 0.84) AS top_cut, quantile_cont(worth, 0.49) AS low_cut FROM added)""",
    # A score that does not use a denial's own probability: its dollars times the mean gain per dollar for its kind and
    # payer.
    "scored": """
        WITH priced AS (SELECT r.guarantor_id, worth, kind, payer_id, coalesce(dollars, 0) AS dollars
            FROM fact_recoverable AS r JOIN fact_denials USING (denial_id)),
        scores AS (SELECT guarantor_id, worth, dollars * sum(worth) OVER cell / sum(dollars) OVER cell AS score
            FROM priced WINDOW cell AS (PARTITION BY kind, payer_id))
        SELECT guarantor_id, worth, CASE WHEN score >= cut THEN worth ELSE 0 END AS top
        FROM scores CROSS JOIN (SELECT quantile_cont(score, 0.84) AS cut FROM scores)""",
    "snapshot": """
        SELECT guarantor_id, probability AS chance, (paid IS NOT NULL)::INTEGER AS paid
        FROM truth_payments JOIN accounts USING (account_id)
        LEFT JOIN (SELECT DISTINCT account_id, true AS paid FROM transactions
            WHERE kind = 'patient_payment' AND amount < 0 AND posted_on >= $as_of - 120) USING (account_id)
        WHERE as_of = $as_of - 120""",
    "open_accounts": """
        SELECT guarantor_id, owed, CASE WHEN service_on < $as_of - 90 THEN owed ELSE 0 END AS old
        FROM (SELECT account_id, sum(amount)::DOUBLE AS owed FROM transactions
            GROUP BY account_id HAVING sum(amount) > 0)
        JOIN accounts USING (account_id)""",
}
"""One row per unit, with its guarantor. Accounts of one guarantor are not independent, so errors cluster by guarantor.
"""


def open_views(folder: Path, as_of: date) -> duckdb.DuckDBPyConnection:
    """Open views over a simulated extract that was written with its truth."""
    connection = duckdb.connect()
    for name in TABLE_NAMES:
        _view(connection, name, folder / f"{name}.parquet")
    for name, file in TRUTHS.items():
        _view(connection, f"truth_{name}", folder / "truth" / f"{file}.parquet")
    connection.execute(f"CREATE VIEW today AS SELECT DATE '{as_of}' AS day")
    codes = ", ".join(f"('{code.carc}', '{code.kind}', {code.kind != NOT_A_DENIAL})" for code in ALL_CODES)
    connection.execute(f"CREATE VIEW codes AS SELECT * FROM (VALUES {codes}) AS codes(carc, kind, a_denial)")
    connection.execute("""CREATE VIEW primary_class AS SELECT account_id, min_by(payer_class, known_on) AS payer_class
        FROM coverages JOIN payers USING (payer_id) WHERE priority = 1 GROUP BY account_id""")
    for name, sql in VIEWS.items():
        rendered = sql.replace("$as_of", f"DATE '{as_of}'").replace("$matured", str(MATURED_DAYS))
        rendered = rendered.replace("$worked", str(WORKED_DAYS)).replace("$decided", str(DECIDED_DAYS))
        connection.execute(f"CREATE TEMP TABLE fact_{name} AS {rendered}")
    return connection


def measure(connection: duckdb.DuckDBPyConnection, view: str, part: str, whole: str, where: str) -> tuple[float, float]:
    """Return the ratio sum(part) / sum(whole) over the rows of a view, and its standard error.

    The standard error is that of a ratio of sums over independent clusters (guarantors), by linearization
    (Cochran, Sampling Techniques, chapter 6).
    """
    rows = connection.execute(f"""
        WITH clusters AS (SELECT sum({part})::DOUBLE AS y, sum({whole})::DOUBLE AS x FROM fact_{view}
            WHERE {where} GROUP BY guarantor_id),
        sums AS (SELECT sum(y) AS ys, sum(x) AS xs FROM clusters)
        SELECT max(ys / xs), sqrt(sum(power(y - ys / xs * x, 2))) / max(xs) FROM clusters, sums""").fetchall()
    value, error = rows[0]
    return (float("nan"), float("nan")) if value is None else (float(value), float(error))


def measure_auc(
    connection: duckdb.DuckDBPyConnection, view: str, part: str, whole: str, where: str
) -> tuple[float, float]:
    """Return the AUC of `whole` (a probability) for `part` (1 or 0) over the rows of a view, and its standard error.

    The standard error follows Hanley and McNeil, Radiology 143 (1982).
    """
    rows = connection.execute(
        f"SELECT {whole} AS chance, {part} AS positive FROM fact_{view} WHERE {where}"
    ).fetchnumpy()
    positive = np.asarray(rows["positive"], dtype=bool)
    yes, no = float(positive.sum()), float((~positive).sum())
    auc = area_under_curve(positive.astype(np.float64), np.asarray(rows["chance"], dtype=np.float64))
    if auc is None:
        return float("nan"), float("nan")
    of_two = (yes - 1) * (auc / (2 - auc) - auc**2) + (no - 1) * (2 * auc**2 / (1 + auc) - auc**2)
    return auc, float(np.sqrt((auc * (1 - auc) + of_two) / (yes * no)))


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({quote_path(path)})")
