"""Rendered SQL is portable, and each dialect translates it as intended.

An independent parser, sqlglot, reads the rendered SQL in each engine's grammar. The engines themselves run it in
test_spark.py and test_postgres_frames.py.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from payrank.extracts.contract.tables import TABLES
from payrank.features.dialects.postgres import PostgresDialect
from payrank.features.dialects.spark import SparkDialect
from payrank.features.dialects.spelling import Spelling
from payrank.features.frame import build_catalog, first_known
from payrank.features.snapshots import snapshot_days
from payrank.features.sql.plan import plan_sql
from payrank.features.targets import OverturnTarget, PaymentTarget
from tests.features.sample_site_features import some_of_each
from tests.features.small_extracts import DAY, SITE, draw_rows, list_columns, make_extract

sqlglot = pytest.importorskip("sqlglot", reason="sqlglot is not installed: install payrank[dev]")
exp = sqlglot.exp
traverse_scope = importlib.import_module("sqlglot.optimizer.scope").traverse_scope

PAYMENT = PaymentTarget(horizon_days=20, every_days=13, snapshots=4, history_days=1, min_share=0.3)
OVERTURN = OverturnTarget(maturity_days=20, every_days=13, snapshots=5, history_days=1, rows_per_unit=None)
DIALECTS = {dialect.name: dialect for dialect in (PostgresDialect(), SparkDialect())}


def forbidden(tree: Any) -> list[str]:
    """Return the constructs that engines disagree on, which rendered SQL must not use."""
    kinds = (exp.Qualify, exp.Filter, exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.Quantile)
    names = [kind.__name__ for kind in kinds if tree.find(kind)]
    # DATE_ADD is parsed as arithmetic with a unit, not as INTERVAL.
    names += [
        "INTERVAL"
        for interval in tree.find_all(exp.Interval)
        if not isinstance(interval.parent, exp.DateAdd | exp.DateSub)
    ]
    return names + ["ASOF" for join in tree.find_all(exp.Join) if join.args.get("method") == "ASOF"]


def unknown_names(tree: Any) -> list[str]:
    """Return tables that are neither a step nor in the contract, and columns that their contract table lacks."""
    steps = {cte.alias.lower() for cte in tree.ctes}
    contract = {table.name: {*list_columns(table.name)} for table in TABLES}
    unknown = []
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.name.lower() not in steps:
                known = contract.get(source.name.lower(), set())
                unknown += [] if column.name.lower() in known else [f"{source.name}.{column.name}"]
        unknown += [
            table.name
            for table in scope.tables
            if table.name.lower() not in steps and table.name.lower() not in contract
        ]
    return unknown


def test_the_two_checks_can_fail() -> None:
    joined = "SELECT a.acount_id, n.x FROM accounts a JOIN nothing n ON n.x = a.account_id"
    sql = f"{joined} QUALIFY ROW_NUMBER() OVER (ORDER BY 1) = 1"
    tree = sqlglot.parse_one(sql, read="duckdb")
    assert forbidden(tree) == ["Qualify"]
    assert set(unknown_names(tree)) == {"accounts.acount_id", "nothing.x", "nothing"}
    aggregates = "SELECT MEDIAN(t.amount) FILTER (WHERE t.amount > 0) FROM transactions t"
    assert {"Filter", "Median"} <= set(forbidden(sqlglot.parse_one(aggregates, read="duckdb")))
    assert forbidden(sqlglot.parse_one("SELECT d + INTERVAL '1' DAY FROM t", read="duckdb")) == ["INTERVAL"]


@pytest.mark.parametrize("target", [PAYMENT, OVERTURN], ids=["account", "denial"])
@pytest.mark.parametrize("name", DIALECTS)
def test_the_rendered_catalog_is_portable_and_reads_only_the_contract(
    name: Any, target: PaymentTarget | OverturnTarget
) -> None:
    """The whole catalog, the features of site attributes, and site features."""
    dialect = DIALECTS[name]
    with make_extract(draw_rows(2)) as extract:
        features = build_catalog(extract, target.unit, some_of_each(target.unit))
        days = snapshot_days(target, DAY, first_known(extract, target.unit))
    attributes = tuple(SITE[f"{target.unit}s"])
    steps = plan_sql(target, features, days, dialect, lambda _: True, attributes, DAY).steps
    with_steps = ", ".join(f"{dialect.spell(step.name)} AS ({dialect.spell(step.sql)})" for step in steps)
    tree = sqlglot.parse_one(f"WITH {with_steps} SELECT * FROM {steps[-1].name}", read=name)
    assert [call.name for call in tree.find_all(exp.Anonymous)] == [], "functions that the parser does not know"
    assert list(tree.find_all(exp.Command)) == [], "text that the parser gave up on"
    assert [cte.alias for cte in tree.ctes] == [dialect.spell(step.name) for step in steps]
    assert forbidden(tree) == []
    assert unknown_names(tree) == []


@pytest.mark.parametrize("name", DIALECTS)
def test_types_are_translated_and_quoted_text_is_not(name: Any) -> None:
    sql = DIALECTS[name].spell(
        "SELECT CAST(a AS VARCHAR) || 'CAST(a AS VARCHAR) || a / b', x / y, ROUND(z), LN(EXTRACT(MONTH FROM d)) "
        "UNION SELECT CAST(b AS DOUBLE PRECISION), DATE '2026-01-02'"
    )
    tree = sqlglot.parse_one(sql, read=name)
    assert [literal.this for literal in tree.find_all(exp.Literal) if literal.is_string and "CAST" in literal.this] == [
        "CAST(a AS VARCHAR) || a / b"
    ]
    banned = {"spark": ("VARCHAR)", "PRECISION")}
    unquoted = sql.replace("'CAST(a AS VARCHAR) || a / b'", "")
    assert [token for token in banned.get(name, ()) if token in unquoted] == []


@pytest.mark.parametrize("name", DIALECTS)
def test_the_hash_that_draws_snapshots_is_plain_md5(name: Any) -> None:
    sql = DIALECTS[name].spell(f"SELECT {DIALECTS[name].text_hash('a || CAST(d AS VARCHAR)')} AS h")
    tree = sqlglot.parse_one(sql, read=name)
    assert [call.name for call in tree.find_all(exp.Anonymous)] == []
    assert sql.lower().startswith("select md5(")


@pytest.mark.parametrize("name", DIALECTS)
def test_weekdays_are_counted_from_monday(name: Any) -> None:
    """2026-11-16 is a Monday."""
    dialect = DIALECTS[name]
    days = " UNION ALL ".join(f"SELECT DATE '2026-11-{day}' AS d" for day in range(16, 23))
    sql = dialect.spell(f"SELECT {dialect.weekday('d')} AS n FROM ({days}) days")
    tree = sqlglot.parse_one(sql, read=name)
    with make_extract({}) as extract:
        weekdays = extract.connection.execute(tree.sql(dialect="duckdb")).fetchall()
    assert [int(n) for (n,) in weekdays] == [1, 2, 3, 4, 5, 6, 7]


def test_a_quoted_backslash_is_doubled_where_it_would_escape() -> None:
    assert DIALECTS["spark"].spell(r"x = 'a\b'") == r"x = 'a\\b'"
    assert DIALECTS["postgres"].spell(r"x = 'a\b'") == r"x = 'a\b'"


def test_names_over_the_limit_are_shortened_to_different_names() -> None:
    spelling = Spelling(max_name_bytes=63)
    first, second = (spelling.apply("outcomes_all_" + "site_" * 12 + end) for end in ("x", "y"))
    assert first != second
    assert max(map(len, (first, second))) <= 63
    assert spelling.apply("short") == "short"
