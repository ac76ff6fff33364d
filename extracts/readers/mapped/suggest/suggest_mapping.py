"""Drafts a mapping from column names and contents: `payrank import csv --suggest SOURCE`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import TABLE_NAMES
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.mapped.suggest.draft import Draft, Drafting
from payrank.extracts.readers.mapped.suggest.match import find_unreadable_days, find_unreadable_money
from payrank.extracts.readers.mapped.suggest.raw_tables import MAX_ROWS, RawTable, read_tables

_HEAD = """\
# A draft, made from column names and contents. Read every line before you import with it:
#   - the end of a line says why it was guessed, ? marks a question that only you can answer;
#   - a block that lacks a required column is commented out: answer, and take the # away.
# It holds no value of a row, but for levels of a type or an outcome that at least 11 rows share."""


def suggest_mapping(source: Path) -> str:
    """Draft the mapping of a file, or of a folder of them.

    Parameters
    ----------
    source
        A CSV or other delimited file (also .gz), a workbook, or a folder of them.

    Returns
    -------
    TOML for `import_csv`. `read_mapping` accepts it when at least one block has all its required columns. It names
    columns, and of their contents only levels of a type or an outcome: at most 12, each in 11 rows or more.

    Raises
    ------
    WrongUsageError
        When there is no such file, or none that holds a table.
    ExtractRefusedError
        When a file cannot be read, or has no header.
    """
    tables = read_tables(source)
    drafting = [Drafting(table) for table in tables]
    drafts = [(draft, each) for each in drafting for draft in each.run()]
    live = {draft.table: draft for draft, _ in drafts if not draft.missing}
    marks = {mark for draft, _ in drafts for mark in draft.marks}
    parts = [_HEAD, _render_top(source, tables, live, marks)]
    order = {name: place for place, name in enumerate(TABLE_NAMES)}
    several = len({table.file for table in tables}) > 1 or source.is_dir()
    parts += [_render(draft, several=several) for draft, _ in sorted(drafts, key=lambda pair: order[pair[0].table])]
    parts += [_render_rest(each) for each in drafting]
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_top(source: Path, tables: list[RawTable], live: Mapping[str, Draft], decimals: Collection[str]) -> str:
    lines = [f"source_system = {_text(source.name.split('.')[0])}    # ? what the system is called"]
    if "transactions" in live:
        lines.append(
            'as_of = "SELECT max(posted_on) + 1 FROM transactions"    # ? or the day before which all is known'
        )
    elif "denials" in live:
        decided = "appeals" in live and "decided_on" in live["appeals"].columns
        column, name = ("decided_on", "appeals") if decided else ("denied_on", "denials")
        lines.append(f'as_of = "SELECT max({column}) + 1 FROM {name}"    # ? or the day before which all is known')
    if not live.keys() & {"accounts", "denials"}:
        lines.append("# ? An extract needs accounts or denials, and no table here gives them whole.")
    written = {(table.delimiter, table.encoding) for table in tables if table.sheet is None}
    if len(written) > 1:
        lines.append("# ? The files are not written alike. One mapping reads one way: import them in parts.")
    delimiter, encoding = min(written, default=(",", "utf-8"), key=lambda pair: (pair != (",", "utf-8"), pair))
    if len(written) == 1:
        ((delimiter, encoding),) = written
    if len(decimals) > 1:
        lines.append("# ? Some amounts have a decimal point, some a decimal comma: import them in parts.")
    if (delimiter, encoding) != (",", "utf-8") or list(decimals) == [","]:
        lines += ["", "[csv]", f"delimiter = {_text(delimiter)}", f"encoding = {_text(encoding)}"]
    if list(decimals) == [","]:
        lines.append('decimal = ","    # every amount fits')
    return "\n".join(lines)


def _render(draft: Draft, *, several: bool) -> str:
    """Write one block; one that lacks a required column is commented out."""
    lines = [f"[[{draft.table}]]"]
    table = draft.source
    if several or table.sheet is not None:
        lines.append(f"file = {_text(table.file)}")
    if table.sheet is not None:
        lines.append(f"sheet = {_text(table.sheet)}")
    if table.header_row is not None:
        lines.append(f"header_row = {table.header_row}    # titles stand above it")
    if draft.where is not None:
        lines.append(f"where = {_text(draft.where)}")
    lines += [f"{name} = {_text(sql)}    # {_one_line(why)}" for name, (sql, why) in draft.columns.items()]
    unsure = [f"{name} = {_text(sql)}    # ? {_one_line(why)}" for name, (sql, why) in draft.options.items()]
    missing = [name for name in draft.missing if name not in draft.options]
    questions = [f"# ? {_one_line(question)}" for question in dict.fromkeys(draft.questions)]
    questions += [f"# ? {name}: nothing was found for it, and it is required." for name in missing]
    if table.again:
        same = f"{quote_name(table.names[0])} <> {quote_text(table.names[0])}"
        questions.append(
            f"# ? The header stands again in {pluralize(table.again, 'row')}: add {_one_line(same)} to where."
        )
    commented = [*lines, *unsure] if draft.missing else unsure
    body = [] if draft.missing else lines
    body = [*body, *(f"# {line}" for text in commented for line in text.split("\n"))]
    return "\n".join([f"# {table.title}: {_told(table)}", *questions, *body])


def _render_rest(drafting: Drafting) -> str:
    """List the columns that nothing was made of, and those that are called a day and are none."""
    source = drafting.source
    rest = [name for name in source.names if name not in drafting.used]
    lines = [f"# {source.title}, not used: {', '.join(map(_one_line, rest))}"] if rest else []
    lines += [
        f"# ? {source.title}: {_one_line(name)} is called a day, and its values fit no one format of days. Mixed "
        "formats are not guessed: declare one by day(column, 'm/d/y'), and what does not fit is quarantined."
        for name in find_unreadable_days(drafting.profiles)
        if name not in drafting.used
    ]
    lines += [
        f"# ? {source.title}: {_one_line(name)} is called dollars, and over 1% of its values are none that dollars() "
        "reads. Write an expression that does."
        for name in find_unreadable_money(drafting.profiles)
        if name not in drafting.used
    ]
    return "\n".join(lines)


def _told(table: RawTable) -> str:
    rows = pluralize(len(table.rows), "row")
    return f"{rows} read" if table.whole else f"the first {MAX_ROWS:,} rows read"


def _one_line(text: str) -> str:
    """Write a text for a comment: a header of a workbook may well have line ends in it."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _text(text: str) -> str:
    """Write a text for TOML, in the plainest quotes that hold it."""
    if "\n" in text.strip("\n") and "'''" not in text and text.replace("\n", "").isprintable():
        return f"'''{text}'''"
    if "'" not in text and '"' in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)
