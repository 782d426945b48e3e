"""Members agree to a meeting at shorter notice, each for themselves; judged when it is called."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance.errors import NoticeTooShort, NotYoursToDo
from governance.matter import MemberClass
from governance.meeting import Item
from governance.member import Change, ChangeKind, MemberId
from governance.office_errors import ShortNoticeRefused
from governance.service import membership, short_notices
from governance.service.short_notices import Consent
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, open_bylaws
from tests.meeting_scene import call_meeting, now_of

CALLED = {"title": "The lease", "place": "The depot"}
ITEM = Item(title="Whether to sign it")


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    rules = open_bylaws()
    rules["meeting"]["short_notice_consent"] = "3/4"
    return await assemble(database, owner, address=database_address, bylaws=rules)


async def asked(assembly: Assembly, **changes: Any) -> tuple[UUID, datetime]:
    """A meeting in three days that members are asked to agree to, and when it would be held."""
    held_at = await now_of(assembly) + timedelta(days=3)
    fields: dict[str, Any] = CALLED | {"held_at": held_at, "business": (ITEM.title,)} | changes
    async with assembly.database.work() as work:
        found = await short_notices.ask(work, **fields)
    return found.asked.short_notice_id, held_at


async def agrees(assembly: Assembly, short_notice_id: UUID, who: int) -> Consent:
    async with assembly.database.work() as work:
        return await short_notices.agree(work, short_notice_id, by=assembly.members[who])


async def changes(assembly: Assembly, who: int, kind: ChangeKind, reason: str = "") -> None:
    member_class = MemberClass.DRIVER if kind is ChangeKind.LEFT else None
    async with assembly.database.work() as work:
        change = Change(kind=kind, at=work.now, reason=reason, member_class=member_class)
        await membership.change_member(work, assembly.members[who], change)


async def told(assembly: Assembly, kind: str) -> int:
    [count] = assembly.owner.execute(
        "SELECT count(*) FROM storage.outbox WHERE kind = %s", [kind]
    ).fetchone()  # type: ignore[misc]
    return int(count)


async def test_with_the_bylaws_share_the_meeting_is_called_as_agreed_and_once(
    assembly: Assembly,
) -> None:
    which, held_at = await asked(assembly)
    call = CALLED | {"held_at": held_at, "short_notice_id": which}
    for who in (0, 1):
        assert not (await agrees(assembly, which, who)).is_enough
    with pytest.raises(NoticeTooShort, match="2 clear days"):
        await call_meeting(assembly, ITEM, **call)
    assert await told(assembly, "short_notice_agreed") == 0
    found = await agrees(assembly, which, 2)
    assert (found.is_enough, found.members, len(found.asked.agreed)) == (True, 4, 3)
    await agrees(assembly, which, 3)
    assert await told(assembly, "short_notice_agreed") == 1
    for other in (
        {"held_at": held_at + timedelta(minutes=1)}, {"title": "The lease!"}, {"place": "Elsewhere"},
    ):  # fmt: skip
        with pytest.raises(ShortNoticeRefused, match="another time, place, title or business"):
            await call_meeting(assembly, ITEM, **(call | other))
    with pytest.raises(ShortNoticeRefused, match="another time, place, title or business"):
        await call_meeting(assembly, ITEM, Item(title="The sale of the depot"), **call)
    meeting_id = await call_meeting(assembly, ITEM, **call)
    rows = assembly.owner.execute(
        "SELECT member_id, on_paper FROM governance.meeting_consent WHERE meeting_id = %s",
        [meeting_id],
    ).fetchall()
    assert sorted(rows) == sorted((one, False) for one in assembly.members)
    with pytest.raises(ShortNoticeRefused, match="called already"):
        await call_meeting(assembly, ITEM, **call)


async def test_consent_is_judged_at_the_notice_by_the_members_of_that_moment(
    assembly: Assembly,
) -> None:
    which, held_at = await asked(assembly)
    for who in (0, 1, 2):
        await agrees(assembly, which, who)
    await changes(assembly, 2, ChangeKind.LEFT)  # two of three are left: fewer than three quarters
    call = CALLED | {"held_at": held_at, "short_notice_id": which}
    with pytest.raises(NoticeTooShort):
        await call_meeting(assembly, ITEM, **call)
    # Nor does the paper of somebody who has left, nor of somebody who agreed by themselves, add to it.
    gone_and_twice = (assembly.members[2], assembly.members[0])
    with pytest.raises(NoticeTooShort):
        await call_meeting(assembly, ITEM, **call, consents=gone_and_twice)
    assert await call_meeting(assembly, ITEM, **call, consents=(assembly.members[3],))


async def test_what_became_enough_twice_is_told_twice(assembly: Assembly) -> None:
    which, _ = await asked(assembly)
    for who in (0, 1, 2):
        await agrees(assembly, which, who)
    await changes(assembly, 2, ChangeKind.LEFT)
    await agrees(assembly, which, 3)
    assert await told(assembly, "short_notice_agreed") == 2


async def test_who_agrees_is_a_member_in_good_standing_and_agrees_once(assembly: Assembly) -> None:
    which, _ = await asked(assembly)
    await agrees(assembly, which, 0)
    with pytest.raises(ShortNoticeRefused, match="you have agreed already"):
        await agrees(assembly, which, 0)
    await changes(assembly, 1, ChangeKind.LEFT)
    with pytest.raises(NotYoursToDo, match="no member"):
        await agrees(assembly, which, 1)
    with pytest.raises(ShortNoticeRefused, match="nobody was asked"):
        await agrees(assembly, UUID(int=7), 0)


async def test_what_needs_no_consent_or_makes_no_sense_is_not_asked(assembly: Assembly) -> None:
    now = await now_of(assembly)
    for wrong, reason in (
        ({"held_at": now + timedelta(days=15, hours=6)}, "days enough"),
        ({"held_at": now}, "in the past"), ({"business": ()}, "names"),
        ({"business": ("  ",)}, "names"), ({"title": " "}, "names"),
    ):  # fmt: skip
        with pytest.raises(ShortNoticeRefused, match=reason):
            await asked(assembly, **wrong)


async def test_what_members_are_asked_is_listed_until_it_is_called_or_its_hour_comes(
    assembly: Assembly,
) -> None:
    which, held_at = await asked(assembly)
    later, _ = await asked(assembly, held_at=held_at + timedelta(hours=1))

    async def listed() -> list[UUID]:
        async with assembly.database.work() as work:
            return [one.asked.short_notice_id for one in await short_notices.list_open(work)]

    assert await listed() == [which, later]
    for who in range(4):
        await agrees(assembly, which, who)
    await call_meeting(assembly, ITEM, **CALLED, held_at=held_at, short_notice_id=which)
    assert await listed() == [later]
    assembly.at(held_at + timedelta(hours=2))
    assert await listed() == []
    with pytest.raises(ShortNoticeRefused, match="nobody is asked to agree any more"):
        await agrees(assembly, later, 0)


AGREE = """INSERT INTO governance.short_notice_consent (short_notice_id, member_id, at)
           VALUES (:which, :member, service_now())"""


async def refused(assembly: Assembly, statement: str, **values: object) -> str | None:
    """The constraint by which the database refuses the service a statement."""
    with pytest.raises(IntegrityError) as refusal:
        async with assembly.database.work() as work:
            await work.execute(text(statement), values)
    return constraint_of(refusal.value)


async def test_the_database_counts_nobody_who_did_not_agree(assembly: Assembly) -> None:
    which, held_at = await asked(assembly)
    for who in (0, 1, 2):
        await agrees(assembly, which, who)
    first: MemberId = assembly.members[0]
    assert await refused(assembly, AGREE, which=which, member=first) == "agreed_once_a_member"
    await changes(assembly, 2, ChangeKind.LEFT)
    left = assembly.members[2]
    assert await refused(assembly, AGREE, which=which, member=left) == "agreed_by_members"
    for change in ("DELETE FROM governance.short_notice_consent",
                   "UPDATE governance.short_notice SET title = 'Another'"):  # fmt: skip
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            assembly.owner.execute(change)
    call = CALLED | {"held_at": held_at, "short_notice_id": which}
    for plant, constraint in (
        # Somebody who said nothing is written down as having agreed.
        ("INSERT INTO governance.meeting_consent (meeting_id, member_id, on_paper)"
         f" VALUES (NEW.meeting_id, '{assembly.members[3]}', false)", "agreed_by_themselves"),
        # Another item is put on the agenda to which members agreed.
        ("INSERT INTO governance.meeting_item (meeting_id, number, title)"
         " VALUES (NEW.meeting_id, 2, 'The sale of the depot')", "held_as_agreed"),
    ):  # fmt: skip
        planted(assembly, plant)
        with pytest.raises(IntegrityError) as refusal:
            await call_meeting(assembly, ITEM, **call, consents=(assembly.members[3],))
        assert constraint_of(refusal.value) == constraint


def planted(assembly: Assembly, statement: str) -> None:
    """Let a statement be part of every notice."""
    assembly.owner.execute(
        "CREATE OR REPLACE FUNCTION public.plant() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {statement}; RETURN NULL; END $$"
    )
    assembly.owner.execute(
        "CREATE OR REPLACE TRIGGER z_plant AFTER INSERT ON governance.meeting FOR EACH ROW"
        " EXECUTE FUNCTION public.plant()"
    )
