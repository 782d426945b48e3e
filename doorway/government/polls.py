"""A vote as its member's phone needs it: their entry on the roll, their voting key, their ballot.

Sealed ballots never come this way: they go to the box, which asks nobody's name. What is handed in
here is a ballot of a detached poll or a choice of an open one, and neither is kept with an
Idempotency-Key: beside a person it would tell their ballot by its hash. A ballot sent again counts
once by its own number, a choice said again says the same.
"""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.motions import NO_MEMBER
from doorway.schemas import Model, problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance import poll_views as views
from governance.ballots.plain import canonical, pack, unpack
from governance.errors import BallotOfAnotherTier, MemberNotFound, NotOnRoll
from governance.member import MemberId
from governance.poll_views import ElectorView, PollView
from governance.service import votes
from governance.service.membership import member_of_person
from governance.service.polls import cast_detached
from governance.service.voting_keys import register_voting_key
from governance.store.votes import get_roll
from governance.tier import Tier
from registry.service import require_own_passkey
from storage.work import UnitOfWork

router = APIRouter(tags=["polls"])

Base64 = Annotated[str, Field(max_length=2048, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
OTHER_CLASSES = "this poll is for other classes; yours has one of its own"


class EntryOut(Model):
    """How a poll concerns you. Bytes are base64."""

    on_roll: bool
    reason: str | None = Field(description="Why you are not on its roll.")
    commitment: str | None = Field(
        description="Your entry on the roll: SHA-256 of salt and member."
    )
    salt: str | None = Field(description="Yours alone; it shows whose entry that is.")
    credential_id: str | None = Field(
        description="Of your voting key; null if you have none there."
    )


class VotingKeyIn(Model):
    """A passkey that votes. Bytes are base64."""

    credential: Base64 = Field(description="Public key: P-256, SubjectPublicKeyInfo in DER.")
    credential_id: Base64


class VotingKeyOut(Model):
    """How many voting keys you have had; the latest goes onto the next roll."""

    number: int


class HandedIn(Model):
    """A ballot of a detached poll, or a choice of an open one."""

    ballot: dict[str, Any] | None = Field(
        default=None, description="As docs/reference/ballot_bundle.md has it."
    )
    choice: dict[str, Any] | None = Field(
        default=None, description='Such as {"mark": "for"}; your name stands beside it.'
    )


class TakenOut(Model):
    """What was taken."""

    ballot: str | None = Field(
        description="SHA-256 of its document, by which its receipt is asked for."
    )
    waiting: int = Field(description="Ballots that wait to be published together, yours included.")


@router.get("/polls/{poll_id}/me", responses=problems(404), summary="How a poll concerns you")
async def my_entry(request: Request, poll_id: UUID, caller: Anybody) -> EntryOut:
    """Your entry on its roll, with what your phone needs for asking the desks for a ballot; or why
    you have none."""
    async with services_of(request).database.work() as work:
        poll = await views.get_poll(work, poll_id)
        try:
            member = await member_of_person(work, caller.person_id)
        except MemberNotFound:
            return _left_out(NO_MEMBER)
        entry = await views.find_entry(work, poll_id, member.member_id)
        if entry is None:
            return _left_out(await _why_not(work, poll, member.member_id))
    return _entry_out(entry)


@router.post(
    "/voting-key",
    status_code=201,
    responses={201: {"model": VotingKeyOut}, **problems(403, 404, 409)},
    summary="Vote with this passkey from now on",
)
async def new_voting_key(request: Request, body: VotingKeyIn, caller: Anybody) -> Response:
    """The latest key goes onto the rolls that are published after it. Make one for each vote, and
    nobody can tell from two rolls that you were on both. Whoever has a passkey for signing in must
    have used it within five minutes."""

    async def handle(work: UnitOfWork) -> Any:
        await require_own_passkey(work, caller)
        member = await member_of_person(work, caller.person_id)
        number = await register_voting_key(
            work,
            member.member_id,
            credential=unpack(body.credential),
            credential_id=unpack(body.credential_id),
        )
        return VotingKeyOut(number=number).model_dump()

    return await once(
        request,
        services_of(request).database,
        caller=str(caller.person_id),
        handler=handle,
        status=201,
    )


@router.post(
    "/polls/{poll_id}/ballots",
    status_code=202,
    responses=problems(403, 404, 409, 410),
    summary="Hand in a ballot",
)
async def hand_in(request: Request, poll_id: UUID, body: HandedIn, caller: Anybody) -> TakenOut:
    """In a detached poll a ballot, in an open one a choice; the last before the close counts. A
    sealed ballot goes to the box instead, without your name."""
    async with services_of(request).database.work() as work:
        poll = await views.get_poll(work, poll_id)
        member = await member_of_person(work, caller.person_id)
        if poll.tier is Tier.OPEN:
            choice = _wanted(body.choice, 'name a choice such as {"mark": "for"}')
            await votes.cast(work, poll.motion_id, by=member.member_id, choice=choice)
            return TakenOut(ballot=None, waiting=0)
        if poll.tier is Tier.SEALED:
            raise BallotOfAnotherTier("its ballots go into the box, without a name")
        ballot = _wanted(body.ballot, "hand in a ballot")
        await cast_detached(work, poll_id, by=member.member_id, ballot=ballot)
        name = hashlib.sha256(canonical(ballot)).hexdigest()
        return TakenOut(ballot=name, waiting=await views.count_waiting(work, poll_id))


def _wanted(document: dict[str, Any] | None, otherwise: str) -> dict[str, Any]:
    if document is None:
        raise BallotOfAnotherTier(otherwise)
    return document


async def _why_not(work: UnitOfWork, poll: PollView, member_id: MemberId) -> str:
    try:
        (await get_roll(work, poll.motion_id, only=member_id)).get(member_id)
    except NotOnRoll as refusal:
        return str(refusal.facts["reason"])
    return OTHER_CLASSES


def _left_out(reason: str) -> EntryOut:
    return EntryOut(on_roll=False, reason=reason, commitment=None, salt=None, credential_id=None)


def _entry_out(entry: ElectorView) -> EntryOut:
    return EntryOut(
        on_roll=True,
        reason=None,
        commitment=pack(entry.commitment),
        salt=pack(entry.salt),
        credential_id=None if entry.credential_id is None else pack(entry.credential_id),
    )
