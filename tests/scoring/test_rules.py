"""Every rule in rules.toml applies to an account made for it, and to nobody else."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from payrank.extracts.contract.tables import KNOWN_FLAGS
from payrank.extracts.errors import WrongUsageError
from payrank.extracts.extract import Extract
from payrank.extracts.load.load_extract import load_extract
from payrank.scoring.rules.account_facts import make_account_facts, running_plans
from payrank.scoring.rules.flags_feed import flags_look_quiet, why_flags_unusable
from payrank.scoring.rules.rules import read_rules, suppressed_accounts, unchecked_rules
from payrank.scoring.rules.site_rules import rules_in_force
from payrank.scoring.settings import RuleOverride, ScoringSettings, Waiver

AS_OF = date(2026, 11, 20)
Rows = list[dict[str, object]]
Hits = dict[str, tuple[tuple[str, ...], str]]

FLAGS = {
    "bankruptcy": ("H1", "legal", "household"),
    "deceased": ("H2", "estate", "household"),
    "attorney": ("H3", "legal", "household"),
    "litigation": ("H3", "legal", "household"),
    "cease_contact": ("H4", "no_contact", "household"),
    "minor": ("H5", "find_adult_guarantor", "household"),
    "qmb": ("H6", "refund_review", "household"),
    "charity_pending": ("H7", "financial_assistance", "household"),
    "charity_approved": ("H7", "financial_assistance", "household"),
    "dispute": ("H8", "dispute", "account"),
    "agency_placed": ("H10", "agency", "account"),
}


def day(before: int) -> str:
    return (AS_OF - timedelta(days=before)).isoformat()


def flag(kind: str, subject: str, name: str, known: int = 10, ended: int | None = None) -> dict[str, object]:
    return {
        "subject_type": kind,
        "subject_id": subject,
        "flag": name,
        "known_on": day(known),
        "ended_on": "" if ended is None else day(ended),
    }


def contact(number: int, before: int, outcome: str = "no_answer", guarantor: str = "G1") -> dict[str, object]:
    return {
        "contact_id": f"C{number}",
        "guarantor_id": guarantor,
        "contacted_on": day(before),
        "channel": "call",
        "direction": "out",
        "outcome": outcome,
    }


def payment(number: int, before: int, amount: float, account: str = "A1") -> dict[str, object]:
    return {
        "transaction_id": f"T{number}",
        "account_id": account,
        "posted_on": day(before),
        "kind": "patient_payment" if amount < 0 else "transfer",
        "amount": f"{amount:.2f}",
        "responsibility": "patient",
    }


def plan(started: int, ended: int | None = None) -> dict[str, object]:
    return {
        "plan_id": "P1",
        "account_id": "A1",
        "started_on": day(started),
        "installment": "50.00",
        "frequency_days": 30,
        "ended_on": "" if ended is None else day(ended),
    }


def write(folder: Path, **tables: Rows) -> Path:
    """Write two households: G1 with accounts A1, A2 and A9 (no balance, never scored), and G2 with A3."""
    folder.mkdir(exist_ok=True)
    tables = {
        "accounts": [
            {"account_id": account, "guarantor_id": guarantor, "opened_on": day(200)}
            for account, guarantor in (("A1", "G1"), ("A2", "G1"), ("A9", "G1"), ("A3", "G2"))
        ],
        "guarantors": [
            {"guarantor_id": "G1", "birth_year": "1970", "state": "OH"},
            {"guarantor_id": "G2", "birth_year": "1980", "state": "OH"},
        ],
        **tables,
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extract]:
    """The two households, loaded once; each case adds its rows and rolls them back."""
    with load_extract(write(tmp_path_factory.mktemp("rules") / "extract")) as loaded:
        yield loaded


def replace_rows(extract: Extract, table: str, rows: Rows) -> None:
    """Replace a table's rows with those of a case, which has values as in a CSV file."""
    names = list(rows[0])
    types = {str(name): type_ for name, type_, *_ in extract.connection.execute(f"DESCRIBE {table}").fetchall()}
    values = ", ".join(f"CAST(NULLIF(?, '') AS {types[name]})" for name in names)
    extract.connection.execute(f"DELETE FROM {table}")
    extract.connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values}",
        [[str(row[name]) for name in names] for row in rows],
    )


