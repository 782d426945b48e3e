"""Shapes that more than one entrance speaks: places, money lines, problems."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from foundation.measures import Point
from foundation.money import Money
from ledger.statement import StatementLine


class Model(BaseModel):
    """What is sent is what is meant: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Longitude = Annotated[
    float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, examples=[-73.9937])
]
Latitude = Annotated[
    float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False, examples=[40.7505])
]


def _numbers(count: int) -> WithJsonSchema:
    """So many numbers in a row, said plainly: not every reader knows `prefixItems`."""
    number = {"type": "number"}
    return WithJsonSchema({"type": "array", "items": number, "minItems": count, "maxItems": count})


LonLat = Annotated[tuple[float, float], _numbers(2)]
"""Longitude, latitude."""
Box = Annotated[tuple[float, float, float, float], _numbers(4)]
"""West, south, east, north."""


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Seats = Annotated[int, Field(strict=True, ge=1, le=16)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}$")]
"""A class of vehicle, or a need, by its code."""
Needs = Annotated[list[Word], Field(max_length=10)]


class Place(Model):
    """A place: longitude and latitude in degrees, WGS 84."""

    lon: Longitude
    lat: Latitude

    def point(self) -> Point:
        """As a point; (0, 0) is refused there."""
        return Point(self.lon, self.lat)

    @classmethod
    def of(cls, point: Point) -> "Place":
        """A point as it is sent."""
        return cls(lon=point.lon, lat=point.lat)


class LineOut(Model):
    """One line of a price: what for, and how much in minor units."""

    code: str
    amount_minor: int
    detail: dict[str, Any] = {}


class MoneyOut(Model):
    """An amount in the smallest unit of its currency."""

    amount_minor: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> "MoneyOut":
        """Money as it is sent."""
        return cls(amount_minor=money.minor, currency=money.currency)


class StatementLineOut(MoneyOut):
    """One line in the books; `why` is a sentence its owner can check."""

    made_at: datetime
    transfer_id: UUID
    trip_id: UUID | None
    kind: str
    code: str
    why: str

    @classmethod
    def of_line(cls, line: StatementLine) -> "StatementLineOut":
        """A line as it is sent."""
        return cls(
            amount_minor=line.amount.minor,
            currency=line.amount.currency,
            made_at=line.made_at,
            transfer_id=line.transfer_id,
            trip_id=line.trip_id,
            kind=line.kind,
            code=line.code,
            why=line.why,
        )


class DriverCardOut(Model):
    """Who comes, and in what."""

    first_name: str
    plate: str
    colour: str
    make: str
    model: str


class Problem(BaseModel):
    """A refusal (RFC 9457): `code` is stable, `detail` is for people."""

    type: str = Field(examples=["/docs/errors#offer_over"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["offer_over"])


class Clock(Model):
    """Service time, and service seconds a wall second."""

    now: datetime
    rate: float


_MEANINGS = {
    401: "Nobody is signed in, or the session is over.",
    403: "You may not do this.",
    404: "No such thing, or it is somebody else's.",
    409: "It clashes with what is so now.",
    410: "Its time is over.",
    413: "The body is too large.",
    422: "The values make no sense, or the Idempotency-Key is missing.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "A part of the service is down; try again.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals a route may answer, for its description."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
        }
        for status in sorted({*statuses, 401, 403, 422, 429, 503})
    }
