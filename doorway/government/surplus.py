"""What the year's surplus would give you; the same at every entrance of members."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from fastapi import APIRouter
from starlette.requests import Request

from doorway.caller import Anybody
from doorway.schemas import Model, MoneyOut, problems
from doorway.services import services_of
from foundation.identifiers import PersonId
from governance.surplus.service import Preview, get_allocation, get_statement, preview
from governance.surplus.statement import MemberStatement, StatementStep
from storage.engine import Database

router = APIRouter(tags=["surplus"])

KEPT_FOR = timedelta(minutes=15)
"""Everybody's part is worked out to know one; so it is worked out once for all who ask."""


class MeasureOut(Model):
    """What is counted: its weight, what is yours, what is everybody's."""

    measure: str
    weight: str
    yours: int
    everybodys: int


class SurplusStepOut(Model):
    """Your part of one step of the policy; `claim` is an exact fraction of the pool."""

    title: str
    bylaw: str
    pool: MoneyOut
    measures: list[MeasureOut]
    claim: str
    cash: MoneyOut
    retained: MoneyOut


class SurplusPreviewOut(Model):
    """What the time since the last closed period would give you if it ended at `as_of`."""

    as_of: datetime
    since: datetime
    member_number: int
    steps: list[SurplusStepOut]
    cash: MoneyOut
    retained: MoneyOut
    arithmetic: list[str]


@router.get("/surplus/preview", responses=problems(404), summary="What the year would give you now")
async def surplus_preview(request: Request, caller: Anybody) -> SurplusPreviewOut:
    """Your part, with the arithmetic, by the allocation policy in force; nothing is promised by it.
    At most a quarter of an hour old."""
    found = await _recent(services_of(request).database)
    figures = found.allocation.figures
    statement = found.statement(PersonId(caller.person_id))
    return _out(statement, as_of=figures.ends_at, since=figures.starts_at)


class SurplusStatementOut(Model):
    """Your part of a surplus that was divided; `digest` names the published document."""

    period_id: UUID
    motion_id: UUID
    digest: str
    member_number: int
    steps: list[SurplusStepOut]
    cash: MoneyOut
    retained: MoneyOut
    revolves_at: datetime
    arithmetic: list[str]


@router.get(
    "/surplus/allocations/{period_id}", responses=problems(404), summary="What a year gave you"
)
async def surplus_statement(
    request: Request, period_id: UUID, caller: Anybody
) -> SurplusStatementOut:
    """Your part as it was posted, computed again from the published document
    (`/public/v1/surplus/{period_id}`) and your own work."""
    async with services_of(request).database.reading() as work:
        stored = await get_allocation(work, period_id)
        statement = await get_statement(work, period_id, PersonId(caller.person_id))
    return SurplusStatementOut(
        period_id=stored.period_id,
        motion_id=stored.adoption_id,
        digest=stored.digest,
        member_number=statement.number,
        steps=[_step(one) for one in statement.steps],
        cash=MoneyOut.of(statement.cash),
        retained=MoneyOut.of(statement.retained),
        revolves_at=stored.revolves_at,
        arithmetic=list(statement.lines()),
    )


_kept: "WeakKeyDictionary[Database, Preview]" = WeakKeyDictionary()
_turns: "WeakKeyDictionary[Database, asyncio.Lock]" = WeakKeyDictionary()


async def _recent(database: Database) -> Preview:
    # Whoever waits holds no connection.
    async with _turns.setdefault(database, asyncio.Lock()), database.work() as work:
        kept = _kept.get(database)
        if kept is None or not timedelta() <= work.now - kept.allocation.figures.ends_at < KEPT_FOR:
            kept = _kept[database] = await preview(work)
        return kept


def _out(statement: MemberStatement, *, as_of: datetime, since: datetime) -> SurplusPreviewOut:
    return SurplusPreviewOut(
        as_of=as_of,
        since=since,
        member_number=statement.number,
        steps=[_step(one) for one in statement.steps],
        cash=MoneyOut.of(statement.cash),
        retained=MoneyOut.of(statement.retained),
        arithmetic=list(statement.lines()),
    )


def _step(step: StatementStep) -> SurplusStepOut:
    return SurplusStepOut(
        title=step.title,
        bylaw=step.bylaw,
        pool=MoneyOut.of(step.pool),
        measures=[
            MeasureOut(measure=one, weight=str(weight), yours=own, everybodys=whole)
            for one, weight, own, whole in step.measures
        ],
        claim=str(step.claim),
        cash=MoneyOut.of(step.cash),
        retained=MoneyOut.of(step.retained),
    )
