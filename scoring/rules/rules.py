"""Rules as data: read `rules.toml`, and say whom they keep off the lists.

A hard rule runs after scoring and no score outranks it. The table holds what a rule needs (flags, an SQL condition),
its citation and its queue; nothing here knows a single rule by name but H12, which is about the feed itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import duckdb

from payrank.extracts.contract.flag_words import flag_word, read_flag_word
from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.extract import Extract
from payrank.scoring.rules.call_caps import CallCap, read_call_caps


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what hits (flags active on the day, or an SQL condition) and needs, whom it reaches, and its queue.

    `limits` are figures that `condition` puts into `when`; `action` is what is done with those it keeps off.
    """

    id: str
    title: str
    citation: str
    since: date
    queue: str
    flags: tuple[str, ...] = ()
    when: str = ""
    reach: Literal["account", "guarantor"] = "account"
    needs: tuple[str, ...] = ()
    check: bool = False
    action: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def condition(self) -> str:
        """The SQL condition with the rule's limits in it; empty for a rule that reads flags alone."""
        return self.when.format_map({name: f"{value:g}" for name, value in self.limits.items()})

    @property
    def cited(self) -> str:
        """The citation with the day since which it holds, and whether a person should confirm it."""
        return _cite(self.citation, self.since, check=self.check)

    def lacks(self, extract: Extract) -> tuple[str, ...]:
        """Return what an extract lacks of the tables and columns (`table` or `table.column`) that the rule needs."""
        return tuple(name for name in self.needs if not extract.has(*name.split(".")))


@dataclass(frozen=True, slots=True)
class Policy:
    """What a rule says about a household that stays on the list; `when` is SQL over the columns of households.

    The table `households` has a column of the policy's `name` that actions may ask for. `note` is added to the line.
    """

    id: str
    name: str
    title: str
    citation: str
    since: date
    when: str
    note: str = ""
    check: bool = False


