"""One recommended next action for a line, with the rule behind it.

A low chance leads to help, never to pressure: assistance screening or a plan, not agency.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoring.settings import ScoringSettings

FOLLOW_UP = "follow_up"
"""Queue of a denial whose appeal is filed and not decided."""


@dataclass(frozen=True, slots=True)
class Action:
    """What to do, why, and in which queue it is done."""

    queue: str
    action: str
    why: str


@dataclass(frozen=True, slots=True)
class Household:
    """What the action of a patient line depends on.

    Dollars; `text_consent` None means unknown; `unreachable` that the last contact came back; `on_plan` that a payment
    plan runs, which, as the line is listed, missed an instalment (rule S4).
    """

    balance: float
    probability: float
    statements: float | None
    text_consent: bool | None
    unreachable: bool
    on_plan: bool = False


def patient_action(household: Household, settings: ScoringSettings) -> Action:
    """Return the next action with a guarantor.

    >>> patient_action(Household(2400.0, 0.05, 2, None, False), ScoringSettings()).action
    'Offer screening for financial assistance'
    >>> patient_action(Household(2400.0, 0.5, 2, None, False), ScoringSettings()).action
    'Offer a payment plan of $200 a month'
    """
    first = _before_an_offer(household)
    if first is not None:
        return first
    if (
        household.balance >= settings.assistance_from_dollars
        and household.probability < settings.assistance_below_probability
    ):
        return Action(
            "assistance_screening",
            "Offer screening for financial assistance",
            "A large balance with a small chance of payment: help before pressure",
        )
    if household.balance >= settings.plan_from_dollars:
        instalment = -(-household.balance // settings.plan_months)
        return Action(
            "payment_plan_offer",
            f"Offer a payment plan of ${instalment:,.0f} a month",
            f"Balance of ${settings.plan_from_dollars:,.0f} or more, spread over {settings.plan_months} months",
        )
    if household.text_consent:
        return Action("text", "Send a text with a link to pay", "Consented to texts; a small balance")
    return Action("call", "Call, by hand", "No consent to texts on record (rule S7)")


def _before_an_offer(household: Household) -> Action | None:
    """What must be put right before anything is offered: the address, the first statement, a plan that slipped."""
    if household.unreachable:
        return Action(
            "address", "Find the current address", "The last contact came back: returned mail or a wrong number"
        )
    if household.statements == 0:
        return Action("statement", "Send a first statement", "No statement has been sent yet")
    if household.on_plan:
        return Action(
            "plan_missed",
            "Ask about the missed instalment",
            "A payment plan is running and an instalment was missed: adjust the plan before anything else (rule S4)",
        )
    return None


_BY_CARC = {
    "16": ("corrected_claim", "Correct the claim and send it again", "The remark code says what is missing"),
    "22": ("rebill", "Bill the payer that comes first", "Coordination of benefits: an appeal is not needed"),
    "29": ("appeal", "Appeal with proof of timely filing", "Only proof of filing in time wins this"),
    "109": ("rebill", "Bill the right payer", "The claim went to the wrong payer"),
    "252": ("corrected_claim", "Send the attachment that was asked for", "The payer waits for a document"),
    "226": ("corrected_claim", "Send the information that was asked for", "The payer waits for information"),
    "50": ("appeal", "Ask for a peer-to-peer review, then appeal", "Medical necessity is argued by clinicians"),
}


def denial_action(carc: str, level: int, *, pending: bool) -> Action:
    """Return the next action on a denial; `level` is the highest level appealed so far.

    >>> denial_action("197", 0, pending=False).action
    'Appeal, level 1'
    """
    if pending:
        return Action(FOLLOW_UP, "Ask the payer for a decision", "An appeal is filed and not decided")
    if level == 0 and carc in _BY_CARC:
        return Action(*_BY_CARC[carc])
    return Action("appeal", f"Appeal, level {level + 1}", "Open and in time")
