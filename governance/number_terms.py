"""A vote on a number of a rule: what it is today, within which bounds, and the body that results.

A rule's body is canonical JSON text. Cut where the number stands, its pieces joined by another
number are the new body, byte for byte: so can the database join them again and compare.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foundation.identifiers import RuleId
from governance.asked import NumberAsked, Path
from governance.errors import QuestionUnfit
from governance.matter import Matter
from rulebook.rule import Rule, canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Between which numbers members may choose, both included; the board publishes them."""

    lowest: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTerms:
    """A vote on a number as it is called, in the units of the vote.

    Attributes
    ----------
    rule_id
        The rule in which it stands, the last that was adopted of its kind.
    pieces
        Of that rule's body, cut at the number.
    times
        The body holds the number so many times.
    lowest, highest, step
        What may be voted: the board's bounds, as far as the bylaws let a number move at once.
    """

    rule_id: RuleId
    pieces: tuple[str, ...]
    times: int
    today: int
    lowest: int
    highest: int
    step: int

    def text_with(self, value: int) -> str:
        """The rule's body with `value` for the number, as canonical JSON."""
        return str(value * self.times).join(self.pieces)


def number_terms(asked: NumberAsked, rule: Rule, bounds: Bounds, matter: Matter) -> NumberTerms:
    """The terms of a vote on a number of `rule`.

    Raises
    ------
    QuestionUnfit
        If the body holds no such number or several different ones, or nothing may be chosen.
    """
    held = {_found(rule.body, path) for path in asked.fields}
    if len(held) != 1:
        raise QuestionUnfit("the fields hold different numbers today")
    [value] = held
    today, rest = divmod(value, asked.times)
    if rest:
        raise QuestionUnfit(f"today's {value} is no whole number of {asked.unit}")
    lowest, highest = _within_reach(bounds, today, matter)
    return NumberTerms(
        rule_id=rule.rule_id,
        pieces=pieces_of(rule.body, asked.fields),
        times=asked.times,
        today=today,
        lowest=lowest,
        highest=highest,
        step=matter.step,
    )


def _within_reach(bounds: Bounds, today: int, matter: Matter) -> tuple[int, int]:
    """The bounds, narrowed to how far the bylaws let a number move, on the board's steps."""
    step = matter.step
    if bounds.lowest > bounds.highest or (bounds.highest - bounds.lowest) % step:
        raise QuestionUnfit(
            f"{bounds.highest} is not reached from {bounds.lowest} in steps of {step}"
        )
    lowest, highest = bounds.lowest, bounds.highest
    if matter.change_at_most is not None:
        reach = int(abs(today) * matter.change_at_most)
        lowest += -(-max(0, today - reach - lowest) // step) * step
        highest -= -(-max(0, highest - today - reach) // step) * step
    if lowest > highest:
        raise QuestionUnfit("no number in the board's bounds is as near as the bylaws ask")
    return lowest, highest


def pieces_of(body: Mapping[str, Any], fields: tuple[Path, ...]) -> tuple[str, ...]:
    """A body's canonical text, cut where `fields` stand; they are left out."""
    whole = canonical(body).decode()
    mark = "cut here"
    while mark in whole:
        mark += "!"
    changed = json.loads(whole)
    for *way, last in fields:
        at = changed
        for step in way:
            at = at[step]
        at[last] = mark
    return tuple(canonical(changed).decode().split(f'"{mark}"'))


def _found(body: Mapping[str, Any], path: Path) -> int:
    at: Any = body
    for step in path:
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            raise QuestionUnfit(f"the rule has no field {'.'.join(map(str, path))}") from None
    if not isinstance(at, int) or isinstance(at, bool):
        raise QuestionUnfit(f"the rule's {'.'.join(map(str, path))} is no whole number")
    return at
