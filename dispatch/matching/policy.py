"""The matching policy in force, checked and in whole numbers.

Owns the meaning of a `matching_policy` rule's body (docs/reference/matching_policy.md lists the
fields). Refuses fields it does not know: a rule must say what it means.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from dispatch.matching.errors import PolicyInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What other things are worth in milliseconds of a rider's waiting, all whole numbers.

    Attributes
    ----------
    age, overdue
        Milliseconds of unmatched price for a second waited, and more for a second overdue.
    earnings
        Milliseconds for earnings an hour 100 % above the average of all on shift.
    idle
        Milliseconds for a second without an offer.
    homeward
        Milliseconds for a kilometre that a trip leads away from home.
    chaining
        Milliseconds for a second until the driver is free.
    early, late
        Milliseconds for a second that a driver stands waiting before the wanted time of a trip
        booked ahead, and for one that they come after it.
    """

    age: int
    overdue: int
    earnings: int
    idle: int
    homeward: int
    chaining: int
    early: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most, in whole seconds, that each preference can move a driver.

    `booked` holds for `early` and `late` alike, of which a pair has one at most; as much is added
    to the price of leaving a trip booked ahead open.
    """

    earnings: int
    idle: int
    homeward: int
    booked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositioning:
    """How drivers without a rider are advised where to wait, in whole numbers.

    Attributes
    ----------
    every_seconds
        How often advice is worked out.
    memory_seconds
        The requests of so long tell how many to expect.
    horizon_seconds
        Requests within so long from now are provided for.
    cars_per_zone_max
        So many more cars a zone is worth anything to.
    worth_seconds
        Seconds of waiting that a car beside a request saves.
    drive
        Milliseconds of waiting that a second of empty driving must save.
    """

    every_seconds: int
    memory_seconds: int
    horizon_seconds: int
    cars_per_zone_max: int
    worth_seconds: int
    drive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One matching policy. Fields as in docs/reference/matching_policy.md, in whole numbers."""

    round_ms: int
    offer_seconds: int
    candidates_per_trip: int
    pickup_seconds_max: int
    early_seconds_max: int
    free_within_seconds: int
    plan_ahead_seconds: int
    unmatched_seconds: int
    patience_seconds: int
    earnings_settle_seconds: int
    idle_after_seconds: int
    homeward_within_seconds: int
    assignment_pairs_max: int
    weights: Weights
    caps_seconds: Caps
    repositioning: Repositioning

    def __post_init__(self) -> None:
        if self.weights.age == 0 and self.weights.overdue == 0:
            raise PolicyInvalid(
                "weights.age", "and weights.overdue are both 0: a trip could starve"
            )
        if self.unmatched_seconds * 1000 <= self.pair_ms_max:
            raise PolicyInvalid(
                "unmatched_seconds",
                f"must be more than {self.pair_ms_max / 1000:g}, the dearest pick-up this policy"
                " allows: a rider could be left standing beside a free driver",
            )

    @property
    def pair_ms_max(self) -> int:
        """The highest cost in milliseconds that a pair of this policy can have.

        Of a trip booked ahead it is `caps_seconds.booked` more, and so is that trip's price.
        """
        reach_and_caps = (
            self.pickup_seconds_max + self.caps_seconds.earnings + self.caps_seconds.homeward
        )
        return reach_and_caps * 1000 + self.weights.chaining * self.ahead_seconds

    @property
    def ahead_seconds(self) -> int:
        """Drivers who become free within this time are weighed."""
        return max(self.free_within_seconds, self.plan_ahead_seconds)

    def body(self) -> dict[str, Any]:
        """The rule body that `parse_policy` reads as this policy."""
        return {
            **{name: getattr(self, name) for name in _WHOLE},
            "round_seconds": self.round_ms / 1000,
            "weights": {name: getattr(self.weights, name) / 1000 for name in _WEIGHTS},
            "caps_seconds": {name: getattr(self.caps_seconds, name) for name in _CAPS},
            "repositioning": {
                **{name: getattr(self.repositioning, name) for name in _REPOSITIONING},
                "drive": self.repositioning.drive / 1000,
            },
        }