def apply_rules(
    extract: Extract,
    waived: set[str] | None = None,
    harmless: tuple[str, ...] = (),
    override: tuple[RuleOverride, ...] = (),
    **changed: object,
) -> Hits:
    """Run the rules over A1, A2 and A3, each owing $100; `changed` alters columns of A1."""
    scored = pd.DataFrame(
        {
            "account_id": ["A1", "A2", "A3"],
            "guarantor_id": ["G1", "G1", "G2"],
            "patient_balance": [100.0] * 3,
            "insurance_balance": [0.0] * 3,
            "payer_class": ["commercial"] * 3,
        }
    )
    for name, value in changed.items():
        scored[name] = [value, *scored[name].iloc[1:]]
    rules = rules_in_force(read_rules(), ScoringSettings(override=override))
    make_account_facts(extract.connection, scored, AS_OF, rules)
    return suppressed_accounts(extract.connection, rules.patient, AS_OF, waived or set(), harmless)


@pytest.fixture
def run(extract: Extract) -> Callable[..., Hits]:
    def run_rules(
        waived: set[str] | None = None,
        changed: dict[str, object] | None = None,
        harmless: tuple[str, ...] = (),
        override: tuple[RuleOverride, ...] = (),
        **tables: Rows,
    ) -> Hits:
        extract.connection.begin()
        try:
            for name, rows in tables.items():
                replace_rows(extract, name, rows)
            return apply_rules(extract, waived, harmless, override, **(changed or {}))
        finally:
            extract.connection.rollback()

    return run_rules


def test_nobody_is_suppressed_without_a_reason(run: Callable[..., Hits]) -> None:
    assert run() == {}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize(("kind", "subject"), [("account", "A1"), ("guarantor", "G1")])
def test_a_flag_suppresses_whom_its_rule_reaches(run: Callable[..., Hits], name: str, kind: str, subject: str) -> None:
    rule, queue, reach = FLAGS[name]
    hits = run(flags=[flag(kind, subject, name)])
    reached = {"A1"} if kind == "account" and reach == "account" else {"A1", "A2"}
    assert hits == dict.fromkeys(reached, ((rule,), queue))


@pytest.mark.parametrize("name", FLAGS)
def test_an_ended_flag_suppresses_nobody(run: Callable[..., Hits], name: str) -> None:
    assert run(flags=[flag("guarantor", "G1", name, known=90, ended=1)]) == {}


def test_a_flag_counts_from_the_day_it_is_known(run: Callable[..., Hits]) -> None:
    assert set(run(flags=[flag("guarantor", "G1", "deceased", known=0)])) == {"A1", "A2"}
    assert run(flags=[flag("guarantor", "G1", "deceased", known=-1)]) == {}


def test_a_flag_on_an_account_without_a_balance_still_suppresses_its_household(run: Callable[..., Hits]) -> None:
    assert set(run(flags=[flag("account", "A9", "bankruptcy")])) == {"A1", "A2"}


def test_a_flag_counts_regardless_of_case_and_spaces(run: Callable[..., Hits]) -> None:
    assert set(run(flags=[flag("guarantor", "G2", " Bankruptcy")])) == {"A3"}


def test_a_flag_that_cannot_be_read_suppresses_its_household(tmp_path: Path) -> None:
    others = [flag("guarantor", f"G{number}", "dispute") for number in range(100, 300)]
    torn = {**flag("guarantor", "G1", "bankruptcy"), "known_on": "soon"}
    with load_extract(write(tmp_path / "extract", flags=[*others, torn])) as extract:
        assert apply_rules(extract) == dict.fromkeys(("A1", "A2"), (("H12",), "flag_review"))
        assert apply_rules(extract, waived={"H12"}) == {}


@pytest.mark.parametrize("word", ["bk13", "Bankruptcy ch. 7", "o'clock"])
def test_an_unknown_flag_suppresses_its_household_unless_the_site_calls_it_harmless(
    run: Callable[..., Hits], word: str
) -> None:
    flags = [flag("account", "A1", f" {word.upper()} ")]
    assert run(flags=flags) == dict.fromkeys(("A1", "A2"), (("H12",), "flag_review"))
    assert run(flags=flags, harmless=("vip", f"{word} ")) == {}
    assert run(flags=flags, waived={"H12"}) == {}
    assert run(flags=[flag("account", "A1", word, known=90, ended=1)]) == {}


def test_a_waiver_does_not_make_the_flags_of_its_rule_unknown(run: Callable[..., Hits]) -> None:
    assert run(waived={"H10"}, flags=[flag("account", "A1", "agency_placed")]) == {}


def test_the_rules_read_exactly_the_flags_of_the_contract() -> None:
    assert {flag for rule in read_rules().patient for flag in rule.flags} == set(KNOWN_FLAGS)


