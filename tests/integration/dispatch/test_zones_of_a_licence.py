"""A licence may name the zones in which its driver picks riders up: rounds, joins and acceptances
keep to it, whoever writes them, from the instant the paper says."""

from datetime import UTC, datetime, timedelta

import pytest

import registry.service
from dispatch.run import StopKind
from foundation.identifiers import CredentialId, DriverId
from registry.errors import DetailInvalid, NotFitToWork
from registry.licence import CredentialKind, Paper
from registry.views import list_zone_limits
from tests.dispatch_rows import refuses
from tests.integration.dispatch.test_rounds_and_runs import offered, round_of, towards_the_park
from tests.integration.dispatch.test_why_not_me import a_round, told
from tests.people import usual_papers
from tests.town import PARK, STATION, Town

_NOW = datetime(2031, 3, 1, tzinfo=UTC)
CENTRE = "centre"
LICENCE = CredentialKind.PRIVATE_HIRE_LICENCE


async def driver_for(town: Town, *zones: str) -> DriverId:
    """A driver whose only private hire licence names these zones."""
    async with town.database.work() as work:
        papers = [
            Paper(kind=one.kind, valid_from=one.valid_from, valid_to=one.valid_to,
                  zones=frozenset(zones) if one.kind is LICENCE else None)
            for one in usual_papers(work.now)
        ]  # fmt: skip
    return await town.driver(papers=papers)


async def another_licence(
    town: Town, driver_id: DriverId, *zones: str, days: float = 1
) -> CredentialId:
    """The office records a further licence, valid from so many days ago."""
    async with town.database.work() as work:
        paper = Paper(
            kind=LICENCE, valid_from=work.now - timedelta(days=days),
            valid_to=work.now + timedelta(days=100), zones=frozenset(zones) if zones else None,
        )  # fmt: skip
        return await registry.service.add_credential(
            work, paper, by=town.office, driver_id=driver_id
        )


async def test_nobody_is_asked_to_pick_up_where_their_licence_does_not_reach(town: Town) -> None:
    driver_id = await driver_for(town, "elsewhere")
    trip = await town.trip(zone_from=CENTRE)
    await a_round(town, at_the_station=[driver_id])
    assert await told(town, trip, driver_id) == ["limit_zone", "nobody_offered", "open_zone"]


async def test_a_licence_for_the_zone_is_enough_and_each_adds_its_zones(town: Town) -> None:
    driver_id = await driver_for(town, "elsewhere")
    await town.trip(zone_from=CENTRE)
    assert await round_of(town, driver_id, STATION) == 0
    await another_licence(town, driver_id, CENTRE)
    async with town.database.reading() as work:
        assert await list_zone_limits(work) == {driver_id: {"elsewhere", CENTRE}}
    assert await round_of(town, driver_id, STATION) == 1


async def test_a_licence_without_zones_is_for_all_and_one_to_come_counts_when_it_begins(
    town: Town,
) -> None:
    driver_id = await driver_for(town, "elsewhere")
    await town.trip(zone_from=CENTRE)
    await another_licence(town, driver_id, days=-1)
    assert await round_of(town, driver_id, STATION) == 0
    everywhere = await another_licence(town, driver_id)
    assert await round_of(town, driver_id, STATION) == 1
    async with town.database.work() as work:
        await registry.service.withdraw_credential(
            work, everywhere, reason="not genuine", by=town.office
        )
        assert set(await list_zone_limits(work)) == {driver_id}


async def test_I11_a_trip_outside_the_licence_is_not_accepted_whoever_offered_it(
    town: Town, address: str
) -> None:
    """A planted offer, past every round: the database refuses its acceptance."""
    driver_id = await driver_for(town, "elsewhere")
    offer_id = await town.offer(await town.trip(zone_from=CENTRE), driver_id)
    accepting = (
        "UPDATE dispatch.offer SET state = 'accepted', ended_at = service_now()"
        " WHERE offer_id = %(o)s", {"o": offer_id},
    )  # fmt: skip
    refuses(address, "i11_fit_at_acceptance", accepting)
    with pytest.raises(NotFitToWork) as refused:
        await town.accept(offer_id, driver_id)
    assert refused.value.reasons == ("zone_not_licensed",)
    await another_licence(town, driver_id, CENTRE)
    assert (await town.accept(offer_id, driver_id)).holder is not None


async def test_nobody_joins_a_run_outside_the_licence_of_its_driver(town: Town) -> None:
    driver_id = await driver_for(town, "elsewhere")
    ada = await town.trip(is_shared=True, zone_from=CENTRE)
    both = await another_licence(town, driver_id, CENTRE)
    assert await round_of(town, driver_id, STATION) == 1
    ada = await town.accept((await offered(town, driver_id)).offer_id, driver_id)
    await town.board(await town.arrive(ada, driver_id), driver_id)
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True, zone_from=CENTRE)
    async with town.database.work() as work:
        await registry.service.withdraw_credential(work, both, reason="ended", by=town.office)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 0
    await another_licence(town, driver_id)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 1
    assert (await offered(town, driver_id)).promised.keys() == set(StopKind)


async def test_outside_every_zone_only_who_may_pick_up_anywhere_is_asked(town: Town) -> None:
    bound, free = await driver_for(town, CENTRE), await town.driver()
    trip = await town.trip()
    await a_round(town, at_the_station=[bound])
    assert (await told(town, trip, bound))[0] == "limit_zone"
    assert await round_of(town, free, STATION) == 1


@pytest.mark.parametrize(
    ("kind", "zones"),
    [
        (LICENCE, []),
        (LICENCE, [" north"]),
        (LICENCE, [""]),
        (LICENCE, ["a\x00b"]),
        (LICENCE, [f"z{n}" for n in range(1001)]),
        (CredentialKind.INSURANCE, ["north"]),
    ],
)
def test_zones_that_no_licence_can_state_are_refused(
    kind: CredentialKind, zones: list[str]
) -> None:
    (usual, *_) = usual_papers(_NOW)
    with pytest.raises(DetailInvalid, match="zones"):
        Paper(
            kind=kind, valid_from=usual.valid_from, valid_to=usual.valid_to, zones=frozenset(zones)
        )


@pytest.mark.parametrize("zones", ["'{}'", "'{NULL}'", "ARRAY['']"])
async def test_nor_does_the_database_keep_them(town: Town, address: str, zones: str) -> None:
    driver_id = await town.driver()
    insert = (
        "INSERT INTO registry.credential (credential_id, kind, subject, driver_id, valid_from,"
        f" valid_to, zones, verified_by, added_at) SELECT gen_random_uuid(), 'private_hire_licence',"
        f" 'driver', %(d)s, now(), now() + interval '1 day', {zones}, %(o)s, now()",
        {"d": driver_id, "o": town.office},
    )
    refuses(address, "zones_are_a_licence_s", insert)
