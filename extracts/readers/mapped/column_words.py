"""Common column names in billing exports: account number, HAR, DOS, post date, CARC, ..."""

from __future__ import annotations

import re

_WRITTEN_OUT: dict[str, str] = {
    "account": "acct acc har fin",
    "hospital": "hsp",
    "patient": "pt pat",
    "guarantor": "guar",
    "responsible": "resp",
    "insurance": "ins insur",
    "encounter": "enc encntr csn",
    "service": "svc serv",
    "service date": "dos",
    "birth date": "dob",
    "date": "dt dttm datetime timestamp ts dates",
    "amount": "amt",
    "balance": "bal",
    "charge": "chg chrg chgs charges",
    "payment": "pmt pmts pymt payments paid",
    "adjustment": "adj adjs adjust adjustments",
    "write off": "wo writeoff",
    "transaction": "tx trans txn tran",
    "invoice": "inv",
    "id": "no nbr num number ident identifier",
    "customer": "cust",
    "financial class": "fc",
    "description": "desc",
    "facility": "facil",
    "department": "dept",
    "organization": "org",
    "mrn": "mrn",
    "category": "cat",
    "type": "typ",
    "payer": "payor",
    "claim": "clm",
    "denial": "dnl",
    "reason": "rsn",
    "zip": "zipcode",
    "language": "lang",
}
_SHORT = {short: word for word, shorts in _WRITTEN_OUT.items() for short in shorts.split()}
"""Abbreviation -> word."""

