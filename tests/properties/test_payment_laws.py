"""Whatever order a provider's words come in, and however often: a payment ends the same."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from foundation.identifiers import RiderId, TripId
from foundation.money import Currency
from ledger.account import Role
from ledger.payments.payment import (
    TRANSITIONS,
    InBooks,
    Payment,
    PaymentState,
    Purpose,
    Said,
    What,
    differences,
    due,
    holds_card_number,
    merged,
    wait_after,
)
from ledger.payments.postings import postings
from ledger.transfer import Transfer

AMOUNTS = st.integers(min_value=1, max_value=10**7)


def payment(wanted: int) -> Payment:
    return Payment(
        payment_id=UUID(int=1), rider_id=RiderId(UUID(int=2)), trip_id=TripId(UUID(int=3)),
        purpose=Purpose.TRIP, provider="stripe", card_id=UUID(int=4), currency=Currency("USD"),
        wanted_minor=wanted,
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Everything a provider says of one payment from its beginning to some moment."""
    wanted = draw(AMOUNTS)
    now = Said(ref="pi", state=PaymentState.WANTED)
    told = [now]
    end = draw(st.sampled_from(["failed", "cancelled", "captured", "authorised"]))
    if end == "failed":
        return [*told, replace(now, state=PaymentState.FAILED, failure="card_declined")]
    now = replace(now, state=PaymentState.AUTHORISED, authorised_minor=wanted)
    told.append(now)
    if end == "cancelled":
        told.append(replace(now, state=PaymentState.CANCELLED, authorised_minor=0))
    if end != "captured":
        return told
    captured = draw(st.integers(min_value=1, max_value=wanted))
    now = replace(now, state=PaymentState.CAPTURED, captured_minor=captured)
    told.append(now)
    if draw(st.booleans()):
        told.append(now := replace(now, fee_minor=draw(st.integers(0, captured))))
    for total in sorted(draw(st.sets(st.integers(1, captured), max_size=3))):
        state = PaymentState.REFUNDED if total == captured else PaymentState.CAPTURED
        told.append(now := replace(now, refunded_minor=total, state=state))
    return told


def heard(told: list[Said]) -> tuple[Payment, list[Transfer]]:
    """A payment that heard all this in this order, and what it wrote into the books."""
    known, written = payment(10**7), []
    for said in told:
        after = merged(known, said)
        assert after.state is known.state or after.state in TRANSITIONS[known.state]
        written += postings(known, after)
        known = after
    return known, written


@given(st.data())
def test_any_order_and_repeats_end_alike(data: st.DataObject) -> None:
    told = data.draw(histories())
    shuffled = data.draw(
        st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=5)))
    )
    (straight, books), (strange, other_books) = heard(told), heard(shuffled)
    # How many refunds it took may differ; what was given back may not.
    assert replace(strange, refunds=0) == replace(straight, refunds=0)
    assert sums(books) == sums(other_books)
    for one in (straight, strange):
        assert differences(one, told[-1]) == ()


def sums(written: list[Transfer]) -> dict[Role, int]:
    found: dict[Role, int] = {}
    for transfer in written:
        for entry in transfer.entries:
            found[entry.account.role] = found.get(entry.account.role, 0) + entry.amount_minor
    return found


@given(histories())
def test_the_books_hold_what_the_provider_holds(told: list[Said]) -> None:
    end, written = heard(told)
    held = sums(written).get(Role.PROVIDER, 0)
    assert held == end.captured_minor - end.refunded_minor - (end.fee_minor or 0)
    assert -sums(written).get(Role.RIDER, 0) == end.captured_minor - end.refunded_minor
    assert len({one.transfer_id for one in written}) == len(written)


@given(st.data())
def test_asking_for_what_is_due_brings_the_card_to_what_the_trip_came_to(
    data: st.DataObject,
) -> None:
    wanted = data.draw(AMOUNTS)
    charged = data.draw(st.none() | st.integers(0, 2 * wanted))
    refunds = [data.draw(st.integers(0, charged or 0)) for _ in range(2)]
    known = merged(
        payment(wanted), Said(ref="pi", state=PaymentState.AUTHORISED, authorised_minor=wanted)
    )
    held = InBooks(charged_minor=None, refunded_minor=0, is_held=True)
    assert due(known, held) is None, "nothing is taken while the trip goes on"
    for refunded in sorted(refunds):
        books = InBooks(charged_minor=charged, refunded_minor=refunded, is_held=False)
        while (command := due(known, books)) is not None:
            known = obeyed(known, command.what, command.amount_minor)
        came_to = max(0, (charged or 0) - refunded)
        assert known.captured_minor - known.refunded_minor <= came_to
        if refunded == min(refunds):
            assert known.captured_minor - known.refunded_minor == min(wanted, came_to)


def obeyed(known: Payment, what: What, amount_minor: int) -> Payment:
    """What a provider makes of a command."""
    said = Said(
        ref="pi", state=known.state, authorised_minor=known.authorised_minor,
        captured_minor=known.captured_minor, refunded_minor=known.refunded_minor,
    )  # fmt: skip
    match what:
        case What.CAPTURE:
            said = replace(said, state=PaymentState.CAPTURED, captured_minor=amount_minor)
        case What.CANCEL:
            said = replace(said, state=PaymentState.CANCELLED)
        case What.REFUND:
            assert amount_minor > known.refunded_minor
            said = replace(said, refunded_minor=amount_minor)
        case _:
            raise AssertionError(what)
    return merged(known, said)


@given(st.text(), st.from_regex(r"[0-9]([ -]?[0-9]){11,18}", fullmatch=True), st.text())
def test_a_card_number_is_seen_wherever_it_stands(before: str, number: str, after: str) -> None:
    assert holds_card_number(before + number + after)


@given(st.integers(min_value=1, max_value=20))
def test_waits_double(attempts: int) -> None:
    assert wait_after(attempts + 1) == 2 * wait_after(attempts)
