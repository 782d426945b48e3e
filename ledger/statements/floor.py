"""A trip's pay held against the pay floor it was quoted by, with the floor's own numbers. Pure.

The floor is computed again from the rule's text and the way as driven, so that a statement does not
only repeat what was paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from foundation.identifiers import RuleId
from foundation.money import Currency
from ledger.statements.facts import Charged, FloorRule


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorCheck:
    """What a trip had to bring, what it brought, and what the co-operative added.

    Attributes
    ----------
    name
        The floor's; None where the rule has none for such a trip: then it is nothing.
    rule_id, version, source
        The rule, its version, and the law or motion its numbers come from; None where it is not known.
    metres, seconds
        The way as driven.
    distance_mills, unit, minute_mills, per_trip_min_minor
        The floor's numbers: thousandths of a minor unit for each unit and each minute, and the least.
    floor_minor, computed_minor
        The floor as it was paid by, and as its numbers come to now; None where they are not known.
    share_minor, top_up_minor
        The driver's part of the fare, and what was added.
    """

    currency: Currency
    name: str | None
    metres: int
    seconds: int
    floor_minor: int
    share_minor: int
    top_up_minor: int
    rule_id: RuleId | None = None
    version: int | None = None
    source: str | None = None
    distance_mills: int | None = None
    unit: str | None = None
    minute_mills: int | None = None
    per_trip_min_minor: int | None = None
    computed_minor: int | None = None

    @property
    def owed_top_up_minor(self) -> int:
        """What the share lacks to the floor."""
        return max(0, self.floor_minor - self.share_minor)

    @property
    def holds(self) -> bool:
        """Whether the driver has the floor, and the floor is what its numbers come to."""
        computed = self.floor_minor if self.computed_minor is None else self.computed_minor
        return self.top_up_minor == self.owed_top_up_minor and self.floor_minor == computed


def check_floor(charged: Charged, rules: Mapping[RuleId, FloorRule]) -> FloorCheck:
    """The floor of a trip with a fare."""
    assert charged.share_minor is not None, "a fare's document says what its driver gets"
    rule = None if charged.floor_rule_id is None else rules.get(charged.floor_rule_id)
    found = None
    if rule is not None and charged.floor_name is not None:
        found = next((one for one in rule.floors.floors if one.name == charged.floor_name), None)
    return FloorCheck(
        currency=charged.total.currency,
        name=charged.floor_name,
        metres=charged.metres,
        seconds=charged.seconds,
        floor_minor=charged.floor_minor,
        share_minor=charged.share_minor,
        top_up_minor=charged.top_up_minor,
        rule_id=None if rule is None else rule.rule_id,
        version=None if rule is None else rule.version,
        source=None if found is None else found.source,
        distance_mills=None if found is None else found.distance_mills,
        unit=None if found is None else found.unit,
        minute_mills=None if found is None else found.minute_mills,
        per_trip_min_minor=None if found is None else found.per_trip_min_minor,
        computed_minor=None
        if found is None
        else found.earned_minor(charged.metres, charged.seconds),
    )
