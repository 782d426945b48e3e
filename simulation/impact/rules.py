"""The rules that a statement weighs against each other: bodies in, what they mean out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.matching.policy import Policy, parse_policy
from fares.month import PriceBy, price_by
from rulebook.rule import RuleKind, digest_of
from rulebook.schema import check_body
from simulation.impact.errors import ImpactUnusable

Body = Mapping[str, Any]

KINDS = (RuleKind.TARIFF, RuleKind.PAY_FLOOR, RuleKind.LEVY, RuleKind.MATCHING_POLICY)
"""Kinds that a statement can be made of; a city may have no levy."""

MONEY_KINDS = KINDS[:3]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """One side's rules, read by the rooms that act on them.

    Attributes
    ----------
    bodies
        As adopted or proposed, by kind.
    by
        What prices and pay are computed by; a levy is read into the tariff (`fares.levy`).
    policy
        What the matcher goes by.
    """

    bodies: Mapping[RuleKind, Body]
    by: PriceBy
    policy: Policy

    def under(self, kind: RuleKind, body: Body) -> "Rules":
        """The same rules with one of them replaced.

        Raises
        ------
        fares.errors.*, rulebook.errors.BodyInvalid, dispatch.matching.errors.PolicyInvalid
            If the body cannot be such a rule.
        ImpactUnusable
            If no statement is made of that kind.
        """
        if kind not in KINDS:
            raise ImpactUnusable(f"A {kind}", f"has no such impact; {', '.join(KINDS)} have")
        return rules_of({**self.bodies, kind: body})

    @property
    def digests(self) -> dict[str, str | None]:
        """SHA-256 of each body as canonical JSON, in hexadecimal; None where there is no rule."""
        return {
            kind.value: digest_of(self.bodies[kind]) if kind in self.bodies else None
            for kind in KINDS
        }

    def price_alike(self, other: "Rules") -> bool:
        """Whether both sides compute every price and pay from the same bodies."""
        return all(self.bodies.get(kind) == other.bodies.get(kind) for kind in MONEY_KINDS)

    def match_alike(self, other: "Rules") -> bool:
        """Whether both sides match by the same policy."""
        return self.policy == other.policy


def rules_of(bodies: Mapping[RuleKind, Body]) -> Rules:
    """The rules that these bodies state; kinds that a statement has no use for are left out.

    Raises
    ------
    fares.errors.*, rulebook.errors.BodyInvalid, dispatch.matching.errors.PolicyInvalid
        If one of them cannot be such a rule.
    """
    kept = {kind: bodies[kind] for kind in KINDS if kind in bodies}
    by = price_by(kept)
    check_body(RuleKind.MATCHING_POLICY, kept[RuleKind.MATCHING_POLICY])
    policy = parse_policy(kept[RuleKind.MATCHING_POLICY])
    return Rules(bodies=kept, by=by, policy=policy)
