"""`khan demo --assembly`: members vote the fare per mile anew, and the next quote after its date follows.

A whole city without a crowd: founded on its charter, joined by its drivers, and led through the months
that the bylaws ask for, each step told on the day on which it happens.
"""

import asyncio
import contextlib
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from doorway.places import quote_between
from doorway.services import City
from fares.quote import Quote
from foundation.chance import SeededChance
from foundation.clock import wall_now
from foundation.identifiers import UUID, PersonId, RiderId
from foundation.money import Money
from governance.ballots.choice import Value
from governance.certificate import Certificate
from governance.matter import MemberClass
from governance.motion import Motion
from governance.poll_views import pieces_of_bundle as pieces
from khan import seed
from khan.assembly import AssemblyAtWork
from khan.build import open_city, read_charter
from khan.console import ArgumentUnusable
from khan.fare_vote import Fare, fare_of, fare_proposal
from khan.greeting import short_trip
from khan.polling_station import PollingStation
from khan.settings import cache_folder
from registry.vault import Vault
from roads.pack import CityPack
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from storage import embedded
from storage.engine import Database
from storage.migrate import migrate
from verifier.check import verify

MEMBERS = 60
BATCH_LEAST = 10
RP_ID, ORIGIN = "localhost", "http://localhost:8765"