_COLUMN_NAMES: dict[str, str] = {
    "transaction": "transaction id, transaction, entry id, ledger id, activity id, payment id, charge id, id",
    "account": (
        "account id, hospital account id, patient account id, account, visit id, encounter id, encounter, invoice "
        "id, invoice, ticket id, claim id, control id, case id"
    ),
    "guarantor": (
        "guarantor id, guarantor account id, guarantor, responsible party id, responsible party, customer id, "
        "customer, person id, mrn, patient id, patient, member id"
    ),
    "opened": (
        "opened date, opened on, opened, open date, account open date, account date, registration date, reg date, "
        "created date, create date, admit date, admission date, invoice date, due date, due on, service date, date "
        "of service, start, from date, begin date, posted date, post date"
    ),
    "service": (
        "service date, date of service, service from date, service start date, from date, admit date, begin date of "
        "service, start"
    ),
    "posted": (
        "post date, transaction post date, transaction posting date, post, "
        "posted date, posting date, posted on, posted, transaction date, entry date, activity date, "
        "charge date, invoice date, due date, created date, date, from date, service date, date of "
        "service"
    ),
    "paid_on": (
        "payment date, payment on, clear date, cleared date, cleared on, clearing date, settled date, receipt date, "
        "deposit date, date payment"
    ),
    "type": (
        "transaction type, type, transaction category, transaction kind, kind, entry type, activity type, "
        "transaction type name, tx type, transaction code description, category, transaction class"
    ),
    "amount": "amount, transaction amount, invoice amount, total amount, value, total open amount, dollars",
    "charge_amount": (
        "charge amount, charge, total charge, total charge amount, gross charge, billed amount, billed, original amount"
    ),
    "payment_amount": "payment amount, payment, total payment, total payment amount, receipts, patient payment",
    "insurance_payment_amount": "insurance payment, insurance payment amount, payer payment, total insurance payment",
    "patient_payment_amount": "patient payment amount, total patient payment, self pay payment",
    "adjustment_amount": "adjustment amount, adjustment, total adjustment, contractual, contractual adjustment",
    "transfer_amount": "transfers, transfer amount, transfer",
    "balance": "balance, account balance, current balance, outstanding balance, outstanding, total balance",
    "payer": "payer id, payer, insurance id, plan id, payer code, insurance plan id, insurance, primary payer id",
    "payer_name": "payer name, insurance name, plan name, insurance company, payer, name",
    "payer_class": "payer class, financial class, payer type, plan type, ownership",
    "patient_class": "patient class, patient type, encounter type, encounter class, visit type",
    "facility": "facility, facility id, location, location id, hospital, site",
    "service_line": "service line, department, department id, specialty, hospital service",
    "denial": "denial id, denial, reference id, denial key, bdc id, remit id",
    "claim": "claim id, claim, icn, invoice id",
    "denied": "denial date, denied date, denied on, remit date, remittance date, adjudication date, decision date",
    "denied_amount": "denied amount, denial amount, amount denied, amount at risk, charge amount",
    "carc": "carc, carc code, reason code, denial code, denial reason code, adjustment reason code, cas reason",
    "group_code": "group code, carc group, claim adjustment group code, adjustment group code, cagc",
    "rarc": "rarc, remark code, rarc code, remittance remark code",
    "appeal_due": "appeal due date, appeal deadline, appeal by date, appeal due on, timely filing date",
    "appealed": "appeal date, appealed date, appeal filed date, date appealed, appeal sent date, filed on",
    "decided": "decision date, decided on, determination date, outcome date, appeal outcome date",
    "outcome": "outcome, determination, appeal outcome, decision, appeal decision, result",
    "recovered": "recovered amount, amount recovered, recovery amount, overturned amount",
    "year": "report year, year, decision year",
    "state": "state, guarantor state, patient state",
    "language": "language, preferred language",
}
ROLES: dict[str, tuple[str, ...]] = {role: tuple(names.split(", ")) for role, names in _COLUMN_NAMES.items()}
"""Role -> names of such a column, most certain first, without abbreviations."""
_VOCABULARY = frozenset(word for names in ROLES.values() for name in names for word in name.split())
_OTHER_COLUMN_WORDS = frozenset(
    "name first last middle ssn birth dob sex gender race ethnicity address street city county phone email zip status "
    "code note comment user source plan group policy subscriber relation provider physician doctor npi tax cpt hcpcs "
    "drg icd diagnosis procedure modifier quantity units qty revenue fee rate percent age days aging bucket month "
    "quarter period check batch deposit bank flag count line sequence version row record key guid uuid ref reference "
    "total sum net gross cost price currency".split()
)
"""Words in the names of other columns of such exports."""
_LEVEL_WORDS = frozenset(
    "a an and as at by for from in of on or the to with non no not other misc miscellaneous all total new old "
    "payment payments pay paid pmt pmts pymt pymts receipt receipts deposit deposits prepayment prepay overpayment "
    "charge charges chg chgs charged charging fee fees invoice invoices debit debits credit credits procedure memo "
    "adjustment adjustments adj adjs adjust adjusted adjusting contract contractual contractuals allowance allowances "
    "write writeoff writeoffs off wo discount discounts prompt courtesy uninsured interest finance penalty rebate "
    "insurance insurances ins insur insurer payer payers payor payors third party carrier commercial managed care "
    "medicare medicaid tricare workers worker comp compensation hmo ppo government primary secondary tertiary era eob "
    "remit remittance remittances electronic eft ach lockbox hospital professional facility technical hb pb "
    "patient patients pt self guarantor guarantors personal cash card cards check checks copay copays copayment "
    "coinsurance coins deductible ded portal online phone counter plan installment "
    "bad debt debts collection collections collect collected agency agencies recovery recoveries placement placed "
    "charity financial assistance assist assisted aid hardship sliding scale small bal balance balances low "
    "transfer transfers transferred xfer responsibility next bucket refund refunds refunded "
    "reversal reversals reverse reversed void voids voided correction corrections corrected cancelled canceled "
    "posting posted unposted unapplied applied late automatic auto system manual type transaction account acct ar bd "
    "denial denials denied deny outcome appeal appeals appealed decision decisions determination health review "
    "overturn overturned partial partially approved approval favorable favorable unfavorable unfavorable favorably "
    "won lost uphold upheld withdrawn withdraw withdrew dismissed pending open closed "
    "inpatient inpat outpatient outpat emergency emer emerg ed er ip op room department ambulatory ambul observation "
    "obs clinic office wellness visit visits urgent surgery surgical day recurring series encounter class inpat "
    "admission hospice newborn home rehab rehabilitation telehealth virtual lab laboratory radiology pharmacy "
    "i o e p x r w".split()
)
"""A draft shows a level only if all its words are in this list. None of them can identify a person."""

