"""One's own month under a motion: sums of receipts, today's and the proposal's; nobody else's."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

import fares.service
from doorway.my_month import NO_TRIP, NOT_YOURS, OF_MATCHING, MyMonthOut, my_month
from fares.fare import Extras
from fares.month import month_under_both, price_by, trip_of_receipt
from foundation.identifiers import UUID, DriverId, RiderId
from governance.errors import MotionNotFound
from governance.motion import Motion
from governance.service.motions import Proposal
from ledger import views
from ledger.account import Role
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.assembly_rows import BEGINS, Assembly, assemble, dearer_tariff, tariff_motion
from tests.booked import City, QuotedTrip
from tests.money import numbered

ME, OTHER = RiderId(numbered(101)), RiderId(numbered(102))
DRIVER, COLLEAGUE = DriverId(numbered(201)), DriverId(numbered(202))


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


@pytest.fixture
def city(assembly: Assembly) -> City:
    # The books alone: the trips of these tests are only identifiers, and never completed.
    assembly.owner.execute("ALTER TABLE ledger.charge DISABLE TRIGGER i17_paid_means_completed")
    return City(database=assembly.database, tariff_rule_id=assembly.rules[RuleKind.TARIFF].rule_id)


async def three_trips(assembly: Assembly, city: City) -> list[QuotedTrip]:
    """Two of mine with DRIVER, of which one waited; one of another's with a colleague; an hour ago."""
    extras = Extras(waiting_seconds=400, outlays_minor={"toll": 650})
    trips = [
        await city.settled_trip(rider_id=ME, driver_id=DRIVER),
        await city.settled_trip(rider_id=ME, driver_id=DRIVER, metres=900, extras=extras),
        await city.settled_trip(rider_id=OTHER, driver_id=COLLEAGUE, metres=20_000),
    ]
    assembly.at(BEGINS + timedelta(hours=1))
    return trips


async def asked(assembly: Assembly, motion: Motion, role: Role, person: UUID) -> MyMonthOut:
    async with assembly.database.work() as work:
        return await my_month(work, motion.motion_id, role=role, person_id=person)


async def receipts(city: City, trips: list[QuotedTrip]) -> list[dict[str, Any]]:
    found = []
    for trip in trips:
        async with city.database.work() as work:
            charge = await views.fare_of_trip(work, trip.trip_id)
            found.append(
                await fares.service.receipt_of(
                    work, trip.quote, charge.document, trip_id=trip.trip_id, completed_at=work.now
                )
            )
    return found


async def test_the_sums_are_those_of_the_receipts(assembly: Assembly, city: City) -> None:
    mine = (await three_trips(assembly, city))[:2]
    motion = await assembly.propose(tariff_motion())
    documents = await receipts(city, mine)
    rider = await asked(assembly, motion, Role.RIDER, ME)
    driver = await asked(assembly, motion, Role.DRIVER, DRIVER)
    assert rider.trips == driver.trips == 2
    assert rider.today is not None
    assert driver.today is not None
    # Today's rules are those the trips were made under.
    fares_sum = sum(one["fare"]["total_minor"] for one in documents)
    pay_sum = sum(one["fare"]["driver_pay"]["pay_minor"] for one in documents)
    assert rider.was.amount_minor == rider.today.amount_minor == fares_sum
    assert driver.was.amount_minor == driver.today.amount_minor == pay_sum
    # And the proposal's are what `khan impact --receipts` makes of the same receipts.
    bodies = {kind: assembly.rules[kind].body for kind in (RuleKind.TARIFF, RuleKind.PAY_FLOOR)}
    both = month_under_both(
        [trip_of_receipt(one) for one in documents],
        today=price_by(bodies),
        proposed=price_by(bodies | {RuleKind.TARIFF: dearer_tariff()}),
    )
    (of_rider,), (of_driver,) = rider.proposals, driver.proposals
    assert of_rider.amount is not None
    assert of_rider.change is not None
    assert of_driver.change is not None
    assert of_rider.amount.amount_minor == both.proposed.fares.minor
    assert of_rider.change.amount_minor == both.fares_change.minor > 0
    assert of_driver.change.amount_minor == both.pay_change.minor
    # The books say the same of the driver.
    async with assembly.database.work() as work:
        until = work.now + timedelta(seconds=1)
        said = await views.driver_statement(work, DRIVER, until - timedelta(days=31), until)
    assert [one.pay.minor for one in said.totals] == [pay_sum]


async def test_each_sees_their_own_trips_of_the_last_days_only(
    assembly: Assembly, city: City
) -> None:
    await three_trips(assembly, city)
    motion = await assembly.propose(tariff_motion())
    other = await asked(assembly, motion, Role.RIDER, OTHER)
    nobody = await asked(assembly, motion, Role.RIDER, numbered(103))
    crossed = await asked(assembly, motion, Role.DRIVER, ME)
    assert (other.trips, nobody.trips, crossed.trips) == (1, 0, 0)
    assert (nobody.was.amount_minor, nobody.proposals, nobody.why_none) == (0, [], NO_TRIP)
    assembly.at(other.end + timedelta(days=31, seconds=2))
    later = await asked(assembly, motion, Role.RIDER, OTHER)
    assert (later.trips, later.why_none) == (0, NO_TRIP)


async def test_what_cannot_be_worked_out_is_said(assembly: Assembly, city: City) -> None:
    await three_trips(assembly, city)
    boats = await assembly.propose(tariff_motion(dearer_tariff() | {"vehicle_classes": ["boat"]}))
    (proposal,) = (await asked(assembly, boats, Role.RIDER, ME)).proposals
    assert (proposal.amount, proposal.change) == (None, None)
    assert "standard" in str(proposal.why_none)
    for kind, matter, why in (
        (RuleKind.MATCHING_POLICY, "special", OF_MATCHING),
        (RuleKind.BOOKING_POLICY, "special", NOT_YOURS),
    ):
        body = assembly.rules[kind].body
        motion = await assembly.propose(
            Proposal(title="A rule", text=json.dumps(body), matter=matter, rule_kind=kind)
        )
        found = await asked(assembly, motion, Role.RIDER, ME)
        assert (found.trips, found.proposals, found.why_none) == (2, [], why)
    async with assembly.database.work() as work:
        with pytest.raises(MotionNotFound):
            await my_month(work, numbered(9), role=Role.RIDER, person_id=ME)


async def test_asking_leaves_no_trace_in_any_table(assembly: Assembly, city: City) -> None:
    await three_trips(assembly, city)
    motion = await assembly.propose(tariff_motion())

    def rows() -> dict[str, int]:
        named = assembly.owner.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        return {
            name: assembly.owner.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # type: ignore[index]
            for (name,) in named
        }

    before = rows()
    with city.counting() as sent:
        await asked(assembly, motion, Role.DRIVER, DRIVER)
    assert rows() == before
    assert all(one.strip().upper().startswith("SELECT") for one in sent)
