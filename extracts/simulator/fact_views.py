"""What a fact is measured on: one row a unit, read from the extract's own files and from the truth beside it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from extracts.contract import TABLE_NAMES
from extracts.source_file import quote_path

TRUTHS = ("calls", "claims", "denials", "duplicates", "payments")

RIPE_DAYS = 300
"""Days since the first transfer after which what a patient pays of a balance has come in."""

VIEWS = {
    "after_insurance": """
        SELECT guarantor_id, owed, paid, coalesce(patient_class, 'other') AS patient_class, payer_class
        FROM (
            SELECT account_id, sum(CASE WHEN kind = 'transfer' THEN amount ELSE 0 END)::DOUBLE AS owed,
                -sum(CASE WHEN kind IN ('patient_payment', 'refund') THEN amount ELSE 0 END)::DOUBLE AS paid,
                min(CASE WHEN kind = 'transfer' THEN posted_on END) AS first_on
            FROM transactions WHERE responsibility = 'patient' GROUP BY account_id
        ) JOIN accounts USING (account_id) JOIN primary_class USING (account_id)
        WHERE owed > 0 AND payer_class <> 'self_pay' AND first_on < $as_of - $ripe""",
    "self_pay": """
        SELECT guarantor_id, charged, paid
        FROM (
            SELECT account_id, sum(CASE WHEN kind = 'charge' THEN amount ELSE 0 END)::DOUBLE AS charged,
                -sum(CASE WHEN kind IN ('patient_payment', 'refund') THEN amount ELSE 0 END)::DOUBLE AS paid,
                min(posted_on) AS first_on
            FROM transactions WHERE responsibility = 'patient' GROUP BY account_id
        ) JOIN accounts USING (account_id)
        WHERE charged > 0 AND first_on < $as_of - $ripe""",
    "payments": """
        SELECT guarantor_id, billed_on, (posted_on - billed_on)::DOUBLE AS days, -amount::DOUBLE AS dollars
        FROM (
            SELECT account_id, posted_on, amount, kind, max(CASE WHEN kind IN ('transfer', 'charge') AND amount > 0
                THEN posted_on END) OVER (PARTITION BY account_id ORDER BY posted_on, kind DESC) AS billed_on
            FROM transactions WHERE responsibility = 'patient' AND reverses_id IS NULL
        ) JOIN accounts USING (account_id)
        WHERE kind = 'patient_payment' AND amount < 0 AND billed_on < $as_of - 400""",
    "statements": """
        SELECT guarantor_id, 1.0 AS sent, 0.0 AS paid FROM contacts WHERE channel IN ('statement', 'letter')
        UNION ALL
        SELECT guarantor_id, 0.0, 1.0 FROM transactions JOIN accounts USING (account_id)
        WHERE kind = 'patient_payment' AND amount < 0 AND reverses_id IS NULL""",
    "claims": """
        SELECT guarantor_id, payer_class, charged::DOUBLE AS charged, denied::DOUBLE AS denied_dollars,
            (denied > 0)::INTEGER AS denied, (denied > 0 AND recovered_share = 0)::INTEGER AS lost
        FROM truth_claims JOIN accounts USING (account_id) JOIN payers USING (payer_id)
        LEFT JOIN (SELECT claim_id, max(recovered_share) AS recovered_share FROM truth_denials WHERE a_denial
            GROUP BY claim_id) USING (claim_id)""",
    "denials": """
        SELECT guarantor_id, t.kind, t.carc, t.appealed::INTEGER AS appealed, t.corrected::INTEGER AS corrected
        FROM truth_denials AS t JOIN accounts USING (account_id) WHERE t.a_denial""",
    "first_appeals": """
        SELECT guarantor_id, t.kind, payer_class, t.won_first::INTEGER AS won, t.filed_age AS age,
            t.probability_as_filed AS chance
        FROM truth_denials AS t JOIN accounts USING (account_id) JOIN payers USING (payer_id)
        WHERE t.won_first IS NOT NULL""",
    # A share held by the top is a ratio of means once each unit brings what it has above the cut (the cut itself
    # moves little): so the sampling error of a Lorenz share is that of any other ratio.
    "recoverable": """
        SELECT guarantor_id, worth, greatest(worth - top_cut, 0) + 0.16 * top_cut AS top,
            least(worth, low_cut) - (1 - 0.49) * low_cut AS bottom
        FROM (SELECT account_id, expected_dollars AS worth FROM truth_denials WHERE a_denial)
        JOIN accounts USING (account_id)
        CROSS JOIN (SELECT quantile_cont(expected_dollars, 0.84) AS top_cut,
            quantile_cont(expected_dollars, 0.49) AS low_cut FROM truth_denials WHERE a_denial)""",
    "snapshot": """
        SELECT guarantor_id, probability AS chance, (came IS NOT NULL)::INTEGER AS came
        FROM truth_payments JOIN accounts USING (account_id)
        LEFT JOIN (SELECT DISTINCT account_id, true AS came FROM transactions
            WHERE kind = 'patient_payment' AND amount < 0 AND posted_on >= $as_of - 120) USING (account_id)
        WHERE as_of = $as_of - 120""",
    "open_accounts": """
        SELECT guarantor_id, owed, CASE WHEN service_on < $as_of - 90 THEN owed ELSE 0 END AS old
        FROM (SELECT account_id, sum(amount)::DOUBLE AS owed FROM transactions
            GROUP BY account_id HAVING sum(amount) > 0)
        JOIN accounts USING (account_id)""",
}
"""One row a unit, each with its guarantor: accounts of one guarantor are no independent sample."""


def open_views(folder: Path, as_of: date) -> duckdb.DuckDBPyConnection:
    """Open the views over a simulated extract that was written with its truth."""
    connection = duckdb.connect()
    for name in TABLE_NAMES:
        _view(connection, name, folder / f"{name}.parquet")
    for name in TRUTHS:
        _view(connection, f"truth_{name}", folder / "truth" / f"{name}.parquet")
    connection.execute("""CREATE VIEW primary_class AS SELECT account_id, min_by(payer_class, known_on) AS payer_class
        FROM coverages JOIN payers USING (payer_id) WHERE priority = 1 GROUP BY account_id""")
    for name, sql in VIEWS.items():
        rendered = sql.replace("$as_of", f"DATE '{as_of}'").replace("$ripe", str(RIPE_DAYS))
        connection.execute(f"CREATE TEMP TABLE fact_{name} AS {rendered}")
    return connection


def measure(connection: duckdb.DuckDBPyConnection, view: str, part: str, whole: str, where: str) -> tuple[float, float]:
    """Return the ratio sum(part) / sum(whole) over a view's rows and its standard error.

    The error is that of a ratio of sums over independent clusters, the guarantors, by linearisation
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
    """Return the AUC of `whole` (a chance) for `part` (1 or 0) over a view's rows and its standard error.

    The error is that of Hanley and McNeil, Radiology 143 (1982).
    """
    rows = connection.execute(f"SELECT {whole} AS chance, {part} AS came FROM fact_{view} WHERE {where}").fetchnumpy()
    came = np.asarray(rows["came"], dtype=bool)
    _, place, count = np.unique(np.asarray(rows["chance"]), return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    yes, no = float(came.sum()), float((~came).sum())
    if not yes or not no:
        return float("nan"), float("nan")
    auc = (rank[came].sum() - yes * (yes + 1) / 2) / (yes * no)
    of_two = (yes - 1) * (auc / (2 - auc) - auc**2) + (no - 1) * (2 * auc**2 / (1 + auc) - auc**2)
    return float(auc), float(np.sqrt((auc * (1 - auc) + of_two) / (yes * no)))


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({quote_path(path)})")
