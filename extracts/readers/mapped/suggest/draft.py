"""Draft the blocks of a mapping: what each column becomes, and the questions that the user must answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from payrank.extracts.contract.source_file import quote_name, quote_text
from payrank.extracts.contract.tables import table as contract_table
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.mapped.column_words import find_kind, find_outcome, find_patient_class
from payrank.extracts.readers.mapped.suggest.match import find_roles
from payrank.extracts.readers.mapped.suggest.profile import Profile, read_level, read_profiles
from payrank.extracts.readers.mapped.suggest.raw_tables import RawTable

PATIENT_KINDS = ("patient_payment", "charity_adjustment", "small_balance_write_off", "bad_debt_write_off")


@dataclass(slots=True)
class Draft:
    """A drafted block: `columns` maps canonical column -> (expression, reason). The user must answer `questions`.

    `options` has columns that need an answer first. `marks` are the decimal marks of its money, if any.
    """

    table: str
    source: RawTable
    where: str | None = None
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    options: dict[str, tuple[str, str]] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)

    @property
    def missing(self) -> list[str]:
        """Required columns without a source column."""
        required = [column.name for column in contract_table(self.table).columns if column.required]
        return [name for name in required if name not in self.columns]


class Drafting:
    """Drafts the blocks of one table."""

    def __init__(self, source: RawTable) -> None:
        self.source = source
        self.profiles = read_profiles(source)
        self.roles = find_roles(self.profiles)
        self.used: set[str] = set()
        self.level: dict[str, Profile] = {}

    def run(self) -> list[Draft]:
        """Draft a block for every kind of row that the table seems to have."""
        drafts: list[Draft] = []
        if self.is_denials():
            drafts += self.draft_denials()
        elif self.roles.keys() & {"amount", "charge_amount", "payment_amount", "balance"} and "account" in self.roles:
            drafts += self.draft_ledger()
        elif "account" in self.roles and "guarantor" in self.roles and "opened" in self.roles:
            drafts.append(self.draft_accounts())
        elif "payer" in self.roles and "payer_name" in self.roles and self.profile("payer").is_key:
            drafts.append(self.draft_payers())
        return drafts

    def is_denials(self) -> bool:
        """Return whether the rows are denials: they have an ID, and a code, date, or outcome that only denials have."""
        signals = self.roles.keys() & {"carc", "outcome", "denied", "rarc", "appeal_due", "appealed"}
        return "denial" in self.roles and bool(signals)

    def profile(self, role: str) -> Profile:
        """Return the profile of the column with a role."""
        return self.profiles[self.roles[role]]

    def use_column(self, role: str) -> str | None:
        """Return the column with a role, if any, and mark it as used."""
        name = self.roles.get(role)
        if name is not None:
            self.used.add(name)
        return name

    def put(self, draft: Draft, column: str, role: str) -> None:
        """Map a canonical column to the column with a role, if there is one."""
        name = self.use_column(role)
        if name is not None:
            draft.columns[column] = (name, f"from its name; {_describe(self.profiles[name])}")

    def put_day(self, draft: Draft, column: str, role: str) -> None:
        """Map a date in the one format that all its values fit. Several formats that fit are a question."""
        name = self.use_column(role)
        if name is None:
            return
        formats, unread = self.profiles[name].formats, self.describe_unread(name)
        if "y-m-d" in formats and not self.profiles[name].padded:
            draft.columns[column] = (name, f"ISO dates{unread}")
        elif len(formats) == 1:
            draft.columns[column] = (_day(name, formats[0]), f"every value fits only {formats[0]}{unread}")
        else:
            draft.options[column] = (_day(name, formats[0]), f"every value fits {' and '.join(formats)}{unread}")
            draft.questions.append(
                f"{name}: which is right, {' or '.join(formats)}? Its values fit both."
                if len(formats) == 2
                else f"{name}: which of {', '.join(formats)} is right? Its values fit all of them."
            )

    def put_money(self, draft: Draft, column: str, name: str, *, lowers: bool | None) -> None:
        """Map dollars with the ledger's sign: amounts that lower the balance are negative, however they are written."""
        self.used.add(name)
        profile = (self.level or self.profiles)[name]
        marks = self.profiles[name].marks
        draft.marks |= set(marks) if len(marks) == 1 else set()
        read, unread = f"dollars({quote_name(name)})", self.describe_unread(name)
        if lowers and profile.negative < 0.5:
            draft.columns[column] = (f"-{read}", f"written as positive, but lowers the balance{unread}")
        else:
            draft.columns[column] = (read, f"{'as' if lowers is not None else 'sign as'} written{unread}")
        if 0 < profile.negative < 1 and lowers is not None:
            draft.questions.append(f"{name}: some values are negative. Are they reversals, or is the sign different?")

    def describe_unread(self, name: str) -> str:
        """Describe how many cells of a date or dollar column cannot be read. Their rows would be quarantined."""
        profile = self.profiles[name]
        if not profile.unread:
            return ""
        cells = pluralize(profile.unread, "cell")
        return (
            f"; {cells} of {profile.rows:,} cannot be read this way, and the import quarantines their rows (up to 1%)"
        )

    def draft_accounts(self) -> Draft:
        """Draft accounts, one per row."""
        draft = Draft("accounts", self.source)
        self.put(draft, "account_id", "account")
        self.put(draft, "guarantor_id", "guarantor")
        self.put_day(draft, "opened_on", "opened")
        self.put_day(draft, "service_on", "service")
        for column in ("service_line", "facility"):
            self.put(draft, column, column)
        if "patient_class" in self.roles:
            self.put_levels(draft, "patient_class", "patient_class", find_patient_class, "'other'")
        if "guarantor" not in self.roles:
            draft.questions.append("Who is responsible for the account? Map guarantor_id, or use the account itself.")
        if "account" in self.roles and not self.profile("account").is_key:
            draft.questions.append(
                f"{self.roles['account']} is in several rows. If they differ in a mapped column, the import is refused."
            )
        return draft

    def draft_payers(self) -> Draft:
        """Draft payers, one per row. The class of each payer is a question."""
        draft = Draft("payers", self.source)
        self.put(draft, "payer_id", "payer")
        self.put(draft, "payer_name", "payer_name")
        if "payer_class" in self.roles:
            draft.options["payer_class"] = (self.roles["payer_class"], "in the source's own words")
        draft.questions.append("payer_class: which class of the contract is each payer? Write a CASE over its values.")
        return draft

    def draft_ledger(self) -> list[Draft]:
        """Draft accounts and transactions from rows with an account and dollars."""
        drafts = []
        if "guarantor" in self.roles and "opened" in self.roles and "type" not in self.roles:
            drafts.append(self.draft_accounts())
        if self.known_levels():
            return [*drafts, *self.draft_typed()]
        if "charge_amount" in self.roles or "amount" in self.roles:
            drafts.append(self.draft_entry("charge", self.roles.get("charge_amount", self.roles.get("amount", ""))))
            if "paid_on" in self.roles:
                drafts.append(self.draft_payment())
        elif "balance" in self.roles:
            draft = self.draft_entry("charge", self.roles["balance"])
            draft.questions.append(
                "A balance is not a ledger. Without charges and payments, a model cannot learn to predict payments."
            )
            drafts.append(draft)
        for draft in drafts:
            if draft.table == "transactions":
                self.doubt_kind(draft)
        return drafts

    def doubt_kind(self, draft: Draft) -> None:
        """Leave the kind open if rows of several kinds are mixed, so that no payment is imported as a charge."""
        amounts = [self.profiles[name] for role in ("amount", "charge_amount") if (name := self.roles.get(role))]
        if "type" in self.roles:
            draft.questions.append(
                f"{self.roles['type']} distinguishes kinds of rows, with values too many or too rare to show here. "
                "Write one block per kind, each with a where."
            )
        elif any(0 < profile.negative < 1 for profile in amounts):
            draft.questions.append("Some amounts are negative: which rows are charges, and which are payments?")
        else:
            return
        draft.columns.pop("kind", None)

    def known_levels(self) -> list[str]:
        """Return the levels of the type column that name kinds of transactions, if most of them do.

        Other levels are never shown, because a column named like a category may contain people's names.
        """
        levels = self.profile("type").levels if "type" in self.roles else ()
        known = [level for level in levels if find_kind(level) is not None]
        return known if 2 * len(known) >= len(levels) else []

    def draft_typed(self) -> list[Draft]:
        """Draft a block for each level of the type column."""
        name = self.roles["type"]
        self.used.add(name)
        drafts = []
        levels = self.known_levels()
        for level in levels:
            kind = find_kind(level) or ""
            self.level = read_level(self.source, name, level)
            amount = self._amount_of(kind)
            if amount is None:
                continue
            draft = self.draft_entry(kind, amount, level)
            draft.where = f"{quote_name(name)} = {quote_text(level)}"
            if kind == "payment":
                self.put_payer_of(draft)
            if kind == "transfer":
                draft.questions.append(
                    "In which direction does it move the balance? A transfer is two rows that sum to zero."
                )
            drafts.append(draft)
        self.level = {}
        others = len(self.profile("type").levels) - len(levels)
        if others and drafts:
            drafts[-1].questions.append(
                f"{name} has {others} more values that do not name a known kind. What are they?"
            )
        return drafts

    def put_payer_of(self, draft: Draft) -> None:
        """Decide by the payer column whether a payment is an insurer's or a patient's. Without it, ask."""
        name = self.roles.get("payer")
        if name is None:
            draft.questions.append("Whose payment is it? The block is commented out until kind is mapped.")
            draft.columns.pop("kind")
            return
        for column, ending in (("kind", "_payment"), ("responsibility", "")):
            patient, insurance = quote_text(f"patient{ending}"), quote_text(f"insurance{ending}")
            sql = f"CASE WHEN {quote_name(name)} IS NULL THEN {patient} ELSE {insurance} END"
            draft.columns[column] = (sql, "guess: a payment without a payer is the patient's")

    def _amount_of(self, kind: str | None) -> str | None:
        """Choose the money column for rows of this kind: the one named after the kind, or a general amount column."""
        money = {name: profile.filled for name, profile in self.level.items() if self.profiles[name].mark is not None}
        named = {
            "charge": "charge_amount",
            "transfer": "transfer_amount",
            "insurance_payment": "payment_amount",
            "patient_payment": "payment_amount",
            "payment": "payment_amount",
        }.get(kind or "", "adjustment_amount" if kind and ("adjust" in kind or "write" in kind) else "amount")
        for role in (named, "amount", "charge_amount"):
            name = self.roles.get(role)
            if name is not None and money.get(name, 0) > 0:
                return name
        return None

    def draft_entry(self, kind: str, amount: str, level: str | None = None) -> Draft:
        """Draft a block for one kind of transaction."""
        draft = Draft("transactions", self.source)
        self.put_transaction_id(draft, kind)
        self.put(draft, "account_id", "account")
        self.put_day(draft, "posted_on", "posted")
        if "service" in self.roles and self.roles["service"] != self.roles.get("posted"):
            self.put_day(draft, "effective_on", "service")
        responsibility = self._guess_responsibility(kind, level)
        kind_name = kind if kind != "payment" else f"{responsibility}_payment"
        draft.columns["kind"] = (
            quote_text(kind_name),
            f"from the type {level!r}" if level else "every row of the file",
        )
        lowers = None if kind == "transfer" else kind not in {"charge", "refund", "interest"}
        self.put_money(draft, "amount", amount, lowers=lowers)
        draft.columns["responsibility"] = (quote_text(responsibility), "guess: who owes, or paid, this amount?")
        draft.questions.append("responsibility: is it patient or insurance?")
        if "payer" in self.roles:
            self.put(draft, "payer_id", "payer")
        return draft

    def _guess_responsibility(self, kind: str, level: str | None) -> str:
        text = (level or "").casefold()
        if kind in PATIENT_KINDS or "patient" in text or "self" in text:
            return "patient"
        if kind in {"insurance_payment", "contractual_adjustment"} or "insur" in text or "payer" in text:
            return "insurance"
        return "insurance" if "payer" in self.roles and kind in {"charge", "other_adjustment"} else "patient"

    def draft_payment(self) -> Draft:
        """Draft payments from rows with the date on which they were paid."""
        draft = self.draft_entry("payment", self.roles.get("payment_amount", self.roles.get("amount", "")))
        name = self.roles["paid_on"]
        draft.where = f"{quote_name(name)} IS NOT NULL"
        draft.columns.pop("posted_on", None)
        draft.columns.pop("effective_on", None)
        self.put_day(draft, "posted_on", "paid_on")
        draft.questions.append(f"Is a row with {name} paid in full on that date?")
        return draft

    def put_transaction_id(self, draft: Draft, kind: str) -> None:
        """Map a column that is a key by its contents. Without one, map the row number and add a question."""
        name = self.roles.get("transaction")
        if name is not None and self.profiles[name].is_key:
            self.used.add(name)
            draft.columns["transaction_id"] = (name, "its values are unique")
        elif "account" in self.roles and self.profile("account").is_key:
            sql = f"'{kind}-' || {quote_name(self.roles['account'])}"
            draft.columns["transaction_id"] = (sql, "account IDs are unique")
        else:
            sql = "source_file || '-' || source_row"
            draft.columns["transaction_id"] = (sql, "no key was found; this one changes when the file does")
            draft.questions.append("transaction_id: which columns together identify a row?")

    def draft_denials(self) -> list[Draft]:
        """Draft denials, and appeals if the table has outcomes."""
        denials = Draft("denials", self.source)
        self.put(denials, "denial_id", "denial")
        for column, role in (("account_id", "account"), ("claim_id", "claim"), ("payer_id", "payer")):
            self.put(denials, column, role)
        self._put_day_or_year(denials, "denied_on", "denied", before=1)
        if "denied_amount" in self.roles:
            self.put_money(denials, "denied_amount", self.roles["denied_amount"], lowers=None)
        for column in ("group_code", "carc", "rarc"):
            self.put(denials, column, column)
        self.put_day(denials, "appeal_due_on", "appeal_due")
        if "denial" in self.roles and not self.profile("denial").is_key:
            denials.questions.append(f"{self.roles['denial']} is in several rows. What identifies a denial?")
        if "outcome" not in self.roles and "appealed" not in self.roles:
            return [denials]
        return [denials, self.draft_appeals()]

    def draft_appeals(self) -> Draft:
        """Draft appeals from rows with a denial's outcome."""
        draft = Draft("appeals", self.source)
        self.used.add(self.roles["denial"])
        draft.columns["appeal_id"] = (f"{quote_name(self.roles['denial'])} || '-1'", "guess: one appeal per denial")
        self.put(draft, "denial_id", "denial")
        self._put_day_or_year(draft, "filed_on", "appealed", before=1)
        self._put_day_or_year(draft, "decided_on", "decided", before=0)
        if "outcome" in self.roles:
            self.put_levels(draft, "outcome", "outcome", find_outcome, quote_name(self.roles["outcome"]))
        return draft

    def put_levels(
        self, draft: Draft, column: str, role: str, find: Callable[[str], str | None], otherwise: str
    ) -> None:
        """Map levels by their wording. Other levels become `otherwise`, and null stays null."""
        name = self.roles[role]
        self.used.add(name)
        cases = [(level, find(level)) for level in self.profiles[name].levels]
        known = "\n  ".join(
            f"WHEN {quote_text(level)} THEN {quote_text(canonical)}" for level, canonical in cases if canonical
        )
        if not known:
            draft.questions.append(f"{column}: what do the values of {name} mean? Write a CASE over them.")
            return
        source = quote_name(name)
        rest = otherwise if otherwise == source else f"CASE WHEN {source} IS NOT NULL THEN {otherwise} END"
        draft.columns[column] = (f"CASE {source}\n  {known}\n  ELSE {rest} END", "from the wording of its levels")

    def _put_day_or_year(self, draft: Draft, column: str, role: str, *, before: int) -> None:
        """Map a date. If there is only a year, map its last day, or the last day of an earlier year (`before`)."""
        self.put_day(draft, column, role)
        if column in draft.columns or column in draft.options or "year" not in self.roles:
            return
        name = self.roles["year"]
        self.used.add(name)
        year = f"CAST({quote_name(name)} AS INTEGER)" + (f" - {before}" if before else "")
        draft.columns[column] = (f"make_date({year}, 12, 31)", "guess: the source has only the year")
        draft.questions.append(f"{column}: is {name} the year of the decision? An exact date is better.")


def _describe(profile: Profile) -> str:
    filled = profile.filled / profile.rows if profile.rows else 0.0
    return f"{filled:.0%} filled" + (", unique" if profile.is_key else "")


def _day(name: str, order: str) -> str:
    return f"day({quote_name(name)}, {quote_text(order)})"
