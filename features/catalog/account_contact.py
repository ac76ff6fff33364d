"""Contact features of an account: who was contacted, who was reached, and what was returned."""

from __future__ import annotations

from payrank.features.feature import Feature
from payrank.features.sources import Count, DaysSinceLast, Latest, Share

STATEMENT = "channel IN ('statement', 'letter') AND direction = 'out'"
CALL = "channel = 'call' AND direction = 'out'"


CONTACT: tuple[Feature, ...] = (
    Feature(
        name="statements_sent",
        meaning="Statements and letters sent in the last year",
        unit="count",
        family="contact",
        source=Count("contacts", where=STATEMENT, within_days=365),
        phrase="{value} statement{s} sent in the last year",
        when_zero="No statement sent in the last year",
    ),
    Feature(
        name="calls_90d",
        meaning="Outbound calls in the last 90 days",
        unit="count",
        family="contact",
        source=Count("contacts", where=CALL, within_days=90),
        phrase="{value} call{s} made in the last 90 days",
        when_zero="No calls made in the last 90 days",
    ),
    Feature(
        name="right_party_share",
        meaning="Share of calls in the last year that reached the guarantor",
        unit="share",
        family="contact",
        source=Share(
            "contacts", hit="outcome IN ('right_party', 'promise', 'refused', 'dispute')", where=CALL, within_days=365
        ),
        phrase="{value} of calls in the last year reached the guarantor",
        when_unknown="Not called in the last year",
        when_zero="No call in the last year reached the guarantor",
    ),
    Feature(
        name="days_since_conversation",
        meaning="Days since the guarantor was last reached",
        unit="days",
        family="contact",
        source=DaysSinceLast("contacts", where="outcome IN ('right_party', 'promise', 'refused', 'dispute')"),
        phrase="Guarantor last reached {value} ago",
        when_unknown="Guarantor never reached",
    ),
    Feature(
        name="last_contact_outcome",
        meaning="Outcome of the last contact",
        unit="category",
        family="contact",
        source=Latest("contacts", "outcome", where="outcome IS NOT NULL"),
        phrase="Last contact: {value}",
        when_unknown="No contact on record",
    ),
    Feature(
        name="mail_returned",
        meaning="Returned mail and wrong numbers",
        unit="count",
        family="contact",
        source=Count("contacts", where="outcome IN ('returned', 'wrong_number')"),
        phrase="{value} returned letter{s} or wrong number{s}",
        when_zero="No returned mail or wrong number",
    ),
    Feature(
        name="days_since_returned",
        meaning="Days since mail to the guarantor was last returned",
        unit="days",
        family="contact",
        source=DaysSinceLast("contacts", where="outcome = 'returned'"),
        phrase="Mail returned {value} ago",
        when_unknown="No returned mail",
    ),
    Feature(
        name="portal_views_90d",
        meaning="Portal visits in the last 90 days",
        unit="count",
        family="contact",
        source=Count("contacts", where="channel = 'portal'", within_days=90),
        phrase="{value} portal visit{s} in the last 90 days",
        when_zero="No portal visits in the last 90 days",
    ),
    Feature(
        name="days_since_portal_view",
        meaning="Days since the guarantor last visited the portal",
        unit="days",
        family="contact",
        source=DaysSinceLast("contacts", where="channel = 'portal'"),
        phrase="Last portal visit {value} ago",
        when_unknown="Never visited the portal",
    ),
    Feature(
        name="calls_in_90d",
        meaning="Contacts from the guarantor in the last 90 days",
        unit="count",
        family="contact",
        source=Count("contacts", where="direction = 'in'", within_days=90),
        phrase="{value} contact{s} from the guarantor in the last 90 days",
        when_zero="No contact from the guarantor in the last 90 days",
    ),
    Feature(
        name="refusals",
        meaning="Times the guarantor refused to pay",
        unit="count",
        family="contact",
        source=Count("contacts", where="outcome = 'refused'"),
        phrase="Refused to pay {value} time{s}",
        when_zero="Has never refused to pay",
    ),
    Feature(
        name="attempts_30d",
        meaning="Outbound calls, texts, emails, and visits in the last 30 days",
        unit="count",
        family="contact",
        source=Count(
            "contacts", where="direction = 'out' AND channel IN ('call', 'text', 'email', 'visit')", within_days=30
        ),
        phrase="{value} attempt{s} to reach the guarantor in the last 30 days",
        when_zero="No attempt to reach the guarantor in the last 30 days",
    ),
)
