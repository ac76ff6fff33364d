"""Validate tables against the contract inside the engine, with the same rules as for files.

Each table ends up as a view with the canonical name and columns, limited to the rows that meet the contract.
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
from payrank.extracts.load.quarantine import MAX_NAMED, MAX_QUARANTINED_SHARE
from payrank.extracts.pluralize import pluralize
from payrank.features.engines.reading import Reading, TypeFamily, read_column

RULE = "_rule"


class TableStore(Protocol):
    """What an engine provides to validate its tables."""

    shown: str
    reading: Reading

    def list_columns(self, table: str) -> Mapping[str, tuple[TypeFamily, str]] | None:
        """Return column name to type family and the engine's name of the type; None if the table does not exist."""

    def source_relation(self, table: str) -> str:
        """Return SQL that names the source table."""

    def query(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query that returns a few rows of counts."""

    def create_view(self, name: str, sql: str) -> None:
        """Create a view that lasts as long as the run and hides any other table of the same name."""


@dataclass(frozen=True, slots=True)
class ValidatedTables:
    """The state of each table by name, and findings for the user."""

    tables: Mapping[str, TableState]
    findings: tuple[Finding, ...]


def validate_tables(store: TableStore, metadata: Metadata) -> ValidatedTables:
    """Validate every canonical table, and create a view of each. A missing table becomes an empty view.

    Raises
    ------
    ExtractRefusedError
        For the same reasons as `payrank.load_extract`: no table, neither accounts nor denials, a missing required
        column, a type that loses data, over 1% of a table's rows breaking a rule, differing rows with the same key, or
        a control total that does not match.
    """
    validations: dict[str, _TableValidation] = {}
    states: dict[str, TableState] = {}
    for table in TABLES:
        extra = attribute_columns(metadata.attributes.get(table.name, {}))
        types = store.list_columns(table.name)
        if types is not None:
            validations[table.name] = _TableValidation(store, table, extra, types)
            continue
        total = metadata.control_totals.get(table.name)
        if total is not None and total.rows != 0:
            raise refuse_total(table, store.shown, "the table", "none")
        store.create_view(table.name, _render_empty((*table.columns, *extra), store.reading))
        states[table.name] = _missing_table_state(table, extra, metadata)
    _count(store, validations, metadata)
    findings: list[Finding] = []
    for name, validation in validations.items():
        states[name] = validation.finish(metadata.attributes.get(name, {}))
        findings += validation.findings
    if not any(state.present for state in states.values()):
        raise ExtractRefusedError(
            f"{store.shown}: no canonical table found. Allowed: {', '.join(states)}. "
            "Rename the tables, or import with a mapping."
        )
    if not states["accounts"].rows_loaded and not states["denials"].rows_loaded:
        raise ExtractRefusedError(
            f"{store.shown}: the extract is empty: accounts and denials have no rows. Allowed: at least one row in "
            "either. Check the export's filter, and export again."
        )
    return ValidatedTables(states, tuple(findings))


def _count(store: TableStore, validations: Mapping[str, _TableValidation], metadata: Metadata) -> None:
    """Count all tables in two queries, because starting a query costs an engine more than reading a small table."""
    if not validations:
        return
    results = store.query(" UNION ALL ".join(validation.render_counts() for validation in validations.values()))
    for name, validation in validations.items():
        counts = [count for table, *count in results if table == name]
        validation.check_counts(sorted(counts, key=lambda count: int(str(count[0]))), metadata.control_totals.get(name))
    repeated = store.query(" UNION ALL ".join(validation.render_repeated() for validation in validations.values()))
    for table, keys, rows in repeated:
        validations[str(table)].refuse_differing(int(str(keys)), int(str(rows or 0)))


def _render_empty(columns: Sequence[Column], reading: Reading) -> str:
    fields = ", ".join(f"{reading.typed_null(column.kind)} AS {quote_name(column.name)}" for column in columns)
    return f"SELECT {fields} WHERE 1 = 0"


def _missing_table_state(table: Table, extra: Sequence[Column], metadata: Metadata) -> TableState:
    names = tuple(column.name for column in (*table.columns, *extra))
    return TableState(table.name, False, names, (), dict(metadata.attributes.get(table.name, {})), 0, 0, 0, 0)


class _TableValidation:
    """The validation of one table."""

    def __init__(
        self, store: TableStore, table: Table, extra: tuple[Column, ...], types: Mapping[str, tuple[TypeFamily, str]]
    ) -> None:
        self.store, self.table, self.types = store, table, types
        self.columns = (*table.columns, *extra)
        self.place = f"{store.shown}, table {table.name}"
        self.findings: list[Finding] = []
        self._check_required()
        self.parsed = [
            read_column(column, *types[column.name], store.reading, self.place)
            for column in self.columns
            if column.name in types
        ]
        self.rules = [(parsed.column.name, *rule) for parsed in self.parsed for rule in parsed.rules]
        self.names = ", ".join(quote_name(column.name) for column in self.columns)
        self.rows = self.broken = self.repeated = 0

    @property
    def valid_rows(self) -> str:
        """The query of the rows that meet the contract.

        Without statistics on an expression, PostgreSQL's planner assumes that `= 0` keeps one row in 200 but IS NOT
        NULL keeps nearly all. The low estimate made it compare every promise with every transaction.
        """
        where = f" WHERE CASE WHEN {RULE} = 0 THEN 0 END IS NOT NULL" if self.broken else ""
        return f"SELECT {self.names} FROM ({self.render()}) validated{where}"

    def finish(self, attributes: Mapping[str, str]) -> TableState:
        """Create the view, and return the state of the table."""
        rows = self.valid_rows
        self.store.create_view(self.table.name, rows.replace("SELECT", "SELECT DISTINCT", 1) if self.repeated else rows)
        known = {column.name for column in self.columns}
        missing = tuple(column.name for column in self.columns if column.name not in self.types)
        ignored = tuple(name for name in self.types if name not in known and not name.startswith(AUDIT_PREFIX))
        self._report(missing, ignored)
        return TableState(
            self.table.name,
            True,
            missing,
            ignored,
            dict(attributes),
            self.rows,
            self.rows - self.broken - self.repeated,
            self.broken,
            self.repeated,
        )

    def render(self) -> str:
        """Render the query of all parsed rows, each with the number of the first rule that it breaks (0: none)."""
        by_name = {parsed.column.name: parsed for parsed in self.parsed}
        typed_null = self.store.reading.typed_null
        values = [
            f"{by_name[column.name].value if column.name in by_name else typed_null(column.kind)} AS "
            f"{quote_name(column.name)}"
            for column in self.columns
        ]
        values += [f"{parsed.source_text} AS {parsed.source_name}" for parsed in self.parsed]
        cases = " ".join(f"WHEN {broken} THEN {number}" for number, (_, _, broken) in enumerate(self.rules, start=1))
        number = f"CASE {cases} ELSE 0 END" if cases else "0"
        relation = self.store.source_relation(self.table.name)
        return (
            f"SELECT {self.names}, {number} AS {RULE} FROM (SELECT {', '.join(values)} FROM {relation} source) parsed"
        )

    def _check_required(self) -> None:
        missing = [column.name for column in self.table.columns if column.required and column.name not in self.types]
        if not missing:
            return
        hints = [f"{name}: {did_you_mean(name, self.types)}" for name in missing]
        suggestions = "; ".join(hint for hint in hints if "did you" in hint)
        raise ExtractRefusedError(
            f"{self.place}: required column {', '.join(missing)} is missing{suggestions and f' ({suggestions})'}. "
            f"Allowed: {', '.join(self.table.names)}, spelled exactly. Add it, or import with a mapping."
        )

    def render_counts(self) -> str:
        """Render the query that counts rows, dollars, and amounts by the rule that rows break."""
        money = money_column(self.table.name)
        dollars, amounts = "NULL", "COUNT(*)"
        if money:
            dollars, amounts = f"SUM({quote_name(money)})", f"COUNT({quote_name(money)})"
        return (
            f"SELECT {quote_text(self.table.name)} AS table_name, {RULE}, COUNT(*) AS n, "
            f"CAST({dollars} AS DECIMAL(38,2)) AS dollars, {amounts} AS amounts "
            f"FROM ({self.render()}) validated GROUP BY {RULE}"
        )

    def check_counts(self, counts: Sequence[Sequence[object]], total: ControlTotal | None) -> None:
        """Refuse too many broken rows, and totals that differ from the declared control totals."""
        by_rule = {int(str(rule)): int(str(count)) for rule, count, _, _ in counts}
        rows = sum(by_rule.values())
        broken = rows - by_rule.get(0, 0)
        if total is not None:
            self._check_total(total, rows, counts)
        if broken > MAX_QUARANTINED_SHARE * rows:
            worst = sorted(
                ((count, rule) for rule, count in by_rule.items() if rule), key=lambda item: (-item[0], item[1])
            )
            listed = "; ".join(
                f"{rule} in {column} {count:,} times (allowed: {ALLOWED[rule]})"
                for count, (column, rule, _) in ((count, self.rules[number - 1]) for count, number in worst[:MAX_NAMED])
            )
            raise ExtractRefusedError(
                f"{self.place}: {broken:,} of {rows:,} rows break the contract ({broken / rows:.1%}): {listed}. "
                f"Allowed: at most {MAX_QUARANTINED_SHARE:.0%} of a table's rows. Correct the source, and load again."
            )
        self.rows, self.broken = rows, broken

    def _check_total(self, total: ControlTotal, rows: int, counts: Sequence[Sequence[object]]) -> None:
        if total.rows is not None and rows != total.rows:
            raise refuse_total(self.table, self.place, pluralize(total.rows, "row"), pluralize(rows, "row"))
        if total.amount is None:
            return
        unread = sum(int(str(count)) - int(str(read)) for rule, count, _, read in counts if rule)
        if unread:
            text = (
                f"{self.place}: {FILE_NAME} declares dollars, but {pluralize(unread, 'row')} that break the contract "
                "have no readable amount, so the totals were not compared"
            )
            self.findings.append(Finding("sums", self.table.name, 1, text))
            return
        dollars = sum((Decimal(str(amount)) for _, _, amount, _ in counts if amount is not None), Decimal(0))
        if dollars != total.amount:
            raise refuse_total(self.table, self.place, f"{total.amount:,} dollars", f"{dollars:,} dollars")

    def render_repeated(self) -> str:
        """Render the query that counts keys with several rows, and those rows."""
        key = ", ".join(map(quote_name, self.table.key))
        grouped = f"SELECT COUNT(*) AS n FROM ({self.valid_rows}) valid GROUP BY {key} HAVING COUNT(*) > 1"
        name = quote_text(self.table.name)
        return f"SELECT {name} AS table_name, COUNT(*) AS n, SUM(n) AS total FROM ({grouped}) grouped"

    def refuse_differing(self, keys: int, rows: int) -> None:
        """Count rows repeated with equal values in every column. Refuse rows that share a key but differ."""
        self.repeated = rows - keys
        if not keys:
            return
        key = ", ".join(map(quote_name, self.table.key))
        distinct = f"SELECT DISTINCT {self.names} FROM ({self.valid_rows}) valid"
        ((differing,),) = self.store.query(
            f"SELECT COUNT(*) FROM (SELECT {key} FROM ({distinct}) versions GROUP BY {key} HAVING COUNT(*) > 1) grouped"
        )
        if differing:
            raise ExtractRefusedError(
                f"{self.place}: {pluralize(int(str(differing)), 'key')} ({', '.join(self.table.key)}) with rows that "
                "differ. Allowed: one row per key; an exact copy of a row counts once. "
                "Send one version of each row, or a key that distinguishes them."
            )

    def _report(self, missing: tuple[str, ...], ignored: tuple[str, ...]) -> None:
        name, rows, broken, repeated = self.table.name, self.rows, self.broken, self.repeated
        if not rows:
            self.findings.append(Finding("contract", name, 0, f"{self.place}: has no rows"))
        if missing:
            text = f"{self.place}: missing columns, whose features are null: {', '.join(missing)}"
            self.findings.append(Finding("contract", name, len(missing), text))
        if ignored:
            text = (
                f"{self.place}: ignored extra columns: {', '.join(ignored)}. To use them, declare them in {FILE_NAME} "
                f"under [attributes.{name}]"
            )
            self.findings.append(Finding("contract", name, len(ignored), text))
        if broken:
            text = f"{self.place}: {broken:,} of {rows:,} rows break the contract and are excluded"
            self.findings.append(Finding("contract", name, broken, text))
        if repeated:
            text = f"{self.place}: {repeated:,} of {rows:,} rows are exact copies of other rows and count once"
            self.findings.append(Finding("keys", name, repeated, text))
