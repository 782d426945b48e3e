"""A bank account that money can be sent to: an IBAN, or a routing and an account number. Pure.

Check digits are verified before anything is stored: IBAN by ISO 13616 (mod 97 and the country's
structure), BIC by the form of ISO 9362, routing numbers by the American Bankers Association's sum.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError
from stdnum.us import rtn as routing_numbers

from ledger.errors import BankAccountWrong

HOLDER_LETTERS_MAX = 70
"""What the schemes of the European Payments Council let through of a name (EPC132-08)."""

_US_NUMBER = re.compile(r"[0-9]{4,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """An account by its holder's name and one of two ways to name it.

    Attributes
    ----------
    iban, bic
        In capital letters without spaces; the BIC is optional within SEPA.
    routing_number, account_number
        An account in the United States.
    """

    holder: str
    iban: str | None = None
    bic: str | None = None
    routing_number: str | None = None
    account_number: str | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """An account as somebody wrote it: spaces are taken out, every check digit is tried.

        Raises
        ------
        BankAccountWrong
            Naming the field that is wrong.
        """
        holder = " ".join(str(document.get("holder") or "").split())
        if not 1 <= len(holder) <= HOLDER_LETTERS_MAX:
            raise BankAccountWrong("holder", f"a name of 1 to {HOLDER_LETTERS_MAX} letters")
        if document.get("iban"):
            bic = document.get("bic")
            return cls(
                holder=holder,
                iban=_checked("iban", ibans, document["iban"]),
                bic=_checked("bic", bics, bic) if bic else None,
            )
        number = re.sub(r"[\s-]", "", str(document.get("account_number") or ""))
        if not document.get("routing_number"):
            raise BankAccountWrong("iban", "an IBAN, or a routing number and an account number")
        if not _US_NUMBER.fullmatch(number):
            raise BankAccountWrong("account_number", "4 to 17 digits")
        return cls(
            holder=holder,
            routing_number=_checked("routing_number", routing_numbers, document["routing_number"]),
            account_number=number,
        )

    def document(self) -> dict[str, str]:
        """What `of` reads."""
        fields = ("holder", "iban", "bic", "routing_number", "account_number")
        return {name: value for name in fields if (value := getattr(self, name)) is not None}

    @property
    def tail(self) -> str:
        """The last four characters, by which its owner knows it."""
        number = self.iban or self.account_number
        assert number is not None
        return number[-4:]


def _checked(field: str, standard: Any, value: object) -> str:
    try:
        checked: str = standard.validate(str(value))
    except ValidationError:
        named = {"iban": "a valid IBAN", "bic": "a valid BIC"}
        raise BankAccountWrong(field, named.get(field, "a valid routing number")) from None
    return checked
