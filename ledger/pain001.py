"""The file that tells a bank to pay: ISO 20022 Customer Credit Transfer Initiation. Pure.

pain.001.001.09 (message definition report, Payments Initiation 2019), one currency and one batch a
file. Same payments, same bytes: identifiers and times come in. The schema itself comes from the
package `sepaxml` and every file is validated against it before it leaves (`ledger/payout_file.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.etree import ElementTree

from text_unidecode import unidecode

from foundation.money import Currency, minor_digits
from ledger.bank_account import BankAccount

SCHEMA = "pain.001.001.09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"
TEXT_MAX = 35
"""Letters in an identifier (`Max35Text`)."""
NAME_MAX, REMITTANCE_MAX = 70, 140

_NOT_LATIN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
"""What is outside of the character set that banks exchange (EPC217-08, section 6.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTransfer:
    """One payment.

    Attributes
    ----------
    end_to_end_id
        Comes back with the bank's answers; at most 35 letters.
    amount_minor
        Above zero, in the currency of the file.
    remittance
        What the payee reads on the bank's statement.
    """

    end_to_end_id: str
    amount_minor: int
    payee: BankAccount
    remittance: str

    def __post_init__(self) -> None:
        assert self.amount_minor > 0
        assert 0 < len(self.end_to_end_id) <= TEXT_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInitiation:
    """Payments out of one account, to be carried out on one day.

    Attributes
    ----------
    message_id
        The bank refuses the same one twice; at most 35 letters.
    made_at
        Aware; written in UTC.
    """

    message_id: str
    made_at: datetime
    execute_on: date
    payer: BankAccount
    currency: Currency
    transfers: Sequence[CreditTransfer]

    def __post_init__(self) -> None:
        assert self.transfers
        assert 0 < len(self.message_id) <= TEXT_MAX


def payment_initiation_xml(order: PaymentInitiation) -> bytes:
    """The file, in UTF-8."""
    root = ElementTree.Element("Document", xmlns=NAMESPACE)
    initiation = _add(root, "CstmrCdtTrfInitn")
    header = _add(initiation, "GrpHdr")
    _add(header, "MsgId", order.message_id)
    _add(header, "CreDtTm", f"{order.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    _sums(header, order)
    _add(_add(header, "InitgPty"), "Nm", latin(order.payer.holder, NAME_MAX))
    batch = _add(initiation, "PmtInf")
    _add(batch, "PmtInfId", order.message_id)
    _add(batch, "PmtMtd", "TRF")
    _add(batch, "BtchBookg", "true")
    _sums(batch, order)
    if _is_sepa(order):
        _add(_add(_add(batch, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _add(_add(batch, "ReqdExctnDt"), "Dt", order.execute_on.isoformat())
    _add(_add(batch, "Dbtr"), "Nm", latin(order.payer.holder, NAME_MAX))
    _account(batch, "DbtrAcct", order.payer)
    _bank(batch, "DbtrAgt", order.payer)
    _add(batch, "ChrgBr", "SLEV" if _is_sepa(order) else "SHAR")
    for transfer in order.transfers:
        _transfer(batch, transfer, order.currency)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def decimal_text(amount_minor: int, currency: Currency) -> str:
    """Whole and decimals as the currency has them: 12.30 EUR, 12 JPY, 12.300 BHD."""
    digits = minor_digits(currency)
    whole, part = divmod(amount_minor, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)


def latin(text: str, length: int) -> str:
    """`text` in the letters that banks exchange, cut to `length`; never empty."""
    cleaned = " ".join(_NOT_LATIN.sub(" ", unidecode(text)).split())[:length].strip()
    return cleaned or "?"


def _is_sepa(order: PaymentInitiation) -> bool:
    everybody = [order.payer, *(transfer.payee for transfer in order.transfers)]
    return order.currency == "EUR" and all(one.iban is not None for one in everybody)


def _sums(parent: ElementTree.Element, order: PaymentInitiation) -> None:
    total = sum(transfer.amount_minor for transfer in order.transfers)
    _add(parent, "NbOfTxs", str(len(order.transfers)))
    _add(parent, "CtrlSum", decimal_text(total, order.currency))


def _transfer(batch: ElementTree.Element, transfer: CreditTransfer, currency: Currency) -> None:
    one = _add(batch, "CdtTrfTxInf")
    _add(_add(one, "PmtId"), "EndToEndId", transfer.end_to_end_id)
    amount = _add(_add(one, "Amt"), "InstdAmt", decimal_text(transfer.amount_minor, currency))
    amount.set("Ccy", currency)
    if transfer.payee.bic or transfer.payee.routing_number:
        _bank(one, "CdtrAgt", transfer.payee)
    _add(_add(one, "Cdtr"), "Nm", latin(transfer.payee.holder, NAME_MAX))
    _account(one, "CdtrAcct", transfer.payee)
    _add(_add(one, "RmtInf"), "Ustrd", latin(transfer.remittance, REMITTANCE_MAX))


def _account(parent: ElementTree.Element, name: str, account: BankAccount) -> None:
    identifier = _add(_add(parent, name), "Id")
    if account.iban is not None:
        _add(identifier, "IBAN", account.iban)
    else:
        _add(_add(identifier, "Othr"), "Id", account.account_number)


def _bank(parent: ElementTree.Element, name: str, account: BankAccount) -> None:
    bank = _add(_add(parent, name), "FinInstnId")
    if account.bic is not None:
        _add(bank, "BICFI", account.bic)
    elif account.routing_number is not None:
        member = _add(bank, "ClrSysMmbId")
        _add(_add(member, "ClrSysId"), "Cd", "USABA")
        _add(member, "MmbId", account.routing_number)
    else:  # the bank follows from the IBAN (EPC132-08, attribute AT-06)
        _add(_add(bank, "Othr"), "Id", "NOTPROVIDED")


def _add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name)
    element.text = text
    return element
