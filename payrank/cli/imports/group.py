"""`payrank import ...`: other systems' files to the canonical tables, and several extracts into one."""

from __future__ import annotations

import click

from payrank.cli.lazy_group import LazyGroup

COMMANDS = {
    "csv": "imports.csv:import_csv",
    "epic": "imports.readers:import_epic",
    "fhir": "imports.readers:import_fhir",
    "synthea": "imports.readers:import_synthea",
    "x12": "imports.readers:import_x12",
    "combine": "imports.combine:combine",
}


@click.group(name="import", cls=LazyGroup, places=COMMANDS)
def import_() -> None:
    """Convert another system's files to the canonical AR tables.

    Every record is accounted for: loaded, used as a lookup, skipped with a reason, or quarantined.
    """
