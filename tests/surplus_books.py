"""Years in the books for tests: what was earned, who drove, and the close."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from foundation.identifiers import DriverId, PersonId
from foundation.money import Currency
from governance.asked import AllocationAsked
from governance.motion import Motion
from governance.service.motions import Proposal
from governance.surplus.events import SurplusMoved
from ledger.account import Account, Role, account_of_driver
from ledger.store.transfers import insert_transfer, insert_work_record
from ledger.transfer import Entry, Kind, Transfer, transfer_id
from storage.engine import Database
from storage.work import UnitOfWork
from tests.assembly_rows import Assembly

USD = Currency("USD")
BEFORE = datetime(2026, 3, 1, tzinfo=UTC)


def named(name: str) -> UUID:
    """The identifier of that name."""
    return uuid5(UUID(int=0x5017), name)


@dataclass(frozen=True, kw_only=True)
class Did:
    """What a driver did: minor units of fares, seconds on shift, trips."""

    fares: int = 0
    seconds: int = 0
    trips: int = 0


async def post(work: UnitOfWork, transfer: Transfer) -> None:
    """Write a transfer and announce it."""
    assert await insert_transfer(work, transfer)
    work.announce(
        SurplusMoved(
            event_id=work.new_id(), occurred_at=work.now, transfer_id=transfer.transfer_id,
            what=transfer.kind, currency=transfer.currency, moved_minor=0,
        )
    )  # fmt: skip


async def result(work: UnitOfWork, name: str, minor: int) -> None:
    """Income, or below zero a cost, of no trip."""
    bank = Account(role=Role.BANK, currency=USD)
    role, kind = (Role.OTHER_INCOME, Kind.INCOME) if minor >= 0 else (Role.EXPENSE, Kind.EXPENSE)
    await post(
        work,
        Transfer(
            kind=kind, subject_id=named(name), currency=USD,
            entries=(
                Entry(account=bank, amount_minor=minor, code="grant"),
                Entry(account=Account(role=role, currency=USD), amount_minor=-minor, code="grant"),
            ),
        ),
    )  # fmt: skip


async def came_in(address: str, name: str, minor: int) -> UUID:
    """Money that came in, in a city of that address; its transfer."""
    database = Database(address, pool_size=1)
    try:
        async with database.work() as work:
            await result(work, name, minor)
    finally:
        await database.dispose()
    return transfer_id(Kind.INCOME, named(name))


async def drove(work: UnitOfWork, name: str, person_id: PersonId, did: Did) -> None:
    """A driver's work, whose whole fares are the driver's own."""
    for number in range(max(1, did.trips)):
        first = number == 0
        await insert_work_record(
            work,
            {
                "work_record_id": named(f"{name} {person_id} {number}"), "driver_id": person_id,
                "shift_id": named(f"{name} shift"), "trips": int(did.trips > 0),
                "trip_id": named(f"{name} {person_id} trip {number}"), "metres": 0,
                "seconds_on_shift": did.seconds if first else 0, "seconds_engaged": 0,
            },
        )  # fmt: skip
    if did.fares:
        driver = account_of_driver(DriverId(person_id), USD)
        await post(
            work,
            Transfer(
                kind=Kind.INCOME, subject_id=named(f"{name} fares {person_id}"), currency=USD,
                entries=(
                    Entry(account=Account(role=Role.BANK, currency=USD), amount_minor=did.fares, code="fare"),
                    Entry(account=driver, amount_minor=-did.fares, code="share", share_of_minor=did.fares, share_bps=10_000),
                ),
            ),
        )  # fmt: skip


async def persons(assembly: Assembly) -> list[PersonId]:
    """The person of each member."""
    async with assembly.database.work() as work:
        rows = await work.execute(text("SELECT member_id, person_id FROM governance.member"))
        by_member = {row.member_id: PersonId(row.person_id) for row in rows}
    return [by_member[one] for one in assembly.members]


async def a_year(
    assembly: Assembly,
    name: str,
    minor: int,
    *,
    did: Mapping[int, Did] | None = None,
    days: int = 90,
    is_moved: bool = True,
) -> UUID:
    """A period that comes to `minor`, in which members (by their place) did so much; closed."""
    people = await persons(assembly)
    async with assembly.database.work() as work:
        if minor:
            await result(work, name, minor)
        for place, one in (did or {}).items():
            await drove(work, name, people[place], one)
        ends = work.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    assembly.at(ends + timedelta(hours=12))
    return await close(assembly, name, ends, is_moved=is_moved)


async def close(assembly: Assembly, name: str, ends: datetime, *, is_moved: bool = True) -> UUID:
    """Seal the days up to `ends`, close the period, and move its result to the surplus."""
    period_id = named(name)
    office = named("office")
    async with assembly.database.work() as work:
        [starts] = (
            await work.execute(text("SELECT coalesce((SELECT max(ends_at) FROM ledger.sealed_day), :before)"), {"before": BEFORE})
        ).one()  # fmt: skip
        await work.execute(
            text("SELECT ledger.seal_day(:day, :starts, :ends)"),
            {"day": (ends - timedelta(hours=1)).date(), "starts": starts, "ends": ends},
        )
        await work.execute(
            text("SELECT ledger.close_period(:id, :ends, :by)"),
            {"id": period_id, "ends": ends, "by": office},
        )
    if is_moved:
        async with assembly.database.work() as work:
            await _closing(work, period_id, ends)
    return period_id


async def _closing(work: UnitOfWork, period_id: UUID, ends: datetime) -> None:
    rows = await work.execute(_NOMINAL, {"ends": ends})
    entries = [
        Entry(account=Account(role=Role(row.role), currency=USD), amount_minor=-row.minor, code="closing")
        for row in rows if row.minor
    ]  # fmt: skip
    whole = sum(entry.amount_minor for entry in entries)
    surplus = Account(role=Role.SURPLUS, currency=USD)
    entries.append(Entry(account=surplus, amount_minor=-whole, code="closing"))
    if len(entries) == 1:  # nothing at all happened
        bank = Account(role=Role.BANK, currency=USD)
        entries.append(Entry(account=bank, amount_minor=0, code="closing"))
    await post(
        work,
        Transfer(kind=Kind.CLOSING, subject_id=period_id, currency=USD, entries=tuple(entries)),
    )


_NOMINAL = text("""
    SELECT account.role, CAST(sum(entry.amount_minor) AS bigint) AS minor
    FROM ledger.entry JOIN ledger.account USING (account_id) JOIN ledger.role USING (role)
    WHERE role.class IN ('income', 'expense') AND entry.made_at < :ends
       OR role.class IN ('income', 'expense') AND entry.code = 'closing'
    GROUP BY account.role ORDER BY account.role
