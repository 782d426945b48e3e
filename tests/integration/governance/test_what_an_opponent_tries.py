"""I19 and I24 against whoever has the service's own role: a vote that the bylaws do not know writes no rule."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from governance.asked import NumberAsked
from governance.errors import MatterNotEnough
from governance.motion import Motion
from governance.number_terms import Bounds
from governance.service import elections, motions, votes
from governance.service.motions import Proposal
from rulebook.errors import BodyInvalid
from rulebook.rule import RuleKind
from rulebook.service import list_rules
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_rows import Assembly, assemble, open_bylaws, tariff_motion

NOTICE = text("""
    INSERT INTO governance.notice
    SELECT * FROM jsonb_populate_record(CAST(NULL AS governance.notice), CAST(:row AS jsonb))
""")
STEP = text("""
    INSERT INTO governance.motion_step (motion_id, from_state, to_state, at)
    VALUES (:motion, :before, :after, service_now())
""")
SEATS = ("classes", "city", "board_seats")


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    body = open_bylaws()
    body["matters"]["count"] = {"extends": "special", "method": "median"}
    body["decides"] |= {"tariff": ["ordinary", "special", "count"], "bylaws": ["special", "count"]}
    return await assemble(database, owner, address=database_address, bylaws=body)


async def notice_of(assembly: Assembly, motion: Motion) -> dict[str, Any]:
    """The row that a notice by the service would be, taken back."""
    with pytest.raises(ZeroDivisionError):
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
            row: dict[str, Any] = (
                await work.execute(text("SELECT to_jsonb(notice) FROM governance.notice"))
            ).scalar_one()
            raise ZeroDivisionError
    return row


async def refused(assembly: Assembly, statement: Any, **values: object) -> str | None:
    with pytest.raises(IntegrityError) as refusal:
        async with assembly.database.work() as work:
            await work.execute(statement, values)
    return constraint_of(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"quorum_terms": {"max": [[0, 0]]}},
        {"quorum_terms": {"max": [[2, 0], [1, 3]]}},
        {"quorum_terms": {"max": [[2, 0], [1, 2]], "min": [[0, 0]]}},
        {"quorum_terms": {"min": [[2, 0], [1, 2]]}},
        {"quorum_terms": {"max": [[2, 0]]}},
        {"required_numerator": 2, "required_denominator": 3},
        {"is_more": False},
        {"is_of_all": True},
        {"tier": "detached"},
        {"pass_each": ["driver"]},
        {"rule_notice_days": 0},
        {"method": "ranked"},
        {"method": "scottish_stv"},
    ],
)
async def test_I19_a_vote_is_called_as_its_bylaws_say_whoever_writes_the_notice(
    assembly: Assembly, changes: dict[str, Any]
) -> None:
    motion = await assembly.stated(tariff_motion())
    row = await notice_of(assembly, motion)
    said = json.dumps(row | changes)
    assert await refused(assembly, NOTICE, row=said) == "called_as_its_bylaws_say"
    async with assembly.database.work() as work:
        await work.execute(NOTICE, {"row": json.dumps(row)})  # as it was, it is taken


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"freezes_at": 0, "opens_at": 0, "closes_at": 7}, "called_in_time"),
        ({"freezes_at": 12, "opens_at": 14, "closes_at": 21}, "called_in_time"),
        ({"freezes_at": 15, "opens_at": 15, "closes_at": 22}, "called_in_time"),
        ({"freezes_at": 12, "opens_at": 15, "closes_at": 21}, "called_in_time"),
        ({"notice_at": -20}, "judged_by_the_bylaws_in_force"),
        ({"notice_at": 1}, "judged_by_the_bylaws_in_force"),
    ],
)
async def test_I19_a_vote_takes_the_days_that_its_bylaws_ask_for(
    assembly: Assembly, changes: dict[str, int], constraint: str
) -> None:
    motion = await assembly.stated(tariff_motion())
    row = await notice_of(assembly, motion)
    async with assembly.database.work() as work:
        now = work.now
    moved = {name: (now + timedelta(days=days)).isoformat() for name, days in changes.items()}
    assert await refused(assembly, NOTICE, row=json.dumps(row | moved)) == constraint
    enough = {"freezes_at": 13, "opens_at": 15, "closes_at": 22}
    moved = {name: (now + timedelta(days=days)).isoformat() for name, days in enough.items()}
    async with assembly.database.work() as work:
        await work.execute(NOTICE, {"row": json.dumps(row | moved)})


async def test_I19_a_rule_is_decided_by_its_own_matters_at_the_notice_too(
    assembly: Assembly,
) -> None:
    row = await notice_of(assembly, await assembly.stated(tariff_motion()))
    async with assembly.database.work() as work:
        other = work.new_id()
        moved = {"motion": other, "mover": assembly.members[0]}
        await work.execute(
            text("""INSERT INTO governance.motion (motion_id, title, mover, matter, rule_kind, proposed_at)
                    VALUES (:motion, 'A levy', :mover, 'ordinary', 'levy', service_now())"""),
            moved,
        )
    said = json.dumps(row | {"motion_id": str(other)})
    assert await refused(assembly, NOTICE, row=said) == "i19_decided_by_its_matter"


async def test_a_motion_whose_matter_no_longer_decides_is_not_called_by_it(
    assembly: Assembly,
) -> None:
    waiting = await assembly.stated(tariff_motion())
    body = open_bylaws()
    body["decides"] |= {"tariff": ["special"]}
    stricter = Proposal(
        title="Tariffs are special", text=json.dumps(body), matter="special",
        rule_kind=RuleKind.BYLAWS,
    )  # fmt: skip
    motion = await assembly.opened(stricter)
    await assembly.cast(motion.motion_id, "for", "for", "for", "for")
    await assembly.certified(motion)
    async with assembly.database.work() as work:
        [*_, rule] = await list_rules(work, RuleKind.BYLAWS)
    assembly.at(rule.valid_from)
    with pytest.raises(MatterNotEnough, match="special"):
        async with assembly.database.work() as work:
            await votes.give_notice(work, waiting.motion_id)


async def test_I24_no_vote_opens_without_a_poll_for_everybody_on_its_roll(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion())
    row = await notice_of(assembly, motion)
    told = {"motion": motion.motion_id}
    async with assembly.database.work() as work:
        await work.execute(NOTICE, {"row": json.dumps(row)})
        await work.execute(STEP, told | {"before": "seconded", "after": "amending"})
    for column, before, after in (("freezes_at", "amending", "frozen"), ("opens_at", "frozen", "")):
        [at] = assembly.owner.execute(f"SELECT {column} FROM governance.notice").fetchone()  # type: ignore[misc]
        assembly.at(at)
        if after:
            async with assembly.database.work() as work:
                await work.execute(STEP, told | {"before": before, "after": after})
    async with assembly.database.work() as work:
        await work.execute(
            text("""INSERT INTO governance.roll_published
                    VALUES (:motion, 0, encode(sha256('[]'), 'hex'), service_now())"""),
            told,
        )
    opening = told | {"before": "frozen", "after": "open"}
    assert await refused(assembly, STEP, **opening) == "i24_a_poll_for_everybody"


async def number_on(
    assembly: Assembly, kind: RuleKind, *fields: tuple[str | int, ...], to: int
) -> Motion:
    motion = await assembly.stated(
        Proposal(
            title="A number", text="?", matter="count", rule_kind=kind,
            asks=NumberAsked(unit="of them", fields=fields),
        )
    )  # fmt: skip
    async with assembly.database.work() as work:
        await elections.publish_bounds(
            work, motion.motion_id, Bounds(lowest=min(2, to), highest=max(2, to))
        )
    return motion


async def test_a_number_that_touches_what_is_entrenched_is_not_called(assembly: Assembly) -> None:
    motion = await number_on(assembly, RuleKind.BYLAWS, SEATS, to=20)
    with pytest.raises(MatterNotEnough, match="city_cannot_outvote"):
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)


async def test_a_number_that_gives_no_rule_is_not_called(assembly: Assembly) -> None:
    motion = await number_on(assembly, RuleKind.BYLAWS, SEATS, to=-1)
    with pytest.raises(BodyInvalid, match="board_seats"):
        async with assembly.database.work() as work:
            await votes.give_notice(work, motion.motion_id)
    motion = await number_on(assembly, RuleKind.BYLAWS, SEATS, to=3)
    async with assembly.database.work() as work:
        await votes.give_notice(work, motion.motion_id)


async def test_I19_what_was_adopted_is_not_put_off(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for")
    await assembly.closed(motion)
    with pytest.raises(ZeroDivisionError):
        async with assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
            found = await work.execute(
                text("SELECT to_jsonb(one) FROM governance.certificate AS one")
            )
            row = json.dumps(found.scalar_one())
            raise ZeroDivisionError  # what the service would write is taken back
    certified = text("""
        WITH certified AS (
            INSERT INTO governance.certificate
            SELECT * FROM jsonb_populate_record(CAST(NULL AS governance.certificate), CAST(:row AS jsonb))
            RETURNING motion_id)
        SELECT motion_id FROM certified
    """)
    enact = text(
        "SELECT governance.enact(:m, gen_random_uuid(), service_now() + :days * interval '1 day')"
    )
    for days, constraint in ((400, "i19_in_force_on_its_date"), (13, "notice_has_run")):
        with pytest.raises(IntegrityError) as refusal:
            async with assembly.database.work() as work:
                await work.execute(certified, {"row": row})
                await work.execute(enact, {"m": motion.motion_id, "days": days})
        assert constraint_of(refusal.value) == constraint
    async with assembly.database.work() as work:
        await work.execute(certified, {"row": row})
        await work.execute(enact, {"m": motion.motion_id, "days": 15})


async def test_a_mover_takes_nothing_back_once_the_freeze_has_begun(assembly: Assembly) -> None:
    motion = await assembly.stated(tariff_motion())
    async with assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    assert motion.timetable is not None
    assembly.at(motion.timetable.freezes_at)  # nobody has written the freeze down yet
    told = {"motion": motion.motion_id, "before": "amending", "after": "withdrawn"}
    assert await refused(assembly, STEP, **told) == "the_text_is_frozen"
    assembly.at(motion.timetable.freezes_at - timedelta(seconds=1))
    async with assembly.database.work() as work:
        await motions.withdraw(work, motion.motion_id, by=assembly.members[0])


async def test_every_check_says_where_it_looks(owner: psycopg.Connection) -> None:
    found = owner.execute(
        """SELECT pg_proc.oid::regprocedure FROM pg_proc JOIN pg_namespace AS room
               ON room.oid = pronamespace
           WHERE nspname IN ('governance', 'commons', 'polls', 'desk_secretary', 'desk_city_clerk',
                             'ballot_board')
             AND prosqlbody IS NULL AND NOT coalesce(
                 'search_path=pg_catalog, pg_temp' = ANY (proconfig), false)"""
    ).fetchall()
    assert found == []


async def test_no_other_role_calls_what_runs_with_its_owners_rights(
    owner: psycopg.Connection,
) -> None:
    found = owner.execute(
        """SELECT pg_proc.oid::regprocedure FROM pg_proc JOIN pg_namespace AS room
               ON room.oid = pronamespace
           WHERE prosecdef AND nspname IN ('governance', 'rulebook')
             AND prorettype <> 'trigger'::regtype AND has_function_privilege('public', pg_proc.oid, 'EXECUTE')"""
    ).fetchall()
    assert found == []
