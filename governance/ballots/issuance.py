"""An issuing desk: it knows who is on the roll and marks them once; it sees no ballot.

Pure decisions: the caller keeps the roll and the marks (one row each, unique), appends the entry to
the desk's log and hands out the signature, all in one unit of work.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from governance.ballots import assertion
from governance.ballots.assertion import Assertion, challenge_for
from governance.ballots.blind_rsa import RawSigner, blind_sign
from governance.ballots.errors import (
    BallotAlreadyIssued,
    BlindSignatureInvalid,
    CancellationNeeded,
    NotOnTheRoll,
    RequestNotSigned,
    VotedOnPaper,
)
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest
from governance.ballots.plain import Fields, Plain, pack
from governance.ballots.roll import RollEntry
from governance.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A member asks every desk for a signature at once.

    Attributes
    ----------
    commitment
        The entry of the roll that asks.
    requests
        For each desk in its order the SHA-256 of the blinded message (sealed); of the ballot key
        (open, so that the name and the ballot are tied); none (detached).
    assertion
        The passkey's answer; None where the tier asks for none.
    """

    commitment: bytes
    requests: tuple[bytes, ...]
    assertion: Assertion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a desk has noted beside an entry of the roll, so far."""

    issued: tuple[bytes, ...] | None = None
    """The requests that were granted."""
    paper: bool = False


NO_MARK = Mark()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A granted request.

    Attributes
    ----------
    entry
        For the desk's log; None if this is the same request again, which changes nothing.
    signature
        The blind signature; None in tiers where desks sign nothing.
    """

    entry: Fields | None
    signature: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One desk of one vote: which it is, and its key where it has one."""

    manifest: Manifest
    number: int
    signer: RawSigner | None

    def __post_init__(self) -> None:
        issuer = self.manifest.desks[self.number].issuer
        assert issuer == (None if self.signer is None else self.signer.public_key)

    def issue(
        self,
        request: Request,
        *,
        blinded: bytes | None,
        roll_entry: RollEntry | None,
        mark: Mark,
        hours: Hours,
        at_ms: int,
    ) -> Issued:
        """Decide on a request, and sign.

        Parameters
        ----------
        request
            What the member signed.
        blinded
            This desk's blinded message (sealed), else None.
        roll_entry
            The entry of the frozen roll that the request names, if there is one.
        mark
            What this desk has noted beside it.
        hours
            When this vote is open, extensions included.
        at_ms
            Now, milliseconds since 1970.

        Raises
        ------
        VoteNotOpen, NotOnTheRoll, VotedOnPaper, BallotAlreadyIssued, RequestNotSigned,
        BlindSignatureInvalid, SigningTokenUnavailable
            As they say.
        """
        hours.require_open(at_ms)
        if roll_entry is None or roll_entry.commitment != request.commitment:
            raise NotOnTheRoll
        if mark.paper:
            raise VotedOnPaper
        again = mark.issued is not None
        if again and mark.issued != request.requests:
            raise BallotAlreadyIssued
        self._require_signed(request, roll_entry)
        signature = self._sign(request, blinded)
        return Issued(entry=None if again else _issued_entry(request), signature=signature)

    def admit_to_paper(
        self,
        roll_entry: RollEntry | None,
        *,
        mark: Mark,
        has_cancelled: bool,
        hours: Hours,
        at_ms: int,
    ) -> Fields:
        """The log entry with which a member gets a ballot paper; from then on no other ballot.

        The roll decides, not what was voted: who was issued a ballot hands in its cancellation
        first (`has_cancelled`: a cancellation stands on the board for which no other paper
        was given out).

        Raises
        ------
        VoteNotOpen, NotOnTheRoll, VotedOnPaper, CancellationNeeded
            As they say.
        """
        hours.require_open(at_ms)
        if roll_entry is None:
            raise NotOnTheRoll
        if mark.paper:
            raise VotedOnPaper
        if mark.issued is not None and not has_cancelled:
            raise CancellationNeeded
        return {"kind": "paper", "commitment": pack(roll_entry.commitment)}

    def _require_signed(self, request: Request, roll_entry: RollEntry) -> None:
        expected = {Tier.SEALED: len(self.manifest.desks), Tier.OPEN: 1, Tier.DETACHED: 0}
        if len(request.requests) != expected[self.manifest.tier]:
            raise RequestNotSigned("it names another number of desks")
        if request.assertion is None:
            if self.manifest.tier is Tier.SEALED:
                raise RequestNotSigned("no passkey signed it")
            return
        digest = self.manifest.digest()
        assertion.check(
            request.assertion,
            challenge=challenge_for(digest, request.commitment, request.requests),
            credential=roll_entry.credential,
            party=self.manifest.relying_party,
        )

    def _sign(self, request: Request, blinded: bytes | None) -> bytes | None:
        if self.signer is None:
            return None
        if blinded is None or request_for(blinded) != request.requests[self.number]:
            raise BlindSignatureInvalid("the blinded message is not the one the passkey signed")
        return blind_sign(self.signer, blinded)


def request_for(message: bytes) -> bytes:
    """The hash by which a request names a blinded message, or a ballot key in an open vote."""
    return hashlib.sha256(message).digest()


def _issued_entry(request: Request) -> Fields:
    requests: Sequence[Plain] = [pack(one) for one in request.requests]
    signed = None if request.assertion is None else request.assertion.document()
    return {
        "kind": "issued",
        "commitment": pack(request.commitment),
        "requests": requests,
        "assertion": signed,
    }
