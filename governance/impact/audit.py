"""What holds for every statement, looked at again before it is kept: a second pair of eyes.

Nothing here knows how a statement is worked out. Money that riders pay is what drivers, co-operative
and city get; parts sum to the whole; the difference is the proposal less today; the digest is its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rulebook.rule import digest_of

SUMMED = ("requests", "served", "quoted_minor", "paid_minor", "wait_ms")
"""Of a group of riders: what sums to the whole."""

_SIDES = ("today", "proposed")


def faults_of(statement: Mapping[str, Any]) -> list[str]:
    """What does not hold, in words; nothing for a sound statement.

    Raises nothing for a statement of another shape: it says that a field is missing.
    """
    try:
        return list(_faults(statement))
    except (KeyError, TypeError, AttributeError) as fault:
        return [f"a figure is missing or of another kind: {fault}"]


def _faults(statement: Mapping[str, Any]) -> Iterator[str]:
    for name in _SIDES:
        yield from _faults_of_side(name, statement[name])
    if not _is_difference(
        statement["today"], statement["proposed"], statement["difference"], places=4
    ):
        yield "the difference is not the proposal less today"
    prices, asked = statement["prices"], statement["demand"]["requests"]
    if prices["dearer"] + prices["cheaper"] + prices["unchanged"] != asked:
        yield "journeys dearer, cheaper and unchanged are not all journeys"
    if statement["rules"]["today"] == statement["rules"]["proposed"] and any(
        _numbers(statement["difference"])
    ):
        yield "the same rules make a difference"
    rest = {name: value for name, value in statement.items() if name != "digest"}
    if digest_of(rest) != statement["digest"]:
        yield "the digest is not its own"


def _faults_of_side(name: str, side: Mapping[str, Any]) -> Iterator[str]:
    shares, riders, drivers = side["shares"], side["riders"], side["drivers"]
    parts = shares["drivers_minor"] + shares["cooperative_minor"] + shares["city_minor"]
    if shares["riders_paid_minor"] != parts:
        yield f"{name}: what riders paid is not what drivers, co-operative and city got"
    if shares["riders_paid_minor"] != riders["paid_minor"]:
        yield f"{name}: what riders paid is told twice and differs"
    if shares["drivers_minor"] != drivers["pay_minor"]:
        yield f"{name}: what drivers got is told twice and differs"
    for key in ("by_zone", "by_time"):
        for field in SUMMED:
            if sum(group[field] for group in riders[key]) != riders[field]:
                yield f"{name}: {field} {key} does not sum to the whole"
    tenths = drivers["pay_hour_minor_by_decile"]
    if sorted(tenths) != tenths:
        yield f"{name}: a decile earns more than the next"


def _is_difference(today: object, proposed: object, said: object, *, places: int) -> bool:
    """Whether `said` is `proposed` less `today` in every number; names and nothing stay."""
    if isinstance(today, Mapping) and isinstance(proposed, Mapping) and isinstance(said, Mapping):
        return today.keys() == proposed.keys() == said.keys() and all(
            _is_difference(today[name], proposed[name], said[name], places=places) for name in today
        )
    if isinstance(today, list) and isinstance(proposed, list) and isinstance(said, list):
        return len(today) == len(proposed) == len(said) and all(
            _is_difference(*each, places=places) for each in zip(today, proposed, said, strict=True)
        )
    if isinstance(today, int | float) and isinstance(proposed, int | float):
        return isinstance(said, int | float) and round(proposed - today, places) == said
    return said == (today if isinstance(today, str) else None)


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, int | float):
        yield value