@dataclass(frozen=True, slots=True)
class StageTimer:
    """Days that count from the first statement: `limits` in days."""

    id: str
    title: str
    citation: str
    since: date
    limits: Mapping[str, float]
    check: bool = False


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The rules in force, in the order in which they name a queue."""

    version: str
    patient: tuple[Rule, ...]
    denial: tuple[Rule, ...]
    policies: tuple[Policy, ...]
    clock: StageTimer
    call_caps: tuple[CallCap, ...]

    def limit(self, rule: str, name: str) -> float:
        """Return a limit of a rule by its name."""
        holders: list[Rule | StageTimer] = [*self.patient, self.clock]
        return next(one.limits[name] for one in holders if one.id == rule and name in one.limits)

    @property
    def titles(self) -> dict[str, tuple[str, str]]:
        """Title and citation of each rule by its id."""
        told = {rule.id: (rule.title, rule.cited) for rule in reversed((*self.patient, *self.denial))}
        more: list[StageTimer | Policy] = [self.clock, *reversed(self.policies)]
        return {
            **told,
            **{one.id: (one.title, _cite(one.citation, one.since, check=one.check)) for one in more},
            "D2": ("14 days or fewer left", "house rule: first, whatever the score"),
            "H12": (
                "Flags feed missing, too old or shrunk, or a flag that cannot be read or that no rule knows",
                "fail closed: no patient list, or the household kept off for review",
            ),
        }


def _cite(citation: str, since: date, *, check: bool) -> str:
    return f"{citation}, since {since}" + (" (check)" if check else "")


@cache
def read_rules() -> RuleTable:
    """Read the table that ships with payrank."""
    data = tomllib.loads(files("payrank.scoring.rules").joinpath("rules.toml").read_text("utf-8"))

    def rules(rows: list[dict[str, Any]]) -> tuple[Rule, ...]:
        return tuple(
            Rule(**{**row, "flags": tuple(row.get("flags", ())), "needs": tuple(row.get("needs", ()))}) for row in rows
        )

    return RuleTable(
        data["version"],
        rules(data["rule"]),
        rules(data["denial_rule"]),
        tuple(Policy(**row) for row in data["policy"]),
        StageTimer(**data["clock"][0]),
        read_call_caps(),
    )


def unchecked_rules(extract: Extract, rules: Sequence[Rule], waived: Collection[str]) -> str:
    """Return a notice that names the rules that could not be checked for want of their tables; nothing when all were.

    Such a rule keeps nobody off, and a reader of the list must know it.
    """
    told = [
        f"{rule.id} {rule.title} ({', '.join(lacking)})"
        for rule in rules
        if rule.id not in waived and (lacking := rule.lacks(extract))
    ]
    if not told:
        return ""
    return f"Rules that were not checked, because the extract lacks what they read: {'; '.join(told)}."


def suppressed_accounts(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    as_of: date,
    waived: Collection[str],
    harmless_flags: Sequence[str] = (),
) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return which rules keep which accounts off the list: account id to rule ids and the queue of the first rule.

    Reads the temporary table `candidates`. A flag counts from the day it is known, the as-of day included: nobody
    is called on the day on which the flag arrives. A flag that no rule reads and the site does not call harmless, or a
    row of flags that could not be read, keeps its household off for review (H12): its word may mean bankruptcy.
    """
    parts = []
    for place, rule in enumerate(rules):
        if rule.id in waived:
            continue
        hits = [f"SELECT account_id, guarantor_id FROM candidates WHERE {rule.condition}"] if rule.when else []
        if rule.flags:
            hits.append(_flagged(_is_in(rule.flags), as_of))
        hit = " UNION ".join(hits)
        key = "account_id" if rule.reach == "account" else "guarantor_id"
        parts.append(
            f"SELECT c.account_id, {place} AS place, '{rule.id}' AS rule, '{rule.queue}' AS queue "
            f"FROM candidates c WHERE c.{key} IN (SELECT {key} FROM ({hit}) hit)"
        )
    if "H12" not in waived:
        known = [flag for rule in rules for flag in rule.flags] + [read_flag_word(flag) for flag in harmless_flags]
        unknown = _flagged(f"NOT {_is_in(known)}", as_of)
        parts.append(
            f"SELECT account_id, {len(rules)} AS place, 'H12' AS rule, 'flag_review' AS queue FROM candidates "
            f"WHERE guarantor_id IN (SELECT guarantor_id FROM ({_flagged_in_quarantine()} UNION {unknown}) hit)"
        )
    if not parts:
        return {}
    rows = connection.execute(
        "SELECT account_id, LIST(DISTINCT rule ORDER BY rule), ARG_MIN(queue, place) "
        f"FROM ({' UNION ALL '.join(parts)}) found GROUP BY account_id"
    ).fetchall()
    return {account: (tuple(hits), queue) for account, hits, queue in rows}


def _is_in(flags: Sequence[str]) -> str:
    return f"({flag_word('f.flag')} IN ({', '.join(map(quote_text, flags)) or 'NULL'}))"


def _flagged(wanted: str, as_of: date) -> str:
    """Every flagged account, scored or not: a bankrupt account that owes nothing still speaks for its guarantor.

    An id is read as a flag's word is: one system pads it or changes its case, and the flag is the same person's.
    """
    active = f"{wanted} AND f.known_on <= DATE '{as_of}' AND (f.ended_on IS NULL OR f.ended_on >= DATE '{as_of}')"
    return " UNION ".join(
        "SELECT a.account_id, a.guarantor_id FROM accounts a JOIN flags f "
        f"ON f.subject_type = '{kind}' AND {flag_word('f.subject_id')} = {flag_word(f'a.{kind}_id')} WHERE {active}"
        for kind in ("account", "guarantor")
    )


def _flagged_in_quarantine() -> str:
    """Accounts whose own or whose guarantor's id is in the key of a flag row that could not be read."""
    parts = "SELECT UNNEST(STRING_SPLIT(key, '|')) AS part FROM quarantine WHERE table_name = 'flags'"
    named = f"SELECT {flag_word('part')} FROM ({parts}) AS parts"
    return (
        f"SELECT account_id, guarantor_id FROM accounts WHERE {flag_word('account_id')} IN ({named}) "
        f"OR {flag_word('guarantor_id')} IN ({named})"
    )