KINDS: tuple[tuple[str, str], ...] = (
    (r"transfer", "transfer"),
    (r"refund", "refund"),
    (r"bad ?debt|collection agency", "bad_debt_write_off"),
    (r"charity|financial assist|assistance", "charity_adjustment"),
    (r"small ?bal", "small_balance_write_off"),
    (r"contract|allowance", "contractual_adjustment"),
    (r"interest|finance charge", "interest"),
    (r"(insurance|payer|third|medicare|medicaid|carrier|835|eob|remit).*(pay|pmt|pymt)", "insurance_payment"),
    (r"(patient|self|guarantor|cash|copay|credit card).*(pay|pmt|pymt)|copay", "patient_payment"),
    (r"write|adj|discount|credit memo", "other_adjustment"),
    (r"charge|chg|invoice|debit|procedure", "charge"),
    (r"pay|pmt|pymt|receipt", "payment"),
)
"""Pattern in the wording of a transaction type -> kind. `payment` alone could be a patient's or an insurer's."""

OUTCOMES: tuple[tuple[str, str], ...] = (
    (r"partial", "partially_overturned"),
    (r"overturn|approved|favou?rable|won|reversed|paid", "overturned"),
    (r"uphold|upheld|denied|unfavou?rable|lost", "upheld"),
    (r"withdr", "withdrawn"),
)


PATIENT_CLASSES: tuple[tuple[str, str], ...] = (
    (r"^in|inpat", "inpatient"),
    (r"emerg|^ed$|^er$", "emergency"),
    (r"^out|outpat|ambul|observ", "outpatient"),
    (r"clinic|office|wellness", "clinic"),
)


def find_patient_class(text: str) -> str | None:
    """Return the patient class for a source's wording, or None.

    >>> find_patient_class("IP Inpatient"), find_patient_class("Recurring")
    ('inpatient', None)
    """
    return _find(PATIENT_CLASSES, text)


def normalize(name: str) -> str:
    """Return a column's name as plain words, without abbreviations.

    >>> normalize("PATIENTID"), normalize("Fin Class"), normalize("TX_TYPE_HA_C_NAME")
    ('patient id', 'financial class', 'transaction type')
    >>> normalize("Acct #"), normalize("TX_POST_DT"), normalize("PatientID"), normalize("invoice_no")
    ('account id', 'transaction post date', 'patient id', 'invoice id')
    """
    name = re.sub(
        r"(?i)(_ha)?_c_name$|\bfin(?=[ _]?class)", lambda match: "financial" if match[0][0] in "fF" else "", name
    )
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.replace("#", " id "))
    words = re.findall(r"[a-z0-9]+", spaced.casefold())
    return " ".join(_SHORT.get(part, part) for word in words for part in _split(word))


def _split(word: str) -> tuple[str, ...]:
    """Split two known words that are written as one, such as PATIENTID. Other words are unchanged."""
    if word in _SHORT or word in _VOCABULARY:
        return (word,)
    for place in range(2, len(word) - 1):
        if word[:place] in _VOCABULARY and word[place:] in _VOCABULARY:
            return (word[:place], word[place:])
    return (word,)


def find_kind(text: str) -> str | None:
    """Return the transaction kind for a source's wording, or None.

    >>> find_kind("Insurance Payment"), find_kind("CHARGE"), find_kind("Payment"), find_kind("Note")
    ('insurance_payment', 'charge', 'payment', None)
    """
    return _find(KINDS, text)


def find_outcome(text: str) -> str | None:
    """Return the appeal outcome for a source's wording, or None.

    >>> find_outcome("Upheld Decision of Health Plan"), find_outcome("Pending")
    ('upheld', None)
    """
    return _find(OUTCOMES, text)


def has_billing_word(name: str) -> bool:
    """Return whether a column's name has a billing term.

    >>> has_billing_word("Acct #"), has_billing_word("LAST_NAME"), has_billing_word("SMITH")
    (True, True, False)
    """
    return any(word in _VOCABULARY or word in _OTHER_COLUMN_WORDS for word in normalize(name).split())


def is_plain_wording(text: str) -> bool:
    """Return whether a text consists only of billing terms, so that it cannot name a person or a disease.

    >>> is_plain_wording("Bad Debt Write-Off"), is_plain_wording("Payment from Robert Smith")
    (True, False)
    """
    words = re.findall(r"[^\W_]+", text.casefold())
    return bool(words) and all(word in _LEVEL_WORDS for word in words)


def _find(words: tuple[tuple[str, str], ...], text: str) -> str | None:
    if not is_plain_wording(text):
        return None
    return next((meaning for pattern, meaning in words if re.search(pattern, text.casefold())), None)
