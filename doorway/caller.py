"""Who calls: the person behind a bearer token, with the role this entrance is for."""

import math
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from doorway.errors import SlowDown
from doorway.services import Services, services_of
from foundation.clock import stopwatch_ms
from registry.errors import SignInNeeded
from registry.person import Role
from registry.service import identify
from registry.session import Caller, require_role

_BEARER = HTTPBearer(
    auto_error=False, description="The token that signing in gave (`/public/v1/sign-in`)."
)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


async def caller_of(services: Services, token: str) -> Caller:
    """The caller with this token; from memory if seen within the last seconds.

    Raises
    ------
    SignInNeeded
    """
    known = services.sessions.find(token, now=services.now())
    if known is not None:
        return known
    read_at = stopwatch_ms() / 1000
    async with services.database.work() as work:
        caller = await identify(work, token)
    services.sessions.remember(token, caller, read_at=read_at)
    return caller


async def anybody(request: Request, bearer: Bearer) -> Caller:
    """Whoever is signed in, at a person's pace.

    Raises
    ------
    SignInNeeded, SlowDown
    """
    if bearer is None:
        raise SignInNeeded
    services = services_of(request)
    caller = await caller_of(services, bearer.credentials)
    wait = services.limiter.take(str(caller.person_id))
    if wait:
        raise SlowDown(math.ceil(wait))
    return caller


def with_role(role: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that lets in callers with `role` only (RoleNeeded otherwise)."""

    async def check(caller: Annotated[Caller, Depends(anybody)]) -> Caller:
        require_role(caller, role)
        return caller

    return check


Anybody = Annotated[Caller, Depends(anybody)]
Rider = Annotated[Caller, Depends(with_role(Role.RIDER))]
Driver = Annotated[Caller, Depends(with_role(Role.DRIVER))]
Office = Annotated[Caller, Depends(with_role(Role.OFFICE))]
Auditor = Annotated[Caller, Depends(with_role(Role.AUDITOR))]
