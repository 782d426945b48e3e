"""Joining, leaving, and what happens to a member in between."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import PersonId
from governance.bylaws import Bylaws, parse_bylaws
from governance.errors import MemberNotFound, MembershipClash
from governance.matter import MemberClass
from governance.member import Change, ChangeKind, Member, MemberId
from governance.store import members as store
from rulebook.rule import RuleKind
from rulebook.service import in_force
from storage.refusals import constraint_of
from storage.work import UnitOfWork

_bylaws: dict[str, Bylaws] = {}
"""Bodies once parsed, by digest: right for every database and for ever."""


async def bylaws_now(work: UnitOfWork) -> Bylaws:
    """The bylaws in force.

    Raises
    ------
    RuleMissing
        If the city has none.
    """
    rule = await in_force(work, RuleKind.BYLAWS, work.now)
    if rule.digest not in _bylaws:
        _bylaws[rule.digest] = parse_bylaws(rule.body)
    return _bylaws[rule.digest]


async def join(work: UnitOfWork, person_id: PersonId, *, member_class: MemberClass) -> Member:
    """Make a person a member of a class; whoever is one already joins another.

    Raises
    ------
    MembershipClash
        If they are a member of it, or suspended, or the bylaws know no such class.
    """
    await store.insert_member(work, MemberId(work.new_id()), person_id)
    member_id = await store.find_member_id(work, person_id)
    assert member_id is not None
    change = Change(kind=ChangeKind.JOINED, at=work.now, member_class=member_class)
    return await change_member(work, member_id, change)


async def change_member(work: UnitOfWork, member_id: MemberId, change: Change) -> Member:
    """Write one more line of a member's history.

    Raises
    ------
    MembershipClash
        If it does not follow from what they are, or somebody else changes them at the same moment.
    """
    found = await store.list_members(work, [member_id])
    member = (found[0] if found else Member(member_id=member_id)).after(change)
    try:
        await store.insert_change(work, member)
    except IntegrityError as error:
        if constraint_of(error) == "changes_are_numbered":
            raise MembershipClash(
                "somebody else changed it at the same moment; look again, and try again"
            ) from None
        raise
    return member


async def get_member(work: UnitOfWork, member_id: MemberId) -> Member:
    """A member with their history.

    Raises
    ------
    MemberNotFound
        If there is none.
    """
    found = await store.list_members(work, [member_id])
    if not found:
        raise MemberNotFound(str(member_id))
    return found[0]


async def list_these(work: UnitOfWork, member_ids: Sequence[MemberId]) -> tuple[Member, ...]:
    """Members with their histories, by identifier; who is none is left out."""
    return await store.list_members(work, member_ids) if member_ids else ()


async def member_of_person(work: UnitOfWork, person_id: PersonId) -> Member:
    """The member that a person is.

    Raises
    ------
    MemberNotFound
        If they never joined.
    """
    member_id = await store.find_member_id(work, person_id)
    if member_id is None:
        raise MemberNotFound(str(person_id))
    return await get_member(work, member_id)
