"""The trade's words for a column, as people write them in exports: account number, HAR, DOS, post date, CARC, ..."""

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
"""What short forms stand for."""

_CALLED: dict[str, str] = {
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
        "post date, transaction post date, transaction posting date, "
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
ROLES: dict[str, tuple[str, ...]] = {role: tuple(called.split(", ")) for role, called in _CALLED.items()}
"""Role -> what such a column is called, the surest first, short forms written out."""
_VOCABULARY = frozenset(word for called in ROLES.values() for name in called for word in name.split())

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
"""How a type of transaction is worded -> the kind; `payment` alone does not say whose."""

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
    """Tell the class of a patient from how it is worded.

    >>> find_patient_class("IP Inpatient"), find_patient_class("Recurring")
    ('inpatient', None)
    """
    return _find(PATIENT_CLASSES, text)


def normalise(name: str) -> str:
    """Write a column's name as plain words, short forms written out.

    >>> normalise("PATIENTID"), normalise("Fin Class"), normalise("TX_TYPE_HA_C_NAME")
    ('patient id', 'financial class', 'transaction type')
    >>> normalise("Acct #"), normalise("TX_POST_DT"), normalise("PatientID"), normalise("invoice_no")
    ('account id', 'transaction post date', 'patient id', 'invoice id')
    """
    name = re.sub(
        r"(?i)(_ha)?_c_name$|\bfin(?=[ _]?class)", lambda match: "financial" if match[0][0] in "fF" else "", name
    )
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.replace("#", " id "))
    words = re.findall(r"[a-z0-9]+", spaced.casefold())
    return " ".join(_SHORT.get(part, part) for word in words for part in _split(word))


def _split(word: str) -> tuple[str, ...]:
    """Take words apart that were written as one, as PATIENTID; a word that is none of two is left as it is."""
    if word in _SHORT or word in _VOCABULARY:
        return (word,)
    for place in range(2, len(word) - 1):
        if word[:place] in _VOCABULARY and word[place:] in _VOCABULARY:
            return (word[:place], word[place:])
    return (word,)


def find_kind(text: str) -> str | None:
    """Tell the kind of a transaction from how its type is worded.

    >>> find_kind("Insurance Payment"), find_kind("CHARGE"), find_kind("Payment"), find_kind("Note")
    ('insurance_payment', 'charge', 'payment', None)
    """
    return _find(KINDS, text)


def find_outcome(text: str) -> str | None:
    """Tell the outcome of an appeal from how it is worded.

    >>> find_outcome("Upheld Decision of Health Plan"), find_outcome("Pending")
    ('upheld', None)
    """
    return _find(OUTCOMES, text)


def _find(words: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((meaning for pattern, meaning in words if re.search(pattern, text.casefold())), None)
