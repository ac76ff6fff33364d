"""Several extracts into one: the first has the word, the others add what it does not know.

A remittance's payments are in the AR extract's ledger too, under other ids. So an account's ledger comes from one
extract alone, the first that has a transaction of it; and a denial that an earlier extract holds in every particular
is not taken again under another id. Everything that is not taken is set aside with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from extracts.contract import STATED_BALANCES, TABLES, Table
from extracts.errors import ExtractRefused
from extracts.extract import Extract
from extracts.load import load_extract
from extracts.readers.landing import Landing
from extracts.readers.report import ImportReport
from extracts.readers.run_import import run_import
from extracts.readers.source_table import LINE, SourceTable
from extracts.source_file import quote_name
from extracts.wording import count_of

KNOWN = "its key is known from an earlier extract, whose row stands"
OTHER_LEDGER = "the ledger of its account comes from an earlier extract"
SAME_DENIAL = "the same denial is known from an earlier extract under another id"
PARTICULARS = ("denied_on", "denied_amount", "group_code", "carc", "rarc")
"""With the account: what makes two denials one. Payer and claim ids are left out: two systems name them differently."""


def combine_extracts(sources: Sequence[Path | str], out: Path) -> ImportReport:
    """Combine extracts - folders, or addresses of databases - into a new extract folder.

    The as-of day and the site attributes' kinds are the first extract's; attributes of others are added.

    Raises
    ------
    ExtractRefused
        When an extract is refused by itself, or two declare one attribute as different kinds.
    """
    with ExitStack() as stack:
        extracts = [stack.enter_context(load_extract(source)) for source in sources]
        systems = dict.fromkeys(one.metadata.source_system for one in extracts if one.metadata.source_system)
        return run_import(
            out,
            lambda landing: _read(landing, extracts),
            source_system=" + ".join(systems) or None,
            as_of=extracts[0].metadata.as_of,
            attributes=_join_attributes(extracts),
        )


def _join_attributes(extracts: Sequence[Extract]) -> dict[str, dict[str, str]]:
    joined: dict[str, dict[str, str]] = {}
    for extract in extracts:
        for table, columns in extract.metadata.attributes.items():
            for column, kind in columns.items():
                if joined.setdefault(table, {}).setdefault(column, kind) != kind:
                    raise ExtractRefused(
                        f"attribute {column} of {table} is declared as {joined[table][column]} by one extract and as "
                        f"{kind} by another. Allowed: one kind. Correct extract.toml of one of them."
                    )
    return joined


def _read(landing: Landing, extracts: Sequence[Extract]) -> None:
    for number, extract in enumerate(extracts):
        label = f"{Path(extract.source.split('?', maxsplit=1)[0]).name}/"
        for notice in extract.notices:
            landing.notice(f"{label}{notice}")
        tables = [table for table in (*TABLES, STATED_BALANCES) if _is_present(extract, table)]
        staged = {table.name: _stage(landing, extract, table, f"{number}_{table.name}", label) for table in tables}
        _note_ledgers(landing)
        for table in tables:
            _land(landing, extract, table, staged[table.name])


def _is_present(extract: Extract, table: Table) -> bool:
    return table.name in extract.tables and extract.tables[table.name].present


def _stage(landing: Landing, extract: Extract, table: Table, relation: str, label: str) -> SourceTable:
    """Copy a loaded table into the landing, row by row in its order; what its loading quarantined comes along."""
    rows = extract.connection.sql(f"SELECT *, rowid + 1 AS {LINE} FROM {quote_name(table.name)} ORDER BY rowid")
    landing.connection.register("arriving", rows.to_arrow_reader(100_000))
    landing.connection.execute(f"CREATE TABLE {quote_name(relation)} AS SELECT * FROM arriving")
    landing.connection.unregister("arriving")
    broken = extract.connection.execute(
        "SELECT source_line, rule FROM quarantine WHERE table_name = ? ORDER BY source_line", [table.name]
    ).fetchall()
    files = [name for name in extract.digests if name.split(".")[0] == table.name]
    name = f"{label}{files[0]}"
    repeated = extract.tables[table.name].rows_repeated
    if repeated:
        landing.notice(f"{name}: {count_of(repeated, 'row')} were repeated there, alike in every column")
    return landing.add_source(name, extract.digests[files[0]], relation, broken)


def _note_ledgers(landing: Landing) -> None:
    """Remember whose ledger is known before this extract's rows land."""
    query = "SELECT DISTINCT account_id FROM transactions" if "transactions" in landing.columns else "SELECT '' WHERE 0"
    landing.connection.execute(f"CREATE OR REPLACE TABLE earlier_ledgers AS {query}")


def _land(landing: Landing, extract: Extract, table: Table, source: SourceTable) -> None:
    known = {*table.names, *extract.metadata.attributes.get(table.name, {})}
    audit = [name for name in source.names if table.name == "guarantors" and name.startswith("audit_")]
    absent = set(extract.tables[table.name].absent_columns)
    names = [name for name in source.names if (name in known and name not in absent) or name in audit]
    relation = quote_name(source.relation)
    fates = {KNOWN: _render_known(landing, table)}
    if table.name in {"transactions", STATED_BALANCES.name}:
        fates = {OTHER_LEDGER: "one.account_id IN (SELECT account_id FROM earlier_ledgers)", **fates}
    if table.name == "denials":
        fates[SAME_DENIAL] = _render_same_denial(landing, names)
    taken = " AND ".join(f"NOT coalesce({condition}, false)" for condition in fates.values())
    for reason, condition in fates.items():
        landing.set_aside(source, reason, f"SELECT {LINE} FROM {relation} AS one WHERE {condition}")
    fields = ", ".join(f"one.{quote_name(name)}" for name in names)
    # Settled before anything lands: the conditions ask the very table that the rows then go to.
    landing.connection.execute(
        f"CREATE OR REPLACE TABLE taken AS SELECT {fields}, {LINE} FROM {relation} AS one WHERE {taken} ORDER BY {LINE}"
    )
    landing.land(table.name, source, "SELECT * FROM taken")


def _render_known(landing: Landing, table: Table) -> str:
    """Say whether a row's key was landed before; a part of a key may be null, as the responsibility of a balance."""
    if table.name not in landing.columns:
        return "false"
    same = " AND ".join(f"other.{name} IS NOT DISTINCT FROM one.{name}" for name in table.key)
    return f"EXISTS (SELECT 1 FROM {quote_name(table.name)} AS other WHERE {same})"


def _render_same_denial(landing: Landing, names: Sequence[str]) -> str:
    """Say whether a landed denial of the same account is alike in every particular that both extracts tell."""
    told = [name for name in PARTICULARS if name in names and name in landing.columns.get("denials", ())]
    if "account_id" not in landing.columns.get("denials", ()) or "account_id" not in names or "carc" not in told:
        return "false"
    same = " AND ".join(f"other.{name} IS NOT DISTINCT FROM one.{name}" for name in told)
    return f"EXISTS (SELECT 1 FROM denials AS other WHERE other.account_id = one.account_id AND {same})"
