"""Probe: no column that counts as known with its row tells what happened to the row afterwards.

A feature trusts the columns of accounts and denials (service line, reason code, a site's own attributes) to have stood
there when the row was known. A status that is refreshed, a rate that counts the row itself, or a sum of what the
guarantor paid later is none of that, and no query can see it; but it shows, for it follows the outcome too closely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from payrank.extracts.contract.source_file import quote_name
from payrank.extracts.contract.tables import table
from payrank.extracts.extract import Extract
from payrank.features.arrays import Floats
from payrank.features.feature import Unit
from payrank.features.frame import Definition
from payrank.features.probes.hindsight_facts import GROUP, RATE, Facts, account_facts, denial_facts
from payrank.features.probes.leaky_rates import judge_rate
from payrank.features.probes.ranking import FEWEST, number_households, rank, score_alone
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult

PROBE = "hindsight"
CEILING = 0.9
"""AUC for a later outcome that no column of its row's own day has reached."""
TRACKS, AHEAD = 0.9, 0.1
"""Rank correlation from which a column tracks a figure of the whole extract, and by how much more than the same figure
of its own day."""
GROUPS = 20
"""Groups whose rates a column must follow: the order of a handful of payers can be right by chance."""
_COLUMNS: Mapping[Unit, tuple[str, tuple[str, ...]]] = {
    "account": ("accounts", ("patient_class", "service_line", "facility")),
    "denial": ("denials", ("denied_amount", "group_code", "carc", "rarc", "service_line")),
}
"""The contract's columns that features take as known with their row."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows old enough to have had their outcome, in halves by household: each is judged by what the other taught."""

    facts: Facts
    household: NDArray[np.intp]
    first: NDArray[np.bool_]


def probe_hindsight(extract: Extract, target: Definition, as_of: date) -> ProbeResult:
    """Compare each such column with what the extract knows, by `as_of`, of the row's further way.

    A column leaks when it alone tells an outcome of households that it was not learned from with an AUC surely over
    0.9, or when it ranks rows as a figure over the whole extract does (a guarantor's payments, a payer's overturn
    rate) and that figure as of the row's own day does not.
    """
    name, own = _COLUMNS[target.unit]
    columns = [*(c for c in own if extract.has(name, c)), *extract.metadata.attributes.get(name, {})]
    columns = [column for column in columns if extract.has(name, column)]
    if target.unit == "account":
        facts = account_facts(extract, as_of - timedelta(days=target.label_lag_days), as_of)
    else:
        facts = denial_facts(extract, as_of)
    if len(facts.rows) < 2 * FEWEST:
        return ProbeResult(PROBE, target.unit, 0, "", not_run=f"fewer than {2 * FEWEST} {name} are old enough to judge")
    values = _read_columns(extract, name, columns, facts)
    household = number_households(facts.rows["household"])
    halves = np.random.default_rng(1).permutation(int(household.max()) + 1) % 2 == 0
    rows = _Rows(facts, household, halves[household])
    tests = max(3 * len(columns) * len(facts.outcomes), 1)
    numbers = {one for one, kind in extract.metadata.attributes.get(name, {}).items() if kind == "number"}
    leaks, undecided = [], []
    for column in columns:
        told = _tells_outcome(values[column], rows, tests) or _tracks_figure(values[column], rows)
        if not told and column in numbers:
            counted = judge_rate(values[column], facts, len(numbers))
            told = counted.leak
            undecided += [f"{name}.{column}"] if counted.too_few else []
        if told:
            leaks.append(Leak(f"{name}.{column}", f"{name}.{column} {told}"))
    figures = f"{len(columns)} columns of {len(facts.rows):,} {name} against {len(facts.outcomes)} outcomes and "
    figures += f"{len(facts.figures)} figures"
    return ProbeResult(PROBE, target.unit, len(columns), figures, tuple(leaks), undecided=tuple(undecided))


def _read_columns(extract: Extract, name: str, columns: list[str], facts: Facts) -> pd.DataFrame:
    key = table(name).key[0]
    named = ", ".join(quote_name(column) for column in (key, *columns))
    found = extract.connection.sql(f"SELECT {named} FROM {name}").to_arrow_table().to_pandas()
    kinds = extract.metadata.attributes.get(name, {})
    for column in columns:
        declared = table(name).column(column)
        words = declared.kind in {"text", "level"} if declared else kinds[column] == "category"
        if not words:
            found[column] = found[column].astype("float64")
    aligned: pd.DataFrame = found.set_index(key).loc[facts.rows["unit_id"]].reset_index(drop=True)
    return aligned


def _tells_outcome(values: pd.Series, rows: _Rows, tests: int) -> str:
    if values.nunique(dropna=False) < 2:
        return ""
    for outcome, column in rows.facts.outcomes.items():
        label: Floats = rows.facts.rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        known = ~np.isnan(label)
        parts = [known & rows.first, known & ~rows.first]
        if any(not 0 < label[part].sum() < part.sum() for part in parts):
            continue
        for score in _scores(values, label, parts):
            found = rank(label[known], score[known], rows.household[known])
            if found is not None and (lower := found.lower(tests, FALSE_ALARM)) > CEILING:
                return (
                    f"tells whether {outcome}, which came later, with an AUC of {found.auc:.3f} (at least "
                    f"{lower:.3f}): it was probably refreshed after the event"
                )
    return ""


def _scores(values: pd.Series, label: Floats, parts: list[NDArray[np.bool_]]) -> Iterator[Floats]:
    """Give what a column says of each row: its level's rate in the other half; of numbers, themselves both ways."""
    score = np.empty(len(label))
    for learned, judged in (parts, parts[::-1]):
        score[judged] = score_alone(values, label, learned)[judged]
    yield score
    if pd.api.types.is_numeric_dtype(values):
        numbers: Floats = values.fillna(values.median()).to_numpy(dtype=np.float64)
        yield numbers
        yield -numbers


def _tracks_figure(values: pd.Series, rows: _Rows) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        return ""
    for figure, (whole, then) in rows.facts.figures.items():
        now = rows.facts.rows[whole].astype("float64")
        past = rows.facts.rows[then].astype("float64") if then else pd.Series(np.nan, index=now.index)
        moved = values.notna() & now.notna() & (now != past)
        if moved.sum() < FEWEST or _few_groups(rows.facts.rows[moved], whole):
            continue
        tracks = abs(_correlate(values[moved], now[moved]))
        both = moved & past.notna()
        before = abs(_correlate(values[both], past[both])) if both.sum() >= FEWEST else 0.0
        if tracks > TRACKS and tracks - before > AHEAD:
            return (
                f"ranks {int(moved.sum()):,} rows as {figure} over the whole extract does (rank correlation "
                f"{tracks:.3f}), and not as of the row's own day ({before:.3f}): it counts what came later"
            )
    return ""


def _few_groups(rows: pd.DataFrame, figure: str) -> bool:
    """Whether a figure that is the same for all rows of a group is so of a handful of groups only."""
    return figure.startswith(RATE) and rows[GROUP + figure.removeprefix(RATE)].nunique() < GROUPS


def _correlate(one: pd.Series, other: pd.Series) -> float:
    """Return Spearman's rank correlation, ties shared."""
    ranks = one.rank(), other.rank()
    if min(float(part.std()) for part in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])
