"""An inspection as plain data for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payrank.extracts.check_extract import Inspection
from payrank.extracts.errors import OutOfLineError
from payrank.features.coverage import FamilyCoverage


def as_data(
    inspection: Inspection, families: Sequence[FamilyCoverage], too_old: OutOfLineError | None = None
) -> dict[str, Any]:
    """Return counts, and names of tables, columns, and rules; no value of any row."""
    return {
        "source": inspection.source,
        "source_system": inspection.source_system,
        "as_of": inspection.as_of.isoformat() if inspection.as_of else None,
        "verdict": "refused" if inspection.refusals else "too old" if too_old else "valid",
        "refusals": [*inspection.refusals, *([str(too_old)] if too_old else [])],
        "tables": [
            {
                "table": state.name,
                "present": state.present,
                "rows_read": state.rows_read,
                "rows_loaded": state.rows_loaded,
                "rows_quarantined": state.rows_quarantined,
                "rows_repeated": state.rows_repeated,
                "absent_columns": list(state.absent_columns) if state.present else [],
                "ignored_columns": list(state.ignored_columns),
            }
            for state in inspection.tables
        ],
        "quarantined": [
            {
                "table": group.table,
                "column": group.column,
                "rule": group.rule,
                "rows": group.rows,
                "first_line": group.first_line,
            }
            for group in inspection.quarantined
        ],
        "findings": [
            {"check": finding.check, "table": finding.table, "count": finding.count, "text": finding.text}
            for finding in inspection.findings
        ],
        "volumes": {
            volume.table: {day.isoformat(): count for day, count in volume.days.items()}
            for volume in inspection.volumes
        },
        "feature_families": [
            {
                "unit": family.unit,
                "family": family.family,
                "features": family.features,
                "available": family.available,
                "filled": None if family.filled is None else round(family.filled, 4),
            }
            for family in families
        ],
    }
