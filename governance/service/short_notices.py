"""Consent to a meeting at shorter notice: the office asks, each member agrees for themselves.

The share of members that suffices is the bylaws' (`meeting.short_notice_consent`; 90 to 95 per cent
of all voting rights in the Companies Act 2006 of the United Kingdom, s. 307(4) to (6)); it is judged
when the notice is sent. A vote has no shorter notice: the bylaws know none for motions.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance.member import MemberId
from governance.office_errors import ShortNoticeRefused
from governance.office_events import ShortNoticeAgreed, ShortNoticeAsked
from governance.service.membership import bylaws_now
from governance.service.motions import check_standing
from governance.store import short_notices as store
from governance.store.short_notices import Asked
from storage.refusals import constraint_of
from storage.work import UnitOfWork

_REFUSALS = {
    "agreed_once_a_member": "you have agreed already",
    "agreed_before_the_notice": "nobody is asked to agree any more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What members are asked to agree to, and how far it has come.

    Attributes
    ----------
    members
        How many there are today.
    share
        Of them, so many must agree.
    """

    asked: Asked
    members: int
    share: Fraction

    @property
    def is_enough(self) -> bool:
        """Whether a notice could be sent now."""
        return bool(self.asked.agreed) and (
            Fraction(len(self.asked.agreed), max(1, self.members)) >= self.share
        )


async def ask(
    work: UnitOfWork, *, title: str, place: str, held_at: datetime, business: tuple[str, ...]
) -> Consent:
    """Ask the members to agree to a meeting at shorter notice than the bylaws', exactly like this.

    Raises
    ------
    ShortNoticeRefused
        If it names no business, would be held in the past, or needs nobody's consent.
    """
    named = tuple(one.strip() for one in business)
    if not named or not all(named) or not title.strip() or not place.strip():
        raise ShortNoticeRefused("it names a title, a place and its business")
    if held_at <= work.now:
        raise ShortNoticeRefused("it would be held in the past")
    bylaws = await bylaws_now(work)
    if bylaws.calendar.clear_days(work.now, held_at) >= bylaws.meeting.notice_days:
        raise ShortNoticeRefused("there are days enough for a notice that needs nobody's consent")
    asked = Asked(
        short_notice_id=work.new_id(), title=title.strip(), place=place.strip(), business=named,
        held_at=held_at,
    )  # fmt: skip
    await store.insert_short_notice(work, asked)
    work.announce(
        ShortNoticeAsked(
            event_id=work.new_id(),
            occurred_at=work.now,
            short_notice_id=asked.short_notice_id,
            title=asked.title,
            held_at=held_at,
        )
    )
    return await get_consent(work, asked.short_notice_id)


async def agree(work: UnitOfWork, short_notice_id: UUID, *, by: MemberId) -> Consent:
    """A member agrees, once and for good.

    Raises
    ------
    ShortNoticeRefused
        If nobody is asked, or they have agreed, or the notice is sent, or the hour has come.
    NotYoursToDo
        If they are no member in good standing.
    """
    await check_standing(work, by, await bylaws_now(work))
    before = await get_consent(work, short_notice_id)
    try:
        await store.insert_agreement(work, short_notice_id, by)
    except IntegrityError as error:
        reason = _REFUSALS.get(constraint_of(error) or "")
        if reason is None:
            raise
        raise ShortNoticeRefused(reason) from None
    after = await get_consent(work, short_notice_id)
    if after.is_enough and not before.is_enough:
        work.announce(
            ShortNoticeAgreed(
                event_id=work.new_id(),
                occurred_at=work.now,
                short_notice_id=short_notice_id,
                number=after.asked.given,
            )
        )
    return after


async def get_consent(work: UnitOfWork, short_notice_id: UUID) -> Consent:
    """What members are asked to agree to; raises `ShortNoticeRefused` if there is nothing."""
    found = await store.find_short_notice(work, short_notice_id)
    if found is None:
        raise ShortNoticeRefused("nobody was asked to agree to that")
    return await _consent(work, found)


async def list_open(work: UnitOfWork) -> tuple[Consent, ...]:
    """Everything that members are asked to agree to now, the soonest first."""
    return tuple([await _consent(work, one) for one in await store.list_open(work)])


async def agreed_to(work: UnitOfWork, meeting: Asked) -> tuple[MemberId, ...]:
    """Who of today's members agreed to a meeting exactly like this.

    Raises
    ------
    ShortNoticeRefused
        If a meeting was called for it already, or it is another one.
    """
    found = (await get_consent(work, meeting.short_notice_id)).asked
    if found.meeting_id is not None:
        raise ShortNoticeRefused("the meeting is called already")
    if replace(found, agreed=(), given=0) != meeting:
        raise ShortNoticeRefused("members agreed to another time, place, title or business")
    return found.agreed


async def _consent(work: UnitOfWork, asked: Asked) -> Consent:
    bylaws = await bylaws_now(work)
    members = await store.count_members(work)
    return Consent(asked=asked, members=members, share=bylaws.meeting.short_notice_consent)
