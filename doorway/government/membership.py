"""Membership as a person sees and changes their own; an entrance says in which class one joins."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.schemas import MembershipOut
from doorway.government.shown import membership_of
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from governance.errors import MembershipClash
from governance.matter import MemberClass
from governance.member import Change, ChangeKind
from governance.service.membership import change_member, join, member_of_person
from registry.session import Caller
from rulebook.rule import RuleKind
from rulebook.service import in_force
from storage.work import UnitOfWork

SEEN_AT_THE_ENTRANCE = frozenset({"licence"})
"""Terms of joining that whoever comes in by an entrance has met: only licensed drivers drive."""
Act = Callable[[UnitOfWork], Awaitable[None]]


def membership_router(member_class: MemberClass) -> APIRouter:
    """The routes of an entrance by which people join as `member_class`."""
    router = APIRouter(tags=["membership"])
    answers = {200: {"model": MembershipOut}, **problems(404, 409)}

    @router.get("/membership", responses=problems(), summary="How you stand")
    async def my_membership(request: Request, caller: Anybody) -> MembershipOut:
        """What you are a member as, whether you have a vote, and if not, why."""
        async with services_of(request).database.work() as work:
            return await membership_of(work, caller.person_id)

    @router.post("/membership/join", responses=answers, summary="Become a member")
    async def join_here(request: Request, caller: Anybody) -> Response:
        """Of the class this entrance is for. One person is one member, has one vote, and may join
        other classes at their entrances."""

        async def act(work: UnitOfWork) -> None:
            await _check_joining(work, member_class)
            await join(work, caller.person_id, member_class=member_class)

        return await _changed(request, caller, act)

    @router.post("/membership/leave", responses=answers, summary="Leave")
    async def leave_here(request: Request, caller: Anybody) -> Response:
        """The class this entrance is for, from now on; a roll on which you stand is not changed,
        but nobody votes who has left."""
        return await _changed(request, caller, _own(ChangeKind.LEFT, caller, member_class))

    @router.post("/membership/appeal", responses=answers, summary="Appeal against a suspension")
    async def appeal(request: Request, caller: Anybody) -> Response:
        """Once for each suspension; by the bylaws your vote may stay yours until it is heard."""
        return await _changed(request, caller, _own(ChangeKind.APPEALED, caller, None))

    return router


async def _check_joining(work: UnitOfWork, member_class: MemberClass) -> None:
    """Whether somebody becomes a member by saying so: not where the bylaws ask for what this service
    cannot see."""
    bylaws = await in_force(work, RuleKind.BYLAWS, work.now)
    classes = bylaws.body["classes"]
    if member_class not in classes:
        raise MembershipClash(f"the bylaws know no members as {member_class}")
    asked = sorted(set(classes[member_class].get("join", {})) - SEEN_AT_THE_ENTRANCE)
    if asked:
        words = ", ".join(one.removesuffix("_minor") for one in asked)
        raise MembershipClash(
            f"the bylaws ask for what the office has to see first ({words}); it takes you in"
        )


def _own(kind: ChangeKind, caller: Caller, member_class: MemberClass | None) -> Act:
    async def act(work: UnitOfWork) -> None:
        member = await member_of_person(work, caller.person_id)
        change = Change(kind=kind, at=work.now, member_class=member_class)
        await change_member(work, member.member_id, change)

    return act


async def _changed(request: Request, caller: Caller, act: Act) -> Response:
    """Change a membership once, and answer with how it stands then."""

    async def handle(work: UnitOfWork) -> Any:
        await act(work)
        return (await membership_of(work, caller.person_id)).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )
