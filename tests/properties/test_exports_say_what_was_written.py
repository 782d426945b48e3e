"""Whatever was written in the books, its journal says the same, to the minor unit."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.money import Currency, minor_digits
from ledger.account import OWNER_OF, OwnedBy, Role
from ledger.export.beancount import Beancount
from ledger.export.books import WrittenEntry, WrittenTransfer
from ledger.export.hledger import Hledger
from ledger.export.names import Pseudonyms, RealNames, account_name
from ledger.transfer import Kind, State

REAL, KEY = RealNames(), Pseudonyms(b"k" * 32)
POSTING = re.compile(r"^  ([A-Z][A-Za-z0-9:-]+) +(-?[0-9.]+) ([A-Z]{3})  ?; (\S+)$", re.MULTILINE)


@st.composite
def entries(draw: st.DrawFn) -> tuple[WrittenEntry, ...]:
    """Entries that sum to zero, of any roles."""
    amounts = draw(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=8))
    amounts.append(-sum(amounts))
    roles = draw(st.lists(st.sampled_from(Role), min_size=len(amounts), max_size=len(amounts)))
    return tuple(
        WrittenEntry(
            role=role,
            owner_id=None if OWNER_OF[role] is OwnedBy.HOUSE else draw(st.uuids()),
            amount_minor=amount,
            code=draw(st.sampled_from(["share", "fare", "pass_through.toll", "expense.x"])),
        )
        for role, amount in zip(roles, amounts, strict=True)
    )


@st.composite
def written(draw: st.DrawFn) -> WrittenTransfer:
    """Any transfer, pending or posted, with anything in its reason."""
    kind = draw(st.sampled_from([Kind.HOLD, Kind.FARE, Kind.EXPENSE, Kind.REFUND]))
    optional = st.none() | st.uuids()
    return WrittenTransfer(
        transfer_id=draw(st.uuids()),
        kind=kind,
        state=State.PENDING if kind is Kind.HOLD else State.POSTED,
        is_open=draw(st.booleans()) if kind is Kind.HOLD else False,
        subject_id=draw(st.uuids()),
        trip_id=draw(optional),
        ordinal=1,
        currency=Currency(draw(st.sampled_from(["JPY", "USD", "BHD"]))),
        made_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
        day=date(2026, 1, 1),
        resolves=draw(optional),
        reverses=draw(optional),
        link_id=draw(optional),
        decision_id=draw(optional),
        tariff_rule_id=draw(optional),
        reason=draw(st.none() | st.text()),
        made_by=draw(optional),
        entries=draw(entries()),
    )


@pytest.mark.parametrize("language", [Beancount(KEY), Hledger(KEY), Beancount(REAL), Hledger(REAL)])
@given(transfer=written())
def test_a_transaction_says_each_entry_exactly(
    language: Beancount | Hledger, transfer: WrittenTransfer
) -> None:
    text = language.transfer(transfer)
    if transfer.state is State.PENDING and not transfer.is_open:
        assert text == "", "what was posted or let go moved nothing by itself"
        return
    digits = minor_digits(transfer.currency)
    names = language._names
    said = [
        (name, int(Decimal(amount).scaleb(digits)), currency, code)
        for name, amount, currency, code in POSTING.findall(text)
    ]
    assert said == [
        (
            account_name(one.role, one.owner_id, names=names, is_pending=transfer.is_open),
            one.amount_minor,
            transfer.currency,
            one.code,
        )
        for one in transfer.entries
    ]
    assert sum(amount for _, amount, _, _ in said) == 0
    assert text.startswith(f"2026-01-01 {'!' if transfer.is_open else '*'} ")


@given(transfer=written())
def test_a_pseudonymous_transaction_holds_no_identifier_that_leads_to_a_person(
    transfer: WrittenTransfer,
) -> None:
    public = {OwnedBy.FUND, OwnedBy.OFFER}
    secret = [
        transfer.transfer_id, transfer.trip_id, transfer.resolves, transfer.reverses,
        transfer.link_id, transfer.made_by,
        *(one.owner_id for one in transfer.entries if OWNER_OF[one.role] not in public),
    ]  # fmt: skip
    shown = {transfer.decision_id, transfer.tariff_rule_id} | {
        one.owner_id for one in transfer.entries if OWNER_OF[one.role] in public
    }
    for language in (Beancount(KEY), Hledger(KEY)):
        text = language.transfer(transfer).upper()
        for one in secret:
            assert one is None or one in shown or str(one).upper() not in text
        assert "02T03" not in text


def test_the_examples_of_the_reference_page_are_as_they_are_written() -> None:
    transfer = WrittenTransfer(
        transfer_id=UUID(int=1), kind=Kind.HOLD, state=State.PENDING, is_open=True,
        subject_id=UUID(int=2), trip_id=UUID(int=2), ordinal=1, currency=Currency("BHD"),
        made_at=datetime(2026, 1, 1, tzinfo=UTC), day=date(2026, 1, 1), resolves=None,
        reverses=None, link_id=None, decision_id=None, tariff_rule_id=None, reason=None,
        made_by=None, entries=(
            WrittenEntry(role=Role.RIDER, owner_id=UUID(int=3), amount_minor=1_234, code="hold"),
            WrittenEntry(role=Role.CLEARING, owner_id=None, amount_minor=-1_234, code="hold"),
        ),
    )  # fmt: skip
    rider = KEY.name(UUID(int=3))
    assert Beancount(KEY).transfer(transfer) == (
        '2026-01-01 ! "hold"\n'
        f'  transfer: "{KEY.name(UUID(int=1))}"\n'
        f'  trip: "{KEY.name(UUID(int=2))}"\n'
        f"  Assets:Pending:Riders:{rider} 1.234 BHD ; hold\n"
        "  Liabilities:Pending:Clearing -1.234 BHD ; hold\n\n"
    )
