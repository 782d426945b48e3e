"""Laws of money: every fare divides exactly; no sequence of acts makes or loses a cent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fares.fare import Fare
from fares.tariff import GoesTo, Share
from foundation.money import Currency, Money
from ledger import settlement
from ledger.account import Account, Role
from ledger.transfer import CHARGES, FEES, Kind, State, Transfer
from tests.money import THREE_WAYS, fare_of, line, parties

SPLITS = [
    THREE_WAYS,
    Share(driver_bps=8_250, coop_bps=1_500, city_bps=250),
    Share(driver_bps=3_333, coop_bps=3_333, city_bps=3_334),
    Share(driver_bps=10_000, coop_bps=0, city_bps=0),
    Share(driver_bps=7_501, coop_bps=2_499, city_bps=0),
]
CURRENCIES = [Currency("JPY"), Currency("EUR"), Currency("BHD")]  # 0, 2 and 3 decimals


# One split takes every fare; the others every seventh, which meets all their remainders too.
@pytest.mark.parametrize(("share", "step"), [(SPLITS[0], 1), *((one, 7) for one in SPLITS[1:])])
def test_I20_every_fare_to_50000_divides_exactly_and_within_a_minor_unit(
    share: Share, step: int
) -> None:
    weights = {
        Role.DRIVER: share.driver_bps, Role.COOPERATIVE: share.coop_bps, Role.CITY: share.city_bps,
    }  # fmt: skip
    whose = parties()
    for total in range(0, 50_001, step):
        # A transfer that missed zero, or a share off by one minor unit, could not be made.
        transfer = settlement.fee_transfer(
            whose, Kind.NO_SHOW_FEE, Money(total, CURRENCIES[total % 3]), share=share
        )
        got = {entry.account.role: -entry.amount_minor for entry in transfer.entries}
        assert got.pop(Role.RIDER) == -total
        assert sum(got.values()) == total
        for role, part in got.items():
            assert abs(part * 10_000 - total * weights[role]) < 10_000


shares = st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(
    lambda cuts: Share(
        driver_bps=min(cuts), coop_bps=max(cuts) - min(cuts), city_bps=10_000 - max(cuts)
    )
)


@st.composite
def fares(draw: st.DrawFn) -> Fare:
    share = draw(shares)
    flag = draw(st.integers(0, 50_000))
    lines = [line("flag", flag)]
    for index, goes_to in enumerate(draw(st.lists(st.sampled_from(GoesTo), max_size=4))):
        lines.append(line(f"surcharge.{index}", draw(st.integers(0, 5_000)), goes_to))
    if draw(st.booleans()):
        funder = draw(st.sampled_from([GoesTo.CITY, GoesTo.COOP]))
        lines.append(line("concession.senior", -draw(st.integers(0, flag)), funder))
    currency = draw(st.sampled_from(CURRENCIES))
    top_up = draw(st.integers(0, 3_000))
    return fare_of(lines, share=share, top_up_minor=top_up, currency=currency)


@given(fares())
def test_any_fare_sums_to_zero_and_pays_each_what_it_says(fare: Fare) -> None:
    transfer = settlement.fare_transfer(parties(), fare)
    sums: dict[Role, int] = dict.fromkeys(Role, 0)
    for entry in transfer.entries:
        sums[entry.account.role] += entry.amount_minor
    assert sums[Role.RIDER] == fare.total.minor
    assert -sums[Role.DRIVER] == fare.shares.driver_minor + fare.pay.top_up_minor
    assert -sums[Role.COOPERATIVE] == fare.shares.coop_minor - fare.pay.top_up_minor
    # The city's concessions stand apart from what it is owed.
    assert -sums[Role.CITY] - sums[Role.FUNDER] == fare.shares.city_minor


class Books(RuleBasedStateMachine):
    """A few trips in two currencies, held, voided, charged, tipped and refunded in any order."""

    @initialize()
    def open(self) -> None:
        self.written: dict[object, Transfer] = {}
        self.currency_of: dict[int, Currency] = {}

    def of(self, trip: int, *kinds: Kind) -> list[Transfer]:
        trip_id = parties(trip).trip_id
        return [
            one for one in self.written.values() if one.trip_id == trip_id and one.kind in kinds
        ]

    def open_hold(self, trip: int) -> Transfer | None:
        ended = {one.resolves for one in self.written.values()}
        holds = [one for one in self.of(trip, Kind.HOLD) if one.transfer_id not in ended]
        assert len(holds) <= 1
        return holds[0] if holds else None

    def write(self, transfer: Transfer) -> None:
        before = self.written.setdefault(transfer.transfer_id, transfer)
        assert before == transfer, "the same act, done again, is the same transfer"

    trips = st.integers(1, 3)
    amounts = st.integers(1, 5_000)

    @rule(trip=trips, amount=amounts)
    def hold(self, trip: int, amount: int) -> None:
        if self.open_hold(trip) or self.of(trip, *CHARGES):
            return
        whose = parties(trip)
        currency = self.currency_of.setdefault(trip, CURRENCIES[amount % 3])
        ordinal = len(self.of(trip, Kind.HOLD)) + 1
        transfer = settlement.hold_transfer(
            whose.trip_id, whose.rider_id, Money(amount, currency), ordinal=ordinal
        )
        self.write(transfer)
        self.write(transfer)

    @rule(trip=trips)
    def void(self, trip: int) -> None:
        hold = self.open_hold(trip)
        if hold is not None:
            self.write(settlement.void_transfer(hold, reason="cancelled"))

    @rule(trip=trips, amount=st.integers(0, 5_000), top_up=st.integers(0, 500), toll=amounts)
    def complete(self, trip: int, amount: int, top_up: int, toll: int) -> None:
        hold = self.open_hold(trip)
        if hold is None:
            return
        lines = [line("flag", amount), line("pass_through.toll", toll, GoesTo.DRIVER)]
        fare = fare_of(lines, top_up_minor=top_up, currency=hold.currency)
        transfer = settlement.fare_transfer(parties(trip), fare, resolves=hold.transfer_id)
        self.write(transfer)
        self.write(transfer)

    @rule(trip=trips, amount=amounts, kind=st.sampled_from(sorted(FEES)))
    def charge_a_fee(self, trip: int, amount: int, kind: Kind) -> None:
        hold = self.open_hold(trip)
        if hold is None:
            return
        self.write(
            settlement.fee_transfer(
                parties(trip), kind, Money(amount, hold.currency),
                share=THREE_WAYS, resolves=hold.transfer_id,
            )
        )  # fmt: skip

    @rule(trip=trips, amount=amounts)
    def tip(self, trip: int, amount: int) -> None:
        if self.of(trip, Kind.FARE) and not self.of(trip, Kind.TIP):
            tip = settlement.tip_transfer(parties(trip), Money(amount, self.currency_of[trip]))
            self.write(tip)
            self.write(tip)

    @precondition(lambda self: any(one.kind in CHARGES for one in self.written.values()))
    @rule(trip=trips, amount=amounts)
    def refund(self, trip: int, amount: int) -> None:
        charges = self.of(trip, *CHARGES)
        if not charges:
            return
        refunds = self.of(trip, Kind.REFUND)
        left = charges[0].entries[0].amount_minor - sum(
            one.entries[0].amount_minor for one in refunds
        )
        if amount > left:
            return
        whose = parties(trip)
        self.write(
            settlement.refund_transfer(
                whose.trip_id, whose.rider_id, Money(amount, self.currency_of[trip]),
                ordinal=len(refunds) + 1, reason="test",
            )
        )  # fmt: skip

    def posted(self) -> dict[Account, int]:
        sums: dict[Account, int] = {}
        for transfer in self.written.values():
            if transfer.state is State.POSTED:
                for entry in transfer.entries:
                    sums[entry.account] = sums.get(entry.account, 0) + entry.amount_minor
        return sums

    @invariant()
    def each_currency_sums_to_zero(self) -> None:
        by_currency: dict[str, int] = {}
        for account, minor in self.posted().items():
            by_currency[account.currency] = by_currency.get(account.currency, 0) + minor
        assert not any(by_currency.values())

    @invariant()
    def a_hold_ends_once_and_only_charges_and_voids_end_it(self) -> None:
        endings = [one for one in self.written.values() if one.resolves is not None]
        assert len({one.resolves for one in endings}) == len(endings)
        assert all(one.kind in CHARGES | {Kind.VOID} for one in endings)

    @invariant()
    def a_trip_is_charged_once_and_never_gives_back_more(self) -> None:
        for trip in (1, 2, 3):
            charges = self.of(trip, *CHARGES)
            assert len(charges) <= 1
            refunded = sum(-one.entries[1].amount_minor for one in self.of(trip, Kind.REFUND))
            assert refunded <= sum(one.entries[0].amount_minor for one in charges)

    @invariant()
    def clearing_holds_nothing_that_is_posted(self) -> None:
        assert not [one for one in self.posted() if one.role is Role.CLEARING]


Books.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBooks = Books.TestCase
