"""From a target and a catalogue to SQL: the ordered steps whose last one, `frame`, has a row a snapshot.

Pure text; an engine runs it. Every relation is cut to rows known before the snapshot's as-of date where it is first
read, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from features.account_relations import account_relations
from features.account_state import (
    PAID_AT_AGE_JOIN,
    account_fields,
    account_labels,
    account_population,
    account_state,
    agency_accounts,
    ledger_facts,
    paid_at_age,
    paid_at_age_sql,
    primary_payer,
)
from features.aggregate import aggregate_step, is_available, latest_step
from features.catalog import Feature
from features.denial_relations import denial_relations
from features.denial_state import (
    DENIAL_POPULATION,
    denial_fields,
    denial_labels,
    denial_state,
    known_appeals,
    paid_after_denial,
)
from features.dialect import Dialect
from features.rates import rate_joins, rate_sql, rate_steps
from features.relation import Field, Relation
from features.sql_text import Has, Step, put_in, words_in
from features.targets import OverturnTarget, PaymentTarget
from features.vocabulary import Aggregate, Count, CountDistinct, Derived, Latest, Rate, RateAtAge, Snapshot, Sum


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps to run, and the features that came out null because the extract lacks what they read."""

    steps: tuple[Step, ...]
    unavailable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What differs between accounts and denials."""

    state: str
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    before: tuple[Step, ...]
    population: str
    head: str
    labels: str


def plan_frame(
    target: PaymentTarget | OverturnTarget,
    features: Sequence[Feature],
    as_of: Sequence[date],
    dialect: Dialect,
    has: Has,
    attributes: tuple[str, ...],
    ripe_by: date | None,
) -> Plan:
    """Return the steps of a frame over some as-of dates.

    Parameters
    ----------
    has
        Tells whether the extract holds a `table` or `table.column`; features that read what is absent are null.
    attributes
        Site attributes of the unit's own table.
    ripe_by
        For a training frame: labels are added that were ripe and known before this day, rows without are left out.
    """
    if isinstance(target, PaymentTarget):
        unit = _account_unit(target, features, dialect, has, attributes, ripe_by)
    else:
        unit = _denial_unit(dialect, attributes, ripe_by)
    available = {f.name for f in features if _is_available(f, unit, has, features)}
    usable = [feature for feature in features if feature.name in available]
    steps = [Step("as_of_dates", " UNION ALL ".join(f"SELECT DATE '{day.isoformat()}' AS as_of" for day in as_of))]
    steps += unit.before
    population = f"SELECT {unit.head}, state.* FROM {unit.state} state WHERE {unit.population}"
    if ripe_by is None:
        steps.append(Step("spine", population))
    else:
        steps += [Step("population", population), *_labelled(unit, target, dialect)]
    found, joins = _aggregates(usable, unit, dialect)
    if any(isinstance(feature.source, RateAtAge) for feature in usable):
        found += paid_at_age(getattr(target, "horizon_days", 0))
        joins.append(PAID_AT_AGE_JOIN)
    rates = [feature.source for feature in usable if isinstance(feature.source, Rate)]
    steps += [
        *found,
        *rate_steps(unit.state, rates),
        _frame(features, available, unit, joins + rate_joins(rates), ripe_by),
    ]
    return Plan(tuple(steps), tuple(f.name for f in features if f.name not in available))


def _account_unit(
    target: PaymentTarget,
    features: Sequence[Feature],
    dialect: Dialect,
    has: Has,
    attributes: tuple[str, ...],
    ripe_by: date | None,
) -> _Unit:
    fields = account_fields(dialect, target, attributes)
    relations = account_relations(dialect, target.horizon_days, fields)
    ledger = relations["ledger"]
    on_ledger = [
        f for f in features if isinstance(f.source, Aggregate) and f.source.relation == "ledger" and has("transactions")
    ]
    known_ledger = aggregate_step(
        "known_ledger", ledger, on_ledger, dialect, extra=ledger_facts(dialect), only_spine=False
    )
    return _Unit(
        state="account_state",
        fields=fields,
        relations=relations,
        before=(
            known_ledger,
            Step("primary_payer", primary_payer()),
            Step("agency_accounts", agency_accounts()),
            Step("account_state", account_state(fields)),
        ),
        population=account_population(target),
        head=("account_id AS unit_id, guarantor_id AS household, patient_balance AS amount, account_age AS age_days"),
        labels=account_labels(dialect, target, f"DATE '{ripe_by}'") if ripe_by else "",
    )


def _denial_unit(dialect: Dialect, attributes: tuple[str, ...], ripe_by: date | None) -> _Unit:
    fields = denial_fields(dialect, attributes)
    return _Unit(
        state="denial_state",
        fields=fields,
        relations=denial_relations(),
        before=(
            Step("known_appeals", known_appeals()),
            Step("paid_after_denial", paid_after_denial()),
            Step("denial_state", denial_state(fields)),
        ),
        population=DENIAL_POPULATION,
        head=(
            "denial_id AS unit_id, COALESCE(guarantor_id, account_id, denial_id) AS household, "
            "denied_amount AS amount, days_since_denial AS age_days"
        ),
        labels=denial_labels(dialect, f"DATE '{ripe_by}'") if ripe_by else "",
    )


def _labelled(unit: _Unit, target: PaymentTarget | OverturnTarget, dialect: Dialect) -> list[Step]:
    """Keep the snapshots that have a label, and of each unit at most as many as the target asks for."""
    labelled = (
        "SELECT s.*, l.label, l.share, l.recovered, l.known_on FROM population s "
        "JOIN labels l ON l.unit_id = s.unit_id AND l.as_of = s.as_of"
    )
    if target.rows_per_unit is not None:
        chance = dialect.text_hash("unit_id || CAST(as_of AS VARCHAR)")
        labelled = (
            "SELECT * FROM (SELECT labelled.*, ROW_NUMBER() OVER "
            f"(PARTITION BY unit_id ORDER BY {chance}, as_of) AS place FROM ({labelled}) labelled) drawn "
            f"WHERE place <= {target.rows_per_unit}"
        )
    return [Step("labels", unit.labels), Step("spine", labelled)]


def _is_available(feature: Feature, unit: _Unit, has: Has, features: Sequence[Feature]) -> bool:
    source = feature.source
    if isinstance(source, Aggregate):
        return is_available(source, unit.relations[source.relation], has)
    if isinstance(source, Derived):
        parts = {part.name: part for part in features}
        return all(_is_available(parts[name], unit, has, features) for name in source.of)
    if isinstance(source, RateAtAge):
        return has("transactions")
    names = source.keys if isinstance(source, Rate) else words_in(source.value) & set(unit.fields)
    needs = [need for name in names for need in unit.fields[name].needs]
    if isinstance(source, Rate):
        needs += unit.fields["outcome"].needs
    return all(has(need) for need in needs)


def _aggregates(features: Sequence[Feature], unit: _Unit, dialect: Dialect) -> tuple[list[Step], list[str]]:
    steps: list[Step] = []
    joins: list[str] = []
    by_relation: dict[str, list[Feature]] = {}
    for feature in features:
        if isinstance(feature.source, Aggregate):
            by_relation.setdefault(feature.source.relation, []).append(feature)
    for name, members in by_relation.items():
        relation = unit.relations[name]
        key = "unit_id" if relation.per_snapshot else relation.key
        plain = [feature for feature in members if not isinstance(feature.source, Latest)]
        step_name = f"of_{name}"
        if unit.state == "account_state" and name == "ledger":
            step_name = "known_ledger"
        elif plain:
            steps.append(aggregate_step(step_name, relation, plain, dialect))
        if plain:
            joins.append(
                f"LEFT JOIN {step_name} ON {step_name}.{key} = spine.{key} AND {step_name}.as_of = spine.as_of"
            )
        for feature in members:
            if isinstance(feature.source, Latest):
                step = latest_step(f"latest_{feature.name}", relation, feature, dialect)
                steps.append(step)
                joins.append(
                    f"LEFT JOIN {step.name} ON {step.name}.{key} = spine.{key} AND {step.name}.as_of = spine.as_of"
                )
    return steps, joins


def _frame(
    features: Sequence[Feature], available: set[str], unit: _Unit, joins: list[str], ripe_by: date | None
) -> Step:
    spelled = {name: f"spine.{name}" for name in unit.fields}
    heads = ["unit_id", "household", "as_of", "amount", "age_days"]
    ids = {"account_state": ("payer_id",), "denial_state": ("account_id", "payer_id")}[unit.state]
    labels = ["label", "share", "recovered"] if ripe_by else []
    inner = [f"spine.{name} AS {name}" for name in heads]
    inner += [f"spine.{name} AS row_{name}" for name in ids]
    inner += [f"CAST(spine.{name} AS DOUBLE PRECISION) AS {name}" for name in labels]
    if labels:
        inner.append("spine.known_on AS known_on")
    derived = []
    for feature in features:
        kind = "VARCHAR" if feature.is_category else "DOUBLE PRECISION"
        source = feature.source
        if isinstance(source, Derived) and feature.name in available:
            derived.append(f"CAST({source.expression} AS {kind}) AS {feature.name}")
            continue
        inner.append(f"CAST({_value(feature, available, unit, spelled)} AS {kind}) AS {feature.name}")
    joined = " ".join(joins)
    sql = f"SELECT {', '.join(inner)} FROM spine {joined}"
    if derived:
        sql = f"SELECT plain.*, {', '.join(derived)} FROM ({sql}) plain"
    return Step("frame", sql)


def _value(feature: Feature, available: set[str], unit: _Unit, spelled: Mapping[str, str]) -> str:
    source = feature.source
    if feature.name not in available or isinstance(source, Derived):
        return "NULL"
    if isinstance(source, Snapshot):
        return put_in(source.value, spelled)
    if isinstance(source, Rate):
        return rate_sql(source)
    if isinstance(source, RateAtAge):
        return paid_at_age_sql(source)
    return _aggregated(feature.name, source, unit)


def _aggregated(name: str, source: Aggregate, unit: _Unit) -> str:
    if isinstance(source, Latest):
        return f"latest_{name}.{name}"
    on_ledger = unit.state == "account_state" and source.relation == "ledger"
    column = f"{'known_ledger' if on_ledger else f'of_{source.relation}'}.{name}"
    if isinstance(source, Count | CountDistinct | Sum):
        # No rows at all is a count of 0; an unknown key (a denial without an account) is unknown.
        return f"CASE WHEN spine.{unit.relations[source.relation].key} IS NOT NULL THEN COALESCE({column}, 0) END"
    return column
