"""Decides for every record whether it counts: copies, older versions, deletions, replaced claims, doubled answers."""

from __future__ import annotations

import duckdb

from payrank.extracts.readers.fhir.resources.eligibility import AGAIN, DELETED, EXPLAINED, OLDER, REPLACED
from payrank.extracts.readers.fhir.resources.resource_rows import ROW_TABLES


def choose_versions(connection: duckdb.DuckDBPyConnection) -> None:
    """Set `aside` or `rule` of every record that does not count, and keep the rows of those that do.

    Of a resource that came with different contents the newest counts, by meta.lastUpdated, then by meta.versionId;
    where neither tells, all of them are quarantined. Afterwards the tables `standing_<table>` hold the rows of the
    records that count, in the order of the files.
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
        SELECT file, source_line, CASE WHEN place > 1 THEN '{OLDER}' END AS aside,
            CASE WHEN place = 1 AND count(*) OVER (PARTITION BY key, place) > 1 THEN 'two_versions' END AS rule
        FROM ranked UNION ALL SELECT file, source_line, '{AGAIN}', NULL FROM once WHERE copy > 1
        """
    )
    connection.execute(
        "UPDATE fhir_records AS record SET aside = coalesce(v.aside, record.aside), rule = v.rule "
        "FROM fhir_versions AS v WHERE v.file = record.file AND v.source_line = record.source_line"
    )
    _skip(
        connection,
        DELETED,
        "kind <> 'Bundle' AND key IN (SELECT target FROM fhir_deleted JOIN fhir_records AS bundle "
        "USING (file, source_line) WHERE bundle.aside IS NULL AND bundle.rule IS NULL AND target IS NOT NULL)",
    )
    _stand(connection, "replaced", "claims", "benefits")
    connection.execute(
        "CREATE TABLE fhir_replacements AS SELECT DISTINCT later.claim FROM standing_replaced AS later "
        "LEFT JOIN standing_benefits AS own USING (file, source_line) "
        "WHERE later.claim <> later.key AND later.claim IS DISTINCT FROM own.claim"
    )
    replaced = "(SELECT claim FROM fhir_replacements)"
    _skip(
        connection,
        REPLACED,
        f"key IN {replaced} OR (file, source_line) IN (SELECT (file, source_line) FROM standing_benefits "
        f"WHERE claim IN {replaced})",
    )
    _stand(connection, "benefits")
    _skip(
        connection,
        EXPLAINED,
        "(file, source_line) IN (SELECT (answer.file, answer.source_line) FROM standing_benefits AS answer "
        "JOIN standing_benefits AS told ON answer.kind = 'response' AND told.kind = 'explanation' AND "
        "(told.response = answer.key OR (told.claim = answer.claim "
        "AND coalesce(told.payer = answer.payer, true))))",
    )
    _stand(connection, *ROW_TABLES)


def _skip(connection: duckdb.DuckDBPyConnection, reason: str, condition: str) -> None:
    connection.execute(
        f"UPDATE fhir_records SET aside = '{reason}' WHERE aside IS NULL AND rule IS NULL AND ({condition})"
    )


def _stand(connection: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        connection.execute(
            f"CREATE OR REPLACE TABLE standing_{table} AS SELECT row.* FROM fhir_{table} AS row JOIN fhir_records "
            "AS record USING (file, source_line) WHERE record.aside IS NULL AND record.rule IS NULL "
            "ORDER BY file, source_line"
        )