""")


def motion_on(period_id: UUID, **changes: Any) -> Proposal:
    """A motion to divide the surplus of a period."""
    fields: dict[str, Any] = {
        "title": "Divide the surplus", "text": "As the policy says.", "matter": "ordinary",
        "asks": AllocationAsked(period_id=period_id),
    } | changes  # fmt: skip
    return Proposal(**fields)


async def decided(assembly: Assembly, period_id: UUID, *votes: str) -> Motion:
    """A motion on the surplus of a period, voted on; in favour unless said otherwise."""
    motion = await assembly.opened(motion_on(period_id))
    await assembly.cast(motion.motion_id, *(votes or ("for", "for", "for")))
    return await assembly.certified(motion)


async def balance(assembly: Assembly, role: Role, owner_id: UUID | None = None) -> int:
    """What stands to the credit of an account, in minor units."""
    async with assembly.database.work() as work:
        found = await work.execute(
            text("""SELECT CAST(-coalesce(sum(amount_minor), 0) AS bigint)
                    FROM ledger.entry JOIN ledger.account USING (account_id)
                    WHERE role = :role AND (CAST(:owner AS uuid) IS NULL OR owner_id = :owner)"""),
            {"role": role.value, "owner": owner_id},
        )
        return int(found.scalar_one())
