"""What a file for the bank costs: written, and held to its schema, in processor time and memory."""

import resource
from datetime import UTC, date, datetime

from rich.console import Console
from rich.table import Table
from stdnum.us import rtn

from foundation.clock import processor_ms
from foundation.money import Currency
from ledger.bank_account import BankAccount
from ledger.pain001 import CreditTransfer, PaymentInitiation, payment_initiation_xml
from ledger.payout_file import faults_of

_BANK = rtn.validate("021001208")  # a Federal Reserve Bank's


def run(*, payouts: int, console: Console) -> None:
    """Write and validate a file of so many payouts, and show what each took."""
    table = Table("", "ms of processor", "MB at most", box=None)
    began = processor_ms()
    order = _order(payouts)
    began = _row(table, "accounts opened and checked", began)
    document = payment_initiation_xml(order)
    began = _row(table, "written", began)
    faults = faults_of(document)
    _row(table, "held to its schema", began)
    assert not faults, faults[:3]
    console.print(table)
    console.print(f"{payouts:,} payouts, {len(document):,} bytes.")


def _row(table: Table, name: str, began: float) -> float:
    ended = processor_ms()
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    table.add_row(name, f"{ended - began:,.0f}", f"{most_mb:,}")
    return processor_ms()


def _order(payouts: int) -> PaymentInitiation:
    payer = {"holder": "Khan Cars", "routing_number": _BANK, "account_number": "0001112223"}
    return PaymentInitiation(
        message_id="0" * 32,
        made_at=datetime(2026, 11, 20, 18, tzinfo=UTC),
        execute_on=date(2026, 11, 23),
        payer=BankAccount.of(payer),
        currency=Currency("USD"),
        transfers=[
            CreditTransfer(
                end_to_end_id=f"{number:032d}", amount_minor=number + 1, remittance="Khan Cars: pay",
                payee=BankAccount.of(
                    payer | {"holder": f"Driver {number}", "account_number": f"{number:010d}"}
                ),
            )
            for number in range(payouts)
        ],
    )  # fmt: skip
