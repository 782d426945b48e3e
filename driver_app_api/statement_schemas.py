"""The shapes of statements and costs, as drivers read and send them; amounts are whole minor units."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import Model
from ledger.costs.cost import AMOUNT_MAX, CostKind
from ledger.statements.words import LANGUAGES


class StatementOf(StrEnum):
    """What a statement is of, as its address says it."""

    WEEKS = "weeks"
    SHIFTS = "shifts"
    TRIPS = "trips"


class FileForm(StrEnum):
    """What a statement can be saved as."""

    CSV = "csv"
    PDF = "pdf"


Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$", max_length=35),
    Field(description=f"One of {', '.join(LANGUAGES)} (ISO 639); another one is English."),
]
Day = Annotated[date, Field(description="A day in the city's zone.")]


class FileAsked(Model):
    """As what a statement is saved, and in which language."""

    form: FileForm = FileForm.CSV
    language: Language = "en"


class SumsOut(Model):
    """Minor units by what they are; `all` is their sum."""

    pay: int
    tips: int
    outlays: int
    cash: int
    payouts: int
    other: int
    all: int


class RateOut(Model):
    """Rounded half up, and exactly: `numerator` of `denominator` minor units."""

    amount_minor: int
    numerator: int
    denominator: int


class RatesOut(Model):
    """An hour with a trip in hand, an hour on shift, a kilometre with a rider."""

    engaged_hour: RateOut | None
    shift_hour: RateOut | None
    kilometre: RateOut | None


class AfterCostsOut(Model):
    """Pay less your own costs of the week."""

    costs_minor: int
    pay_minor: int
    rates: RatesOut


class StatementTotalOut(Model):
    """All of it in one currency; balances and costs only of a week."""

    currency: str
    opening_minor: int | None
    sums: SumsOut
    closing_minor: int | None
    rates: RatesOut
    after_costs: AfterCostsOut | None


class StatementWorkOut(Model):
    """What it was for; time on shift as far as it lies in the week."""

    seconds_on_shift: int
    seconds_engaged: int
    metres: int
    trips: int


class ShiftSumsOut(Model):
    """A shift's sums in one currency."""

    currency: str
    sums: SumsOut


class ShiftSumOut(StatementWorkOut):
    """What a shift came to."""

    shift_id: UUID
    started_at: datetime | None
    ended_at: datetime | None
    sums: list[ShiftSumsOut]


class FloorOut(Model):
    """The pay floor of a trip with its numbers; `mills` are thousandths of a minor unit."""

    name: str | None
    rule_id: UUID | None
    version: int | None
    source: str | None
    metres: int
    seconds: int
    distance_mills: int | None
    unit: str | None
    minute_mills: int | None
    per_trip_min_minor: int | None
    floor_minor: int
    computed_minor: int | None
    share_minor: int
    top_up_minor: int
    holds: bool


class TripSumOut(Model):
    """What a trip came to."""

    trip_id: UUID
    shift_id: UUID | None
    ended_at: datetime
    charge: str | None
    charged_minor: int | None
    currency: str
    sums: SumsOut
    seconds_engaged: int
    metres: int
    floor: FloorOut | None


class LineOfStatementOut(Model):
    """One line in the books; `why` is a sentence you can check."""

    made_at: datetime
    transfer_id: UUID
    trip_id: UUID | None
    shift_id: UUID | None
    kind: str
    code: str
    what: str
    sum: str
    amount_minor: int
    currency: str
    share_of_minor: int | None
    share_bps: int | None
    why: str


class CostOut(Model):
    """A cost as you wrote it down."""

    cost_id: UUID
    kind: CostKind
    amount_minor: int
    currency: str
    spent_on: date
    covers_until: date | None
    metres: int | None
    per_km_mills: int | None
    note: str | None
    replaces: UUID | None
    made_at: datetime | None


class CostHereOut(CostOut):
    """A cost, and what of it falls into the week."""

    minor_here: int


class WholeStatementOut(Model):
    """A statement of a week, a shift or a trip, held against the books before it is told."""

    format: str
    language: str
    timezone: str
    of: str
    name: str
    driver_id: UUID
    start: datetime | None
    end: datetime | None
    first_day: date | None
    last_day: date | None
    totals: list[StatementTotalOut]
    work: StatementWorkOut
    shifts: list[ShiftSumOut]
    trips: list[TripSumOut]
    lines: list[LineOfStatementOut]
    costs: list[CostHereOut] | None


class CostIn(Model):
    """A cost of yours. Of `distance`: metres and a rate; else an amount, 0 to take one back.

    Say its identifier yourself: sent again, it is written down once.
    """

    cost_id: UUID
    kind: CostKind
    spent_on: Day
    covers_until: Annotated[
        date | None, Field(description="The last day it is spread over; left out: that day alone.")
    ] = None
    amount_minor: Annotated[int | None, Field(strict=True, ge=0, le=AMOUNT_MAX)] = None
    metres: Annotated[int | None, Field(strict=True, ge=1, le=100_000_000)] = None
    per_km_mills: Annotated[int | None, Field(strict=True, ge=1, le=100_000_000)] = None
    note: Annotated[
        str | None, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)
    ] = None
    replaces: Annotated[UUID | None, Field(description="The cost that it puts right.")] = None


class CostsOut(Model):
    """Everything you wrote down, by day; what was put right has another one's `replaces`."""

    costs: list[CostOut]
