"""The account ledger. Positive amounts increase a balance; negative amounts reduce it. Amounts are in cents."""

from __future__ import annotations

import numpy.typing as npt

from payrank.simulator.allowed_values import allowed_values
from payrank.simulator.event_log import MISSING, EventLog
from payrank.simulator.randomness import Integers

KINDS = allowed_values("transactions", "kind")
RESPONSIBILITIES = allowed_values("transactions", "responsibility")
PATIENT = RESPONSIBILITIES.index("patient")
INSURANCE = RESPONSIBILITIES.index("insurance")


class Ledger:
    """Transactions of all accounts, in signed cents."""

    def __init__(self) -> None:
        self._rows = EventLog(
            {
                "account": "int32",
                "posted": "int32",
                "effective": "int32",
                "kind": "int8",
                "cents": "int64",
                "responsibility": "int8",
                "payer": "int16",
                "reverses": "int64",
            }
        )

    def post(
        self,
        kind: str,
        account: Integers,
        posted: Integers,
        cents: Integers,
        *,
        responsibility: int,
        payer: npt.ArrayLike = MISSING,
        effective: npt.ArrayLike = MISSING,
        reverses: npt.ArrayLike = MISSING,
    ) -> Integers:
        """Post rows of one kind and return their row numbers. Zero amounts are posted too, so filter them first."""
        return self._rows.add(
            account=account,
            posted=posted,
            effective=effective,
            kind=KINDS.index(kind),
            cents=cents,
            responsibility=responsibility,
            payer=payer,
            reverses=reverses,
        )

    def transfer_to_patient(self, account: Integers, posted: Integers, cents: Integers, payer: Integers) -> None:
        """Transfer an amount from insurance to the patient: two rows, negative for insurance and positive for the
        patient.
        """
        self.post("transfer", account, posted, -cents, responsibility=INSURANCE, payer=payer)
        self.post("transfer", account, posted, cents, responsibility=PATIENT, payer=payer)

    def collect(self) -> dict[str, Integers]:
        """Return every column as one array."""
        return self._rows.collect()
