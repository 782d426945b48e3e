"""What everybody may send and get."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import Box, DriverCardOut, LonLat, Model, Place

Phone = Annotated[
    str, StringConstraints(min_length=4, max_length=40), Field(examples=["+1 212 555 0100"])
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class FairnessOut(Model):
    """How evenly drivers on shift earn and wait; null where it would be of fewer than ten."""

    as_of: datetime
    drivers: int = Field(description="On shift, cut down to tens.")
    currency: str
    earnings_hour_minor: int | None = Field(description="On average, in steps of 50.")
    earnings_gini: float | None = Field(
        description="0: all earn alike. Of those on shift for half an hour."
    )
    idle_minutes_max: int | None = Field(description="The longest wait without an offer.")


class WaitingZoneOut(Model):
    """A part of the streets, and what is expected of it. A place belongs to the zone whose middle
    is nearest."""

    zone: int
    name: str = Field(description="The streets that meet at its heart, and the city's own zone.")
    heart: Place = Field(description="A junction in the midst of it.")
    middle: LonLat
    requests_hour: int | None = Field(
        description="Requests expected an hour, in steps of five; null where fewer than ten were counted."
    )


class DemandOut(Model):
    """What is expected of each part of the city; no zones before it was first worked out."""

    as_of: datetime | None
    counted_seconds: int | None = Field(description="The requests of so long were counted.")
    zones: list[WaitingZoneOut]


class CodeIn(Model):
    """A phone to send a one-time code to."""

    phone: Phone
    language: Language = "en"


class ChallengeOut(Model):
    """A code is on its way."""

    challenge_id: UUID
    expires_at: datetime


class ConfirmIn(Model):
    """The code that came, and a name for whoever is new here."""

    challenge_id: UUID
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    name: Annotated[str, StringConstraints(max_length=80)] = ""


class SignedInOut(Model):
    """You are signed in: send the token as `Authorization: Bearer ...`. It is shown this once."""

    token: str
    person_id: UUID
    roles: list[str]
    expires_at: datetime
    strong_until: datetime | None


class PasskeyOptionsOut(Model):
    """What `navigator.credentials` is called with."""

    challenge_id: UUID
    options: dict[str, Any]
    expires_at: datetime


class PasskeyIn(Model):
    """What `navigator.credentials` answered."""

    challenge_id: UUID
    credential: dict[str, Any]


class PasskeyOut(Model):
    """The passkey is known from now on."""

    registered: bool = True


class SharedTripOut(Model):
    """A trip as somebody with the link may follow it: no name of the rider, no PIN, no price."""

    state: str
    pickup: Place
    dropoff: Place
    driver: DriverCardOut | None
    car: Place | None
    heading: int | None
    eta_seconds: int | None
    ended_at: datetime | None


class RuleOut(Model):
    """A rule in force: what it says, from when, and what adopted it."""

    rule_id: UUID
    kind: str
    version: int
    valid_from: datetime
    valid_to: datetime | None
    adopted_by: str
    digest: str
    body: dict[str, Any]


class RulesOut(Model):
    """The rules in force now, one of each kind."""

    rules: list[RuleOut]


class CityOut(Model):
    """The city that is served here."""

    name: str
    title: str
    timezone: str
    currency: str
    country: str
    languages: list[str]
    centre: LonLat
    bounds: Box
    tiles: str
    zones: str
    attribution: str
    demonstration: bool
    documentation: list[dict[str, str]]
