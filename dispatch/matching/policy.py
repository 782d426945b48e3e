"""The matching policy in force, checked and in whole numbers.

Owns the meaning of a `matching_policy` rule's body (docs/reference/matching_policy.md lists the
fields). Refuses fields it does not know: a rule must say what it means.
"""

from collections.abc import Mapping
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
    """

    age: int
    overdue: int
    earnings: int
    idle: int
    homeward: int
    chaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most, in whole seconds, that each fairness term can move a driver."""

    earnings: int
    idle: int
    homeward: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCaps:
    """What sharing may cost a rider who agreed to it, in whole numbers.

    Attributes
    ----------
    wait_seconds_max
        From asking to the pick-up.
    detour_percent_max
        Time aboard, in percent of the direct way: 150 is half as long again.
    riders_max
        Riders in a car at once, whatever seats it has.
    stop_seconds
        What a stop is reckoned to take.
    """

    wait_seconds_max: int
    detour_percent_max: int
    riders_max: int
    stop_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One matching policy. Fields as in docs/reference/matching_policy.md, in whole numbers."""

    round_ms: int
    offer_seconds: int
    candidates_per_trip: int
    pickup_seconds_max: int
    free_within_seconds: int
    unmatched_seconds: int
    patience_seconds: int
    earnings_settle_seconds: int
    homeward_within_seconds: int
    assignment_pairs_max: int
    weights: Weights
    caps_seconds: Caps
    shared: SharedCaps

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
        """The highest cost in milliseconds that a pair of this policy can have."""
        reach_and_caps = (
            self.pickup_seconds_max + self.caps_seconds.earnings + self.caps_seconds.homeward
        )
        return reach_and_caps * 1000 + self.weights.chaining * self.free_within_seconds

    def body(self) -> dict[str, Any]:
        """The rule body that `parse_policy` reads as this policy."""
        return {
            **{name: getattr(self, name) for name in _WHOLE},
            "round_seconds": self.round_ms / 1000,
            "weights": {name: getattr(self.weights, name) / 1000 for name in _WEIGHTS},
            "caps_seconds": {name: getattr(self.caps_seconds, name) for name in _CAPS},
            "shared": {name: getattr(self.shared, name) for name in _SHARED},
        }


_WHOLE: Mapping[str, tuple[int, int]] = {
    "offer_seconds": (5, 120),
    "candidates_per_trip": (1, 200),
    "pickup_seconds_max": (60, 3600),
    "free_within_seconds": (0, 900),
    "unmatched_seconds": (60, 14_400),
    "patience_seconds": (0, 3600),
    "earnings_settle_seconds": (0, 14_400),
    "homeward_within_seconds": (0, 14_400),
    "assignment_pairs_max": (1000, 2_000_000),
}
_WEIGHTS: Mapping[str, tuple[int, int]] = {
    "age": (0, 10),
    "overdue": (0, 100),
    "earnings": (0, 600),
    "idle": (0, 5),
    "homeward": (0, 300),
    "chaining": (0, 5),
}
_CAPS: Mapping[str, tuple[int, int]] = dict.fromkeys(["earnings", "idle", "homeward"], (0, 600))
_SHARED: Mapping[str, tuple[int, int]] = {
    "wait_seconds_max": (60, 3600),
    "detour_percent_max": (100, 300),
    "riders_max": (1, 16),
    "stop_seconds": (0, 300),
}

assert list(_WEIGHTS) == [field.name for field in fields(Weights)]
assert list(_CAPS) == [field.name for field in fields(Caps)]
assert list(_SHARED) == [field.name for field in fields(SharedCaps)]


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
    _only(body, {*_WHOLE, "round_seconds", "weights", "caps_seconds", "shared"}, within="")
    weights = _section(body, "weights", _WEIGHTS)
    caps = _section(body, "caps_seconds", _CAPS)
    shared = _section(body, "shared", _SHARED)
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
        shared=SharedCaps(
            **{
                name: _whole(shared, name, limits, within="shared.")
                for name, limits in _SHARED.items()
            }
        ),
        **whole,
    )


def _section(body: Mapping[str, Any], name: str, known: Mapping[str, Any]) -> Mapping[str, Any]:
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
    limits: tuple[int | Decimal, int],
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
