"""Probe: no column that counts as known with its row predicts what happened to the row afterward.

Features trust the columns of accounts and denials (service line, reason code, site attributes) to have had their value
when the row became known. A refreshed status, a rate that counts the row itself, or a sum of later payments breaks
that trust. No query can detect it directly, but such a column follows the outcome too closely.
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
from payrank.features.probes.ranking import MIN_OUTCOMES, number_households, rank, score_alone
from payrank.features.probes.result import FALSE_ALARM, Leak, ProbeResult

PROBE = "hindsight"
CEILING = 0.9
"""An AUC for a later outcome that no column known on the row's own date has reached."""
MIN_CORRELATION, MIN_EXCESS = 0.9, 0.1
"""Rank correlation above which a column tracks a total over the whole extract, and by how much it must exceed the
correlation with the same total as of the row's own date."""
MIN_GROUPS = 20
"""Fewest groups whose rates a column must follow, because the order of a few payers can be right by chance."""
_COLUMNS: Mapping[Unit, tuple[str, tuple[str, ...]]] = {
    "account": ("accounts", ("patient_class", "service_line", "facility")),
    "denial": ("denials", ("denied_amount", "group_code", "carc", "rarc", "service_line")),
}
"""Columns of the contract that features treat as known with their row."""


@dataclass(frozen=True, slots=True)
class _ProbedRows:
    """Rows old enough to have an outcome, split in halves by household: each half is scored by a fit on the other."""

    facts: Facts
    household: NDArray[np.intp]
    in_first_half: NDArray[np.bool_]


def probe_hindsight(extract: Extract, target: Definition, as_of: date) -> ProbeResult:
    """Compare each column with what the extract knows by `as_of` about what happened to the row afterward.

    A column leaks when it alone predicts an outcome in unseen households with an AUC significantly over 0.9. It also
    leaks when it ranks rows as a total over the whole extract does (a guarantor's payments, a payer's overturn rate)
    and the same total as of the row's own date does not.
    """
    name, contract_columns = _COLUMNS[target.unit]
    columns = [*(c for c in contract_columns if extract.has(name, c)), *extract.metadata.attributes.get(name, {})]
    columns = [column for column in columns if extract.has(name, column)]
    if target.unit == "account":
        facts = account_facts(extract, as_of - timedelta(days=target.label_lag_days), as_of)
    else:
        facts = denial_facts(extract, as_of)
    if len(facts.rows) < 2 * MIN_OUTCOMES:
        return ProbeResult(
            PROBE, target.unit, 0, "", not_run=f"fewer than {2 * MIN_OUTCOMES} {name} are old enough to test"
        )
    values = _read_columns(extract, name, columns, facts)
    household = number_households(facts.rows["household"])
    halves = np.random.default_rng(1).permutation(int(household.max()) + 1) % 2 == 0
    rows = _ProbedRows(facts, household, halves[household])
    tests = max(3 * len(columns) * len(facts.outcomes), 1)
    numbers = {column for column, kind in extract.metadata.attributes.get(name, {}).items() if kind == "number"}
    leaks, undecided = [], []
    for column in columns:
        evidence = _predicts_outcome(values[column], rows, tests) or _tracks_total(values[column], rows)
        if not evidence and column in numbers:
            verdict = judge_rate(values[column], facts, len(numbers))
            evidence = verdict.leak
            undecided += [f"{name}.{column}"] if verdict.too_few else []
        if evidence:
            leaks.append(Leak(f"{name}.{column}", f"{name}.{column} {evidence}"))
    details = f"{len(columns)} columns of {len(facts.rows):,} {name} against {len(facts.outcomes)} outcomes and "
    details += f"{len(facts.totals)} totals"
    return ProbeResult(PROBE, target.unit, len(columns), details, tuple(leaks), undecided=tuple(undecided))


def _read_columns(extract: Extract, name: str, columns: list[str], facts: Facts) -> pd.DataFrame:
    key = table(name).key[0]
    named = ", ".join(quote_name(column) for column in (key, *columns))
    data = extract.connection.sql(f"SELECT {named} FROM {name}").to_arrow_table().to_pandas()
    kinds = extract.metadata.attributes.get(name, {})
    for column in columns:
        declared = table(name).column(column)
        is_text = declared.kind in {"text", "level"} if declared else kinds[column] == "category"
        if not is_text:
            data[column] = data[column].astype("float64")
    aligned: pd.DataFrame = data.set_index(key).loc[facts.rows["unit_id"]].reset_index(drop=True)
    return aligned


def _predicts_outcome(values: pd.Series, rows: _ProbedRows, tests: int) -> str:
    if values.nunique(dropna=False) < 2:
        return ""
    for outcome, column in rows.facts.outcomes.items():
        label: Floats = rows.facts.rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        known = ~np.isnan(label)
        parts = [known & rows.in_first_half, known & ~rows.in_first_half]
        if any(not 0 < label[part].sum() < part.sum() for part in parts):
            continue
        for score in _scores(values, label, parts):
            ranking = rank(label[known], score[known], rows.household[known])
            if ranking is not None and (lower := ranking.lower(tests, FALSE_ALARM)) > CEILING:
                return (
                    f"predicts whether {outcome}, which happened later, with an AUC of {ranking.auc:.3f} (at least "
                    f"{lower:.3f}): it was probably refreshed after the event"
                )
    return ""


def _scores(values: pd.Series, label: Floats, parts: list[NDArray[np.bool_]]) -> Iterator[Floats]:
    """Yield scores of each row: its level's rate in the other half, and for numbers also the number itself."""
    score = np.empty(len(label))
    for fit, measured in (parts, parts[::-1]):
        score[measured] = score_alone(values, label, fit)[measured]
    yield score
    if pd.api.types.is_numeric_dtype(values):
        numbers: Floats = values.fillna(values.median()).to_numpy(dtype=np.float64)
        yield numbers
        yield -numbers


def _tracks_total(values: pd.Series, rows: _ProbedRows) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        return ""
    for total, (whole, then) in rows.facts.totals.items():
        now = rows.facts.rows[whole].astype("float64")
        past = rows.facts.rows[then].astype("float64") if then else pd.Series(np.nan, index=now.index)
        moved = values.notna() & now.notna() & (now != past)
        if moved.sum() < MIN_OUTCOMES or _few_groups(rows.facts.rows[moved], whole):
            continue
        after = abs(_correlate(values[moved], now[moved]))
        both = moved & past.notna()
        before = abs(_correlate(values[both], past[both])) if both.sum() >= MIN_OUTCOMES else 0.0
        if after > MIN_CORRELATION and after - before > MIN_EXCESS:
            return (
                f"ranks {int(moved.sum()):,} rows as {total} over the whole extract does (rank correlation "
                f"{after:.3f}), but not as of the row's own date ({before:.3f}): it counts what came later"
            )
    return ""


def _few_groups(rows: pd.DataFrame, total: str) -> bool:
    """Whether a total is a rate of too few groups to compare."""
    return total.startswith(RATE) and rows[GROUP + total.removeprefix(RATE)].nunique() < MIN_GROUPS


def _correlate(first: pd.Series, second: pd.Series) -> float:
    """Return Spearman's rank correlation with average ranks for ties."""
    ranks = first.rank(), second.rank()
    if min(float(part.std()) for part in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])