def run(city: str, *, keep: Path | None, number: int, console: Console) -> dict[str, Any]:
    """Play it in a database of its own; what it came to is returned.

    Parameters
    ----------
    number
        The seed: the same one gives the same people and ballots.

    Raises
    ------
    ArgumentUnusable, NothingToVoteOn, CityUnknown, EmbeddedServerFailed
        As they say.
    """
    with contextlib.ExitStack() as stack:
        folder = keep
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="khan-assembly-")))
        if folder.is_dir() and any(folder.iterdir()):
            raise ArgumentUnusable("--keep", "an assembly begins in an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        stack.callback(embedded.stop, folder / "postgres")
        with console.status("Starting the database and preparing the streets"):
            server = embedded.start(folder / "postgres")
            embedded.create_database(server, "khan")
            migrate(server.address("khan"))
            opened = open_city(city, cache_folder())
        return asyncio.run(
            Script(opened, server.address("khan"), folder, number=number, console=console).play()
        )


class Script:
    """One assembly, told as it goes."""

    def __init__(
        self, city: City, address: str, folder: Path, *, number: int, console: Console
    ) -> None:
        self._city, self._address, self._folder = city, address, folder
        self._number, self._console = number, console
        self._chance = SeededChance(f"assembly {number}")

    @property
    def _pack(self) -> CityPack:
        return self._city.pack

    async def play(self) -> dict[str, Any]:
        """From the charter to the new price."""
        begin = wall_now().replace(microsecond=0)
        self._move_to(begin)
        database = Database(self._address, chance=self._chance)
        station = PollingStation.set_up(
            self._address, self._folder / "polls", chance=self._chance, origin=ORIGIN,
            batch_least=BATCH_LEAST,
        )  # fmt: skip
        assembly = AssemblyAtWork(
            database=database, station=station, folder=self._folder, rp_id=RP_ID, origin=ORIGIN,
            chance=self._chance, move_to=self._move_to, city=self._pack,
        )  # fmt: skip
        try:
            return await self._assemble(assembly)
        finally:
            await station.dispose()
            await database.dispose()

    async def _assemble(self, assembly: AssemblyAtWork) -> dict[str, Any]:
        charter = read_charter(self._pack)
        fare = fare_of(dict(charter.bodies[RuleKind.TARIFF]))
        await seed.found(assembly.database, charter)
        await self._tell(
            assembly,
            f"{self._pack.title} is founded; the fare is {self._money(fare.today)} {fare.words}",
        )
        vault = Vault.from_secret(b"a demonstration without anybody's secret")
        people = await seed.enrol_members(
            assembly.database, vault, count=MEMBERS, seed=self._number
        )
        await assembly.station.appoint(assembly.database)
        await assembly.join(
            [PersonId(one.driver_id) for one in people], member_class=MemberClass.DRIVER
        )
        await self._tell(assembly, f"{len(people)} drivers join, each with a passkey for votes")
        before = await self._quoted(assembly)
        await self._tell(assembly, f"a ride is quoted at {before.total}")
        motion = await self._voted(assembly, fare)
        motion, certificate = await assembly.certified(motion)
        return await self._after(assembly, fare, motion, certificate=certificate, before=before)

    async def _voted(self, assembly: AssemblyAtWork, fare: Fare) -> Motion:
        """From the proposal to the last ballot."""
        motion = await assembly.moved(await fare_proposal(assembly, fare))
        await self._tell(assembly, f"a member moves: {motion.title}; five second it")
        await assembly.bounded(motion, lowest=fare.today // 2, highest=fare.today * 2)
        self._move_to(await assembly.now() + timedelta(days=2))
        motion = await assembly.called(motion)
        timetable = motion.timetable
        assert timetable is not None
        await self._tell(
            assembly,
            f"the office calls the vote: open from {self._day(timetable.opens_at)} to "
            f"{self._day(timetable.closes_at)}",
        )
        [poll] = await assembly.polls(motion)
        step = poll.question.parameter("step")
        lowest, highest = (poll.question.parameter(name) for name in ("lowest", "highest"))
        motion = await assembly.opened(motion)
        await self._tell(
            assembly,
            f"it opens: every number from {self._money(lowest)} to {self._money(highest)}, as far as "
            f"the bylaws let a fare move at once",
        )
        wishes = {
            number: Value(
                min(highest, fare.today + step * self._chance.below(1 + highest - fare.today))
            )
            for number in range(len(assembly.electors))
        }
        with self._console.status("Members vote"):
            cast = await assembly.cast(motion, wishes)
        await self._tell(
            assembly, f"{cast} members vote {poll.tier}: two desks sign, one board shows"
        )
        return motion

    async def _after(
        self,
        assembly: AssemblyAtWork,
        fare: Fare,
        motion: Motion,
        *,
        certificate: Certificate,
        before: Quote,
    ) -> dict[str, Any]:
        """What the vote came to, and what the next rides cost."""
        outcome = "it passes" if certificate.has_passed else "it is lost"
        value = certificate.value
        assert value is not None, "somebody voted"
        await self._tell(
            assembly,
            f"{certificate.cast} ballots are counted: {self._money(value)}; {outcome}",
        )
        [poll] = await assembly.polls(motion)
        bundle = self._folder / "bundle.zip"
        async with assembly.database.reading() as reading:
            bundle.write_bytes(b"".join([one async for one in pieces(reading, poll.poll_id)]))
        checked = verify(bundle, processes=1)
        await self._tell(assembly, f"khan verify {bundle.name}: nothing is wrong with it")
        async with assembly.database.work() as work:
            rules = await list_rules(work, RuleKind.TARIFF)
        starts = rules[-1].valid_from
        self._move_to(starts - timedelta(minutes=10))
        last = await self._quoted(assembly)
        await self._tell(assembly, f"the last ride by the old tariff is quoted at {last.total}")
        self._move_to(starts)
        after = await self._quoted(assembly)
        await self._tell(assembly, f"the next one, by the new tariff, at {after.total}")
        return {
            "motion": str(motion.motion_id), "poll": str(poll.poll_id),
            "certificate": certificate.digest, "has_passed": certificate.has_passed,
            "roll": certificate.roll_size, "ballots": certificate.cast,
            "fare_before_minor": fare.today, "fare_after_minor": value,
            "tariff_versions": len(rules), "valid_from": starts.isoformat(),
            "quote_before_minor": before.total.minor, "quote_last_minor": last.total.minor,
            "quote_after_minor": after.total.minor, "bundle_verified": checked.certificate["valid"],
            "receipt_names": {
                "before": str(last.tariff_rule_id), "after": str(after.tariff_rule_id),
                "adopted_by": rules[-1].adopted_by,
            },
        }  # fmt: skip

    async def _quoted(self, assembly: AssemblyAtWork) -> Quote:
        """The ride that a visitor of the demonstration is shown, as a rider is quoted it."""
        origin, destination = short_trip(self._pack)
        async with assembly.database.work() as work:
            return await quote_between(
                work, self._city, rider_id=RiderId(UUID(int=1)), pickup=origin, dropoff=destination,
                seats=1, vehicle_class="standard", needs=[], booked_for=None,
                is_shared=False,
            )  # fmt: skip

    def _move_to(self, instant: datetime) -> None:
        seed.let_it_be(self._address, instant)

    async def _tell(self, assembly: AssemblyAtWork, words: str) -> None:
        now = await assembly.now()
        self._console.print(f"  {self._day(now)}  {words}", markup=False, highlight=False)

    def _day(self, instant: datetime) -> str:
        return f"{instant.astimezone(self._pack.zone_info):%Y-%m-%d %H:%M}"

    def _money(self, minor: int) -> str:
        return str(Money(minor, self._pack.currency))