@pytest.mark.parametrize(("before", "shrunk"), [(0, False), (14, False), (15, True)])
def test_flags_that_shrank_too_much_are_not_trusted(tmp_path: Path, before: int, shrunk: bool) -> None:
    flags = [flag("guarantor", "G1", "dispute", known=number + 1) for number in range(10)]
    with load_extract(write(tmp_path / "extract", flags=flags)) as extract:
        why = why_flags_unusable(extract, AS_OF, 3, before=before, max_drop=0.3)
    assert (f"10 rows match someone, compared with {before}" in why) if shrunk else not why


@pytest.mark.parametrize(("birth_year", "suppressed"), [(2010, True), (2008, True), (2007, False)])
def test_a_guarantor_who_may_be_under_18_is_suppressed(
    run: Callable[..., Hits], birth_year: int, suppressed: bool
) -> None:
    people = [{"guarantor_id": "G1", "birth_year": str(birth_year)}, {"guarantor_id": "G2", "birth_year": ""}]
    assert run(guarantors=people) == (
        dict.fromkeys(("A1", "A2"), (("H5",), "find_adult_guarantor")) if suppressed else {}
    )


@pytest.mark.parametrize("remark", ["N781", "N782", "N783"])
def test_a_qmb_remark_suppresses_the_account(run: Callable[..., Hits], remark: str) -> None:
    denials = [{"denial_id": "D1", "account_id": "A1", "denied_on": day(30), "rarc": remark}]
    assert run(denials=denials) == {"A1": (("H6",), "refund_review")}


def test_an_open_insurance_balance_suppresses_the_account_until_a_transfer(run: Callable[..., Hits]) -> None:
    adjudicating = {"insurance_balance": 900.0}
    assert run(changed=adjudicating) == {"A1": (("H9",), "insurance")}
    assert run(changed=adjudicating, transactions=[payment(1, 20, 100.0)]) == {}


@pytest.mark.parametrize("payer_class", ["workers_comp", "auto"])
def test_workers_compensation_and_auto_accounts_stay_with_the_insurer(
    run: Callable[..., Hits], payer_class: str
) -> None:
    assert run(changed={"payer_class": payer_class}) == {"A1": (("H9",), "insurance")}


@pytest.mark.parametrize("balance", [0.0, -25.0])
def test_an_account_without_a_balance_due_goes_to_the_credit_queue(run: Callable[..., Hits], balance: float) -> None:
    assert run(changed={"patient_balance": balance}) == {"A1": (("H11",), "credit_balance")}


def test_seven_calls_in_seven_days_reach_the_cap(run: Callable[..., Hits]) -> None:
    six = [contact(number, before=3) for number in range(6)]
    assert run(contacts=six) == {}
    assert run(contacts=[*six, contact(6, before=7)]) == dict.fromkeys(("A1", "A2"), (("S1",), "wait_to_call"))
    assert run(contacts=[*six, contact(6, before=8)]) == {}


@pytest.mark.parametrize("outcome", ["right_party", "promise", "refused", "dispute"])
def test_after_a_conversation_nobody_calls_for_seven_days(run: Callable[..., Hits], outcome: str) -> None:
    assert set(run(contacts=[contact(1, 6, outcome)])) == {"A1", "A2"}
    assert run(contacts=[contact(1, 8, outcome)]) == {}


def test_massachusetts_allows_two_calls_in_seven_days(run: Callable[..., Hits]) -> None:
    people: Rows = [{"guarantor_id": "G1", "state": "MA"}, {"guarantor_id": "G2", "state": "OH"}]
    calls = [contact(number, 2, guarantor=name) for name in ("G1", "G2") for number in (ord(name[1]), ord(name[1]) + 9)]
    assert set(run(guarantors=people, contacts=calls)) == {"A1", "A2"}


@pytest.mark.parametrize(
    ("state", "channel", "count", "suppressed"),
    [
        ("MA", "text", 2, True),
        ("MA", "letter", 3, False),
        (" ma ", "call", 2, True),
        ("WA", "letter", 3, True),
        ("WA", "email", 2, False),
        ("WA", "statement", 9, False),
        ("OH", "text", 9, False),
        ("", "call", 6, False),
    ],
)
def test_a_state_cap_counts_only_its_channels(
    run: Callable[..., Hits], state: str, channel: str, count: int, suppressed: bool
) -> None:
    people: Rows = [{"guarantor_id": "G1", "state": state}, {"guarantor_id": "G2", "state": "OH"}]
    contacts = [{**contact(number, 2), "channel": channel} for number in range(count)]
    hits = run(guarantors=people, contacts=contacts)
    assert hits == (dict.fromkeys(("A1", "A2"), (("S1",), "wait_to_call")) if suppressed else {})


