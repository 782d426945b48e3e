"""Polls in the tables: questions, rolls, manifests, marks, trustees' shares, counts."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.choice import Question, question_of
from governance.ballots.manifest import Manifest, TrusteeTerms
from governance.ballots.plain import Fields, canonical, parse, unpack
from governance.ballots.roll import RollEntry
from governance.ballots.trustees import Share
from governance.matter import MemberClass
from governance.member import MemberId
from governance.motion import MotionId
from governance.tier import Tier
from storage.work import Reading, UnitOfWork

BUNDLE_PIECE_BYTES = 1 << 20

_INSERT = text("""
    INSERT INTO governance.poll (poll_id, motion_id, member_class, tier, question)
    VALUES (:poll_id, :motion_id, :member_class, :tier, :question)
""")
_POLLS = text("""
    SELECT * FROM governance.poll WHERE (CAST(:motion_id AS uuid) IS NULL OR motion_id = :motion_id)
      AND (CAST(:poll_id AS uuid) IS NULL OR poll_id = :poll_id)
    ORDER BY member_class NULLS LAST LIMIT 1000
""")
_ELECTORS = text("""
    SELECT commitment, CASE WHEN CAST(:with_keys AS boolean) THEN (
               SELECT credential FROM governance.voting_key AS key
               WHERE key.member_id = elector.member_id ORDER BY number DESC LIMIT 1) END AS credential
    FROM governance.elector WHERE poll_id = :poll_id ORDER BY commitment COLLATE "C" LIMIT 2000000
""")
_INSERT_ROLL = text("""
    INSERT INTO governance.poll_roll (poll_id, commitment, credential)
    SELECT :poll_id, entry.*
    FROM unnest(CAST(:commitments AS text[]), CAST(:credentials AS bytea[])) AS entry
""")
ROLL_AT_ONCE = 10_000
_ROLL = text("""
    SELECT commitment, credential, name FROM governance.poll_roll
    WHERE poll_id = :poll_id AND commitment COLLATE "C" > :after
    ORDER BY commitment COLLATE "C" LIMIT :limit
""")
_INSERT_PROJECTS = text("""
    INSERT INTO governance.ballot_project (motion_id, number, project_id)
    SELECT :motion_id, one.number, one.project_id
    FROM unnest(CAST(:projects AS text[])) WITH ORDINALITY AS one (project_id, number)
""")
_PROJECTS = text("""
    SELECT project_id FROM governance.ballot_project WHERE motion_id = :motion_id
    ORDER BY number LIMIT 10000
""")
_WITNESSES = text("SELECT name, public FROM governance.witness ORDER BY name LIMIT 64")
_TRUSTEES = text("SELECT * FROM governance.poll_trustees WHERE poll_id = :poll_id")
_INSERT_MANIFEST = text("""
    INSERT INTO governance.manifest (poll_id, document, digest, at)
    VALUES (:poll_id, :document, :digest, :now)
""")
_MANIFEST = text("SELECT document FROM governance.manifest WHERE poll_id = :poll_id")
_RELEASES = text("""
    SELECT statement, share_number, share FROM governance.poll_release
    WHERE poll_id = :poll_id ORDER BY share_number LIMIT 255
""")
_INSERT_COUNT = text("""
    INSERT INTO governance.poll_count (poll_id, certificate, digest, choices, bundle_bytes)
    VALUES (:poll_id, :certificate, :digest, :choices, :bundle_bytes)
""")
_INSERT_PIECE = text("""
    INSERT INTO governance.bundle_piece (poll_id, number, piece)
    VALUES (:poll_id, :number, :piece)
""")
_COMMITMENT = text("""
    SELECT commitment FROM governance.elector WHERE poll_id = :poll_id AND member_id = :member_id
""")
_MARK = text("""
    INSERT INTO governance.detached_mark (poll_id, commitment) VALUES (:poll_id, :commitment)
    ON CONFLICT DO NOTHING RETURNING poll_id
""")
_INSERT_WAITING = text("""
    INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (:poll_id, :ballot)
    ON CONFLICT DO NOTHING
