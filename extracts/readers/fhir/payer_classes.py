"""The class of a payer, by the type of its coverages, else by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from payrank.extracts.readers.synthea.import_payers import CLASS_BY_NAME

TYPOLOGY: tuple[tuple[str, str], ...] = (
    ("11", "medicare_advantage"),
    ("1", "medicare"),
    ("21", "managed_medicaid"),
    ("2", "medicaid"),
    ("31", "military"),
    ("32", "military"),
    ("5", "commercial"),
    ("6", "commercial"),
    ("81", "self_pay"),
    ("95", "workers_comp"),
    ("96", "auto"),
)
"""Beginning of a code of the Source of Payment Typology (NAHDO) -> payer class; the first that fits."""

CLASS_BY_CODE: Mapping[str, str] = {"WCBPOL": "workers_comp", "AUTOPOL": "auto", "pay": "self_pay"}
"""Coverage.type (HL7 v3 ActCode, coverage-selfpay) -> payer class. HMO, PPO and the like do not tell who pays."""


def classify(codes: Iterable[str], name: str | None) -> str | None:
    """Return a payer's class; None where nothing tells. A name tells where it is, to the letter, one of Synthea's.

    >>> classify(["HMO", "sopt:111"], None), classify([], "Medicaid"), classify(["PPO"], "Mutual of Somewhere")
    ('medicare_advantage', 'medicaid', None)
    """
    for code in sorted(codes):
        if code in CLASS_BY_CODE:
            return CLASS_BY_CODE[code]
        if code.startswith("sopt:"):
            found = next((ours for start, ours in TYPOLOGY if code.removeprefix("sopt:").startswith(start)), None)
            if found:
                return found
    return CLASS_BY_NAME.get(name or "")
