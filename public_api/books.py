"""The open books: where the money of a month went, and the chain of its days."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from doorway.schemas import Model, problems
from doorway.services import services_of
from ledger.open_books import DRIVERS_LEAST, MonthOfMoney
from ledger.store.days import list_sealed_days

router = APIRouter(prefix="/public/v1", tags=["the books"])

DAYS_SHOWN = 1_000

Month = Annotated[
    str,
    Query(
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="Like 2026-11.", examples=["2026-11"]
    ),
]


class MoneyOut(Model):
    """Where the money went, in minor units of one currency."""

    currency: str
    charged_minor: int = Field(description="To riders: fares and fees.")
    granted_minor: int = Field(description="Concessions, which their funder pays.")
    drivers_minor: int = Field(description="The drivers' part of both.")
    cooperative_minor: int = Field(description="The co-operative's part of both.")
    city_minor: int = Field(description="The city's levy on both.")
    drivers_of_10000: int = Field(description="Of every 10,000 units; the three sum to 10,000.")
    cooperative_of_10000: int
    city_of_10000: int
    tips_minor: int = Field(description="Whole to drivers, beside what was charged.")
    top_ups_minor: int = Field(description="From the co-operative to drivers, to the pay floor.")
    refunds_minor: int = Field(description="From the co-operative to riders.")
    levy_paid_minor: int
    other_income_minor: int
    reserves_minor: int = Field(description="Set aside of earlier surpluses.")
    expenses_minor: dict[str, int] = Field(description="By what for.")


class SealedDayOut(Model):
    """A link of the chain: its digest covers every transfer of the day and the digest before."""

    number: int
    day: date
    digest: str


class BooksOut(Model):
    """A month of the books."""

    month: str
    until: date | None = Field(
        description="The last day that is added up. Null: nothing is, because too few drivers were "
        "paid or no day is sealed."
    )
    drivers_least: int = Field(description="Sums grow only by days that paid so many drivers.")
    money: list[MoneyOut]
    days: list[SealedDayOut]


class ChainedDayOut(SealedDayOut):
    """A link of the chain, with the time it covers."""

    starts_at: datetime
    ends_at: datetime
    form: int = Field(description="How the digest is made: docs/reference/ledger_days.md.")


class ChainOut(Model):
    """Sealed days, first to last."""

    days: list[ChainedDayOut]
    more: bool = Field(description="Ask on after the last number.")


@router.get("/books/days", responses=problems(), summary="The chain of sealed days")
async def days(
    request: Request,
    response: Response,
    after: Annotated[int, Query(ge=0, le=2_000_000_000, description="Number of a day.")] = 0,
) -> ChainOut:
    """The digest of every sealed day, a thousand at a time. Whoever keeps one can have it compared
    with the books at any time (`khan ledger verify --kept`): no day before it can be changed unseen."""
    async with services_of(request).database.reading() as work:
        found = await list_sealed_days(work, after=after, limit=DAYS_SHOWN + 1)
    response.headers["Cache-Control"] = "public, max-age=300"
    shown = [
        ChainedDayOut(
            number=day.number,
            day=day.day,
            digest=day.digest,
            starts_at=day.starts_at,
            ends_at=day.ends_at,
            form=day.form,
        )
        for day in found[:DAYS_SHOWN]
    ]
    return ChainOut(days=shown, more=len(found) > DAYS_SHOWN)


@router.get("/books", responses=problems(), summary="Where the money of a month went")
async def books(request: Request, response: Response, month: Month) -> BooksOut:
    """Of what riders paid: drivers, co-operative, city, and what the co-operative did with its part;
    with the digests of the month's sealed days. Nothing grows by days that together paid fewer than
    ten drivers, so that nobody's pay is the difference of two answers."""
    services = services_of(request)
    year, number = month.split("-")
    async with services.database.reading() as work:
        found = await services.books.month(work, date(int(year), int(number), 1))
    response.headers["Cache-Control"] = "public, max-age=300"
    return BooksOut(
        month=month,
        until=found.until,
        drivers_least=DRIVERS_LEAST,
        money=[_money(one) for one in found.money],
        days=[
            SealedDayOut(number=day.number, day=day.day, digest=day.digest) for day in found.days
        ],
    )


def _money(one: MonthOfMoney) -> MoneyOut:
    drivers, cooperative, city = one.of_ten_thousand
    return MoneyOut(
        currency=one.currency,
        charged_minor=one.charged,
        granted_minor=one.granted,
        drivers_minor=one.drivers,
        cooperative_minor=one.cooperative,
        city_minor=one.city,
        drivers_of_10000=drivers,
        cooperative_of_10000=cooperative,
        city_of_10000=city,
        tips_minor=one.tips,
        top_ups_minor=one.top_ups,
        refunds_minor=one.refunds,
        levy_paid_minor=one.levy_paid,
        other_income_minor=one.other_income,
        reserves_minor=one.reserves,
        expenses_minor=dict(one.expenses),
    )
