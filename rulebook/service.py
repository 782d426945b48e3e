"""Founding a city, and asking which rule is in force."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import RuleId
from rulebook import store
from rulebook.booking_policy import BookingPolicy, parse_booking_policy
from rulebook.charter import Charter
from rulebook.errors import CharterExists, RuleMissing, RuleNotFound
from rulebook.rule import Rule, RuleKind, canonical, digest_of
from storage.refusals import constraint_of
from storage.work import UnitOfWork


async def found_city(work: UnitOfWork, charter: Charter) -> tuple[Rule, ...]:
    """Put the charter's rules in force as version 1 of each kind.

    Raises
    ------
    CharterExists
        If the city is founded already; also when two founders come at once, for one of them.
    """
    if await store.has_charter(work):
        raise CharterExists
    document = canonical(
        {
            "city": charter.city,
            "title": charter.title,
            "signed_by": list(charter.signed_by),
            "published_at": charter.published_at.isoformat(),
            "valid_from": charter.valid_from.isoformat(),
            "rules": {str(kind): digest_of(body) for kind, body in charter.bodies.items()},
        }
    ).decode()
    try:
        await store.found_charter(
            work,
            adoption_id=work.new_id(),
            title=charter.title,
            document=document,
            published_at=charter.published_at,
            valid_from=charter.valid_from,
            rules=[
                (RuleId(work.new_id()), kind, canonical(body).decode())
                for kind, body in charter.bodies.items()
            ],
        )
    except IntegrityError as error:
        if constraint_of(error) == "one_charter":
            raise CharterExists from None
        raise
    return await store.list_rules(work, None)


async def in_force(work: UnitOfWork, kind: RuleKind, at: datetime) -> Rule:
    """The rule of `kind` at the instant `at`.

    Raises
    ------
    RuleMissing
        If there is none.
    """
    return (await all_in_force(work, {kind: at}))[kind]


async def all_in_force(
    work: UnitOfWork, wanted: Mapping[RuleKind, datetime]
) -> Mapping[RuleKind, Rule]:
    """Several kinds, each at its instant, in one question.

    Raises
    ------
    RuleMissing
        For the first kind that has none.
    """
    rules = await store.find_in_force(work, wanted)
    for kind, at in wanted.items():
        if kind not in rules:
            raise RuleMissing(kind, at.isoformat())
    return rules


async def booking_policy(work: UnitOfWork, at: datetime) -> BookingPolicy:
    """The booking policy in force at `at`.

    Raises
    ------
    RuleMissing
        If there is none.
    """
    return booking_policy_of(await in_force(work, RuleKind.BOOKING_POLICY, at))


def booking_policy_of(rule: Rule) -> BookingPolicy:
    """The policy a rule states, read once for each body."""
    if rule.digest not in _policies:
        _policies[rule.digest] = parse_booking_policy(rule.body)
    return _policies[rule.digest]


_policies: dict[str, BookingPolicy] = {}


async def get_rule(work: UnitOfWork, rule_id: RuleId) -> Rule:
    """The rule with that identifier, in force or not.

    Raises
    ------
    RuleNotFound
        If there is none.
    """
    return (await get_rules(work, [rule_id]))[rule_id]


async def get_rules(work: UnitOfWork, rule_ids: Sequence[RuleId]) -> Mapping[RuleId, Rule]:
    """Several rules by identifier, in one question.

    Raises
    ------
    RuleNotFound
        For the first that there is not.
    """
    rules = await store.find_rules(work, rule_ids)
    for rule_id in rule_ids:
        if rule_id not in rules:
            raise RuleNotFound(str(rule_id))
    return rules


async def list_rules(work: UnitOfWork, kind: RuleKind | None = None) -> tuple[Rule, ...]:
    """Every rule of a kind, or of all, by kind and version: past, present and to come."""
    return await store.list_rules(work, kind)