_WHOLE: Mapping[str, tuple[int, int]] = {
    "offer_seconds": (5, 120),
    "candidates_per_trip": (1, 200),
    "pickup_seconds_max": (60, 3600),
    "early_seconds_max": (60, 3600),
    "free_within_seconds": (0, 900),
    "plan_ahead_seconds": (0, 900),
    "unmatched_seconds": (60, 14_400),
    "patience_seconds": (0, 3600),
    "earnings_settle_seconds": (0, 14_400),
    "idle_after_seconds": (0, 14_400),
    "homeward_within_seconds": (0, 14_400),
    "assignment_pairs_max": (1000, 2_000_000),
}
_WEIGHTS: Mapping[str, tuple[int, int]] = {
    "age": (0, 10),
    "overdue": (0, 100),
    "earnings": (0, 7200),
    "idle": (0, 5),
    "homeward": (0, 300),
    "chaining": (0, 5),
    "early": (0, 5),
    "late": (0, 5),
}
_CAPS: Mapping[str, tuple[int, int]] = dict.fromkeys(
    ["earnings", "idle", "homeward", "booked"], (0, 3600)
)
_REPOSITIONING: Mapping[str, tuple[int, int]] = {
    "every_seconds": (10, 3600),
    "memory_seconds": (300, 14_400),
    "horizon_seconds": (60, 14_400),
    "cars_per_zone_max": (1, 100),
    "worth_seconds": (1, 3600),
}
_DRIVE = (Decimal("0.001"), 10)

assert list(_WEIGHTS) == [field.name for field in fields(Weights)]
assert list(_CAPS) == [field.name for field in fields(Caps)]


def parse_policy(body: Mapping[str, Any]) -> Policy:
    """The policy that a rule of kind `matching_policy` states.

    Parameters
    ----------
    body
        The rule's body as decoded JSON, every field of docs/reference/matching_policy.md given.

    Raises
    ------
    PolicyInvalid
        If a field is missing, unknown, not a number, out of its range or too fine (more than
        three decimals), or if the fields contradict each other; `field` is its name, dotted.
    """
    _only(body, {*_WHOLE, "round_seconds", "weights", "caps_seconds", "repositioning"}, within="")
    weights = _section(body, "weights", _WEIGHTS)
    caps = _section(body, "caps_seconds", _CAPS)
    advice = _section(body, "repositioning", [*_REPOSITIONING, "drive"])
    whole = {name: _whole(body, name, limits) for name, limits in _WHOLE.items()}
    return Policy(
        round_ms=_thousandths(body, "round_seconds", (Decimal("0.5"), 30)),
        weights=Weights(
            **{
                name: _thousandths(weights, name, limits, within="weights.")
                for name, limits in _WEIGHTS.items()
            }
        ),
        caps_seconds=Caps(
            **{
                name: _whole(caps, name, limits, within="caps_seconds.")
                for name, limits in _CAPS.items()
            }
        ),
        repositioning=Repositioning(
            **{
                name: _whole(advice, name, limits, within="repositioning.")
                for name, limits in _REPOSITIONING.items()
            },
            drive=_thousandths(advice, "drive", _DRIVE, within="repositioning."),
        ),
        **whole,
    )


def _section(body: Mapping[str, Any], name: str, known: Iterable[str]) -> Mapping[str, Any]:
    if name not in body:
        raise PolicyInvalid(name, "is missing")
    section = body[name]
    if not isinstance(section, Mapping):
        raise PolicyInvalid(name, "must be an object")
    _only(section, set(known), within=f"{name}.")
    return section


def _only(body: Mapping[str, Any], known: set[str], *, within: str) -> None:
    for name in sorted(body, key=str):
        if name not in known:
            raise PolicyInvalid(f"{within}{name}", "is not a field this version knows")


def _thousandths(
    body: Mapping[str, Any],
    name: str,
    limits: tuple[int | Decimal, int | Decimal],
    *,
    within: str = "",
) -> int:
    """The number times 1000, exactly: a weight of 0.05 becomes 50, on every machine."""
    field = f"{within}{name}"
    if name not in body:
        raise PolicyInvalid(field, "is missing")
    given = body[name]
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        raise PolicyInvalid(field, "must be a number")
    # By way of its shortest decimal form: 0.05 is meant as written, not as its binary neighbour.
    value = Decimal(str(given))
    low, high = limits
    if not value.is_finite() or not low <= value <= high:
        raise PolicyInvalid(field, f"must be from {low} to {high}")
    scaled = value * 1000
    if scaled != int(scaled):
        raise PolicyInvalid(field, "may have three decimals at most")
    return int(scaled)


def _whole(body: Mapping[str, Any], name: str, limits: tuple[int, int], *, within: str = "") -> int:
    scaled = _thousandths(body, name, limits, within=within)
    if scaled % 1000:
        raise PolicyInvalid(f"{within}{name}", "must be a whole number")
    return scaled // 1000
