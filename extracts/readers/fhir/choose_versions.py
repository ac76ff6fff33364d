"""Decide which records are eligible: not copies, older versions, deleted, replaced, or duplicate adjudications."""

from __future__ import annotations

import duckdb

from payrank.extracts.readers.fhir.resources.eligibility import DELETED, DUPLICATE, EXPLAINED, OLDER, REPLACED
from payrank.extracts.readers.fhir.resources.resource_rows import ROW_TABLES


def choose_versions(connection: duckdb.DuckDBPyConnection) -> None:
    """Set `skip_reason` or `rule` on every record that is not eligible, and select the rows of the others.

    If a resource appears with different contents, the newest is used, by meta.lastUpdated and then meta.versionId. If
    neither decides, all versions are quarantined. Afterwards, the tables `active_<table>` contain the rows of eligible
    records, in file order.
    """
    connection.execute(
        f"""
        CREATE TABLE fhir_versions AS
        WITH once AS (
            SELECT file, source_line, key, updated, version,
                row_number() OVER (PARTITION BY key, digest ORDER BY file, source_line) AS copy
            FROM fhir_records WHERE key IS NOT NULL AND rule IS NULL),
        ranked AS (
            SELECT *, rank() OVER (PARTITION BY key ORDER BY updated DESC NULLS LAST, version DESC NULLS LAST) AS place
            FROM once WHERE copy = 1)
        SELECT file, source_line, CASE WHEN place > 1 THEN '{OLDER}' END AS skip_reason,
            CASE WHEN place = 1 AND count(*) OVER (PARTITION BY key, place) > 1 THEN 'two_versions' END AS rule
        FROM ranked UNION ALL SELECT file, source_line, '{DUPLICATE}', NULL FROM once WHERE copy > 1
        """
    )
    connection.execute(
        "UPDATE fhir_records AS record SET skip_reason = coalesce(v.skip_reason, record.skip_reason), rule = v.rule "
        "FROM fhir_versions AS v WHERE v.file = record.file AND v.source_line = record.source_line"
    )
    _skip(
        connection,
        DELETED,
        "kind <> 'Bundle' AND key IN (SELECT target FROM fhir_deleted JOIN fhir_records AS bundle "
        "USING (file, source_line) WHERE bundle.skip_reason IS NULL AND bundle.rule IS NULL AND target IS NOT NULL)",
    )
    _create_active_tables(connection, "replaced", "claims", "benefits")
    connection.execute(
        "CREATE TABLE fhir_replacements AS SELECT DISTINCT later.claim FROM active_replaced AS later "
        "LEFT JOIN active_benefits AS response USING (file, source_line) "
        "WHERE later.claim <> later.key AND later.claim IS DISTINCT FROM response.claim"
    )
    replaced = "(SELECT claim FROM fhir_replacements)"
    _skip(
        connection,
        REPLACED,
        f"key IN {replaced} OR (file, source_line) IN (SELECT (file, source_line) FROM active_benefits "
        f"WHERE claim IN {replaced})",
    )
    _create_active_tables(connection, "benefits")
    _skip(
        connection,
        EXPLAINED,
        "(file, source_line) IN (SELECT (answer.file, answer.source_line) FROM active_benefits AS answer "
        "JOIN active_benefits AS explanation ON answer.kind = 'response' AND explanation.kind = 'explanation' AND "
        "(explanation.response = answer.key OR (explanation.claim = answer.claim "
        "AND coalesce(explanation.payer = answer.payer, true))))",
    )
    _create_active_tables(connection, *ROW_TABLES)


def _skip(connection: duckdb.DuckDBPyConnection, reason: str, condition: str) -> None:
    connection.execute(
        f"UPDATE fhir_records SET skip_reason = '{reason}' WHERE skip_reason IS NULL AND rule IS NULL AND ({condition})"
    )


def _create_active_tables(connection: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        connection.execute(
            f"CREATE OR REPLACE TABLE active_{table} AS SELECT row.* FROM fhir_{table} AS row JOIN fhir_records "
            "AS record USING (file, source_line) WHERE record.skip_reason IS NULL AND record.rule IS NULL "
            "ORDER BY file, source_line"
        )
