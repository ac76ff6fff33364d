"""Combine several extracts into one. The first extract wins, and the others add rows that it does not have.

A remittance's payments are also in the AR system's ledger, under other IDs. Across systems, an account's ledger
therefore comes from one system only: the first with a transaction for it. A denial that another system has with the
same details is not added again under another ID. Extracts from one system, such as two months of remittances, add up,
with rows identified by their key. Rows that are not added are skipped with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import STATED_BALANCES, TABLES, Table
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.combine_denials import SAME_WITHIN, count_probable, match_denials, note_origins
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.report import ImportReport
from payrank.extracts.readers.session.run_import import run_import
from payrank.extracts.readers.session.source_table import LINE, SourceTable

KNOWN = "an earlier extract has a row with the same key"
OTHER_LEDGER = "the account's ledger comes from an earlier extract from another system"
SAME_DENIAL = "another system's extract has the same denial under another ID"
UNNAMED = "unnamed"


def combine_extracts(sources: Sequence[Path | str], out: Path) -> ImportReport:
    """Combine extracts (folders or database addresses) into a new extract folder.

    The as-of date comes from the first extract. The site attributes of all extracts are kept.

    Raises
    ------
    ExtractRefusedError
        When one of the extracts is refused, or two declare the same attribute with different kinds.
    """
    with ExitStack() as stack:
        extracts = [stack.enter_context(load_extract(source)) for source in sources]
        named = any(extract.metadata.source_system for extract in extracts)
        systems = dict.fromkeys(extract.metadata.source_system or UNNAMED for extract in extracts)
        return run_import(
            out,
            lambda session: _read(session, extracts),
            source_system=" + ".join(systems) if named else None,
            as_of=extracts[0].metadata.as_of,
            attributes=_join_attributes(extracts),
        )


def _join_attributes(extracts: Sequence[Extract]) -> dict[str, dict[str, str]]:
    joined: dict[str, dict[str, str]] = {}
    for extract in extracts:
        for table, columns in extract.metadata.attributes.items():
            for column, kind in columns.items():
                if joined.setdefault(table, {}).setdefault(column, kind) != kind:
                    raise ExtractRefusedError(
                        f"attribute {column} of {table} is declared as {joined[table][column]} in one extract and as "
                        f"{kind} in another. Allowed: one kind. Correct one extract.toml."
                    )
    return joined


def _read(session: ImportSession, extracts: Sequence[Extract]) -> None:
    session.connection.execute("CREATE TABLE ledger_systems (account_id VARCHAR, system VARCHAR)")
    as_of = extracts[0].metadata.as_of
    for number, extract in enumerate(extracts):
        label = f"{Path(extract.source.split('?', maxsplit=1)[0]).name}/"
        for notice in extract.notices:
            session.add_notice(f"{label}{notice}")
        system = extract.metadata.source_system or f"{UNNAMED} {number}"  # two unnamed systems may differ
        tables = [table for table in (*TABLES, STATED_BALANCES) if _is_present(extract, table)]
        staged = {table.name: _stage(session, extract, table, f"{number}_{table.name}", label) for table in tables}
        beyond = 0
        for table in tables:
            _select_rows(session, extract, table, staged[table.name], system)
            if number and as_of is not None and table.known_on in staged[table.name].names:
                beyond += _count(session, f"FROM selected WHERE {table.known_on} >= DATE '{as_of}'")
            session.load(table.name, staged[table.name], "SELECT * FROM selected")
        if "transactions" in staged:
            _warn_about_doubtful(session, staged["transactions"], system, label)
            _note_ledgers(session, staged["transactions"], system)
        if beyond:
            session.add_notice(
                f"{label[:-1]}: {pluralize(beyond, 'row')} dated on or after the first extract's as-of date, so no "
                "snapshot on that date sees them. List the newest extract first, or set as_of in its extract.toml"
            )


def _count(session: ImportSession, from_clause: str) -> int:
    (count,) = fetch_one_row(session.connection, f"SELECT count(*) {from_clause}")
    return int(count)


def _is_present(extract: Extract, table: Table) -> bool:
    return table.name in extract.tables and extract.tables[table.name].present


def _stage(session: ImportSession, extract: Extract, table: Table, relation: str, label: str) -> SourceTable:
    """Copy a loaded table to the session in row order, along with the records that its load quarantined."""
    rows = extract.connection.sql(f"SELECT *, rowid + 1 AS {LINE} FROM {quote_name(table.name)} ORDER BY rowid")
    session.connection.register("arriving", rows.to_arrow_reader(100_000))
    session.connection.execute(f"CREATE TABLE {quote_name(relation)} AS SELECT * FROM arriving")
    session.connection.unregister("arriving")
    broken = extract.connection.execute(
        "SELECT source_line, rule FROM quarantine WHERE table_name = ? ORDER BY source_line", [table.name]
    ).fetchall()
    files = [name for name in extract.digests if name.startswith(f"{table.name}.") or name.endswith(f".{table.name}")]
    name = f"{label}{files[0]}"
    repeated = extract.tables[table.name].rows_repeated
    if repeated:
        session.add_notice(f"{name}: {pluralize(repeated, 'row')} there were exact duplicates")
    return session.add_source(name, extract.digests[files[0]], relation, broken)


def _note_ledgers(session: ImportSession, source: SourceTable, system: str) -> None:
    """Record this system for the accounts whose ledger it is the first to provide."""
    session.connection.execute(
        f"INSERT INTO ledger_systems SELECT DISTINCT account_id, ? FROM {quote_name(source.relation)} "
        "WHERE account_id NOT IN (SELECT account_id FROM ledger_systems)",
        [system],
    )


def _warn_about_doubtful(session: ImportSession, source: SourceTable, system: str, label: str) -> None:
    """Add a notice about rows skipped although the ledger comes from a combined extract that includes this system."""
    name = quote_text(system)
    doubtful = _count(
        session,
        f"FROM {quote_name(source.relation)} AS arriving JOIN ledger_systems AS ledgers USING (account_id) "
        f"WHERE ledgers.system <> {name} AND list_has_any(split(ledgers.system, ' + '), split({name}, ' + ')) "
        "AND arriving.transaction_id NOT IN (SELECT transaction_id FROM transactions)",
    )
    if doubtful:
        session.add_notice(
            f"{label[:-1]}: {pluralize(doubtful, 'transaction')} skipped, because the earlier extract is itself "
            "combined and does not say which system an account's ledger comes from. Combine all single extracts at once"
        )


def _select_rows(session: ImportSession, extract: Extract, table: Table, source: SourceTable, system: str) -> None:
    """Create the table `selected` with the rows to load, and skip the others.

    This happens before any row is loaded, because the conditions query the table that the rows go to.
    """
    known = {*table.names, *extract.metadata.attributes.get(table.name, {})}
    audit = [name for name in source.names if table.name == "guarantors" and name.startswith("audit_")]
    absent = set(extract.tables[table.name].absent_columns)
    names = [name for name in source.names if (name in known and name not in absent) or name in audit]
    relation = quote_name(source.relation)
    skip_conditions = {KNOWN: _render_known(session, table)}
    if table.name in {"transactions", STATED_BALANCES.name}:
        other = f"SELECT account_id FROM ledger_systems WHERE system <> {quote_text(system)}"
        skip_conditions = {OTHER_LEDGER: f"arriving.account_id IN ({other})", **skip_conditions}
    if table.name == "denials":
        columns = [name for name in names if name in session.columns.get(table.name, ())]
        match_denials(session.connection, relation, system, columns, has_loaded=table.name in session.columns)
        skip_conditions[SAME_DENIAL] = "arriving.denial_id IN (SELECT denial_id FROM same_denials)"
    selected = " AND ".join(f"NOT coalesce({condition}, false)" for condition in skip_conditions.values())
    for reason, condition in skip_conditions.items():
        session.skip(source, reason, f"SELECT {LINE} FROM {relation} AS arriving WHERE {condition}")
    fields = ", ".join(f"arriving.{quote_name(name)}" for name in names)
    session.connection.execute(
        f"CREATE OR REPLACE TABLE selected AS SELECT {fields}, {LINE} FROM {relation} AS arriving WHERE {selected} "
        f"ORDER BY {LINE}"
    )
    if table.name == "denials":
        probable = count_probable(session.connection, "selected", system, columns)
        if probable:
            session.add_notice(
                f"{source.name}: {pluralize(probable, 'denial')} added that may duplicate another system's denials: "
                f"same account, group, CARC, and dollars within {SAME_WITHIN} days"
            )
        note_origins(session.connection, "selected", system)


def _render_known(session: ImportSession, table: Table) -> str:
    """Return SQL for: a row with this key was loaded before. Part of a key may be null (a balance's responsibility)."""
    if table.name not in session.columns:
        return "false"
    same = " AND ".join(f"other.{name} IS NOT DISTINCT FROM arriving.{name}" for name in table.key)
    return f"EXISTS (SELECT 1 FROM {quote_name(table.name)} AS other WHERE {same})"
