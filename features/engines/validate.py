"""The contract, judged by the engine that holds the tables: the same rules as for files, counted where the rows are.

Of each table a view of the canonical name and columns is left behind that holds the rows which keep the contract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from payrank.extracts.contract.metadata import AUDIT_PREFIX, FILE_NAME, ControlTotal, Metadata, money_column
from payrank.extracts.contract.parsing import ALLOWED
from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import TABLES, Column, Table
from payrank.extracts.errors import ExtractRefusedError, did_you_mean
from payrank.extracts.extract import TableState
from payrank.extracts.finding import Finding
from payrank.extracts.load.control_totals import refuse_total
from payrank.extracts.load.load_extract import attribute_columns
from payrank.extracts.load.quarantine import MOST_NAMED, MOST_QUARANTINED
from payrank.extracts.pluralize import pluralize
from payrank.features.engines.reading import Family, Reading, read_column

RULE = "_rule"


class Store(Protocol):
    """An engine's side: where the tables are, and how to ask."""

    shown: str
    reading: Reading

    def columns_of(self, table: str) -> Mapping[str, tuple[Family, str]] | None:
        """Columns of a table with the family and the engine's name of their type, or None without the table."""

    def relation_of(self, table: str) -> str:
        """SQL that names the table as it was found."""

    def ask(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query that gives a few rows of counts."""

    def define(self, name: str, sql: str) -> None:
        """Make a view that lives as long as the run; its name hides what the user's own tables are called."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How the tables arrived, by name, and what a person should know of them."""

    tables: Mapping[str, TableState]
    findings: tuple[Finding, ...]


def judge_tables(store: Store, metadata: Metadata) -> Judged:
    """Judge every canonical table and leave a view of each; an absent one is empty.

    Raises
    ------
    ExtractRefusedError
        For what `payrank.load_extract` refuses: no table, no account and no denial, a missing required column,
        a type that loses something, over 1% of a table's rows that break a rule, one key with differing rows, or a
        control total that does not tie.
    """
    judgings: dict[str, _Judging] = {}
    states: dict[str, TableState] = {}
    for table in TABLES:
        extra = attribute_columns(metadata.attributes.get(table.name, {}))
        types = store.columns_of(table.name)
        if types is not None:
            judgings[table.name] = _Judging(store, table, extra, types)
            continue
        total = metadata.control_totals.get(table.name)
        if total is not None and total.rows != 0:
            raise refuse_total(table, store.shown, "the table", "none")
        store.define(table.name, _render_empty((*table.columns, *extra), store.reading))
        states[table.name] = _absent(table, extra, metadata)
    _count(store, judgings, metadata)
    findings: list[Finding] = []
    for name, judging in judgings.items():
        states[name] = judging.finish(metadata.attributes.get(name, {}))
        findings += judging.findings
    if not any(state.present for state in states.values()):
        raise ExtractRefusedError(
            f"{store.shown}: no table of the contract was found. Allowed: {', '.join(states)}. "
            "Name the tables so, or import with a mapping."
        )
    if not states["accounts"].rows_loaded and not states["denials"].rows_loaded:
        raise ExtractRefusedError(
            f"{store.shown}: the extract is empty, with no row of accounts and none of denials. Allowed: at least "
            "one row of either. Check the export's filter, and send it again."
        )
    return Judged(states, tuple(findings))


def _count(store: Store, judgings: Mapping[str, _Judging], metadata: Metadata) -> None:
    """Count all tables in two queries: what an engine needs to start a query is worth more than a small table."""
    if not judgings:
        return
    found = store.ask(" UNION ALL ".join(judging.render_counts() for judging in judgings.values()))
    for name, judging in judgings.items():
        counts = [count for table, *count in found if table == name]
        judging.weigh(sorted(counts, key=lambda count: int(str(count[0]))), metadata.control_totals.get(name))
    repeated = store.ask(" UNION ALL ".join(judging.render_repeated() for judging in judgings.values()))
    for table, keys, rows in repeated:
        judgings[str(table)].refuse_differing(int(str(keys)), int(str(rows or 0)))


def _render_empty(columns: Sequence[Column], reading: Reading) -> str:
    fields = ", ".join(f"{reading.absent(column.kind)} AS {quote_name(column.name)}" for column in columns)
    return f"SELECT {fields} WHERE 1 = 0"


def _absent(table: Table, extra: Sequence[Column], metadata: Metadata) -> TableState:
    names = tuple(column.name for column in (*table.columns, *extra))
    return TableState(table.name, False, names, (), dict(metadata.attributes.get(table.name, {})), 0, 0, 0, 0)


class _Judging:
    """One table on its way through the contract."""

    def __init__(
        self, store: Store, table: Table, extra: tuple[Column, ...], types: Mapping[str, tuple[Family, str]]
    ) -> None:
        self.store, self.table, self.types = store, table, types
        self.columns = (*table.columns, *extra)
        self.place = f"{store.shown}, table {table.name}"
        self.findings: list[Finding] = []
        self._require()
        self.parsed = [
            read_column(column, *types[column.name], store.reading, self.place)
            for column in self.columns
            if column.name in types
        ]
        self.rules = [(parsed.column.name, *rule) for parsed in self.parsed for rule in parsed.rules]
        self.names = ", ".join(quote_name(column.name) for column in self.columns)
        self.rows = self.broken = self.repeated = 0

    @property
    def kept(self) -> str:
        """The query of the rows that keep the contract.

        A planner that knows nothing of an expression thinks that `= 0` leaves one row in two hundred, and IS NOT NULL
        nearly all: after the former PostgreSQL compares each promise with every transaction.
        """
        where = f" WHERE CASE WHEN {RULE} = 0 THEN 0 END IS NOT NULL" if self.broken else ""
        return f"SELECT {self.names} FROM ({self.render()}) judged{where}"

    def finish(self, attributes: Mapping[str, str]) -> TableState:
        """Leave the view behind, and say how the table arrived."""
        kept = self.kept
        self.store.define(self.table.name, kept.replace("SELECT", "SELECT DISTINCT", 1) if self.repeated else kept)
        known = {column.name for column in self.columns}
        absent = tuple(column.name for column in self.columns if column.name not in self.types)
        ignored = tuple(name for name in self.types if name not in known and not name.startswith(AUDIT_PREFIX))
        self._describe(absent, ignored)
        return TableState(
            self.table.name,
            True,
            absent,
            ignored,
            dict(attributes),
            self.rows,
            self.rows - self.broken - self.repeated,
            self.broken,
            self.repeated,
        )

    def render(self) -> str:
        """Render the query of all rows, parsed, with the number of the first rule that each breaks (0: none)."""
        by_name = {parsed.column.name: parsed for parsed in self.parsed}
        absent = self.store.reading.absent
        found = {c.name: by_name[c.name].value if c.name in by_name else absent(c.kind) for c in self.columns}
        values = [f"{value} AS {quote_name(name)}" for name, value in found.items()]
        values += [f"{parsed.given} AS {parsed.given_name}" for parsed in self.parsed]
        cases = " ".join(f"WHEN {broken} THEN {number}" for number, (_, _, broken) in enumerate(self.rules, start=1))
        number = f"CASE {cases} ELSE 0 END" if cases else "0"
        relation = self.store.relation_of(self.table.name)
        return (
            f"SELECT {self.names}, {number} AS {RULE} FROM (SELECT {', '.join(values)} FROM {relation} source) parsed"
        )

    def _require(self) -> None:
        missing = [column.name for column in self.table.columns if column.required and column.name not in self.types]
        if not missing:
            return
        hints = [f"{name}: {did_you_mean(name, self.types)}" for name in missing]
        named = "; ".join(hint for hint in hints if "did you" in hint)
        raise ExtractRefusedError(
            f"{self.place}: required column {', '.join(missing)} is missing{f' ({named})' if named else ''}. "
            f"Allowed: {', '.join(self.table.names)}, named to the letter. Add it, or import with a mapping."
        )

    def render_counts(self) -> str:
        """Render the query of rows, dollars and amounts read, by the rule that rows break."""
        money = money_column(self.table.name)
        dollars, amounts = "NULL", "COUNT(*)"
        if money:
            dollars, amounts = f"SUM({quote_name(money)})", f"COUNT({quote_name(money)})"
        return (
            f"SELECT {quote_text(self.table.name)} AS table_name, {RULE}, COUNT(*) AS n, "
            f"CAST({dollars} AS DECIMAL(38,2)) AS dollars, {amounts} AS amounts "
            f"FROM ({self.render()}) judged GROUP BY {RULE}"
        )

    def weigh(self, counts: Sequence[Sequence[object]], total: ControlTotal | None) -> None:
        """Refuse counts over what may be, or other than what was declared."""
        by_rule = {int(str(rule)): int(str(count)) for rule, count, _, _ in counts}
        rows = sum(by_rule.values())
        broken = rows - by_rule.get(0, 0)
        if total is not None:
            self._tie(total, rows, counts)
        if broken > MOST_QUARANTINED * rows:
            worst = sorted(
                ((count, rule) for rule, count in by_rule.items() if rule), key=lambda one: (-one[0], one[1])
            )
            named = "; ".join(
                f"{rule} in {column} {count:,} times (allowed: {ALLOWED[rule]})"
                for count, (column, rule, _) in (
                    (count, self.rules[number - 1]) for count, number in worst[:MOST_NAMED]
                )
            )
            raise ExtractRefusedError(
                f"{self.place}: {broken:,} of {rows:,} rows break the contract ({broken / rows:.1%}): {named}. "
                f"Allowed: at most {MOST_QUARANTINED:.0%} of a table's rows. Correct the source, and load again."
            )
        self.rows, self.broken = rows, broken

    def _tie(self, total: ControlTotal, rows: int, counts: Sequence[Sequence[object]]) -> None:
        if total.rows is not None and rows != total.rows:
            raise refuse_total(self.table, self.place, pluralize(total.rows, "row"), pluralize(rows, "row"))
        if total.amount is None:
            return
        unread = sum(int(str(count)) - int(str(read)) for rule, count, _, read in counts if rule)
        if unread:
            told = (
                f"{self.place}: {FILE_NAME} declares dollars, but {pluralize(unread, 'row')} that break the contract "
                "may hide an amount: not compared"
            )
            self.findings.append(Finding("sums", self.table.name, 1, told))
            return
        dollars = sum((Decimal(str(amount)) for _, _, amount, _ in counts if amount is not None), Decimal(0))
        if dollars != total.amount:
            raise refuse_total(self.table, self.place, f"{total.amount:,} dollars", f"{dollars:,} dollars")

    def render_repeated(self) -> str:
        """Render the query of keys with several rows, and of those rows."""
        key = ", ".join(map(quote_name, self.table.key))
        grouped = f"SELECT COUNT(*) AS n FROM ({self.kept}) kept GROUP BY {key} HAVING COUNT(*) > 1"
        name = quote_text(self.table.name)
        return f"SELECT {name} AS table_name, COUNT(*) AS n, SUM(n) AS total FROM ({grouped}) grouped"

    def refuse_differing(self, keys: int, rows: int) -> None:
        """Count rows that are repeated, alike in every column; refuse rows of one key that differ."""
        self.repeated = rows - keys
        if not keys:
            return
        key = ", ".join(map(quote_name, self.table.key))
        alike = f"SELECT DISTINCT {self.names} FROM ({self.kept}) kept"
        ((differing,),) = self.store.ask(
            f"SELECT COUNT(*) FROM (SELECT {key} FROM ({alike}) alike GROUP BY {key} HAVING COUNT(*) > 1) grouped"
        )
        if differing:
            raise ExtractRefusedError(
                f"{self.place}: {pluralize(int(str(differing)), 'key')} ({', '.join(self.table.key)}) with rows that "
                "differ. Allowed: one row a key; the same row again in every column is counted once. "
                "Send one version of each row, or a key that tells them apart."
            )

    def _describe(self, absent: tuple[str, ...], ignored: tuple[str, ...]) -> None:
        name, rows, broken, repeated = self.table.name, self.rows, self.broken, self.repeated
        if not rows:
            self.findings.append(Finding("contract", name, 0, f"{self.place}: has no rows"))
        if absent:
            told = f"{self.place}: absent columns, their features are null: {', '.join(absent)}"
            self.findings.append(Finding("contract", name, len(absent), told))
        if ignored:
            told = (
                f"{self.place}: extra columns, ignored: {', '.join(ignored)}. Declare them in {FILE_NAME} under "
                f"[attributes.{name}] to use them"
            )
            self.findings.append(Finding("contract", name, len(ignored), told))
        if broken:
            told = f"{self.place}: {broken:,} of {rows:,} rows break the contract and are left out"
            self.findings.append(Finding("contract", name, broken, told))
        if repeated:
            told = f"{self.place}: {repeated:,} of {rows:,} rows are repeated, alike in every column, and counted once"
            self.findings.append(Finding("keys", name, repeated, told))
