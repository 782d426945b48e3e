"""Each use case of the books: what it writes, what it announces, what it refuses, what it costs."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from fares.fare import Extras
from foundation.identifiers import DriverId, ShiftId, TripId
from foundation.money import Currency, Money
from ledger import service, views
from ledger.account import OWNER_OF, OwnedBy, Role
from ledger.errors import (
    AmountNotPositive,
    CurrencyOfTheTrip,
    FareNotFound,
    HoldNotFound,
    HoldOpen,
    HoldReleased,
    RefundTooLarge,
    TipAlreadyGiven,
    TripAlreadyCharged,
)
from ledger.transfer import OF_A_TRIP, PENDING, REPEATABLE, Kind
from tests.booked import City, QuotedTrip
from tests.money import USD


def usd(minor: int) -> Money:
    return Money(minor, USD)


async def announced(city: City) -> list[str]:
    async with city.database.work() as work:
        rows = await work.execute(text("SELECT kind FROM storage.outbox ORDER BY outbox_id"))
        return [row.kind for row in rows]


async def balances(city: City) -> dict[str, int]:
    async with city.database.work() as work:
        found = await views.balances(work)
        assert not any((await views.imbalance(work)).values())
    return {role.value: minor for (role, _), minor in found.items()}


async def test_a_completed_trip_posts_its_hold_and_pays_everybody(city: City) -> None:
    trip = await city.held_trip()
    assert await balances(city) == {}
    fare = await city.fare(trip)
    await city.settle(trip, fare)
    found = await balances(city)
    assert found["rider"] == trip.quote.total.minor
    assert -found["driver"] == fare.pay.pay_minor
    assert -found["cooperative"] == fare.shares.coop_minor - fare.pay.top_up_minor
    assert sum(found.values()) == 0
    assert await announced(city) == ["hold_placed", "fare_posted"]
    async with city.database.work() as work:
        charge = await views.fare_of_trip(work, trip.trip_id)
    assert (charge.total, charge.document) == (fare.total, fare.as_json())
    assert len(charge.transfers) == 1


async def test_waiting_and_tolls_are_lines_of_their_own_above_the_hold(city: City) -> None:
    trip = await city.held_trip()
    fare = await city.fare(trip, extras=Extras(waiting_seconds=600, outlays_minor={"toll": 650}))
    assert fare.total.minor > trip.quote.total.minor + 650
    await city.settle(trip, fare)
    assert (await balances(city))["rider"] == fare.total.minor


async def test_a_trip_without_a_hold_is_charged_too(city: City) -> None:
    await city.settle(trip := await city.quoted_trip(), await city.fare(trip))
    assert (await balances(city))["rider"] == trip.quote.total.minor


async def test_doing_it_again_changes_nothing(city: City) -> None:
    trip = await city.settled_trip()
    before = await balances(city)
    fare = await city.fare(trip)
    for _ in range(2):
        await city.settle(trip, fare)
        async with city.database.work() as work:
            await service.tip(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
                amount=usd(200),
            )  # fmt: skip
    after = await balances(city)
    assert after == before | {"rider": before["rider"] + 200, "driver": before["driver"] - 200}
    assert await announced(city) == ["hold_placed", "fare_posted", "tip_posted"]


async def test_doing_it_again_otherwise_is_refused(city: City) -> None:
    trip = await city.settled_trip()
    with pytest.raises(TripAlreadyCharged, match="a fare of"):
        await city.settle(trip, await city.fare(trip, extras=Extras(waiting_seconds=900)))
    with pytest.raises(TripAlreadyCharged):
        await fee(city, trip, usd(500))
    with pytest.raises(TripAlreadyCharged):
        async with city.database.work() as work:
            await service.void_hold(work, trip_id=trip.trip_id)
    with pytest.raises(TripAlreadyCharged):
        async with city.database.work() as work:
            await service.hold(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total
            )
    for amount in (200, 300):
        async with city.database.work() as work:
            ask = service.tip(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
                amount=usd(amount),
            )  # fmt: skip
            if amount == 200:
                await ask
                continue
            with pytest.raises(TipAlreadyGiven):
                await ask


async def fee(city: City, trip: QuotedTrip, amount: Money, *, kind: str = "no_show") -> None:
    async with city.database.work() as work:
        await service.settle_fee(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            kind=kind, amount=amount, tariff_rule_id=city.tariff_rule_id,  # type: ignore[arg-type]
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["cancellation", "no_show"])
async def test_a_fee_posts_the_hold_and_is_divided_by_the_tariff(city: City, kind: str) -> None:
    trip = await city.held_trip()
    await fee(city, trip, usd(500), kind=kind)
    await fee(city, trip, usd(500), kind=kind)
    found = await balances(city)
    assert found["rider"] == 500
    assert -found["driver"] == 500 * trip_share(city) // 10_000
    assert await announced(city) == ["hold_placed", "fee_posted"]
    async with city.database.work() as work:
        charge = await views.find_charge(work, trip.trip_id)
        assert charge is not None
        assert charge.kind.value == f"{kind}_fee"
        with pytest.raises(FareNotFound):
            await views.fare_of_trip(work, trip.trip_id)


def trip_share(city: City) -> int:
    from tests.rules import example_tariff

    return int(example_tariff()["share"]["driver_bps"])


async def test_a_released_hold_frees_the_rider_and_ends_the_matter(city: City) -> None:
    trip = await city.held_trip()
    for _ in range(2):
        async with city.database.work() as work:
            await service.void_hold(work, trip_id=trip.trip_id, reason="cancelled")
    with pytest.raises(HoldReleased):
        await city.settle(trip, await city.fare(trip))
    with pytest.raises(HoldReleased):
        await fee(city, trip, usd(500))
    assert await balances(city) == {}
    assert await announced(city) == ["hold_placed", "hold_voided"]


async def test_a_released_hold_can_be_placed_anew(city: City) -> None:
    trip = await city.held_trip()
    for amount in (700, 800, 900):
        async with city.database.work() as work:
            await service.void_hold(work, trip_id=trip.trip_id)
            await service.hold(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=usd(amount)
            )
    await city.settle(trip, await city.fare(trip))
    assert (await balances(city))["rider"] == trip.quote.total.minor
    async with city.database.work() as work:
        rows = await work.execute(
            text("SELECT kind, ordinal FROM ledger.transfer ORDER BY kind, ordinal")
        )
        assert [tuple(row) for row in rows] == [
            ("fare", 1), ("hold", 1), ("hold", 2), ("hold", 3), ("hold", 4),
            ("void", 1), ("void", 2), ("void", 3),
        ]  # fmt: skip


async def test_a_trip_has_one_open_hold(city: City) -> None:
    trip = await city.held_trip()
    async with city.database.work() as work:
        await service.hold(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total
        )
        with pytest.raises(HoldOpen):
            await service.hold(work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=usd(1))
    async with city.database.work() as work:
        with pytest.raises(HoldNotFound):
            await service.void_hold(work, trip_id=TripId(work.new_id()))


async def test_a_hold_that_ran_out_is_voided_and_the_trip_can_still_be_charged(city: City) -> None:
    trips = [await city.quoted_trip() for _ in range(3)]
    for index, trip in enumerate(trips):
        async with city.database.work() as work:
            await service.hold(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total,
                expires_at=work.now + timedelta(hours=1 if index == 2 else -1),
            )  # fmt: skip
    await city.settle(trips[0], await city.fare(trips[0]))
    async with city.database.work() as work:
        # Anew, because the one before ran out.
        await service.hold(
            work, trip_id=trips[1].trip_id, rider_id=trips[1].rider_id, amount=usd(5)
        )
    async with city.database.work() as work:
        assert await service.void_expired_holds(work) == 1
        assert await service.void_expired_holds(work) == 0
    await city.settle(trips[1], await city.fare(trips[1]))
    assert (await balances(city))["rider"] == 2 * trips[0].quote.total.minor


async def test_a_trip_whose_voided_hold_had_run_out_is_charged(city: City) -> None:
    trip = await city.quoted_trip()
    async with city.database.work() as work:
        await service.hold(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=usd(5),
            expires_at=work.now - timedelta(seconds=1),
        )  # fmt: skip
    async with city.database.work() as work:
        assert await service.void_expired_holds(work) == 1
    await city.settle(trip, await city.fare(trip))
    assert (await balances(city))["rider"] == trip.quote.total.minor


async def test_a_tip_needs_the_fare_of_that_rider_and_driver(city: City) -> None:
    settled, held = await city.settled_trip(), await city.held_trip()
    for trip_id, rider_id, driver_id in (
        (held.trip_id, held.rider_id, held.driver_id),
        (settled.trip_id, held.rider_id, settled.driver_id),
        (settled.trip_id, settled.rider_id, held.driver_id),
    ):
        async with city.database.work() as work:
            with pytest.raises(FareNotFound):
                await service.tip(
                    work, trip_id=trip_id, rider_id=rider_id, driver_id=driver_id, amount=usd(100)
                )
    async with city.database.work() as work:
        for amount in (usd(0), usd(-5)):
            with pytest.raises(AmountNotPositive):
                await service.tip(
                    work, trip_id=settled.trip_id, rider_id=settled.rider_id,
                    driver_id=settled.driver_id, amount=amount,
                )  # fmt: skip


async def test_I21_refunds_are_new_entries_and_never_exceed_the_charge(city: City) -> None:
    trip = await city.settled_trip()
    before, total = await balances(city), trip.quote.total.minor
    for amount in (100, total - 100):
        async with city.database.work() as work:
            await service.refund(work, trip_id=trip.trip_id, amount=usd(amount), reason="wrong way")
    found = await balances(city)
    assert found["rider"] == 0
    assert found["driver"] == before["driver"]
    async with city.database.work() as work:
        with pytest.raises(RefundTooLarge, match=r"At most 0.00 USD"):
            await service.refund(work, trip_id=trip.trip_id, amount=usd(1), reason="more")
        with pytest.raises(CurrencyOfTheTrip):
            await service.refund(
                work, trip_id=trip.trip_id, amount=Money(1, Currency("EUR")), reason="more"
            )
        with pytest.raises(FareNotFound):
            await service.refund(work, trip_id=TripId(work.new_id()), amount=usd(1), reason="x")
        charge = await views.fare_of_trip(work, trip.trip_id)
        assert (charge.refunded.minor, len(charge.transfers)) == (total, 3)


async def test_statements_say_what_was_earned_and_why(city: City) -> None:
    async with city.database.work() as work:
        driver, shift = DriverId(work.new_id()), ShiftId(work.new_id())
        start = work.now
    trips = [
        # A slow trip is topped up to the pay floor.
        await city.settled_trip(driver_id=driver, metres=1_000, seconds=1_200),
        await city.settled_trip(driver_id=driver, extras=Extras(outlays_minor={"toll": 650})),
    ]
    async with city.database.work() as work:
        await service.tip(
            work, trip_id=trips[0].trip_id, rider_id=trips[0].rider_id, driver_id=driver,
            amount=usd(300),
        )  # fmt: skip
        for trip in (*trips, trips[0]):  # a trip counts once
            await service.record_work(
                work, driver_id=driver, shift_id=shift, trip_id=trip.trip_id,
                seconds_engaged=1_800, metres=6_000, trips=1,
            )  # fmt: skip
        await service.record_work(work, driver_id=driver, shift_id=shift, seconds_on_shift=7_200)
    async with city.database.work() as work:
        end = work.now
        statement = await views.driver_statement(work, driver, start, end)
        earned = await views.driver_earnings(
            work, driver, currency=USD,
            periods={"today": (start, end), "before": (start - timedelta(days=1), start)},
        )  # fmt: skip
        since = await views.earnings_since(
            work, [driver, DriverId(work.new_id())], start, currency=USD
        )
    (totals,) = statement.totals
    fares = [await city.fare(trip) for trip in trips]
    pay = sum(fare.pay.pay_minor for fare in fares)
    assert (totals.pay.minor, totals.tips.minor, totals.reimbursed.minor) == (pay, 300, 650)
    assert totals.closing.minor == pay + 950
    assert statement.pay_per_engaged_hour(totals) == usd(pay)
    assert statement.pay_per_hour_on_shift(totals) == usd((pay + 1) // 2)
    assert [line.code for line in statement.lines] == [
        "share", "top_up", "share", "pass_through.toll", "tip",
    ]  # fmt: skip
    assert "pay floor" in statement.lines[1].why
    assert (statement.worked.trips, statement.worked.metres) == (2, 12_000)
    assert earned["today"].pay.minor == pay
    assert earned["today"].pay_per_engaged_hour == usd(pay)
    assert earned["before"].pay.minor == 0
    assert earned["before"].pay_per_engaged_hour is None
    assert sorted(since.values()) == [0, pay]


async def test_a_riders_statement_has_no_pending_line(city: City) -> None:
    async with city.database.work() as work:
        start = work.now
    first = await city.settled_trip()
    await city.held_trip(rider_id=first.rider_id)
    async with city.database.work() as work:
        await service.refund(work, trip_id=first.trip_id, amount=usd(100), reason="late")
    async with city.database.work() as work:
        middle = work.now
        whole = await views.rider_statement(work, first.rider_id, start, middle)
        later = await views.rider_statement(work, first.rider_id, middle, middle)
    total = first.quote.total.minor
    assert [line.amount.minor for line in whole.lines] == [total, -100]
    assert whole.lines[1].why == "given back: late"
    assert whole.owed == (usd(total - 100),) == later.opening == later.owed


async def test_I20_where_rounding_went_is_told_for_each_account(city: City) -> None:
    trip = await city.settled_trip()
    fare = await city.fare(trip)
    async with city.database.work() as work:
        rows = (await work.execute(text("SELECT * FROM ledger.rounding"))).all()
    given = {row.role: row.given_ten_thousandths for row in rows}
    assert sum(given.values()) == 0
    assert (
        given["driver"]
        == fare.shares.driver_minor * 10_000 - fare.total.minor * fare.share.driver_bps
    )
    assert all(abs(value) < 10_000 for value in given.values())


async def test_each_use_case_is_one_statement_or_two(city: City) -> None:
    # A ratchet: whoever adds a statement to the hot path sees it here.
    trips = [await city.quoted_trip() for _ in range(3)]
    fare = await city.fare(trips[0])
    counts: dict[str, int] = {}
    async with city.database.work() as work:
        for trip in trips:
            with city.counting() as sent:
                await service.hold(
                    work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total
                )
            counts["hold"] = len(sent)
        with city.counting() as sent:
            await service.void_hold(work, trip_id=trips[1].trip_id)
        counts["void"] = len(sent)
        with city.counting() as sent:
            await service.settle_trip(
                work, trip_id=trips[0].trip_id, rider_id=trips[0].rider_id,
                driver_id=trips[0].driver_id, fare=fare,
            )  # fmt: skip
        counts["settle_trip"] = len(sent)
        with city.counting() as sent:
            await service.settle_fee(
                work, trip_id=trips[2].trip_id, rider_id=trips[2].rider_id,
                driver_id=trips[2].driver_id, kind="no_show", amount=usd(500),
                tariff_rule_id=city.tariff_rule_id,
            )  # fmt: skip
        counts["settle_fee"] = len(sent)
        with city.counting() as sent:
            await service.tip(
                work, trip_id=trips[0].trip_id, rider_id=trips[0].rider_id,
                driver_id=trips[0].driver_id, amount=usd(100),
            )  # fmt: skip
        counts["tip"] = len(sent)
        with city.counting() as sent:
            await service.refund(work, trip_id=trips[0].trip_id, amount=usd(1), reason="test")
        counts["refund"] = len(sent)
    assert counts == {
        "hold": 1, "void": 1, "settle_trip": 1, "settle_fee": 2, "tip": 2, "refund": 2,
    }  # fmt: skip


async def test_the_chart_of_accounts_is_the_same_in_code_and_database(city: City) -> None:
    async with city.database.work() as work:
        roles = await work.execute(text("SELECT role, owned_by FROM ledger.role"))
        assert {Role(row.role): OwnedBy(row.owned_by) for row in roles} == OWNER_OF
        known, states, repeated = [
            (await work.execute(text(asked))).scalar_one()
            for asked in (
                _DEFINED.format("known_kind"),
                "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid ="
                " CAST('ledger.transfer' AS regclass) AND pg_get_expr(adbin, adrelid) LIKE '%pending%'",
                _DEFINED.format("first_and_only"),
            )
        ]
        of_a_trip = await work.execute(
            text(
                "SELECT kind FROM unnest(CAST(:kinds AS text[])) AS kind WHERE ledger.is_of_a_trip(kind)"
            ),
            {"kinds": [kind.value for kind in Kind]},
        )
        assert {Kind(row.kind) for row in of_a_trip} == OF_A_TRIP
    assert _kinds_in(known) == set(Kind) - OF_A_TRIP
    assert _kinds_in(states) - {Kind.VOID} == PENDING
    assert _kinds_in(repeated) == REPEATABLE


_DEFINED = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '{}'"


def _kinds_in(definition: str) -> set[Kind]:
    """The kinds that a constraint names."""
    return {kind for kind in Kind if f"'{kind}'" in definition}
