"""The roll of one vote: who may vote, frozen at the notice, with a reason for everyone left out.

It is published as salted hashes: each member gets their salt and finds themselves; nobody else learns
who is on it. Until some days before the opening it may be corrected, and every correction stands
beside it; then it is closed. It knows of no ballot.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from governance.ballots.roll import commitment_to
from governance.bylaws import Bylaws
from governance.errors import NotOnRoll, RollClosed, RollCorrectionSenseless
from governance.matter import Matter, MemberClass
from governance.member import EXCLUSION_WORDS, Exclusion, Member, MemberId, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One who may vote, in which class, and the salt that is theirs to know."""

    member_id: MemberId
    member_class: MemberClass
    salt: bytes

    @property
    def commitment(self) -> str:
        """What the published roll says of them."""
        return commitment_to(str(self.member_id), self.salt).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A member who may not vote, and why."""

    member_id: MemberId
    reason: Exclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A change of a frozen roll, and for which reason.

    `member_class` is the class a member is put in; None strikes them off.
    """

    member_id: MemberId
    member_class: MemberClass | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectoralRoll:
    """A frozen roll; entries by member, so that the same members give the same roll.

    Attributes
    ----------
    frozen_at
        The notice, aware UTC.
    corrected_until
        From this instant on it stays as it is.
    """

    frozen_at: datetime
    corrected_until: datetime
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]
    corrections: tuple[Correction, ...] = ()

    @property
    def size(self) -> int:
        """How many may vote."""
        return len(self.entries)

    def size_of(self, member_class: MemberClass) -> int:
        """How many may vote in a class."""
        return sum(1 for entry in self.entries if entry.member_class == member_class)

    @property
    def commitments(self) -> tuple[str, ...]:
        """What is published: in an order that tells nothing."""
        return tuple(sorted(entry.commitment for entry in self.entries))

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over the published roll as canonical JSON."""
        text = json.dumps(self.commitments, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def find(self, member_id: MemberId) -> Entry | None:
        """A member's entry, or None."""
        return next((entry for entry in self.entries if entry.member_id == member_id), None)

    def get(self, member_id: MemberId) -> Entry:
        """A member's entry.

        Raises
        ------
        NotOnRoll
            With the reason why they are not.
        """
        found = self.find(member_id)
        if found is not None:
            return found
        reasons = (one.reason for one in self.left_out if one.member_id == member_id)
        raise NotOnRoll(EXCLUSION_WORDS[next(reasons, Exclusion.NO_MEMBER)])


def draw_roll(
    members: Iterable[Member],
    *,
    bylaws: Bylaws,
    matter: Matter,
    frozen_at: datetime,
    opens_at: datetime,
    salts: Mapping[MemberId, bytes],
    in_conflict: AbstractSet[MemberId] = frozenset(),
) -> ElectoralRoll:
    """The roll of a vote, as everybody stands at its notice.

    Parameters
    ----------
    members
        Everybody who is or was one; what happened to them after `frozen_at` does not count.
    frozen_at, opens_at
        Notice and opening, aware UTC.
    salts
        32 random bytes for each member.
    in_conflict
        Those who declared a conflict of interest in what is voted on.
    """
    entries, left_out = [], []
    for member in sorted(members, key=lambda one: one.member_id):
        standing = standing_of(member.at(frozen_at), bylaws, classes=matter.classes, at=frozen_at)
        if member.member_id in in_conflict and not bylaws.conflict.votes:
            standing = standing if isinstance(standing, Exclusion) else Exclusion.IN_CONFLICT
        if isinstance(standing, Exclusion):
            left_out.append(LeftOut(member_id=member.member_id, reason=standing))
        else:
            salt = salts[member.member_id]
            entries.append(Entry(member_id=member.member_id, member_class=standing, salt=salt))
    until = bylaws.calendar.start_of(
        bylaws.calendar.day_of(opens_at) - timedelta(days=bylaws.roll.correct_until_days)
    )
    return ElectoralRoll(
        frozen_at=frozen_at,
        corrected_until=max(frozen_at, until),
        entries=tuple(entries),
        left_out=tuple(left_out),
    )


def correct(roll: ElectoralRoll, correction: Correction, *, salt: bytes) -> ElectoralRoll:
    """The roll after a correction: somebody put on it, or struck off.

    An entry is written once, since proxies and ballots hang on it: nobody is moved to another class,
    and whoever was struck off stays off.

    Parameters
    ----------
    salt
        32 random bytes for an entry that is new.

    Raises
    ------
    RollClosed
        If the window is over: what happens to a member after it no longer changes who may vote.
    RollCorrectionSenseless
        If it gives no reason, changes nothing, or would write an entry anew.
    """
    if correction.at >= roll.corrected_until:
        raise RollClosed(roll.corrected_until.isoformat())
    if not correction.reason.strip():
        raise RollCorrectionSenseless("a correction gives its reason")
    found = roll.find(correction.member_id)
    if correction.member_class == (None if found is None else found.member_class):
        raise RollCorrectionSenseless("it says so already")
    if correction.member_class is not None and found is not None:
        raise RollCorrectionSenseless(f"they are on it as {found.member_class}, for good")
    struck = LeftOut(member_id=correction.member_id, reason=Exclusion.STRUCK)
    if struck in roll.left_out:
        raise RollCorrectionSenseless("they were struck off, for good")
    entries = [entry for entry in roll.entries if entry.member_id != correction.member_id]
    left_out = [one for one in roll.left_out if one.member_id != correction.member_id]
    if correction.member_class is None:
        left_out.append(struck)
    else:
        entries.append(
            Entry(
                member_id=correction.member_id,
                member_class=correction.member_class,
                salt=salt,
            )
        )
    return replace(
        roll,
        entries=tuple(sorted(entries, key=lambda one: one.member_id)),
        left_out=tuple(sorted(left_out, key=lambda one: one.member_id)),
        corrections=(*roll.corrections, correction),
    )


def may_still_vote(roll: ElectoralRoll, member: Member, *, bylaws: Bylaws, at: datetime) -> Entry:
    """The entry by which a member casts a ballot at `at`, between the opening and the close.

    Who left or died since the notice casts no more; a ballot they cast before counts. Who was
    suspended since keeps the vote while the bylaws say so. Who joined since was never on the roll.

    Raises
    ------
    NotOnRoll
        With the reason.
    """
    entry = roll.get(member.member_id)
    now = member.at(at)
    if now.died_at is not None:
        raise NotOnRoll(EXCLUSION_WORDS[Exclusion.DIED])
    if not now.joined:
        raise NotOnRoll("they have left the co-operative")
    if now.has_lost_vote(bylaws, at):
        raise NotOnRoll(EXCLUSION_WORDS[Exclusion.SUSPENDED])
    return entry
