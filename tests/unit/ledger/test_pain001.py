"""The bank's file: valid by its schema for every payee and currency, and to the unit."""

from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.money import Currency
from ledger.bank_account import BankAccount
from ledger.errors import BankAccountWrong
from ledger.pain001 import (
    NAMESPACE,
    CreditTransfer,
    PaymentInitiation,
    decimal_text,
    latin,
    payment_initiation_xml,
)
from ledger.payout_file import faults_of

# Published example numbers: the IBAN registry's of Spain and Germany, and a Federal Reserve Bank's.
SPAIN = {"holder": "Núria Puig", "iban": "ES91 2100 0418 4502 0005 1332"}
GERMANY = {"holder": "Köln Taxi eG", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
NEW_YORK = {"holder": "Ana Ruiz", "routing_number": "021001208", "account_number": "1234-5678 90"}


def order(
    *transfers: tuple[int, dict[str, str]], currency: str = "EUR", payer: dict[str, str] = GERMANY
) -> PaymentInitiation:
    """An order of (minor units, payee)."""
    return PaymentInitiation(
        message_id="2026-47",
        made_at=datetime(2026, 11, 20, 18, tzinfo=UTC),
        execute_on=date(2026, 11, 23),
        payer=BankAccount.of(payer),
        currency=Currency(currency),
        transfers=[
            CreditTransfer(
                end_to_end_id=f"payout {number}", amount_minor=minor,
                payee=BankAccount.of(payee), remittance="Week 47",
            )
            for number, (minor, payee) in enumerate(transfers)
        ],
    )  # fmt: skip


def texts(document: bytes, path: str) -> list[str | None]:
    """The texts of every element on the path."""
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
    return [one.text for one in ElementTree.fromstring(document).iterfind(f".//{steps}")]


@pytest.mark.parametrize(
    ("currency", "payer", "payee"),
    [("EUR", GERMANY, SPAIN), ("USD", NEW_YORK, NEW_YORK), ("BHD", GERMANY, SPAIN)],
)
def test_the_file_is_valid_and_its_sums_are_those_of_the_payments(
    currency: str, payer: dict[str, str], payee: dict[str, str]
) -> None:
    made = payment_initiation_xml(
        order((123_456, payee), (1, payee), currency=currency, payer=payer)
    )
    assert faults_of(made) == []
    assert texts(made, "NbOfTxs") == ["2", "2"]
    amounts = [Decimal(text or "") for text in texts(made, "InstdAmt")]
    assert [str(sum(amounts))] * 2 == texts(made, "CtrlSum")


def test_a_fault_is_named() -> None:
    made = payment_initiation_xml(order((100, SPAIN)))
    for good, wrong in (
        (b"<NbOfTxs>1<", b"<NbOfTxs>one<"),
        (b"ES9121000418450200051332", b"ES91 2100"),
        (b"<ChrgBr>SLEV</ChrgBr>", b"<ChrgBr>WHO</ChrgBr>"),
        (b'Ccy="EUR"', b'Ccy="euro"'),
    ):
        assert good in made
        assert faults_of(made.replace(good, wrong)) != []


def test_within_sepa_it_says_so_and_elsewhere_it_does_not() -> None:
    assert texts(payment_initiation_xml(order((100, SPAIN))), "SvcLvl/Cd") == ["SEPA"]
    abroad = payment_initiation_xml(order((100, NEW_YORK), currency="USD", payer=NEW_YORK))
    assert texts(abroad, "SvcLvl/Cd") == []
    assert texts(abroad, "ClrSysMmbId/MmbId") == ["021001208", "021001208"]
    assert texts(abroad, "CdtrAcct/Id/Othr/Id") == ["1234567890"]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1, "EUR", "0.01"), (1230, "EUR", "12.30"), (12, "JPY", "12"), (12_345, "BHD", "12.345")],
)
def test_amounts_have_their_currencys_decimals(minor: int, currency: str, text: str) -> None:
    assert decimal_text(minor, Currency(currency)) == text


@given(holder=st.text(min_size=1, max_size=70).filter(lambda text: text.split() != []))
def test_every_name_can_be_sent(holder: str) -> None:
    try:
        payee = {**SPAIN, "holder": holder}
        made = payment_initiation_xml(order((100, payee)))
    except BankAccountWrong:
        return
    assert faults_of(made) == []


def test_names_are_written_in_letters_that_banks_exchange() -> None:
    assert latin("Núria Puig & Søn", 70) == "Nuria Puig Son"
    assert latin("محمد علي", 70) != "?"
    assert latin("\u2603", 70) == "?"
    assert len(latin("x" * 100, 70)) == 70


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({**SPAIN, "iban": "ES91 2100 0418 4502 0005 1333"}, "iban"),
        ({**SPAIN, "bic": "NOBANK"}, "bic"),
        ({**SPAIN, "holder": "  "}, "holder"),
        ({**SPAIN, "holder": "x" * 71}, "holder"),
        ({**NEW_YORK, "routing_number": "021001209"}, "routing_number"),
        ({**NEW_YORK, "account_number": "12"}, "account_number"),
        ({"holder": "Ana Ruiz"}, "iban"),
    ],
)
def test_a_wrong_account_is_refused_by_the_field(written: dict[str, str], field: str) -> None:
    with pytest.raises(BankAccountWrong) as refusal:
        BankAccount.of(written)
    assert refusal.value.facts["field"] == field


def test_an_account_is_read_as_it_was_written() -> None:
    for written in (SPAIN, GERMANY, NEW_YORK):
        account = BankAccount.of(written)
        assert BankAccount.of(account.document()) == account
    assert BankAccount.of(SPAIN).tail == "1332"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'<InstdAmt Ccy="EUR">', b'<InstdAmt Ccy="EU">'),
        (b"<EndToEndId>payout 2", b"<EndToEndId>" + b"x" * 36),
        (b"<BtchBookg>true</BtchBookg>", b"<Btch>true</Btch>"),
        (b"<NbOfTxs>3</NbOfTxs>", b"<NbOfTxs>three</NbOfTxs>"),
        (b"<PmtMtd>TRF</PmtMtd>", b""),
        (b"IBAN>", b"Iban>"),
        (b"pain.001.001.09", b"pain.001.001.03"),
    ],
)
def test_what_the_schema_forbids_is_found_wherever_it_is(good: bytes, bad: bytes) -> None:
    made = payment_initiation_xml(order((1, SPAIN), (2, SPAIN), (3, SPAIN)))
    assert good in made
    assert faults_of(made) == []
    assert faults_of(made.replace(good, bad)) != []
