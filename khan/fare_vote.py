"""A vote on the price per distance: where it stands in a tariff, and the motion that asks for it."""

from dataclasses import dataclass
from typing import Any

from foundation.errors import Invalid
from governance.asked import NumberAsked
from governance.asked import Path as FieldPath
from governance.matter import Method
from governance.service.membership import bylaws_now
from governance.service.motions import Proposal
from khan.assembly import AssemblyAtWork
from rulebook.rule import RuleKind

MILLS = 1000


class NothingToVoteOn(Invalid):
    """This city's bylaws or tariff have no number that members could vote on."""

    code = "nothing_to_vote_on"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This city's members cannot vote on a fare: {reason}.", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fare:
    """The price per distance in a tariff: where it stands, and how it is called.

    Attributes
    ----------
    today
        Minor units.
    """

    fields: tuple[FieldPath, ...]
    today: int
    words: str


def fare_of(tariff: dict[str, Any]) -> Fare:
    """The price of the first distance step, in every rule of the tariff that has it so.

    Raises
    ------
    NothingToVoteOn
        If the tariff has none in whole minor units.
    """
    steps = [
        (("rules", at, "distance_steps", 0, "amount_mills"), rule["distance_steps"][0])
        for at, rule in enumerate(tariff["rules"])
        if rule.get("distance_steps")
    ]
    if not steps or steps[0][1]["amount_mills"] % MILLS:
        raise NothingToVoteOn("its tariff has no price per distance in whole minor units")
    first = steps[0][1]
    each = {"1609.344": "mile", "1000": "kilometre"}.get(str(first["per_m"]))
    return Fare(
        fields=tuple(path for path, step in steps if step == first),
        today=first["amount_mills"] // MILLS,
        words=f"per {each}" if each else f"per {first['per_m']} m",
    )


async def fare_proposal(assembly: AssemblyAtWork, fare: Fare) -> Proposal:
    """The motion by which members name the fare, under the bylaws in force.

    Raises
    ------
    NothingToVoteOn
        If the bylaws have no vote on a number of the tariff.
    """
    async with assembly.database.work() as work:
        bylaws = await bylaws_now(work)
    matters = [
        code
        for code in bylaws.matters_for(RuleKind.TARIFF)
        if bylaws.get_matter(code).method is Method.MEDIAN
    ]
    if not matters:
        raise NothingToVoteOn("its bylaws have no vote on a number of the tariff")
    return Proposal(
        title=f"What a ride costs {fare.words}",
        text="Tyres, insurance and rent have risen. Each of us names the fare; the middle one holds.",
        matter=matters[0], rule_kind=RuleKind.TARIFF,
        asks=NumberAsked(
            unit=f"hundredths {fare.words}", fields=fare.fields, times=MILLS,
        ),
    )  # fmt: skip