@pytest.mark.parametrize(
    ("override", "tables", "free"),
    [
        (
            {"rule": "S1", "limits": {"max_contacts": 9}},
            {"contacts": [contact(number, 2) for number in range(8)]},
            True,
        ),
        (
            {"rule": "S1", "limits": {"max_contacts": 2}},
            {"contacts": [contact(number, 2) for number in range(2)]},
            False,
        ),
        ({"rule": "S1", "limits": {"quiet_days": 2}}, {"contacts": [contact(1, 5, "refused")]}, True),
        ({"rule": "S1", "limits": {"max_contacts": 1}, "state": "OH"}, {"contacts": [contact(1, 5)]}, False),
        ({"rule": "S4", "limits": {"grace_days": 40}}, {"payment_plans": [plan(started=60)]}, False),
        ({"rule": "H5", "limits": {"adult_age": 60}}, {}, False),
    ],
)
def test_an_overridden_limit_takes_effect(
    run: Callable[..., Hits], override: dict[str, object], tables: dict[str, Rows], free: bool
) -> None:
    overridden = RuleOverride.model_validate({"reason": "our counsel's advice", **override})
    assert ("A1" not in run(override=(overridden,), **tables)) == free
    assert ("A1" not in run(**tables)) != free


def test_a_current_plan_suppresses_the_guarantor_until_an_installment_is_missed(run: Callable[..., Hits]) -> None:
    suppressed = dict.fromkeys(("A1", "A2"), (("S4",), "payment_plan"))
    assert run(payment_plans=[plan(started=5)]) == suppressed
    assert run(payment_plans=[plan(started=100)], transactions=[payment(1, 15, -50.0)]) == suppressed
    assert run(payment_plans=[plan(started=100)], transactions=[payment(1, 45, -50.0)]) == {}
    assert run(payment_plans=[plan(started=100)], transactions=[payment(1, 15, -20.0)]) == {}
    assert run(payment_plans=[plan(started=100, ended=3)], transactions=[payment(1, 15, -50.0)]) == {}


def test_a_returned_payment_does_not_cover_an_installment(run: Callable[..., Hits]) -> None:
    returned = {**payment(2, 12, 50.0), "kind": "patient_payment", "reverses_id": "T1"}
    paid = {**payment(1, 15, -50.0), "reverses_id": ""}
    assert run(payment_plans=[plan(started=100)], transactions=[paid, returned]) == {}


@pytest.mark.parametrize(("due", "suppressed"), [(-30, True), (0, True), (3, True), (4, False)])
def test_a_promise_suppresses_until_three_days_after_its_due_date(
    run: Callable[..., Hits], due: int, suppressed: bool
) -> None:
    promises = [
        {"promise_id": "M1", "account_id": "A1", "made_on": day(10), "due_on": day(due), "amount": "40.00"},
    ]
    assert run(promises=promises) == (dict.fromkeys(("A1", "A2"), (("S5",), "promise")) if suppressed else {})


@pytest.mark.parametrize(
    ("tables", "rules"),
    [
        ((), ["S1 Call limit", "S1 State call limit", "S4 ", "S5 ", "H6 ", "H9 Workers"]),
        (("contacts",), ["S4 ", "S5 ", "H6 ", "H9 Workers"]),
        (("contacts", "promises"), ["S4 ", "H6 ", "H9 Workers"]),
        (("contacts", "promises", "payment_plans"), ["H6 ", "H9 Workers"]),
    ],
)
def test_rules_whose_tables_are_missing_are_named(tmp_path: Path, tables: tuple[str, ...], rules: list[str]) -> None:
    rows: dict[str, Rows] = {
        "contacts": [contact(1, 30)],
        "promises": [{"promise_id": "M1", "account_id": "A1", "made_on": day(90), "due_on": day(60), "amount": "4.00"}],
        "payment_plans": [plan(started=100, ended=50)],
    }
    with load_extract(write(tmp_path / "extract", **{name: rows[name] for name in tables})) as extract:
        notice = unchecked_rules(extract, read_rules().patient, set())
        for rule in rules:
            assert rule in notice
        assert notice.count(" (") == len(rules)
        assert "S4" not in unchecked_rules(extract, read_rules().patient, {"S4"})


def test_a_rule_whose_column_is_missing_is_named(tmp_path: Path) -> None:
    people: Rows = [{"guarantor_id": "G1", "state": "OH"}, {"guarantor_id": "G2", "state": "OH"}]
    with load_extract(write(tmp_path / "extract", guarantors=people)) as extract:
        notice = unchecked_rules(extract, read_rules().patient, set())
    assert "H5 Guarantor under 18 by birth year (guarantors.birth_year)" in notice


