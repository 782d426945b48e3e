"""Where your money goes, and when it went."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Driver
from doorway.schemas import MoneyOut, problems
from doorway.services import services_of
from doorway.writes import once
from driver_app_api.payout_schemas import (
    AskedOut,
    BankAccountIn,
    DestinationSetOut,
    DestinationsOut,
    MyPayoutOut,
    MyPayoutsOut,
    destinations_out,
)
from foundation.identifiers import DriverId
from foundation.money import Currency, Money
from ledger.bank_account import BankAccount
from ledger.payout_requests import ask_for_payout, my_destinations, my_payouts
from ledger.payouts import WAIT, set_destination, withdraw_destination
from registry.session import require_strong
from storage.work import UnitOfWork

router = APIRouter(prefix="/payouts", tags=["payouts"])

Number = Annotated[int, Path(ge=1, le=1_000_000, description="As `GET .../destinations` has it.")]


@router.get("", responses=problems(), summary="What you were paid, and what is owed")
async def mine(request: Request, caller: Driver) -> MyPayoutsOut:
    """Your payouts with their states, and what you are owed that is not on its way yet."""
    services = services_of(request)
    currency = Currency(services.city.pack.currency)
    async with services.database.work() as work:
        found = await my_payouts(work, DriverId(caller.person_id), currency)
    return MyPayoutsOut(
        owed=MoneyOut.of(found.owed),
        asked_at=None if found.due is None else found.due.asked_at,
        payouts=[MyPayoutOut.of_payout(one) for one in found.payouts],
    )


@router.get("/destinations", responses=problems(), summary="Where your money goes")
async def destinations(request: Request, caller: Driver) -> DestinationsOut:
    """The account in use, those that wait, and those before; of each the last four characters."""
    async with services_of(request).database.work() as work:
        found = await my_destinations(work, DriverId(caller.person_id))
        return destinations_out(found, work.now)


@router.post(
    "/destinations",
    status_code=201,
    responses={201: {"model": DestinationSetOut}, **problems(409)},
    summary="Send your money to another account",
)
async def set_one(request: Request, body: BankAccountIn, caller: Driver) -> Response:
    """After a sign-in with your passkey. The account is used 72 hours later; you are told now and
    then, and can take it back meanwhile. Until then the one before it is used."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        require_strong(caller, work.now)
        account = BankAccount.of(body.model_dump())
        number = await set_destination(
            work, services.vault, DriverId(caller.person_id), account, session_id=caller.session_id
        )
        return DestinationSetOut(
            number=number, tail=account.tail, usable_from=work.now + WAIT
        ).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=act, status=201
    )


@router.post(
    "/destinations/{number}/take-back",
    status_code=204,
    responses=problems(409),
    summary="Take a destination back that waits",
)
async def take_back(request: Request, number: Number, caller: Driver) -> Response:
    """Before its 72 hours are over. If you did not set it, revoke your sessions, too."""

    async def act(work: UnitOfWork) -> Any:
        await withdraw_destination(work, DriverId(caller.person_id), number)

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=act
    )


@router.post(
    "/requests",
    status_code=201,
    responses={201: {"model": AskedOut}, **problems(409)},
    summary="Ask for what you are owed",
)
async def ask(request: Request, caller: Driver) -> Response:
    """All of it goes out with the next file that the office makes, however little it is. Asking
    again before that changes nothing."""
    services = services_of(request)
    currency = Currency(services.city.pack.currency)

    async def act(work: UnitOfWork) -> Any:
        due = await ask_for_payout(
            work, DriverId(caller.person_id), currency, terms=services.payouts
        )
        owed = MoneyOut.of(Money(due.available_minor, currency))
        return AskedOut(owed=owed).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=act, status=201
    )
