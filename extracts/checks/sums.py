"""Sums: transfers that net to zero, reversals that undo their original, and the ledger against stated balances."""

from __future__ import annotations

from dataclasses import dataclass

from payrank.extracts.checks.balance_reconciliation import reconcile_balances
from payrank.extracts.contract.metadata import money_column
from payrank.extracts.contract.tables import STATED_BALANCES
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.finding import Finding
from payrank.extracts.pluralize import pluralize

REVERSALS = "transactions AS later JOIN transactions AS original ON original.transaction_id = later.reverses_id"
LONGEST_CHAIN = 12
"""Reversals of reversals beyond which a chain is no longer followed."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A count of what does not add up in the ledger, as SQL, and how it is told."""

    query: str
    noun: str
    told: str


SUMS: tuple[Sum, ...] = (
    Sum(
        "FROM (SELECT account_id FROM transactions WHERE kind = 'transfer' GROUP BY account_id "
        "HAVING sum(amount) <> 0)",
        "account",
        "whose transfers do not net to zero: a transfer is two rows, - on one responsibility and + on the other",
    ),
    Sum(
        f"FROM {REVERSALS} WHERE later.amount <> -original.amount",
        "reversal",
        "that is not the row reversed with the sign turned",
    ),
    Sum(f"FROM {REVERSALS} WHERE later.account_id <> original.account_id", "reversal", "of another account's row"),
    Sum(
        "FROM (SELECT reverses_id FROM transactions WHERE reverses_id IS NOT NULL GROUP BY reverses_id "
        "HAVING count(*) > 1)",
        "row",
        "reversed more than once",
    ),
    Sum(
        "FROM transactions WHERE kind = 'charge' AND amount < 0 AND reverses_id IS NULL",
        "charge",
        "below zero without a row that it reverses",
    ),
    Sum(
        "FROM transactions WHERE kind IN ('insurance_payment', 'patient_payment') AND amount > 0 "
        "AND reverses_id IS NULL",
        "payment",
        "above zero without a row that it reverses: the ledger's sign is - for what lowers the balance",
    ),
)


def check_sums(extract: Extract) -> list[Finding]:
    """Return what does not add up, each with a count."""
    findings = [
        Finding("sums", "transactions", count, f"transactions: {pluralize(count, one.noun)} {one.told}")
        for one in SUMS
        if (count := int(fetch_one_row(extract.connection, f"SELECT count(*) {one.query}")[0]))
    ]
    cycles = count_cycles(extract)
    if cycles:
        told = f"transactions: {pluralize(cycles, 'row')} in a circle of reversals, each reversing another of them"
        findings.append(Finding("sums", "transactions", cycles, told))
    return [*findings, *_check_stated(extract), *_check_declared(extract)]


def count_cycles(extract: Extract) -> int:
    """Count the rows that reverse themselves by way of others."""
    (count,) = fetch_one_row(
        extract.connection,
        "WITH RECURSIVE links AS (SELECT transaction_id AS row_id, reverses_id AS next_id FROM transactions "
        "WHERE reverses_id IN (SELECT transaction_id FROM transactions WHERE reverses_id IS NOT NULL)), "
        "walk AS (SELECT row_id, next_id, 1 AS step FROM links UNION ALL "
        "SELECT walk.row_id, links.next_id, step + 1 FROM walk JOIN links ON links.row_id = walk.next_id "
        f"WHERE step < {LONGEST_CHAIN} AND walk.row_id <> walk.next_id) "
        "SELECT count(DISTINCT row_id) FROM walk WHERE row_id = next_id",
    )
    return int(count)


def _check_stated(extract: Extract) -> list[Finding]:
    if STATED_BALANCES.name not in extract.tables:
        return []
    balances = reconcile_balances(extract.connection)
    findings = []
    if balances.mismatched:
        message = (
            f"stated_balances: {balances.mismatched:,} of {pluralize(balances.stated, 'balance')} do not match the "
            "ledger"
        )
        findings.append(Finding("sums", STATED_BALANCES.name, balances.mismatched, message))
    if balances.unstated:
        message = f"stated_balances: {pluralize(balances.unstated, 'account')} in the ledger have no stated balance"
        findings.append(Finding("sums", STATED_BALANCES.name, balances.unstated, message))
    return findings


def _check_declared(extract: Extract) -> list[Finding]:
    """Name the tables whose rows, or dollars, nobody declared: there a file cut at a line's end would not be seen."""
    declared = extract.metadata.control_totals
    bare = [
        name
        for name, state in extract.tables.items()
        if state.present
        and name != STATED_BALANCES.name
        and (name not in declared or (money_column(name) and declared[name].amount is None))
    ]
    if not bare:
        return []
    told = f"no control total of rows and dollars is declared for {', '.join(bare)}: a cut file could pass unseen"
    return [Finding("sums", "", len(bare), told)]
