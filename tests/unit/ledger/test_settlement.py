"""Who gets what of a fare, a fee, a tip, a refund."""

from dataclasses import replace

import pytest

from fares.tariff import GoesTo, Share
from foundation.money import Currency, Money
from ledger import settlement
from ledger.account import Role
from ledger.transfer import Entry, Kind, State, Transfer, transfer_id
from tests.money import THREE_WAYS, USD, fare_of, line, numbered, parties


def by_role(transfer: Transfer) -> dict[str, int]:
    """Minor units by role, debits above zero."""
    sums: dict[str, int] = {}
    for entry in transfer.entries:
        role = entry.account.role.value
        sums[role] = sums.get(role, 0) + entry.amount_minor
    return sums


def test_a_fare_is_charged_whole_and_divided_by_the_split() -> None:
    transfer = settlement.fare_transfer(parties(), fare_of(2_000))
    assert by_role(transfer) == {"rider": 2000, "driver": -1600, "cooperative": -300, "city": -100}
    assert transfer.state is State.POSTED


def test_a_top_up_comes_from_the_cooperative_and_not_from_the_rider() -> None:
    transfer = settlement.fare_transfer(parties(), fare_of(1_000, top_up_minor=250))
    assert by_role(transfer) == {"rider": 1000, "driver": -1050, "cooperative": 100, "city": -50}


def test_tolls_pass_through_whole_to_whom_they_are_owed() -> None:
    fare = fare_of(
        [
            line("flag", 1_000),
            line("pass_through.bridge", 650, GoesTo.DRIVER),
            line("pass_through.airport", 500, GoesTo.COOP),
            line("surcharge.centre", 275, GoesTo.CITY),
        ]
    )
    transfer = settlement.fare_transfer(parties(), fare)
    assert by_role(transfer) == {"rider": 2425, "driver": -1450, "cooperative": -650, "city": -325}


@pytest.mark.parametrize(
    ("funder", "expected"),
    [
        (GoesTo.CITY, {"rider": 500, "driver": -800, "cooperative": -150, "city": -50, "funder": 500}),
        (GoesTo.COOP, {"rider": 500, "driver": -800, "cooperative": 350, "city": -50}),
    ],
)  # fmt: skip
def test_the_funder_pays_what_a_concession_spares(funder: GoesTo, expected: dict[str, int]) -> None:
    fare = fare_of([line("flag", 1_000), line("concession.senior", -500, funder)])
    assert by_role(settlement.fare_transfer(parties(), fare)) == expected


def test_a_free_trip_is_charged_too() -> None:
    fare = fare_of([line("flag", 900), line("concession.school", -900, GoesTo.CITY)])
    transfer = settlement.fare_transfer(parties(), fare)
    assert transfer.entries[0] == Entry(
        account=transfer.entries[0].account, amount_minor=0, code="fare"
    )
    nothing = settlement.fare_transfer(parties(), fare_of(0))
    assert [entry.amount_minor for entry in nothing.entries] == [0, 0, 0, 0]


def test_a_hold_is_pending_and_a_void_moves_nothing() -> None:
    whose = parties()
    hold = settlement.hold_transfer(whose.trip_id, whose.rider_id, Money(1500, USD))
    assert hold.state is State.PENDING
    assert by_role(hold) == {"rider": 1500, "clearing": -1500}
    void = settlement.void_transfer(hold, reason="cancelled")
    assert (void.state, void.entries, void.resolves) == (State.VOIDED, (), hold.transfer_id)


@pytest.mark.parametrize("kind", [Kind.CANCELLATION_FEE, Kind.NO_SHOW_FEE])
def test_a_fee_is_divided_like_a_fare(kind: Kind) -> None:
    transfer = settlement.fee_transfer(parties(), kind, Money(501, USD), share=THREE_WAYS)
    assert by_role(transfer) == {"rider": 501, "driver": -401, "cooperative": -75, "city": -25}


def test_a_tip_goes_whole_to_the_driver() -> None:
    transfer = settlement.tip_transfer(parties(), Money(333, USD))
    assert by_role(transfer) == {"rider": 333, "driver": -333}


def test_a_refund_leaves_the_drivers_pay_alone() -> None:
    whose = parties()
    transfer = settlement.refund_transfer(
        whose.trip_id, whose.rider_id, Money(200, USD), ordinal=2, reason="wrong way"
    )
    assert by_role(transfer) == {"rider": -200, "cooperative": 200}


def test_whoever_repeats_an_act_names_the_same_transfer() -> None:
    trip = parties().trip_id
    assert transfer_id(Kind.FARE, trip) == transfer_id(Kind.FARE, trip)
    ids = {transfer_id(kind, trip, n) for kind in Kind for n in (1, 2)}
    assert len(ids) == 2 * len(Kind)
    assert all(one.version == 8 for one in ids)


def test_a_fare_whose_shares_are_not_the_splits_is_refused() -> None:
    other = Share(driver_bps=9_000, coop_bps=500, city_bps=500)
    with pytest.raises(AssertionError):
        settlement.fare_transfer(parties(), replace(fare_of(1_000), share=other))


def test_I20_an_entry_further_than_a_minor_unit_from_its_share_is_refused() -> None:
    account = settlement.account_of_driver(parties().driver_id, USD)
    Entry(account=account, amount_minor=-80, code="share", share_of_minor=101, share_bps=8_000)
    Entry(account=account, amount_minor=-81, code="share", share_of_minor=101, share_bps=8_000)
    for amount in (-79, -82, 81):
        with pytest.raises(AssertionError):
            Entry(
                account=account, amount_minor=amount, code="share",
                share_of_minor=101, share_bps=8_000,
            )  # fmt: skip


def test_I16_a_transfer_that_does_not_sum_to_zero_cannot_be_made() -> None:
    whose = parties()
    rider = settlement.account_of_rider(whose.rider_id, USD)
    driver = settlement.account_of_driver(whose.driver_id, USD)
    yen = settlement.account_of_driver(whose.driver_id, Currency("JPY"))

    def tip(*entries: Entry) -> None:
        Transfer(
            kind=Kind.TIP, subject_id=whose.trip_id, trip_id=whose.trip_id, currency=USD,
            entries=entries,
        )  # fmt: skip

    def entry(account: settlement.Account, minor: int) -> Entry:
        return Entry(account=account, amount_minor=minor, code="tip")

    tip(entry(rider, 5), entry(driver, -5))
    for wrong in (
        (entry(rider, 5), entry(driver, -4)),
        (entry(rider, 0),),
        (entry(rider, 5), entry(yen, -5)),
        (),
    ):
        with pytest.raises(AssertionError):
            tip(*wrong)


def test_roles_and_owners_go_together() -> None:
    with pytest.raises(AssertionError):
        settlement.Account(role=Role.CITY, currency=USD, owner_id=numbered(1))
    with pytest.raises(AssertionError):
        settlement.Account(role=Role.DRIVER, currency=USD)
