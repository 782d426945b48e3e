"""What waits at the box, as pure decisions: what goes onto the board together, and what stays behind.

A batch is the crowd that one hides in. So that the last one is a crowd too, some ballots always stay
behind, drawn by chance, and go up with whatever else there is at the close.

Source: the pool of a mix; G. Danezis, C. Diaz and P. Syverson, "Systems for anonymous communication"
(2009), section 4.2.
"""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from foundation.chance import Chance
from foundation.errors import Refusal
from governance.ballots import ballot as ballots
from governance.ballots.ballot import Ballot
from governance.ballots.box import NEVER_SEEN, Box, KeyStanding
from governance.ballots.hours import Hours
from governance.ballots.manifest import KEY_BYTES, Manifest
from governance.ballots.plain import Fields, canonical, parse, unpack
from governance.polls.store.boards import Waiting

WAITING_OF_A_KEY_MAX = 3
"""Documents of one ballot key that wait at once; every turn of the board makes room again."""


def digest_of(document: Fields) -> str:
    """The name of a ballot: SHA-256 of its canonical document, hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def key_of(one: Waiting) -> bytes:
    """The ballot key that something is about; what has none counts as one strange key."""
    try:
        return unpack(parse(one.document.encode()).get("key"), KEY_BYTES)
    except Refusal:
        return b""


def stood(before: KeyStanding | None, ballot: Ballot) -> KeyStanding:
    """What is known of a key when a ballot of it is there."""
    known = before or NEVER_SEEN
    return replace(known, latest_sequence=max(known.latest_sequence, ballot.sequence))


def standing_of(found: KeyStanding, waiting: Sequence[Waiting]) -> KeyStanding:
    """What is known of a key by the board (`found`) and by what waits of it."""
    for one in waiting:
        document = parse(one.document.encode())
        if "kind" in document:
            found = replace(found, is_cancelled=True)
        else:
            found = stood(found, ballots.read(document))
    return found


def those_that_go(
    waiting: Sequence[Waiting], *, least: int, kept_back: int, chance: Chance
) -> tuple[list[Waiting], list[Waiting]]:
    """What goes onto the board now, and what stays: whole ballot keys, never some of one's.

    Parameters
    ----------
    least
        Keys that go up together at least; with fewer nothing goes.
    kept_back
        Keys that stay behind, each set of so many as likely as any other.
    """
    keys = sorted({key_of(one) for one in waiting})
    if len(keys) < least + kept_back:
        return [], list(waiting)
    staying = {keys.pop(chance.below(len(keys))) for _ in range(kept_back)}
    return (
        [one for one in waiting if key_of(one) not in staying],
        [one for one in waiting if key_of(one) in staying],
    )


def newest_alone(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Without the ballots that a later one of their key, which waits too, has replaced."""
    newest: dict[bytes, tuple[int, str]] = {}
    ranks = {one.digest: _rank(one) for one in waiting}
    for one in waiting:
        rank = ranks[one.digest]
        if rank is not None:
            newest[key_of(one)] = max(newest.get(key_of(one), rank), rank)
    return [one for one in waiting if ranks[one.digest] in (None, newest.get(key_of(one)))]


def _rank(one: Waiting) -> tuple[int, str] | None:
    """Its number and its name, by which the newest is found; None of what is no ballot."""
    try:
        return ballots.read(parse(one.document.encode())).sequence, one.digest
    except Refusal:
        return None


def batch_of(
    manifest: Manifest, standings: Mapping[bytes, KeyStanding], documents: Sequence[bytes]
) -> list[Fields]:
    """The entries of a batch, in an order that tells nothing of who came first.

    Of each key its newest ballot alone; what the box refuses now is left out. All of it came in
    time, for nothing waits that came at another: the box is asked as of the opening.
    """
    box, hours = Box(manifest=manifest), Hours.of(manifest)
    newest: dict[bytes, tuple[int, str, Fields]] = {}
    slips: dict[str, Fields] = {}
    for document in documents:
        try:
            said = parse(document)
            if "kind" in said:
                slips[digest_of(said)] = said
                continue
            ballot = ballots.read(said)
            standing = standings.get(ballot.key, NEVER_SEEN)
            entry = box.receive(ballot, standing=standing, hours=hours, at_ms=hours.opens_at_ms)
        except Refusal:
            continue
        candidate = (ballot.sequence, digest_of(said), entry)
        if ballot.key not in newest or newest[ballot.key][:2] < candidate[:2]:
            newest[ballot.key] = candidate
    entries = [entry for _, _, entry in sorted(newest.values(), key=lambda one: one[1])]
    for _, slip in sorted(slips.items(), key=lambda one: one[0]):
        key = unpack(slip.get("key"), KEY_BYTES)
        known = standings.get(key, NEVER_SEEN)
        standing = replace(
            known,
            latest_sequence=max(known.latest_sequence, newest[key][0] if key in newest else 0),
        )
        with contextlib.suppress(Refusal):
            entries.append(
                box.cancel(slip, standing=standing, hours=hours, at_ms=hours.opens_at_ms)
            )
    return entries
