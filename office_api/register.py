"""The register searched: a member by name or number, as the secretary needs it.

Names lie sealed in the vault, where nothing can be looked up: a search opens them one after the
other, page by page, and forgets them. What was searched for stands in no address and in no table.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from starlette.requests import Request

from doorway.caller import Office
from doorway.government.schemas import ClassOut
from doorway.government.shown import NAMELESS, membership_out
from doorway.schemas import Model, problems
from doorway.services import Services, services_of
from foundation.identifiers import PersonId
from governance.bylaws import Bylaws
from governance.matter import MemberClass
from governance.member import EXCLUSION_WORDS, ChangeKind, Exclusion, Member, MemberId
from governance.service.membership import bylaws_now, list_these
from governance.views.members import register_page
from registry.name_search import LETTERS_MIN, is_found, is_searchable, words_of
from registry.views import names
from storage.work import UnitOfWork

router = APIRouter(tags=["members"])

FOUND_MAX = 50
_WORDS = EXCLUSION_WORDS | {
    Exclusion.NO_MEMBER: "they are no member any more",
    Exclusion.CLASS_HAS_NO_SAY: "their class has no vote",
}
OPENED_AT_ONCE = 500
"""Names opened between two statements, so that nobody else waits for a search."""
OPENED_MAX = 20_000
"""Names opened for one answer; after so many it says where to go on."""


def _searchable(text: str) -> str:
    if not is_searchable(text):
        raise ValueError(f"says too little; name {LETTERS_MIN} letters of a word")
    return text


class MemberSearchIn(Model):
    """The beginnings of words of a name, or of a member's number as minutes have it; one of them."""

    name: (
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, min_length=LETTERS_MIN, max_length=100),
            AfterValidator(_searchable),
        ]
        | None
    ) = Field(default=None, examples=["ru an"])
    number: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{8,36}$")] | None = Field(
        default=None, examples=["019b5e3c"]
    )
    after: UUID | None = Field(default=None, description="Go on after this member.")
    limit: Annotated[int, Field(strict=True, ge=1, le=FOUND_MAX)] = 20

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.name is None) == (self.number is None):
            raise ValueError("search by a name or by a number")
        return self


class RegisteredOut(Model):
    """A member as found: who, as what, with a vote or why not. No phone, no address, no history."""

    member_id: UUID
    name: str
    classes: list[ClassOut]
    may_vote_as: MemberClass | None
    reason: str | None = Field(description="Why they have no vote, by code.")
    words: str | None = Field(description="The same for people.")
    note: str | None = Field(
        description="What the office wrote when it suspended them; null unless they are."
    )


class RegisterOut(Model):
    """In the order in which they joined."""

    members: list[RegisteredOut]
    after: UUID | None = Field(description="Ask with it for more; null at the end of the register.")


@router.post("/members/search", responses=problems(), summary="Find a member by name or number")
async def search(request: Request, body: MemberSearchIn, caller: Office) -> RegisterOut:
    """Whoever is or was a member: `an ru` finds Ana Ruiz. It changes nothing and is kept nowhere; the
    name is in the body so that no log of addresses has it."""
    services = services_of(request)
    async with services.database.work() as work:
        found, after = await _found(work, body, services)
        bylaws = await bylaws_now(work)
        members = await list_these(work, sorted(found))
        return RegisterOut(
            members=[
                _registered(one, found[one.member_id], bylaws, at=work.now) for one in members
            ],
            after=after,
        )


async def _found(
    work: UnitOfWork, asked: MemberSearchIn, services: Services
) -> tuple[dict[MemberId, str], UUID | None]:
    """Members by name as far as the search went, and after whom it goes on."""
    found: dict[MemberId, str] = {}
    wanted = () if asked.name is None else words_of(asked.name)
    last: MemberId | None = None
    opened = 0
    async for page in _pages(work, asked):
        known = await names(work, page.values(), vault=services.vault)
        for member_id, person_id in page.items():
            name = known.get(person_id)
            last, opened = member_id, opened + 1
            if asked.name is None or (name is not None and is_found(name, wanted)):
                found[member_id] = name or NAMELESS
                if len(found) == asked.limit:
                    return found, last
        if opened >= OPENED_MAX:
            return found, last
    return found, None


async def _pages(
    work: UnitOfWork, asked: MemberSearchIn
) -> AsyncIterator[Mapping[MemberId, PersonId]]:
    after = asked.after
    while True:
        page = await register_page(work, after=after, limit=OPENED_AT_ONCE, begins=asked.number)
        if page:
            yield page
        if len(page) < OPENED_AT_ONCE:
            return
        after = max(page)


def _registered(member: Member, name: str, bylaws: Bylaws, *, at: datetime) -> RegisteredOut:
    shown = membership_out(member, bylaws, at=at)
    reason = None if shown.reason is None else Exclusion(shown.reason)
    note = None
    if member.suspended_at is not None:
        note = next(
            one.reason for one in reversed(member.changes) if one.kind is ChangeKind.SUSPENDED
        )
    return RegisteredOut(
        member_id=member.member_id,
        name=name,
        classes=shown.classes,
        may_vote_as=shown.may_vote_as,
        reason=shown.reason,
        words=None if reason is None else _WORDS[reason],
        note=note,
    )
