"""Give each payer one ID, whether resources name it by reference, by identifier, or only in words."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from payrank.extracts.codes.payer_classes import classify_coverage

_NAMING = ("claims", "covers", "benefits", "details", "coverages", "named_payers")


def resolve_payers(connection: duckdb.DuckDBPyConnection) -> int:
    """Create the table `fhir_payers`: payer_id, payer_name, payer_class, and the record that names the payer first.

    An Organization that no claim, coverage, or payment names as a payer is left out. Organization identifiers resolve
    to their IDs. If a claim names only its coverage, the payer of the coverage is used.

    Returns
    -------
    The number of payers of unknown class, which are classified as `other`.
    """
    connection.execute(
        "CREATE TABLE fhir_aliases AS SELECT 'Organization/' || identifier AS alias, min(key) AS payer_id "
        "FROM active_organizations WHERE identifier IS NOT NULL AND 'Organization/' || identifier NOT IN "
        "(SELECT key FROM active_organizations) GROUP BY alias HAVING count(DISTINCT key) = 1"
    )
    for table in _NAMING:
        connection.execute(
            f"UPDATE active_{table} AS row SET payer = alias.payer_id FROM fhir_aliases AS alias "
            "WHERE row.payer = alias.alias"
        )
    connection.execute(
        "UPDATE active_covers AS cover SET payer = coverage.payer FROM active_coverages AS coverage "
        "WHERE cover.payer IS NULL AND cover.coverage = coverage.key"
    )
    for table in ("claims", "benefits"):
        connection.execute(
            f"UPDATE active_{table} AS row SET payer = cover.payer FROM active_covers AS cover "
            "WHERE row.payer IS NULL AND cover.position = '1' "
            "AND cover.file = row.file AND cover.source_line = row.source_line"
        )
    rows = connection.execute(_PAYERS).fetchall()
    classes = [classify_coverage((codes or "").split(), name) for _, name, codes, *_ in rows]
    payers = pa.table(
        {
            "payer_id": pa.array([row[0] for row in rows], pa.string()),
            "payer_name": pa.array([row[1] for row in rows], pa.string()),
            "payer_class": pa.array([payer_class or "other" for payer_class in classes], pa.string()),
            "file": pa.array([row[3] for row in rows], pa.int64()),
            "source_line": pa.array([row[4] for row in rows], pa.int64()),
        }
    )
    connection.register("classified", payers)
    connection.execute("CREATE TABLE fhir_payers AS SELECT * FROM classified ORDER BY file, source_line, payer_id")
    connection.unregister("classified")
    return classes.count(None)


_PAYERS = """
WITH named AS (
    SELECT payer, payer_name, file, source_line FROM active_named_payers),
codes AS (
    SELECT payer, string_agg(DISTINCT type_codes, ' ' ORDER BY type_codes) AS codes FROM active_coverages
    WHERE type_codes IS NOT NULL GROUP BY payer),
organizations AS (
    SELECT key, min(payer_name) AS payer_name, min(file) AS file, min(source_line) AS source_line
    FROM active_organizations GROUP BY key),
first AS (
    SELECT payer, arg_min(payer_name, (file, source_line, payer_name)) FILTER (payer_name IS NOT NULL) AS payer_name,
        min((file, source_line)) AS place
    FROM named GROUP BY payer)
SELECT first.payer, coalesce(organizations.payer_name, first.payer_name) AS payer_name, codes.codes,
    coalesce(organizations.file, first.place[1]) AS file,
    coalesce(organizations.source_line, first.place[2]) AS source_line
FROM first LEFT JOIN organizations ON organizations.key = first.payer LEFT JOIN codes ON codes.payer = first.payer
ORDER BY file, source_line, first.payer
"""
