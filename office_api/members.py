"""The register of members, kept by the co-operative's secretary; the office acts as the secretary."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.government.schemas import MembershipOut
from doorway.government.shown import membership_out
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID, PersonId
from governance.errors import MembershipClash
from governance.member import OF_A_CLASS, Change, ChangeKind, Member, MemberId
from governance.service.membership import bylaws_now, change_member, get_member, join
from office_api.government_schemas import MemberChangeIn, MemberIn
from registry.views import person_view
from storage.work import UnitOfWork

router = APIRouter(tags=["members"])


@router.get("/members/{member_id}", responses=problems(404), summary="How a member stands")
async def look(request: Request, member_id: UUID, caller: Office) -> MembershipOut:
    """Their classes, standing and history, without a name."""
    async with services_of(request).database.work() as work:
        return await _shown(work, await get_member(work, MemberId(member_id)))


@router.post(
    "/members",
    status_code=201,
    responses={201: {"model": MembershipOut}, **problems(404, 409)},
    summary="Take somebody in",
)
async def take_in(request: Request, body: MemberIn, caller: Office) -> Response:
    """A person becomes a member of a class; drivers and riders may also join by themselves."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        if body.member_class not in (await bylaws_now(work)).classes:
            raise MembershipClash(f"the bylaws know no members as {body.member_class}")
        person_id = PersonId(body.person_id)
        await person_view(work, person_id, vault=services.vault)  # or there is nobody
        member = await join(work, person_id, member_class=body.member_class)
        return (await _shown(work, member)).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.post(
    "/members/{member_id}/changes",
    responses={200: {"model": MembershipOut}, **problems(404, 409)},
    summary="Write what happened to a membership",
)
async def change(
    request: Request, member_id: UUID, body: MemberChangeIn, caller: Office
) -> Response:
    """Suspended and reinstated, an appeal and how it ended, in arrears and caught up, left, died:
    one more line of the member's history, never taken back but by the next."""

    async def handle(work: UnitOfWork) -> Any:
        if (body.member_class is not None) != (body.kind in OF_A_CLASS):
            raise MembershipClash("joined and left name a class, the other changes name none")
        if (
            body.kind is ChangeKind.JOINED
            and body.member_class not in (await bylaws_now(work)).classes
        ):
            raise MembershipClash(f"the bylaws know no members as {body.member_class}")
        await get_member(work, MemberId(member_id))
        line = Change(
            kind=body.kind, at=work.now, member_class=body.member_class, reason=body.reason
        )
        changed = await change_member(work, MemberId(member_id), line)
        return (await _shown(work, changed)).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


async def _shown(work: UnitOfWork, member: Member) -> MembershipOut:
    return membership_out(member, await bylaws_now(work), at=work.now)
