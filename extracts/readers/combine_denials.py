"""Match the denials of one system with those of another that have the same details, one to one.

Two lines of a claim may have identical denials, so identical details do not make two denials the same: only as many
match as the other system has. Within one system, a denial is identified by its ID alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.readers.session.source_table import LINE

MATCHED_DETAILS = ("denied_on", "denied_amount", "group_code", "carc", "rarc")
"""Details that, with the account, must be equal. Payers and claims are left out because systems name them differently.
Among several candidates, one with the same claim ID is preferred."""

SAME_WITHIN = 5
"""Days by which two systems may date one denial differently: a remittance by payment, a ledger by posting."""

ORIGINS = """
CREATE TABLE IF NOT EXISTS denial_origins (denial_id VARCHAR, system VARCHAR);
CREATE TABLE IF NOT EXISTS denials_known_elsewhere (denial_id VARCHAR, system VARCHAR, other_id VARCHAR);
CREATE OR REPLACE TABLE same_denials (denial_id VARCHAR, other_id VARCHAR);
"""


def match_denials(
    connection: duckdb.DuckDBPyConnection, relation: str, system: str, columns: Sequence[str], has_loaded: bool
) -> None:
    """Fill the table `same_denials` with arriving denials that another system's loaded denials match.

    Parameters
    ----------
    relation
        The arriving denials, as an SQL name.
    system
        The system that they come from.
    columns
        Columns that both the arriving relation and the loaded table have.
    has_loaded
        Whether any denials were loaded before.
    """
    connection.execute(ORIGINS)
    if not has_loaded or not {"account_id", "carc"} <= set(columns):
        return
    alike = ", ".join(["account_id", *(name for name in MATCHED_DETAILS if name in columns)])
    same_claim = "first.claim_id IS NOT NULL AND first.claim_id = other.claim_id" if "claim_id" in columns else "false"
    matched = " AND ".join(f"first.{name} IS NOT DISTINCT FROM other.{name}" for name in alike.split(", "))
    connection.execute(
        f"""
        INSERT INTO same_denials
        WITH before AS (
          SELECT denial_id, other_id FROM denials_known_elsewhere WHERE system = $system
        ), arriving AS (
          SELECT candidate.*, row_number() OVER (PARTITION BY {alike} ORDER BY known_claim DESC, {LINE}) AS nth FROM (
            SELECT first.*, EXISTS (SELECT 1 FROM denials AS other WHERE {matched} AND {same_claim}) AS known_claim
            FROM {relation} AS first WHERE account_id IS NOT NULL
          ) AS candidate
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
    """Count the denials of a relation that probably duplicate another system's loaded denials.

    Probable duplicates have the same account, group, CARC, and dollars, are dated within `SAME_WITHIN` days, and are
    not matched with another denial.
    """
    if not {"account_id", "denied_on", "carc"} <= set(columns):
        return 0
    alike = [name for name in ("account_id", "denied_amount", "group_code", "carc") if name in columns]
    same = " AND ".join(f"arriving.{name} IS NOT DISTINCT FROM other.{name}" for name in alike)
    name = quote_text(system)
    (count,) = fetch_one_row(
        connection,
        f"SELECT count(*) FROM {relation} AS arriving WHERE account_id IS NOT NULL AND EXISTS (SELECT 1 FROM denials "
        f"AS other JOIN denial_origins AS origins USING (denial_id) WHERE origins.system <> {name} AND {same} "
        f"AND abs(arriving.denied_on - other.denied_on) <= {SAME_WITHIN} AND other.denial_id NOT IN "
        f"(SELECT other_id FROM denials_known_elsewhere WHERE system = {name}))",
    )
    return int(count)


def note_origins(connection: duckdb.DuckDBPyConnection, relation: str, system: str) -> None:
    """Record the system of the denials that are loaded next."""
    connection.execute(f"INSERT INTO denial_origins SELECT denial_id, ? FROM {relation}", [system])
