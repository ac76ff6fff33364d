"""Which denials of one system are those of another: alike in every particular, counted one for one.

Two lines of a claim may be denied alike to the cent, so likeness alone does not make two denials one: as many are taken
for the same as the other system holds. Within one system a denial is known by its id alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.session.source_table import LINE

PARTICULARS = ("denied_on", "denied_amount", "group_code", "carc", "rarc")
"""With the account: what makes two denials alike. Payers and claims are left out, for two systems name them
differently; which of several alike denials is taken for the same one is told by the claim, where both name it
alike."""

SAME_WITHIN = 5
"""Days within which two systems may date one denial: a remittance by its payment, a ledger by its posting."""

ORIGINS = """
CREATE TABLE IF NOT EXISTS denial_origins (denial_id VARCHAR, system VARCHAR);
CREATE TABLE IF NOT EXISTS denials_known_elsewhere (denial_id VARCHAR, system VARCHAR, other_id VARCHAR);
CREATE OR REPLACE TABLE same_denials (denial_id VARCHAR, other_id VARCHAR);
"""


def match_denials(
    connection: duckdb.DuckDBPyConnection, relation: str, system: str, columns: Sequence[str], has_loaded: bool
) -> None:
    """Fill the table `same_denials`: denials of an arriving relation that another system's landed ones tell already.

    Parameters
    ----------
    relation
        The arriving denials, as an SQL name.
    system
        Which system they come from.
    columns
        Columns of denials that both the relation and the landed table have.
    has_loaded
        Whether any denials were landed before.
    """
    connection.execute(ORIGINS)
    if not has_loaded or not {"account_id", "carc"} <= set(columns):
        return
    alike = ", ".join(["account_id", *(name for name in PARTICULARS if name in columns)])
    same_claim = "first.claim_id IS NOT NULL AND first.claim_id = other.claim_id" if "claim_id" in columns else "false"
    matched = " AND ".join(f"first.{name} IS NOT DISTINCT FROM other.{name}" for name in alike.split(", "))
    connection.execute(
        f"""
        INSERT INTO same_denials
        WITH before AS (
          SELECT denial_id, other_id FROM denials_known_elsewhere WHERE system = $system
        ), arriving AS (
          SELECT one.*, row_number() OVER (PARTITION BY {alike} ORDER BY known_claim DESC, {LINE}) AS nth FROM (
            SELECT first.*, EXISTS (SELECT 1 FROM denials AS other WHERE {matched} AND {same_claim}) AS known_claim
            FROM {relation} AS first WHERE account_id IS NOT NULL
          ) AS one
          WHERE denial_id NOT IN (SELECT denial_id FROM denials) AND denial_id NOT IN (SELECT denial_id FROM before)
        ), held AS (
          SELECT other.*, row_number() OVER (PARTITION BY {alike} ORDER BY known_claim DESC, load_order) AS nth FROM (
            SELECT first.*, first.rowid AS load_order,
              EXISTS (SELECT 1 FROM {relation} AS other WHERE {matched} AND {same_claim}) AS known_claim
            FROM denials AS first JOIN denial_origins AS origins USING (denial_id)
            WHERE origins.system <> $system AND first.denial_id NOT IN (SELECT other_id FROM before)
          ) AS other
        )
        SELECT first.denial_id, other.denial_id FROM arriving AS first JOIN held AS other
        ON {matched} AND first.nth = other.nth
        UNION ALL
        SELECT denial_id, other_id FROM before WHERE denial_id IN (SELECT denial_id FROM {relation})
        """,
        {"system": system},
    )
    connection.execute("INSERT INTO denials_known_elsewhere SELECT denial_id, ?, other_id FROM same_denials", [system])


def count_probable(connection: duckdb.DuckDBPyConnection, relation: str, system: str, columns: Sequence[str]) -> int:
    """Count the denials of a relation that another system's landed ones probably tell, dated some days apart.

    Probable is: the same account, group, CARC and dollars, denied within `SAME_WITHIN` days, and not taken for the same
    denial as any other.
    """
    if not {"account_id", "denied_on", "carc"} <= set(columns):
        return 0
    alike = [name for name in ("account_id", "denied_amount", "group_code", "carc") if name in columns]
    same = " AND ".join(f"one.{name} IS NOT DISTINCT FROM other.{name}" for name in alike)
    name = quote_text(system)
    (count,) = fetch_one_row(
        connection,
        f"SELECT count(*) FROM {relation} AS one WHERE account_id IS NOT NULL AND EXISTS (SELECT 1 FROM denials "
        f"AS other JOIN denial_origins AS origins USING (denial_id) WHERE origins.system <> {name} AND {same} "
        f"AND abs(one.denied_on - other.denied_on) <= {SAME_WITHIN} AND other.denial_id NOT IN "
        f"(SELECT other_id FROM denials_known_elsewhere WHERE system = {name}))",
    )
    return int(count)


def note_origins(connection: duckdb.DuckDBPyConnection, relation: str, system: str) -> None:
    """Remember which system the denials of a relation come from, which are landed next."""
    connection.execute(f"INSERT INTO denial_origins SELECT denial_id, ? FROM {relation}", [system])
