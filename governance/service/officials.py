"""The documents that witnesses and trustees bring to the office, read and taken."""

from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.errors import DocumentMalformed
from governance.ballots.manifest import KEY_BYTES, TrusteeTerms
from governance.ballots.plain import (
    Fields,
    as_object,
    list_of,
    number_of,
    object_of,
    only,
    text_of,
    unpack,
)
from governance.ballots.trustees import Share
from governance.service import poll_people
from storage.work import UnitOfWork


async def appoint_witness(work: UnitOfWork, document: Fields) -> NamedKey:
    """Appoint a witness: polls that open from now on name them.

    Parameters
    ----------
    document
        `name` and `key` (base64), as `khan witness` prints them.

    Raises
    ------
    DocumentMalformed
        If it is something else.
    PollPeopleUnfit
        As `poll_people.appoint_witness`.
    """
    only(document, "name", "key")
    key = _named(document, SignatureType.COSIGNATURE)
    await poll_people.appoint_witness(work, key)
    return key


async def appoint_trustees(work: UnitOfWork, poll_id: UUID, document: Fields) -> TrusteeTerms:
    """Write who holds the key of a poll, before it opens.

    Parameters
    ----------
    document
        `terms.json` of `khan trustees deal`.

    Raises
    ------
    DocumentMalformed
        If it is something else, or of another poll.
    PollNotFound, MotionElsewhere, PollPeopleUnfit
        As `poll_people.appoint_trustees`.
    """
    only(document, "poll_id", "election_key", "needed", "people")
    _check_poll(document, poll_id)
    terms = TrusteeTerms(
        election_key=unpack(document["election_key"], KEY_BYTES),
        people=tuple(
            _named(as_object(one, "trustee"), SignatureType.NOTE)
            for one in list_of(document, "people")
        ),
        needed=number_of(document, "needed", least=1),
    )
    await poll_people.appoint_trustees(work, poll_id, terms)
    return terms


async def take_release(work: UnitOfWork, poll_id: UUID, document: Fields) -> str:
    """Take a trustee's share after the close; the trustee's name comes back.

    Parameters
    ----------
    document
        What `khan trustees release` writes.

    Raises
    ------
    DocumentMalformed
        If it is something else, or of another poll.
    PollNotFound, PollNotReady, MotionElsewhere, SharesUnusable
        As `poll_people.take_release`.
    """
    only(document, "poll_id", "trustee", "statement", "share_number", "share")
    _check_poll(document, poll_id)
    name, statement = text_of(document, "trustee"), object_of(document, "statement")
    if text_of(statement, "trustee") != name:
        raise DocumentMalformed("the statement is another trustee's")
    share = Share(
        number=number_of(document, "share_number", least=1),
        secret=unpack(document["share"], KEY_BYTES),
    )
    await poll_people.take_release(work, poll_id, (share, statement))
    return name


def _check_poll(document: Fields, poll_id: UUID) -> None:
    if text_of(document, "poll_id") != str(poll_id):
        raise DocumentMalformed("it is of another poll")


def _named(fields: Fields, kind: SignatureType) -> NamedKey:
    only(fields, "name", "key")
    return NamedKey(
        name=text_of(fields, "name"), public=unpack(fields["key"], KEY_BYTES), kind=kind
    )
