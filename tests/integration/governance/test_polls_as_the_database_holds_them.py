"""I19, I24 to I27 in votes without names: planted defects, each refused by name."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from governance.ballots.choice import Mark, Value
from governance.ballots.plain import canonical
from governance.motion import Motion
from governance.polls import records
from governance.service import votes
from governance.service.poll_count import count_poll
from governance.service.published_polls import get_manifest
from governance.store.polls import Poll
from storage.engine import Database
from storage.refusals import constraint_of
from tests.assembly_polls import TERMS, PolledAssembly, polled_assembly
from tests.assembly_rows import tariff_motion
from tests.impact_at_work import state_impact
from tests.integration.governance.test_votes_without_names import (
    RULES,
    bounded,
    flag_fall,
)
from verifier.check import verify


@pytest.fixture
async def city(
    database: Database, owner: psycopg.Connection, database_address: str, tmp_path: Path
) -> AsyncIterator[PolledAssembly]:
    async with polled_assembly(
        database, owner, tmp_path, address=database_address, rules=RULES
    ) as found:
        yield found


async def refused(city: PolledAssembly, statement: str, **values: object) -> str | None:
    """The constraint by which the database refuses the service a statement."""
    with pytest.raises(IntegrityError) as refusal:
        async with city.assembly.database.work() as work:
            await work.execute(text(statement), values)
    return constraint_of(refusal.value)


MANIFEST = """INSERT INTO governance.manifest (poll_id, document, digest, at)
              VALUES (:poll, :document, :digest, service_now())"""
COUNT = """INSERT INTO governance.poll_count (poll_id, certificate, digest, choices)
           VALUES (:poll, :certificate, :digest, :choices)"""


def hashed(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


async def frozen(city: PolledAssembly) -> tuple[Motion, Poll]:
    motion = await city.called(await city.assembly.propose(tariff_motion()))
    assert motion.timetable is not None
    city.assembly.at(motion.timetable.freezes_at)
    async with city.assembly.database.work() as work:
        await votes.freeze(work, motion.motion_id)
    city.assembly.at(motion.timetable.opens_at)
    [poll] = await city.polls(motion)
    return motion, poll


def told_of(poll: Poll, manifest: dict[str, Any]) -> dict[str, object]:
    document = canonical(manifest).decode()
    return {"poll": poll.poll_id, "document": document, "digest": hashed(document)}


async def test_I27_a_manifest_says_what_the_notice_and_the_roll_say(city: PolledAssembly) -> None:
    motion, poll = await frozen(city)
    # What the opening would publish, taken back: the rows of a unit of work that fails.
    published: dict[str, Any] = {}
    with pytest.raises(ZeroDivisionError):
        async with city.assembly.database.work() as work:
            await votes.open_vote(work, motion.motion_id, terms=TERMS)
            manifest = await get_manifest(work, poll.poll_id)
            published |= json.loads(manifest.document())
            raise ZeroDivisionError
    wrong = "i27_the_manifest_says_the_notice"
    true = told_of(poll, published)
    assert await refused(city, MANIFEST, **true) == wrong  # the poll's roll is not published yet
    city.assembly.owner.execute(
        "INSERT INTO governance.poll_roll SELECT poll_id, commitment, '' FROM governance.elector"
    )
    other_rule = published["rule"] | {"parameters": {"required": ">=2/3", "quorum": 1}}
    for change in (
        {"tier": "detached"}, {"closes_at_ms": 1}, {"vote": "another"}, {"rule": other_rule},
        {"question": "Another?"}, {"roll": published["roll"] | {"size": 3}},
        {"trustees": published["trustees"] | {"election_key": "x"}},
    ):  # fmt: skip
        assert await refused(city, MANIFEST, **told_of(poll, published | change)) == wrong
    step = """INSERT INTO governance.motion_step (motion_id, from_state, to_state, at)
              VALUES (:motion, 'frozen', 'open', service_now())"""
    publish = """INSERT INTO governance.roll_published SELECT :motion, count(*), encode(sha256(convert_to(
        '[' || string_agg('"' || commitment || '"', ',' ORDER BY commitment COLLATE "C") || ']', 'UTF8')),
        'hex'), service_now() FROM governance.roll"""
    city.assembly.owner.execute(publish.replace(":motion", f"'{motion.motion_id}'"))
    assert await refused(city, step, motion=motion.motion_id) == "i27_the_manifest_before_the_vote"
    async with city.assembly.database.work() as work:
        await work.execute(text(MANIFEST), true)
    # An entry of nobody on the roll; trustees and shares at the wrong time.
    entry = "INSERT INTO governance.poll_roll VALUES (:poll, repeat('0', 64), '', '')"
    assert await refused(city, entry, poll=poll.poll_id) == "i24_on_the_roll"
    release = "INSERT INTO governance.poll_release VALUES (:poll, 'trustee/1', '{\"trustee\":\"trustee/1\"}', 1, sha256(''))"  # fmt: skip
    assert await refused(city, release, poll=poll.poll_id) == "shares_after_the_close"
    count = {"certificate": "{}", "digest": hashed("{}"), "choices": "[]"}
    assert await refused(city, COUNT, poll=poll.poll_id, **count) == "counted_after_the_close"


async def test_I27_a_poll_count_is_recounted(city: PolledAssembly) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Mark("for"), 1: Mark("against"), 2: Mark("for")})
    await city.closed(motion, released=2)
    kept: dict[str, Any] = {}
    with pytest.raises(ZeroDivisionError):
        async with city.assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
            row = (await work.execute(text("SELECT * FROM governance.poll_count"))).one()
            kept |= {"certificate": row.certificate, "choices": row.choices}
            raise ZeroDivisionError
    true = json.loads(kept["certificate"])
    more = [[{"mark": "for"}, 5]]
    for certificate, choices in (
        (true, more),
        (true | {"valid": 5}, more),
        (true | {"vote": "another"}, json.loads(kept["choices"])),
        (
            true | {"result": true["result"] | {"outcome": "not_enough"}},
            json.loads(kept["choices"]),
        ),
        (true, [[{"mark": "for"}, 3]]),
    ):
        said = canonical(certificate).decode()
        told = {"certificate": said, "digest": hashed(said), "choices": json.dumps(choices)}
        assert await refused(city, COUNT, poll=poll.poll_id, **told) == "i27_a_count_of_the_poll"
    certificate = """INSERT INTO governance.certificate (motion_id, document, digest, has_passed, roll_size,
        ballots_cast, valid, votes_for, votes_against, abstentions, quorum, certified_at)
        VALUES (:motion, '{}', encode(sha256('{}'), 'hex'), true, 4, 3, 3, 3, 0, 0, 1, service_now())"""
    assert await refused(city, certificate, motion=motion.motion_id) == "i27_every_poll_is_counted"
    said = kept["certificate"]
    told = {"certificate": said, "digest": hashed(said), "choices": kept["choices"]}
    async with city.assembly.database.work() as work:
        await work.execute(text(COUNT), {"poll": poll.poll_id, **told})
    assert await refused(city, certificate, motion=motion.motion_id) == "i27_a_recount_of_the_board"


async def test_I27_a_bundle_is_written_whole_and_with_its_count(city: PolledAssembly) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Mark("for")})
    piece = "INSERT INTO governance.bundle_piece VALUES (:poll, :number, :piece)"
    told: dict[str, object] = {"poll": poll.poll_id, "number": 0, "piece": b"PK"}
    assert await refused(city, piece, **told) == "counted_after_the_close"
    await city.closed(motion, released=2)
    assert await refused(city, piece, **told) == "a_bundle_is_of_a_count"
    assert await refused(city, piece, **told | {"number": 1}) == "a_bundle_is_whole"
    assert await refused(city, piece, **told | {"piece": b""}) == "bundle_piece_piece_check"
    large = told | {"piece": bytes((1 << 20) + 1)}
    assert await refused(city, piece, **large) == "bundle_piece_piece_check"
    # A piece that is lost, or one too many, is told by the length that stands with the count.
    with pytest.raises(IntegrityError) as refusal:
        async with city.assembly.database.work() as work:
            await work.execute(text(piece), told)
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    assert constraint_of(refusal.value) == "a_bundle_is_whole"
    async with city.assembly.database.work() as work:
        await count_poll(work, poll, keepers=records)
    assert await refused(city, piece, **told | {"number": 1}) == "a_bundle_is_whole"
    verify(city.bundle(poll))


async def test_I27_a_count_says_how_long_its_bundle_is(city: PolledAssembly) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    await city.vote(poll, {0: Mark("for")})
    await city.closed(motion, released=2)
    kept: dict[str, Any] = {}
    with pytest.raises(ZeroDivisionError):
        async with city.assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")
            row = (await work.execute(text("SELECT * FROM governance.poll_count"))).one()
            kept |= dict(row._mapping)
            raise ZeroDivisionError
    whole = """INSERT INTO governance.poll_count (poll_id, certificate, digest, choices, bundle_bytes)
               VALUES (:poll_id, :certificate, :digest, :choices, :bundle_bytes)"""
    assert await refused(city, whole, **kept) == "i27_a_count_of_the_poll"


async def test_I25_no_mark_after_the_close_and_none_in_a_sealed_poll(city: PolledAssembly) -> None:
    motion = await city.moved(tariff_motion())
    [poll] = await city.polls(motion)
    mark = """INSERT INTO governance.detached_mark
              SELECT poll_id, commitment FROM governance.poll_roll WHERE poll_id = :poll LIMIT 1"""
    assert await refused(city, mark, poll=poll.poll_id) == "i25_while_the_vote_is_open"


async def test_I19_a_number_is_enacted_as_it_was_counted_and_nowhere_else(
    city: PolledAssembly,
) -> None:
    today = flag_fall()
    motion = await bounded(city, today - 100, today + 100)
    terms = """INSERT INTO governance.number_terms (motion_id, rule_id, pieces, times, today, lowest,
               highest, step, change_numerator, change_denominator)
               SELECT :motion, rule_id, :pieces, 1, :today, :lowest, :highest, 10, 1, 50
               FROM rulebook.rule WHERE kind = 'tariff'"""
    motion = await city.opened(await city.called(motion))
    [body] = city.assembly.owner.execute(
        "SELECT body FROM rulebook.rule WHERE kind = 'tariff'"
    ).fetchone()  # type: ignore[misc]
    before, _, after = body.partition(str(today))
    [lowest, highest] = city.assembly.owner.execute(
        "SELECT lowest, highest FROM governance.number_terms"
    ).fetchone()  # type: ignore[misc]
    told = {"motion": motion.motion_id, "today": today, "lowest": lowest, "highest": highest}
    for pieces in ([before, after + " "], [body], ["", ""]):
        assert (
            await refused(city, terms, pieces=pieces, **told) == "i19_the_number_stands_in_the_rule"
        )
    wider = told | {"highest": today + 110, "lowest": today - 110}
    assert await refused(city, terms, pieces=[before, after], **wider) == "i19_the_number_stands_in_the_rule"  # fmt: skip
    further = terms.replace("10, 1, 50", "10, NULL, NULL")
    assert await refused(city, further, pieces=[before, after], **told) == "called_as_its_bylaws_say"  # fmt: skip
    # Cut where it stands, only the vote that was called stands in the way.
    assert await refused(city, terms, pieces=[before, after], **told) == "number_terms_pkey"
    [poll] = await city.polls(motion)
    await city.vote(poll, {n: Value(today + 50) for n in range(3)})
    await city.certified(motion)
    # Even the owner writes no other number on this certificate.
    dearer = body.replace(f'"amount_minor":{today}', f'"amount_minor":{today + 60}', 1)
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        city.assembly.owner.execute(
            """INSERT INTO rulebook.rule (rule_id, kind, version, body, digest, valid_from, published_at,
                   supersedes, superseded_from, adoption_id, notice_days, adoption_kind, adopted_at)
               SELECT gen_random_uuid(), kind, version + 1, %s, %s, valid_from + interval '1 day',
                      published_at, rule_id, valid_from, adoption_id, notice_days, adoption_kind, adopted_at
               FROM rulebook.rule WHERE kind = 'tariff' AND version = 2""",
            [dearer, hashed(dearer)],
        )
    assert refusal.value.diag.constraint_name == "i19_the_text_that_was_voted_on"


async def test_a_poll_asks_what_its_motion_asks(city: PolledAssembly) -> None:
    today = flag_fall()
    motion = await bounded(city, today - 100, today + 100)
    await state_impact(city.assembly.database, motion.motion_id)
    async with city.assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    [poll] = await city.polls(motion)
    asked: Any = poll.question.document()
    asked["rule"]["parameters"]["highest"] += 1000
    another = """INSERT INTO governance.poll VALUES (gen_random_uuid(), :motion, NULL, 'sealed', :asked)"""
    told = {"motion": motion.motion_id, "asked": canonical(asked).decode()}
    assert await refused(city, another, **told) == "a_poll_asks_what_is_called"
    told["asked"] = canonical(poll.question.document()).decode()
    assert await refused(city, another, **told) == "one_poll_a_class"
    beside = another.replace("NULL", "'rider'")
    assert await refused(city, beside, **told) == "a_poll_is_called_by_the_notice"