def test_each_rule_shows_its_start_date_and_whether_to_confirm_it() -> None:
    titles = read_rules().titles
    assert titles["S1"][1] == "12 CFR 1006.14(b)(2), since 2021-11-30"
    assert titles["H2"][1] == "state probate law, since 2026-11-01 (confirm with counsel)"


def test_every_rule_in_the_table_is_tested_here() -> None:
    tested = {rule for rule, _, _ in FLAGS.values()} | {"H5", "H6", "H9", "H11", "S1", "S4", "S5"}
    assert {rule.id for rule in read_rules().patient} == tested
    assert {rule.id for rule in read_rules().denial} == {"D1", "D3"}
    suppressing = (*read_rules().patient, *read_rules().denial)
    assert all(rule.title and rule.citation and rule.queue and rule.action for rule in suppressing)


def test_the_first_rule_in_the_table_sets_the_queue_and_all_are_reported(run: Callable[..., Hits]) -> None:
    flags = [flag("account", "A1", "dispute"), flag("account", "A1", "deceased"), flag("account", "A1", "bankruptcy")]
    hits = run(flags=flags)
    assert hits["A1"] == (("H1", "H2", "H8"), "legal")
    assert hits["A2"] == (("H1", "H2"), "legal")


@pytest.mark.parametrize(("ended", "runs"), [(None, True), (3, False), (-3, True)])
def test_a_plan_is_active_until_the_day_it_ended(tmp_path: Path, ended: int | None, runs: bool) -> None:
    plans = [{**plan(started=100), "ended_on": None if ended is None else (AS_OF - timedelta(days=ended)).isoformat()}]
    with load_extract(write(tmp_path / "extract", payment_plans=plans)) as extract:
        assert running_plans(extract.connection, AS_OF) == ({plans[0]["account_id"]} if runs else set())


def test_a_waived_rule_suppresses_nobody(run: Callable[..., Hits]) -> None:
    assert run(waived={"H2"}, flags=[flag("guarantor", "G1", "deceased")]) == {}


def test_an_unknown_rule_cannot_be_waived() -> None:
    waive = (Waiver(rule="H21", reason="a long enough reason"),)
    with pytest.raises(WrongUsageError, match=r"unknown rule 'H21'.*did you mean 'H2'"):
        rules_in_force(read_rules(), ScoringSettings(waive=waive))


@pytest.mark.parametrize(
    ("flags", "known_until", "why"),
    [
        ([], 0, "missing or empty"),
        ([flag("guarantor", "G1", "vip", known=300)], 4, "ends 4 days before the as-of date, 3 days are allowed"),
        ([flag("guarantor", "G1", "vip", known=300)], 3, ""),
        ([flag("guarantor", "G1", "vip", known=30)], None, ""),
        ([flag("guarantor", "G1", "vip", known=31)], None, "newest row is 31 days before .* Declare as_of"),
        ([flag("guarantor", "G1", "vip", known=0)], None, "newest row is 200 days before .* Declare as_of"),
    ],
)
def test_flags_are_trusted_only_when_present_and_recent(
    tmp_path: Path, flags: Rows, known_until: int | None, why: str
) -> None:
    folder = write(tmp_path / "extract", **({"flags": flags} if flags else {}))
    declared = "" if known_until is None else f"as_of = {AS_OF - timedelta(days=known_until)}\n"
    (folder / "extract.toml").write_text(declared, encoding="utf-8")
    with load_extract(folder) as extract:
        message = why_flags_unusable(extract, AS_OF, 3)
    assert re.search(why, message)
    assert bool(why) == bool(message)


@pytest.mark.parametrize(
    ("known", "ended", "days"), [(61, None, 61), (60, None, 0), (300, 4, 0), (300, 90, 90), (-5, None, 0)]
)
def test_a_quiet_flags_feed_is_reported(tmp_path: Path, known: int, ended: int | None, days: int) -> None:
    with load_extract(
        write(tmp_path / "extract", flags=[flag("guarantor", "G1", "vip", known=known, ended=ended)])
    ) as extract:
        notice = flags_look_quiet(extract, AS_OF)
    assert (f"in the last {days} days" in notice) if days else not notice


def test_flags_are_not_trusted_when_a_row_hides_its_subject(tmp_path: Path) -> None:
    flags = [flag("guarantor", f"G{number}", "vip") for number in range(200)]
    flags[7]["subject_id"] = ""
    with load_extract(write(tmp_path / "extract", flags=flags)) as extract:
        assert "whose subject is unknown: 1" in why_flags_unusable(extract, AS_OF, 3)
