"""`khan surplus`: what it asks the database, and how the answer is told."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from foundation.errors import NotFound
from foundation.identifiers import UUID, PersonId
from foundation.money import Currency, Money
from governance.motion import MotionId
from governance.surplus import service
from governance.surplus.service import Preview
from governance.surplus.statement import MemberStatement
from governance.surplus.store import Stored
from khan.rounds import ask_database
from storage.work import UnitOfWork

MEMBERS_SHOWN = 40


class NumberUnknown(NotFound):
    """No member of that number has a part."""

    code = "member_number_unknown"

    def __init__(self, number: int) -> None:
        super().__init__(f"No member number {number} has a part in it.", number=number)


def get_preview(address: str) -> Preview:
    """What the time since the last closed period would give; raises `RuleMissing`."""

    async def ask(work: UnitOfWork) -> Preview:
        return await service.preview(work)

    return ask_database(address, ask)


def statement_of_number(found: Preview, number: int) -> MemberStatement:
    """The statement of the member of that number; raises `NumberUnknown`."""
    for share in found.allocation.shares:
        if share.part.patron.number == number:
            return found.statement(share.part.patron.person_id)
    raise NumberUnknown(number)


def carry_out(address: str, motion_id: UUID) -> Stored:
    """Divide the surplus that a motion is about; raises as `governance.surplus.service.carry_out`."""

    async def act(work: UnitOfWork) -> Stored:
        return await service.carry_out(work, MotionId(motion_id))

    with no_collector():
        return ask_database(address, act)


def pay(address: str, run_id: UUID) -> int:
    """Pay what reaches the minimum, once for a run; how many minor units."""

    async def act(work: UnitOfWork) -> int:
        return await service.pay_allocations(work, run_id)

    return ask_database(address, act)


def revolve(address: str, period_id: UUID) -> int:
    """Let what a period retained fall due; how many minor units. Raises as the service's verb."""

    async def act(work: UnitOfWork) -> int:
        return await service.revolve(work, period_id)

    return ask_database(address, act)


def lapse(address: str, period_id: UUID) -> int:
    """Give what nobody claimed to its fund; how many minor units. Raises as the service's verb."""

    async def act(work: UnitOfWork) -> int:
        return await service.lapse(work, period_id)

    return ask_database(address, act)


def statement(address: str, period_id: UUID, number: int) -> MemberStatement:
    """The statement of the member of that number; raises `AllocationNotFound`."""

    async def ask(work: UnitOfWork) -> MemberStatement:
        return await service.get_statement(work, period_id, number=number)

    return ask_database(address, ask)


@contextmanager
def no_collector() -> Iterator[None]:
    """No garbage is collected meanwhile: of hundreds of thousands of values that all stay alive,
    looking for dead ones costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def show_document(document: dict[str, object], console: Console) -> None:
    """What each step takes, or took."""
    currency = Currency(str(document["currency"]))

    def money(minor: object) -> str:
        assert isinstance(minor, int)
        return str(Money(minor, currency))

    period = document["period"]
    assert isinstance(period, dict)
    console.print(
        f"{period['starts_at'][:10]} to {period['ends_at'][:10]}: a result of "
        f"{money(document['result_minor'])}; deficit before {money(document['deficit_before_minor'])}",
        markup=False,
    )
    table = Table()
    for heading in ("step", "bylaw", "takes", "members"):
        table.add_column(heading, justify="right" if heading in ("takes", "members") else "left")
    steps = document["steps"]
    assert isinstance(steps, list)
    for one in steps:
        division = one["division"]
        table.add_row(
            one["title"] or f"the rest: {one['fund']}", one["bylaw"] or "", money(one["minor"]),
            "" if division is None else str(division["patrons"]),
        )  # fmt: skip
    console.print(table)


def show_members(found: Preview, console: Console) -> None:
    """What each member would get, the first of them by number."""
    currency = found.allocation.figures.currency
    sums: dict[tuple[int, PersonId], tuple[int, int]] = {}
    for share in found.allocation.shares:
        patron = share.part.patron
        cash, retained = sums.get((patron.number, patron.person_id), (0, 0))
        sums[patron.number, patron.person_id] = (
            cash + share.cash_minor,
            retained + share.retained_minor,
        )
    table = Table()
    for heading in ("member", "in cash", "retained"):
        table.add_column(heading, justify="right")
    for (number, _), (cash, retained) in sorted(sums.items())[:MEMBERS_SHOWN]:
        table.add_row(str(number), str(Money(cash, currency)), str(Money(retained, currency)))
    console.print(table)
    if len(sums) > MEMBERS_SHOWN:
        console.print(f"and {len(sums) - MEMBERS_SHOWN} more; --member N shows one with its sums")
