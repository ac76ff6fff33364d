"""What a model card says in words: purpose, what a model may never be used for, its limits, and what to read first."""

from __future__ import annotations

from payrank.models.manifest import Manifest

NOT_FOR = (
    "Never to refuse or delay charity care: a low chance to pay is a reason to offer assistance (26 CFR 1.501(r)).",
    "Never to place an account with an agency, to sue, or to report it: those steps have rules of their own.",
    "Never to set terms, discounts or plans by a protected attribute, nor by this score as a stand-in for one.",
    "Never about care: no appointment and no treatment depends on it.",
    "Not for another hospital, another question or another time than it was trained on, without measuring it there.",
)
"""From the rules that no score outranks."""


def purpose_of(manifest: Manifest) -> tuple[str, ...]:
    """Return what a model predicts and what its list is used for."""
    if manifest.kind == "payment":
        least = f"at least {manifest.min_share:.0%} of the balance" if manifest.min_share else "anything"
        asked = f"whether a patient pays {least} within {manifest.horizon_days} days of a night, and what share is paid"
        use = "It orders the patient balances that staff may work, under rules that no score outranks."
    else:
        asked = "whether a denial that is appealed is overturned, wholly or in part, and what share is recovered"
        use = "It orders the denials to appeal before their deadlines, under rules that no score outranks."
    return (
        f"It estimates {asked}, from what the ledger, contacts and payers had shown before that day.",
        f"{use} The list is sorted by what the work is expected to bring; people decide.",
    )


def limits_of(manifest: Manifest) -> tuple[str, ...]:
    """Return what a reader must not take the figures for."""
    holdout = manifest.evaluation.holdout
    told = [
        f"The metrics cover {holdout.first} to {holdout.last}; later changes (payer rules, prices, the economy) "
        "are seen only by monitoring.",
        "It ranks by what came in the past, when staff already chose whom to call; it does not say what a call "
        "changes.",
        "Intervals tell of other households of the same time and place, not of another year.",
        "A slice or group with few outcomes has a wide interval; read the interval, not the figure.",
    ]
    if manifest.kind == "overturn":
        told.append("Outcomes are seen only of denials that were appealed and decided.")
    if manifest.share.method == "assumed":
        told.append("No share of the amount was known: the whole amount is assumed to come.")
    if manifest.evaluation.holdout.gain_unit == "outcomes":
        told.append("Amounts were unknown: outcomes are counted, not dollars.")
    return tuple(told)


def alarm_lines(manifest: Manifest) -> tuple[str, ...]:
    """Return the alarms and notices of a training, the alarms first."""
    alarms = [f"Alarm: {alarm.text}." for alarm in manifest.evaluation.alarms]
    notices = [f"{text[:1].upper()}{text[1:]}." for text in manifest.notices if not text.startswith("alarm: ")]
    return tuple(one.replace("..", ".") for one in (*alarms, *notices))
