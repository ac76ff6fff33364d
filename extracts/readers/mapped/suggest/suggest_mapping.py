"""Draft a mapping from column names and contents: `payrank import csv --suggest SOURCE`."""

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
# A draft, made from column names and contents. Review every line before you import with it:
#   - The end of a line gives the reason for the guess. A ? marks a question that only you can answer.
#   - A block that lacks a required column is commented out. Answer its questions, and remove the #.
# The only values shown are levels of a type or an outcome that at least 11 rows share."""


def suggest_mapping(source: Path) -> str:
    """Draft a mapping for a file or a folder of files.

    Parameters
    ----------
    source
        A CSV or other delimited file (also .gz), a workbook, or a folder of them.

    Returns
    -------
    TOML for `import_csv`. `read_mapping` accepts it if at least one block has all its required columns. It contains
    column names, but no values except levels of a type or an outcome: at most 12, each in at least 11 rows.

    Raises
    ------
    WrongUsageError
        When the file does not exist, or the folder has no table.
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
    lines = [f"source_system = {_text(source.name.split('.')[0])}    # ? the name of the system"]
    if "transactions" in live:
        lines.append('as_of = "SELECT max(posted_on) + 1 FROM transactions"    # ? or the as-of date')
    elif "denials" in live:
        decided = "appeals" in live and "decided_on" in live["appeals"].columns
        column, name = ("decided_on", "appeals") if decided else ("denied_on", "denials")
        lines.append(f'as_of = "SELECT max({column}) + 1 FROM {name}"    # ? or the as-of date')
    if not live.keys() & {"accounts", "denials"}:
        lines.append("# ? An extract needs accounts or denials, and no table here has all of their required columns.")
    written = {(table.delimiter, table.encoding) for table in tables if table.sheet is None}
    if len(written) > 1:
        lines.append("# ? The files have different formats. A mapping supports one format: import them separately.")
    delimiter, encoding = min(written, default=(",", "utf-8"), key=lambda pair: (pair != (",", "utf-8"), pair))
    if len(written) == 1:
        ((delimiter, encoding),) = written
    if len(decimals) > 1:
        lines.append("# ? Some amounts have a decimal point and some a decimal comma: import them separately.")
    if (delimiter, encoding) != (",", "utf-8") or list(decimals) == [","]:
        lines += ["", "[csv]", f"delimiter = {_text(delimiter)}", f"encoding = {_text(encoding)}"]
    if list(decimals) == [","]:
        lines.append('decimal = ","    # fits every amount')
    return "\n".join(lines)


def _render(draft: Draft, *, several: bool) -> str:
    """Render one block. A block that lacks a required column is commented out."""
    lines = [f"[[{draft.table}]]"]
    table = draft.source
    if several or table.sheet is not None:
        lines.append(f"file = {_text(table.file)}")
    if table.sheet is not None:
        lines.append(f"sheet = {_text(table.sheet)}")
    if table.header_row is not None:
        lines.append(f"header_row = {table.header_row}    # titles come before it")
    if draft.where is not None:
        lines.append(f"where = {_text(draft.where)}")
    lines += [f"{name} = {_text(sql)}    # {_one_line(why)}" for name, (sql, why) in draft.columns.items()]
    unsure = [f"{name} = {_text(sql)}    # ? {_one_line(why)}" for name, (sql, why) in draft.options.items()]
    missing = [name for name in draft.missing if name not in draft.options]
    questions = [f"# ? {_one_line(question)}" for question in dict.fromkeys(draft.questions)]
    questions += [f"# ? {name}: required, but no column was found for it." for name in missing]
    if table.repeated_headers:
        same = f"{quote_name(table.names[0])} <> {quote_text(table.names[0])}"
        questions.append(
            f"# ? {pluralize(table.repeated_headers, 'row')} repeat the header: add {_one_line(same)} to where."
        )
    commented = [*lines, *unsure] if draft.missing else unsure
    body = [] if draft.missing else lines
    body = [*body, *(f"# {line}" for text in commented for line in text.split("\n"))]
    return "\n".join([f"# {table.title}: {_describe_rows(table)}", *questions, *body])


def _render_rest(drafting: Drafting) -> str:
    """List the unused columns, and those that are named like dates or dollars but cannot be read as such."""
    source = drafting.source
    rest = [name for name in source.names if name not in drafting.used]
    lines = [f"# {source.title}, not used: {', '.join(map(_one_line, rest))}"] if rest else []
    lines += [
        f"# ? {source.title}: {_one_line(name)} is named like a date, but its values do not fit a single date format. "
        "Mixed formats are not guessed: declare one with day(column, 'm/d/y'). Other values are quarantined."
        for name in find_unreadable_days(drafting.profiles)
        if name not in drafting.used
    ]
    lines += [
        f"# ? {source.title}: {_one_line(name)} is named like dollars, but dollars() cannot read over 1% of its "
        "values. Write an expression that can."
        for name in find_unreadable_money(drafting.profiles)
        if name not in drafting.used
    ]
    return "\n".join(lines)


def _describe_rows(table: RawTable) -> str:
    rows = pluralize(len(table.rows), "row")
    return f"{rows} read" if table.whole else f"the first {MAX_ROWS:,} rows read"


def _one_line(text: str) -> str:
    """Return a text on one line for a comment, because a workbook's header may contain line ends."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _text(text: str) -> str:
    """Return a text as TOML, with the simplest quotes that work."""
    if "\n" in text.strip("\n") and "'''" not in text and text.replace("\n", "").isprintable():
        return f"'''{text}'''"
    if "'" not in text and '"' in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)
