"""The family contact of an account's catalog: who was tried, who was reached, what came back."""

from __future__ import annotations

from payrank.features.feature import feature_of
from payrank.features.sources import Count, DaysSinceLast, Latest, Share

STATEMENT = "channel IN ('statement', 'letter') AND direction = 'out'"
CALL = "channel = 'call' AND direction = 'out'"


CONTACT = tuple(
    feature_of("contact", *row)
    for row in (
        (
            "statements_sent",
            "count",
            Count("contacts", STATEMENT, 365),
            "Statements and letters in a year",
            "{value} statement{s} in a year",
            "",
            0,
            "No statement in a year",
        ),
        (
            "calls_90d",
            "count",
            Count("contacts", CALL, 90),
            "Calls out in 90 days",
            "{value} call{s} in 90 days",
            "",
            0,
            "No call in 90 days",
        ),
        (
            "right_party_share",
            "share",
            Share("contacts", "outcome IN ('right_party', 'promise', 'refused', 'dispute')", CALL, 365),
            "Share of calls in a year that reached the guarantor",
            "{value} of calls reached the guarantor",
            "Not called in a year",
            0,
            "No call in a year reached the guarantor",
        ),
        (
            "days_since_conversation",
            "days",
            DaysSinceLast("contacts", "outcome IN ('right_party', 'promise', 'refused', 'dispute')"),
            "Days since the guarantor was last reached",
            "Last conversation {value} ago",
            "Never reached",
        ),
        (
            "last_contact_outcome",
            "category",
            Latest("contacts", "outcome", "outcome IS NOT NULL"),
            "Outcome of the last contact",
            "Last contact: {value}",
            "No contact on record",
        ),
        (
            "mail_returned",
            "count",
            Count("contacts", "outcome IN ('returned', 'wrong_number')"),
            "Returned mail and wrong numbers",
            "{value} returned letter{s} or wrong number{s}",
            "",
            0,
            "No returned mail or wrong number",
        ),
        (
            "days_since_returned",
            "days",
            DaysSinceLast("contacts", "outcome = 'returned'"),
            "Days since mail to the guarantor came back",
            "Mail came back {value} ago",
            "No mail has come back",
        ),
        (
            "portal_views_90d",
            "count",
            Count("contacts", "channel = 'portal'", 90),
            "Portal visits in 90 days",
            "{value} portal visit{s} in 90 days",
            "",
            0,
            "Not on the portal in 90 days",
        ),
        (
            "days_since_portal_view",
            "days",
            DaysSinceLast("contacts", "channel = 'portal'"),
            "Days since the guarantor was last on the portal",
            "Last on the portal {value} ago",
            "Never on the portal",
        ),
        (
            "calls_in_90d",
            "count",
            Count("contacts", "direction = 'in'", 90),
            "Contacts from the guarantor in 90 days",
            "{value} contact{s} from the guarantor in 90 days",
            "",
            0,
            "No contact from the guarantor in 90 days",
        ),
        (
            "refusals",
            "count",
            Count("contacts", "outcome = 'refused'"),
            "Refusals to pay",
            "{value} refusal{s} to pay",
            "",
            0,
            "Has not refused to pay",
        ),
        (
            "attempts_30d",
            "count",
            Count("contacts", "direction = 'out' AND channel IN ('call', 'text', 'email', 'visit')", 30),
            "Calls, texts, emails and visits out in 30 days",
            "{value} attempt{s} to reach the guarantor in 30 days",
            "",
            0,
            "Nobody tried to reach the guarantor in 30 days",
        ),
    )
)
