"""Ledger checks: transfers net to zero, reversals undo their originals, and the ledger matches stated balances."""

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
MAX_REVERSAL_CHAIN = 12
"""Length beyond which a chain of reversals of reversals is not followed."""


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """A count of ledger rows that do not add up, as SQL, and the words for a message: `NUMBER noun description`."""

    query: str
    noun: str
    description: str


LEDGER_CHECKS: tuple[LedgerCheck, ...] = (
    LedgerCheck(
        "FROM (SELECT account_id FROM transactions WHERE kind = 'transfer' GROUP BY account_id "
        "HAVING sum(amount) <> 0)",
        "account",
        "whose transfers do not net to zero. A transfer is two rows: - on one responsibility and + on the other",
    ),
    LedgerCheck(
        f"FROM {REVERSALS} WHERE later.amount <> -original.amount",
        "reversal",
        "whose amount is not the reversed row's with the opposite sign",
    ),
    LedgerCheck(
        f"FROM {REVERSALS} WHERE later.account_id <> original.account_id", "reversal", "of a row on another account"
    ),
    LedgerCheck(
        "FROM (SELECT reverses_id FROM transactions WHERE reverses_id IS NOT NULL GROUP BY reverses_id "
        "HAVING count(*) > 1)",
        "row",
        "reversed more than once",
    ),
    LedgerCheck(
        "FROM transactions WHERE kind = 'charge' AND amount < 0 AND reverses_id IS NULL",
        "charge",
        "below zero that reverses no row",
    ),
    LedgerCheck(
        "FROM transactions WHERE kind IN ('insurance_payment', 'patient_payment') AND amount > 0 "
        "AND reverses_id IS NULL",
        "payment",
        "above zero that reverses no row. In the ledger, amounts that lower the balance are negative",
    ),
)


def check_sums(extract: Extract) -> list[Finding]:
    """Return a finding for each ledger check that fails, with its count."""
    findings = [
        Finding("sums", "transactions", count, f"transactions: {pluralize(count, check.noun)} {check.description}")
        for check in LEDGER_CHECKS
        if (count := int(fetch_one_row(extract.connection, f"SELECT count(*) {check.query}")[0]))
    ]
    cycles = count_cycles(extract)
    if cycles:
        message = f"transactions: {pluralize(cycles, 'row')} in a cycle of reversals, each reversing another"
        findings.append(Finding("sums", "transactions", cycles, message))
    return [*findings, *_check_stated(extract), *_check_declared(extract)]


def count_cycles(extract: Extract) -> int:
    """Count the rows whose chain of reversals leads back to themselves."""
    (count,) = fetch_one_row(
        extract.connection,
        "WITH RECURSIVE links AS (SELECT transaction_id AS row_id, reverses_id AS next_id FROM transactions "
        "WHERE reverses_id IN (SELECT transaction_id FROM transactions WHERE reverses_id IS NOT NULL)), "
        "walk AS (SELECT row_id, next_id, 1 AS step FROM links UNION ALL "
        "SELECT walk.row_id, links.next_id, step + 1 FROM walk JOIN links ON links.row_id = walk.next_id "
        f"WHERE step < {MAX_REVERSAL_CHAIN} AND walk.row_id <> walk.next_id) "
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
    """Name the tables without declared totals, where a file truncated at a line end goes unnoticed."""
    declared = extract.metadata.control_totals
    undeclared = [
        name
        for name, state in extract.tables.items()
        if state.present
        and name != STATED_BALANCES.name
        and (name not in declared or (money_column(name) and declared[name].amount is None))
    ]
    if not undeclared:
        return []
    message = (
        f"no control totals of rows and dollars for {', '.join(undeclared)}: a truncated file would not be detected"
    )
    return [Finding("sums", "", len(undeclared), message)]
