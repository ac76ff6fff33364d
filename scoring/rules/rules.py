"""Rules as data: read `rules.toml`, and find the accounts that the rules suppress.

A hard rule runs after scoring, and no score outranks it. The table holds what a rule needs (flags, an SQL condition),
its citation, and its queue. No code here refers to a single rule by name, except H12, which is about the feed itself.
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
    """One rule: what triggers it (flags active on the day, or an SQL condition), whom it reaches, and its queue.

    `needs` names the tables and columns that the rule reads. `limits` are the numbers that `condition` fills into
    `when`. `action` says what to do with those it suppresses.
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
        """The SQL condition with the rule's limits filled in; empty for a rule that reads only flags."""
        return self.when.format_map({name: f"{value:g}" for name, value in self.limits.items()})

    @property
    def cited(self) -> str:
        """The citation with the date since which it applies, and whether a person should confirm it."""
        return _cite(self.citation, self.since, check=self.check)

    def lacks(self, extract: Extract) -> tuple[str, ...]:
        """Return the tables and columns (`table` or `table.column`) that the rule needs and the extract lacks."""
        return tuple(name for name in self.needs if not extract.has(*name.split(".")))


@dataclass(frozen=True, slots=True)
class Policy:
    """What a rule requires for a household that stays on the list; `when` is SQL over the columns of `households`.

    The table `households` has a column named `name`, which actions may use. `note` is added to the line.
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
class CollectionClock:
    """Periods that start with the first statement: `limits` in days."""

    id: str
    title: str
    citation: str
    since: date
    limits: Mapping[str, float]
    check: bool = False


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules. Where several apply to an account, the first one in the table names the queue."""

    version: str
    patient: tuple[Rule, ...]
    denial: tuple[Rule, ...]
    policies: tuple[Policy, ...]
    clock: CollectionClock
    call_caps: tuple[CallCap, ...]

    def limit(self, rule: str, name: str) -> float:
        """Return a limit of a rule by its name."""
        rules: list[Rule | CollectionClock] = [*self.patient, self.clock]
        return next(entry.limits[name] for entry in rules if entry.id == rule and name in entry.limits)

    @property
    def titles(self) -> dict[str, tuple[str, str]]:
        """Title and citation of each rule by its id."""
        suppressing = {rule.id: (rule.title, rule.cited) for rule in reversed((*self.patient, *self.denial))}
        others: list[CollectionClock | Policy] = [self.clock, *reversed(self.policies)]
        return {
            **suppressing,
            **{entry.id: (entry.title, _cite(entry.citation, entry.since, check=entry.check)) for entry in others},
            "D2": ("14 days or fewer left", "hospital policy: listed first, regardless of score"),
            "H12": (
                "Flags feed missing, stale, or shrunk, or a flag that is unreadable or unknown",
                "fail closed: no patient list, or the household suppressed for review",
            ),
        }


def _cite(citation: str, since: date, *, check: bool) -> str:
    return f"{citation}, since {since}" + (" (confirm with counsel)" if check else "")


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
        CollectionClock(**data["clock"][0]),
        read_call_caps(),
    )


def unchecked_rules(extract: Extract, rules: Sequence[Rule], waived: Collection[str]) -> str:
    """Return a notice that names the rules whose tables or columns are missing; empty when every rule was checked.

    Such a rule suppresses nobody, so a reader of the list must know about it.
    """
    unchecked = [
        f"{rule.id} {rule.title} ({', '.join(missing)})"
        for rule in rules
        if rule.id not in waived and (missing := rule.lacks(extract))
    ]
    if not unchecked:
        return ""
    return f"Rules not checked because the extract lacks what they need: {'; '.join(unchecked)}."


def suppressed_accounts(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    as_of: date,
    waived: Collection[str],
    harmless_flags: Sequence[str] = (),
) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return which rules suppress which accounts: account id to rule ids and the queue of the first rule.

    Reads the temporary table `account_facts`. A flag counts from the day on which it is known, including the as-of
    date: nobody is called on the day a flag arrives. A flag that no rule reads and the site does not call harmless, or
    a flag row that could not be read, suppresses its household for review (H12): it might mean bankruptcy.
    """
    parts = []
    for position, rule in enumerate(rules):
        if rule.id in waived:
            continue
        hits = [f"SELECT account_id, guarantor_id FROM account_facts WHERE {rule.condition}"] if rule.when else []
        if rule.flags:
            hits.append(_flagged(_is_in(rule.flags), as_of))
        hit = " UNION ".join(hits)
        key = "account_id" if rule.reach == "account" else "guarantor_id"
        parts.append(
            f"SELECT c.account_id, {position} AS position, '{rule.id}' AS rule, '{rule.queue}' AS queue "
            f"FROM account_facts c WHERE c.{key} IN (SELECT {key} FROM ({hit}) hit)"
        )
    if "H12" not in waived:
        known = [flag for rule in rules for flag in rule.flags] + [read_flag_word(flag) for flag in harmless_flags]
        unknown = _flagged(f"NOT {_is_in(known)}", as_of)
        parts.append(
            f"SELECT account_id, {len(rules)} AS position, 'H12' AS rule, 'flag_review' AS queue FROM account_facts "
            f"WHERE guarantor_id IN (SELECT guarantor_id FROM ({_flagged_in_quarantine()} UNION {unknown}) hit)"
        )
    if not parts:
        return {}
    rows = connection.execute(
        "SELECT account_id, LIST(DISTINCT rule ORDER BY rule), ARG_MIN(queue, position) "
        f"FROM ({' UNION ALL '.join(parts)}) hits GROUP BY account_id"
    ).fetchall()
    return {account: (tuple(hits), queue) for account, hits, queue in rows}


def _is_in(flags: Sequence[str]) -> str:
    return f"({flag_word('f.flag')} IN ({', '.join(map(quote_text, flags)) or 'NULL'}))"


def _flagged(condition: str, as_of: date) -> str:
    """SQL: every flagged account, scored or not. A bankrupt account with no balance still reaches its guarantor.

    Ids are normalized like the flags themselves: a system that pads an id or changes its case means the same person.
    """
    active = f"{condition} AND f.known_on <= DATE '{as_of}' AND (f.ended_on IS NULL OR f.ended_on >= DATE '{as_of}')"
    return " UNION ".join(
        "SELECT a.account_id, a.guarantor_id FROM accounts a JOIN flags f "
        f"ON f.subject_type = '{kind}' AND {flag_word('f.subject_id')} = {flag_word(f'a.{kind}_id')} WHERE {active}"
        for kind in ("account", "guarantor")
    )


def _flagged_in_quarantine() -> str:
    """SQL: accounts whose id, or whose guarantor's id, is in the key of a flag row that could not be read."""
    parts = "SELECT UNNEST(STRING_SPLIT(key, '|')) AS part FROM quarantine WHERE table_name = 'flags'"
    named = f"SELECT {flag_word('part')} FROM ({parts}) AS parts"
    return (
        f"SELECT account_id, guarantor_id FROM accounts WHERE {flag_word('account_id')} IN ({named}) "
        f"OR {flag_word('guarantor_id')} IN ({named})"
    )
