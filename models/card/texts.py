"""The fixed texts of a model card: intended use, prohibited uses, limitations, and alarms."""

from __future__ import annotations

from payrank.models.manifest import Manifest

PROHIBITED_USES = (
    "Never deny or delay charity care because of it: a low probability of payment is a reason to offer financial "
    "assistance (26 CFR 1.501(r)).",
    "Never use it to refer an account to a collection agency, to sue, or to report to a credit bureau: those steps "
    "have rules of their own.",
    "Never set terms, discounts, or payment plans by a protected attribute, or by this score as a proxy for one.",
    "Never use it in clinical decisions: no appointment or treatment may depend on it.",
    "Do not use it for another hospital, question, or period than it was trained on without evaluating it there.",
)
"""From the rules that no score overrides."""


def describe_purpose(manifest: Manifest) -> tuple[str, ...]:
    """Return what the model predicts and what its list is used for."""
    if manifest.kind == "payment":
        amount = f"at least {manifest.min_share:.0%} of the balance" if manifest.min_share else "anything"
        days = manifest.horizon_days
        target = f"whether a patient pays {amount} within {days} days of the snapshot, and what share is paid"
        use = "It ranks the patient balances that staff may work, within rules that no score overrides."
    else:
        target = "whether a denial that is appealed is overturned in whole or in part, and what share is recovered"
        use = "It ranks the denials to appeal before their deadlines, within rules that no score overrides."
    return (
        f"The model predicts {target}, from what the ledger, contacts, and payers had shown before that day.",
        f"{use} The list is sorted by expected recovery. People make the decisions.",
    )


def list_limitations(manifest: Manifest) -> tuple[str, ...]:
    """Return the limitations of the model and of its metrics."""
    holdout = manifest.evaluation.holdout
    limitations = [
        f"The metrics cover {holdout.first} to {holdout.last}. Only monitoring shows later changes, such as payer "
        "rules, prices, or the economy.",
        "The model ranks by what was recovered in the past, when staff already chose whom to call. It does not predict "
        "what a call changes.",
        "Intervals cover other households of the same period and site, not a different year.",
        "A slice or group with few outcomes has a wide interval. Read the interval, not the value.",
    ]
    if manifest.kind == "overturn":
        limitations.append("Outcomes are known only for denials that were appealed and decided.")
    if manifest.share.method == "assumed":
        limitations.append("No recovered share was known, so the full amount is assumed.")
    if holdout.gain_unit == "outcomes":
        limitations.append("Amounts were unknown, so outcomes are counted instead of dollars.")
    return tuple(limitations)


def list_alarms(manifest: Manifest) -> tuple[str, ...]:
    """Return the alarms and notices of a training, the alarms first."""
    alarms = [f"Alarm: {alarm.text}." for alarm in manifest.evaluation.alarms]
    notices = [f"{text[:1].upper()}{text[1:]}." for text in manifest.notices if not text.startswith("alarm: ")]
    return tuple(text.replace("..", ".") for text in (*alarms, *notices))
