"""Witnesses, trustees and their shares: what the office may write, what is refused, what holds nothing up."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance import poll_views
from governance.ballots import trustees
from governance.ballots.checkpoint import read_checkpoint
from governance.ballots.choice import Mark
from governance.ballots.errors import DocumentMalformed
from governance.ballots.plain import Fields, pack
from governance.ballots.trustees import Share, release_message
from governance.errors import OfficialRefused
from governance.motion import Motion
from governance.office_errors import ExtensionRefused
from governance.polls.errors import BoardWasAway, PollNotFound, PollNotReady
from governance.polls.records import closed_poll
from governance.service import officials, outages, votes
from governance.store.polls import Poll
from storage.engine import Database
from tests.assembly_polls import PolledAssembly, bylaws, polled_assembly
from tests.assembly_rows import tariff_motion
from tests.second_verifier import verify

NEEDED, PEOPLE = 2, 4
RULES = bylaws(ordinary={"ballot": "sealed"}) | {
    "decides": {"tariff": ["ordinary"], "bylaws": ["special"], "pay_floor": ["special"]}
}
SIGNERS = [Ed25519PrivateKey.generate() for _ in range(PEOPLE)]


@pytest.fixture
async def city(
    database: Database, owner: psycopg.Connection, database_address: str, tmp_path: Path
) -> AsyncIterator[PolledAssembly]:
    async with polled_assembly(
        database, owner, tmp_path, address=database_address, rules=RULES
    ) as found:
        yield found


def public(signer: Ed25519PrivateKey) -> str:
    return pack(signer.public_key().public_bytes_raw())


def terms(city: PolledAssembly, poll: Poll, **changes: Any) -> Fields:
    """What the office is brought."""
    people = [{"name": f"trustee/{n}", "key": public(one)} for n, one in enumerate(SIGNERS, 1)]
    document: dict[str, Any] = {
        "poll_id": str(poll.poll_id), "needed": NEEDED, "people": people,
        "election_key": pack(city.scene.election.public_key().public_bytes_raw()),
    }  # fmt: skip
    return document | changes


async def appoint(city: PolledAssembly, poll: Poll, document: Fields) -> None:
    async with city.assembly.database.work() as work:
        await officials.appoint_trustees(work, poll.poll_id, document)


async def called(city: PolledAssembly) -> tuple[Motion, Poll]:
    """A vote called, desks and board ready, without trustees."""
    motion = await city.assembly.stated(tariff_motion())
    async with city.assembly.database.work() as work:
        motion = await votes.give_notice(work, motion.motion_id)
    await city.scene.turn()
    [poll] = await city.polls(motion)
    return motion, poll


async def ended(city: PolledAssembly) -> tuple[Motion, Poll, tuple[Share, ...]]:
    """A vote of three closed and cosigned; nobody has given up a share."""
    motion, poll = await called(city)
    await appoint(city, poll, terms(city, poll))
    motion = await city.opened(motion)
    await city.vote(poll, {0: Mark("for"), 1: Mark("for"), 2: Mark("against")})
    motion = await city.closed(motion, released=0)
    return motion, poll, trustees.deal(city.scene.election, needed=NEEDED, people=PEOPLE)


async def release(
    city: PolledAssembly, poll: Poll, share: Share, *, by: int, late_ms: int = 9000
) -> dict[str, Any]:
    """What trustee number `by` hands in: this share, signed so long after the noticed close."""
    manifest = await city.manifest(poll)
    async with city.assembly.database.reading() as reading:
        closed = await closed_poll(reading, poll.poll_id)
    head = read_checkpoint(closed.board.notes[-1].rpartition("\n\n")[0] + "\n").head
    at_ms = manifest.closes_at_ms + late_ms
    name, message = f"trustee/{by}", release_message(manifest.digest(), head, at_ms)
    signature = pack(SIGNERS[by - 1].sign(message))
    return {
        "poll_id": str(poll.poll_id), "trustee": name,
        "statement": {"trustee": name, "at_ms": at_ms, "signature": signature},
        "share_number": share.number, "share": pack(share.secret),
    }  # fmt: skip


async def take(city: PolledAssembly, poll: Poll, document: Fields) -> str:
    async with city.assembly.database.work() as work:
        return await officials.take_release(work, poll.poll_id, document)


async def missing(city: PolledAssembly, poll: Poll) -> tuple[str, ...]:
    async with city.assembly.database.work() as work:
        return (await officials.officials_of(work, poll.poll_id)).missing


@pytest.mark.parametrize("wrong", [1, 2, 3])
async def test_a_trustee_who_hands_in_nonsense_holds_up_no_count(
    city: PolledAssembly, wrong: int
) -> None:
    motion, poll, shares = await ended(city)
    lie = Share(number=wrong, secret=bytes(range(32)))
    for by in (1, 2, 3):
        share = lie if by == wrong else shares[by - 1]
        assert await take(city, poll, await release(city, poll, share, by=by)) == f"trustee/{by}"
    async with city.assembly.database.work() as work:
        _, certificate = await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    assert certificate.count is not None
    assert certificate.count.votes_for == 2
    manifest = await city.manifest(poll)
    verify(city.bundle(poll), noticed_hash=manifest.digest().hex())


async def test_too_few_right_shares_open_nothing(city: PolledAssembly) -> None:
    motion, poll, shares = await ended(city)
    assert await missing(city, poll) == ("the shares of 2 more trustees",)
    lies = [Share(number=n, secret=bytes([n]) * 32) for n in (2, 3, 4)]
    for by, share in enumerate((shares[0], *lies), start=1):
        await take(city, poll, await release(city, poll, share, by=by))
    with pytest.raises(PollNotReady, match="a true share for a false one"):
        async with city.assembly.database.work() as work:
            await votes.certify(work, motion.motion_id, certified_by="R. Officer")


async def test_a_share_is_taken_of_its_own_trustee_once_and_over_the_ended_board(
    city: PolledAssembly,
) -> None:
    _, poll, shares = await ended(city)
    honest = await release(city, poll, shares[0], by=1)
    # Who gives another's number would keep that trustee out: their share is given up once.
    stolen = await release(city, poll, Share(number=2, secret=bytes(32)), by=1)
    forged = await release(city, poll, shares[0], by=1, late_ms=9001)
    early = await release(city, poll, shares[0], by=1, late_ms=-1)
    faults: list[tuple[dict[str, Any], type[Exception], str]] = [
        (stolen, OfficialRefused, "this name and this number"),
        (honest | {"trustee": "trustee/9"}, OfficialRefused, "of two trustees"),
        (honest | {"poll_id": str(poll.motion_id)}, OfficialRefused, "of another poll"),
        (honest | {"share": "AA=="}, DocumentMalformed, "32"),
        (honest | {"share_number": 0}, DocumentMalformed, "share_number"),
        (honest | {"strange": 1}, DocumentMalformed, "strange"),
        (
            honest
            | {"statement": honest["statement"] | {"signature": forged["statement"]["signature"]}},
            OfficialRefused,
            "not signed over the board",
        ),
        # Dated before the close it would spoil the bundle, and keep the trustee from a better one.
        (early, OfficialRefused, "before the close"),
        (
            honest | {"statement": honest["statement"] | {"at_ms": 1 << 70}},
            DocumentMalformed,
            "instant",
        ),
    ]
    for document, error, told in faults:
        with pytest.raises(error, match=told):
            await take(city, poll, document)
    assert await take(city, poll, honest) == "trustee/1"
    with pytest.raises(OfficialRefused, match="given up already"):
        await take(city, poll, honest)
    assert await missing(city, poll) == ("the shares of 1 more trustees",)


async def test_no_share_is_taken_before_the_close_or_after_the_count(city: PolledAssembly) -> None:
    motion, poll, shares = await ended(city)
    one, two, three = [await release(city, poll, shares[n - 1], by=n) for n in (1, 2, 3)]
    await take(city, poll, one)
    await take(city, poll, two)
    async with city.assembly.database.work() as work:
        await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    with pytest.raises(OfficialRefused, match="between close and count"):
        await take(city, poll, three)
    other, unopened = await called(city)
    assert other.timetable is not None
    with pytest.raises(PollNotFound):
        await take(city, unopened, one | {"poll_id": str(unopened.poll_id)})


async def test_trustees_are_named_once_before_the_opening_and_are_different_people(
    city: PolledAssembly,
) -> None:
    motion, poll = await called(city)
    assert await missing(city, poll) == ("the trustees",)
    good = terms(city, poll)
    people: Any = good["people"]
    faults: list[tuple[Fields, type[Exception], str]] = [
        (terms(city, poll, poll_id=str(motion.motion_id)), OfficialRefused, "another poll"),
        (terms(city, poll, needed=5), DocumentMalformed, "1 to 20"),
        (terms(city, poll, needed=0), DocumentMalformed, "needed"),
        (terms(city, poll, people=[]), DocumentMalformed, "1 to 20"),
        (terms(city, poll, people=[people[0]] * 2), DocumentMalformed, "1 to 20"),
        (
            terms(city, poll, people=[people[0], people[1] | {"key": people[0]["key"]}]),
            DocumentMalformed,
            "one key",
        ),
        (terms(city, poll, people=[people[0] | {"name": "a\0b"}] * 2), DocumentMalformed, "name"),
        (terms(city, poll, election_key="AA=="), DocumentMalformed, "32"),
        (terms(city, poll, extra=1), DocumentMalformed, "extra"),
    ]
    for document, error, told in faults:
        with pytest.raises(error, match=told):
            await appoint(city, poll, document)
    with pytest.raises(PollNotFound):
        async with city.assembly.database.work() as work:
            await officials.appoint_trustees(work, motion.motion_id, good)
    await appoint(city, poll, good)
    with pytest.raises(OfficialRefused, match="has its trustees"):
        await appoint(city, poll, good)
    assert await missing(city, poll) == ()
    await city.opened(motion)
    with pytest.raises(OfficialRefused, match="before a poll opens"):
        await appoint(city, poll, good)


async def test_nobody_witnesses_twice(city: PolledAssembly) -> None:
    key = public(Ed25519PrivateKey.generate())

    async def witness(**document: Any) -> None:
        async with city.assembly.database.work() as work:
            await officials.appoint_witness(work, document)

    await witness(name="paper.example/witness", key=key)
    faults: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"name": "paper.example/witness", "key": public(SIGNERS[0])}, OfficialRefused, "name"),
        ({"name": "other.example/witness", "key": key}, OfficialRefused, "nobody witnesses twice"),
        ({"name": "khan-cars/1/board", "key": public(SIGNERS[0])}, OfficialRefused, "logs"),
        ({"name": "a b", "key": public(SIGNERS[0])}, DocumentMalformed, "no space"),
        ({"name": "a+b", "key": public(SIGNERS[0])}, DocumentMalformed, "no plus"),
        ({"name": "", "key": public(SIGNERS[0])}, DocumentMalformed, "name"),
        ({"name": "a", "key": "AA=="}, DocumentMalformed, "32"),
        ({"name": "a"}, DocumentMalformed, "key"),
    ]
    for document, error, told in faults:
        with pytest.raises(error, match=told):
            await witness(**document)


async def test_the_database_itself_refuses_a_share_in_an_open_vote(city: PolledAssembly) -> None:
    motion, poll = await called(city)
    await appoint(city, poll, terms(city, poll))
    await city.opened(motion)
    city.assembly.at(motion.timetable.opens_at + timedelta(hours=3))  # type: ignore[union-attr]
    with pytest.raises(psycopg.errors.Error, match="shares_after_the_close"):
        city.assembly.owner.execute(
            "INSERT INTO governance.poll_release VALUES (%s, 'trustee/1', %s, 1, %s)",
            [poll.poll_id, '{"trustee":"trustee/1"}', bytes(32)],
        )


async def test_a_share_of_before_the_extended_close_is_not_taken(city: PolledAssembly) -> None:
    motion, poll = await called(city)
    await appoint(city, poll, terms(city, poll))
    motion = await city.opened(motion)
    await city.vote(poll, {0: Mark("for"), 1: Mark("for"), 2: Mark("against")})
    assert motion.timetable is not None
    noticed = motion.timetable.closes_at
    city.assembly.at(noticed - timedelta(minutes=1))
    await down(city, since=noticed - timedelta(hours=2))
    async with city.assembly.database.work() as work:
        motion = await outages.extend_vote(work, motion.motion_id)
    await city.scene.turn()  # the board follows the office
    motion = await city.closed(motion, released=0)
    shares = trustees.deal(city.scene.election, needed=NEEDED, people=PEOPLE)
    early = await release(city, poll, shares[0], by=1)
    with pytest.raises(OfficialRefused, match="before the close"):
        await take(city, poll, early)
    assert motion.timetable is not None
    given_back = int((motion.timetable.closes_at - noticed).total_seconds() * 1000)
    for by in (1, 2):
        late = await release(city, poll, shares[by - 1], by=by, late_ms=given_back + 9000)
        await take(city, poll, late)
    async with city.assembly.database.work() as work:
        await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    verify(city.bundle(poll))


async def down(city: PolledAssembly, *, since: datetime) -> None:
    """The office notes that the box was down until now."""
    async with city.assembly.database.work() as work:
        await outages.note_outage(
            work, part="box", since=since, until=work.now, cause="The disk was full.",
            noted_by="R. Officer",
        )  # fmt: skip


async def test_an_outage_over_the_close_of_a_secret_vote_is_given_back(
    city: PolledAssembly,
) -> None:
    motion, poll = await called(city)
    await appoint(city, poll, terms(city, poll))
    motion = await city.opened(motion)
    await city.vote(poll, {0: Mark("for")})
    assert motion.timetable is not None
    noticed = motion.timetable.closes_at
    city.assembly.at(noticed + timedelta(minutes=30))  # long after the grace of ten minutes
    await city.scene.turn()
    assert {type(one) for one in city.scene.refused} == {BoardWasAway}
    [said] = await missing(city, poll)
    assert "extend the vote" in said
    with pytest.raises(ExtensionRefused, match="until now"):
        async with city.assembly.database.work() as work:
            await outages.note_outage(
                work, part="box", since=noticed - timedelta(minutes=5),
                until=noticed + timedelta(minutes=1), cause="The disk was full.", noted_by="R. O.",
            )  # fmt: skip
            await outages.extend_vote(work, motion.motion_id)
    await down(city, since=noticed - timedelta(hours=1))
    async with city.assembly.database.work() as work:
        motion = await outages.extend_vote(work, motion.motion_id)
    city.scene.refused.clear()
    await city.scene.turn()
    assert await missing(city, poll) == ()
    async with city.assembly.database.reading() as reading:
        shown = await poll_views.get_poll(reading, poll.poll_id)
    assert motion.timetable is not None
    assert shown.closes_at == motion.timetable.closes_at == noticed + timedelta(minutes=90)
    await city.vote(poll, {1: Mark("for"), 2: Mark("for")})
    motion = await city.closed(motion, released=0)
    with pytest.raises(ExtensionRefused, match="closed"):
        async with city.assembly.database.work() as work:
            await outages.extend_vote(work, motion.motion_id)
    shares = trustees.deal(city.scene.election, needed=NEEDED, people=PEOPLE)
    for by in (1, 2):
        late = await release(city, poll, shares[by - 1], by=by, late_ms=90 * 60_000 + 9000)
        await take(city, poll, late)
    async with city.assembly.database.work() as work:
        _, certificate = await votes.certify(work, motion.motion_id, certified_by="R. Officer")
    assert certificate.cast == 3
    verify(city.bundle(poll))