""")
# Each by an index: a key is looked up once for every ballot that is handed in.
_STANDING = text("""
    SELECT coalesce(greatest(
        (SELECT max(CAST(polls.said(line) #>> '{ballot,sequence}' AS integer)) FROM ballot_board.log_line
         WHERE poll_id = :poll_id AND polls.said(line) ->> 'kind' = 'ballot'
           AND polls.said(line) #>> '{ballot,key}' = :key),
        (SELECT max(CAST(CAST(ballot AS jsonb) ->> 'sequence' AS integer)) FROM ballot_board.waiting
         WHERE poll_id = :poll_id AND key = :key)), 0) AS sequence,
        EXISTS (SELECT 1 FROM ballot_board.log_line
                WHERE poll_id = :poll_id AND polls.said(line) ->> 'kind' = 'cancellation'
                  AND polls.said(line) ->> 'key' = :key) AS is_cancelled
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll as it was called; `member_class` None is everybody without a poll of their own."""

    poll_id: UUID
    motion_id: MotionId
    member_class: MemberClass | None
    tier: Tier
    question: Question

    @property
    def is_kept_apart(self) -> bool:
        """Whether no name stands beside a choice in it."""
        return self.tier is not Tier.OPEN


async def insert_poll(work: UnitOfWork, poll: Poll) -> None:
    """Write a poll."""
    await work.execute(
        _INSERT,
        {
            "poll_id": poll.poll_id,
            "motion_id": poll.motion_id,
            "member_class": poll.member_class,
            "tier": poll.tier,
            "question": canonical(poll.question.document()).decode(),
        },
    )


async def list_polls(
    work: Reading, motion_id: MotionId | None = None, *, poll_id: UUID | None = None
) -> tuple[Poll, ...]:
    """The polls of a motion, or the one of that identifier; classes first."""
    rows = await work.execute(_POLLS, {"motion_id": motion_id, "poll_id": poll_id})
    return tuple(
        Poll(
            poll_id=UUID(str(row.poll_id)),
            motion_id=MotionId(row.motion_id),
            member_class=None if row.member_class is None else MemberClass(row.member_class),
            tier=Tier(row.tier),
            question=question_of(parse(row.question.encode())),
        )
        for row in rows
    )


async def insert_ballot_projects(
    work: UnitOfWork, motion_id: MotionId, projects: Sequence[str]
) -> None:
    """Write which projects the options of a vote are, in their order."""
    await work.execute(_INSERT_PROJECTS, {"motion_id": motion_id, "projects": list(projects)})


async def list_ballot_projects(work: Reading, motion_id: MotionId) -> tuple[str, ...]:
    """Which projects the options of a vote are, in their order."""
    rows = await work.execute(_PROJECTS, {"motion_id": motion_id})
    return tuple(row.project_id for row in rows)


async def draw_poll_roll(work: Reading, poll_id: UUID, *, with_keys: bool) -> tuple[RollEntry, ...]:
    """Who votes in a poll, as it will be published; each with their voting key if that signs."""
    rows = await work.execute(_ELECTORS, {"poll_id": poll_id, "with_keys": with_keys})
    return tuple(
        RollEntry(
            commitment=bytes.fromhex(row.commitment),
            credential=bytes(row.credential or b""),
        )
        for row in rows
    )


async def insert_poll_roll(work: UnitOfWork, poll_id: UUID, roll: Sequence[RollEntry]) -> None:
    """Write the roll of a poll as published."""
    await work.execute(
        _INSERT_ROLL,
        {
            "poll_id": poll_id,
            "commitments": [one.commitment.hex() for one in roll],
            "credentials": [one.credential for one in roll],
        },
    )


async def parts_of_roll(work: Reading, poll_id: UUID) -> AsyncIterator[tuple[RollEntry, ...]]:
    """The roll of a poll as it was published, so many entries at a time."""
    after = ""
    while True:
        of = {"poll_id": poll_id, "after": after, "limit": ROLL_AT_ONCE}
        rows = (await work.execute(_ROLL, of)).all()
        if not rows:
            return
        after = rows[-1].commitment
        yield tuple(
            RollEntry(
                commitment=bytes.fromhex(row.commitment),
                credential=bytes(row.credential),
                name=row.name,
            )
            for row in rows
        )


async def list_witnesses(work: Reading) -> tuple[NamedKey, ...]:
    """Whoever cosigns the logs, by name."""
    return tuple(
        NamedKey(name=row.name, public=bytes(row.public), kind=SignatureType.COSIGNATURE)
        for row in await work.execute(_WITNESSES)
    )


async def find_trustees(work: Reading, poll_id: UUID) -> TrusteeTerms | None:
    """Who opens the ballots of a poll, or None."""
    row = (await work.execute(_TRUSTEES, {"poll_id": poll_id})).one_or_none()
    if row is None:
        return None
    people = tuple(NamedKey(name=one["name"], public=unpack(one["key"], 32)) for one in row.people)
    return TrusteeTerms(election_key=bytes(row.election_key), people=people, needed=row.needed)


async def insert_manifest(work: UnitOfWork, poll_id: UUID, manifest: Manifest) -> None:
    """Publish a poll's manifest; the database holds it to notice, roll and question."""
    await work.execute(
        _INSERT_MANIFEST,
        {
            "poll_id": poll_id,
            "document": manifest.document().decode(),
            "digest": manifest.digest().hex(),
            "now": work.now,
        },
    )


async def find_manifest(work: Reading, poll_id: UUID) -> bytes | None:
    """A poll's manifest as published, or None."""
    found = (await work.execute(_MANIFEST, {"poll_id": poll_id})).scalar_one_or_none()
    return None if found is None else found.encode()


async def list_releases(work: Reading, poll_id: UUID) -> tuple[tuple[Share, Fields], ...]:
    """The shares that trustees gave up, each with its statement."""
    return tuple(
        (
            Share(number=row.share_number, secret=bytes(row.share)),
            parse(row.statement.encode()),
        )
        for row in await work.execute(_RELEASES, {"poll_id": poll_id})
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCount:
    """What a poll came to: certificate, choices with their numbers, and how long the bundle is."""

    certificate: str
    digest: str
    choices: str
    bundle_bytes: int


async def insert_bundle(work: UnitOfWork, poll_id: UUID, pieces: Iterable[bytes]) -> int:
    """Write a bundle in pieces of at most `BUNDLE_PIECE_BYTES`, before its count; its length."""
    length = 0
    for number, piece in enumerate(pieces):
        told = {"poll_id": poll_id, "number": number, "piece": piece}
        await work.execute(_INSERT_PIECE, told)
        length += len(piece)
    return length


async def insert_count(work: UnitOfWork, poll_id: UUID, count: PollCount) -> None:
    """Write a count; the database counts the choices again where it can."""
    await work.execute(
        _INSERT_COUNT,
        {
            "poll_id": poll_id,
            "certificate": count.certificate,
            "digest": count.digest,
            "choices": count.choices,
            "bundle_bytes": count.bundle_bytes,
        },
    )


async def find_commitment(work: Reading, poll_id: UUID, member_id: MemberId) -> str | None:
    """A member's entry on the roll of a poll, or None."""
    of = {"poll_id": poll_id, "member_id": member_id}
    return (await work.execute(_COMMITMENT, of)).scalar_one_or_none()


async def mark(work: UnitOfWork, poll_id: UUID, commitment: str) -> bool:
    """Note that this entry of the roll took part; False if it did before."""
    of = {"poll_id": poll_id, "commitment": commitment}
    return (await work.execute(_MARK, of)).one_or_none() is not None


async def find_standing(work: Reading, poll_id: UUID, key: str) -> tuple[int, bool]:
    """The highest sequence of a ballot key (base64) on the board or waiting, and if it is struck out."""
    row = (await work.execute(_STANDING, {"poll_id": poll_id, "key": key})).one()
    return row.sequence, row.is_cancelled


async def insert_waiting(work: UnitOfWork, poll_id: UUID, ballot: Fields) -> None:
    """Hand a ballot to the board, without a name, a number or a time."""
    document = canonical(ballot).decode()
    await work.execute(_INSERT_WAITING, {"poll_id": poll_id, "ballot": document})
