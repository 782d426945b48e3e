"""Signing in and out, for riders, drivers, the office and the city alike.

A code by text message, or a passkey. Where one is signed in by passkey within five minutes, that
counts as strong.
"""

import math

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.errors import SlowDown
from doorway.schemas import problems
from doorway.services import Services, services_of
from public_api.schemas import (
    ChallengeOut,
    CodeIn,
    ConfirmIn,
    PasskeyIn,
    PasskeyOptionsOut,
    PasskeyOut,
    SignedInOut,
)
from registry import service as registry
from registry.errors import CodeWrong
from registry.session import SignedIn

router = APIRouter(prefix="/public/v1", tags=["signing in"])


def _pace(request: Request, services: Services) -> None:
    """Trying codes is slow for one address, whoever it tries."""
    address = request.client.host if request.client else "unknown"
    wait = services.sign_in_limiter.take(address)
    if wait:
        raise SlowDown(math.ceil(wait))


def _signed_in_out(signed_in: SignedIn) -> SignedInOut:
    return SignedInOut(
        token=signed_in.token,
        person_id=signed_in.person_id,
        roles=sorted(str(role) for role in signed_in.roles),
        expires_at=signed_in.expires_at,
        strong_until=signed_in.strong_until,
    )


@router.post("/sign-in/code", status_code=201, responses=problems(), summary="Ask for a code")
async def ask_for_code(request: Request, body: CodeIn) -> ChallengeOut:
    """Send a one-time code to a phone, known here or not: both are answered alike."""
    services = services_of(request)
    _pace(request, services)
    async with services.database.work() as work:
        challenge = await registry.request_code(
            work,
            body.phone,
            sender=services.codes,
            vault=services.vault,
            language=body.language,
        )
    return ChallengeOut(challenge_id=challenge.challenge_id, expires_at=challenge.expires_at)


@router.post("/sign-in/code/confirm", responses=problems(410), summary="Sign in with the code")
async def confirm_code(request: Request, body: ConfirmIn) -> SignedInOut:
    """Whoever is new here joins as a rider."""
    services = services_of(request)
    _pace(request, services)
    async with services.database.work() as work:
        result = await registry.confirm_code(
            work, body.challenge_id, body.code, vault=services.vault, name=body.name
        )
    if isinstance(result, CodeWrong):
        raise result
    return _signed_in_out(result)


@router.post("/sign-in/passkey/options", status_code=201, responses=problems())
async def passkey_sign_in_options(request: Request) -> PasskeyOptionsOut:
    """Begin signing in with a passkey."""
    services = services_of(request)
    _pace(request, services)
    async with services.database.work() as work:
        begun = await registry.begin_passkey_sign_in(work, relying_party=services.relying_party)
    return PasskeyOptionsOut(
        challenge_id=begun.challenge_id, options=begun.options, expires_at=begun.expires_at
    )


@router.post("/sign-in/passkey/confirm", responses=problems(410))
async def passkey_sign_in(request: Request, body: PasskeyIn) -> SignedInOut:
    """Sign in with a passkey; strong for five minutes."""
    services = services_of(request)
    _pace(request, services)
    async with services.database.work() as work:
        signed_in = await registry.finish_passkey_sign_in(
            work,
            challenge_id=body.challenge_id,
            credential=body.credential,
            relying_party=services.relying_party,
        )
    return _signed_in_out(signed_in)


@router.post("/passkeys/options", status_code=201, responses=problems(403))
async def passkey_options(request: Request, caller: Anybody) -> PasskeyOptionsOut:
    """Begin adding a passkey to the person signed in."""
    services = services_of(request)
    async with services.database.work() as work:
        begun = await registry.begin_passkey_registration(
            work, caller, relying_party=services.relying_party, vault=services.vault
        )
    return PasskeyOptionsOut(
        challenge_id=begun.challenge_id, options=begun.options, expires_at=begun.expires_at
    )


@router.post("/passkeys/confirm", status_code=201, responses=problems(409, 410))
async def add_passkey(request: Request, body: PasskeyIn, caller: Anybody) -> PasskeyOut:
    """Add the passkey."""
    services = services_of(request)
    async with services.database.work() as work:
        await registry.finish_passkey_registration(
            work,
            caller,
            challenge_id=body.challenge_id,
            credential=body.credential,
            relying_party=services.relying_party,
        )
    return PasskeyOut()


@router.delete("/session", status_code=204, responses=problems(), summary="Sign out")
async def sign_out(request: Request, caller: Anybody) -> Response:
    """End this session at once."""
    services = services_of(request)
    async with services.database.work() as work:
        await registry.sign_out(work, caller, cache=services.sessions)
    return Response(status_code=204)
