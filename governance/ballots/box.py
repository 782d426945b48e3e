"""The ballot box: takes what the desks' signatures let in, asks nobody's name, keeps no address.

Pure decisions, each giving the board's next entry: the caller knows what the board says of a ballot
key so far (the highest sequence number, whether it was cancelled), appends, and answers with the
entry's place in the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from governance.ballots.ballot import (
    CANCELLATION_DOMAIN,
    Ballot,
    Token,
    require_form,
    token_message,
    token_of,
)
from governance.ballots.blind_rsa import PREFIX_BYTES, verify
from governance.ballots.choice import Choice, fields_of
from governance.ballots.errors import (
    BallotCancelled,
    BallotRefused,
    BallotSuperseded,
    BlindSignatureInvalid,
)
from governance.ballots.hours import NOT_YET_OPEN, Hours
from governance.ballots.manifest import KEY_BYTES, Manifest
from governance.ballots.plain import Fields, list_of, only, unpack
from governance.errors import VoteNotOpen


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStanding:
    """What the board says of a ballot key so far."""

    latest_sequence: int = 0
    is_cancelled: bool = False


NEVER_SEEN = KeyStanding()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The box of one vote."""

    manifest: Manifest

    def receive(self, ballot: Ballot, *, standing: KeyStanding, hours: Hours, at_ms: int) -> Fields:
        """The board's entry for a ballot.

        Parameters
        ----------
        ballot
            As it came.
        standing
            What the board says of its key.
        hours
            When this vote is open, extensions included.
        at_ms
            Now.

        Raises
        ------
        VoteNotOpen
            If it is late or early.
        BallotRefused
            If it is malformed, of another vote, or not signed as it must be.
        BallotCancelled, BallotSuperseded
            If its key was cancelled, or has a ballot with this number or a higher one.
        """
        hours.require_open(at_ms)
        require_form(ballot, self.manifest)
        self._require_tokens(ballot.key, ballot.tokens)
        _require_signed(ballot.key, ballot.signature, ballot.signed_bytes())
        if standing.is_cancelled:
            raise BallotCancelled
        if ballot.sequence <= standing.latest_sequence:
            raise BallotSuperseded(standing.latest_sequence)
        return {"kind": "ballot", "ballot": ballot.document()}

    def cancel(self, slip: Fields, *, standing: KeyStanding, hours: Hours, at_ms: int) -> Fields:
        """The board's entry that strikes a ballot key out, by its own signature.

        Raises
        ------
        VoteNotOpen
            If it is late or early.
        BallotRefused
            If the desks have not let the key in, or it has not signed this.
        BallotCancelled
            If it was cancelled before.
        """
        hours.require_open(at_ms)
        only(slip, "kind", "key", "tokens", "signature")
        key, signature = unpack(slip["key"], KEY_BYTES), unpack(slip["signature"], 64)
        if standing.is_cancelled:
            raise BallotCancelled
        tokens = tuple(token_of(one) for one in list_of(slip, "tokens"))
        if not tokens and standing.latest_sequence == 0:
            raise BallotRefused("its_key_has_no_ballot_here")
        self._require_tokens(key, tokens)
        _require_signed(key, signature, CANCELLATION_DOMAIN + self.manifest.digest() + key)
        return {**slip, "kind": "cancellation"}

    def _require_tokens(self, key: bytes, tokens: Sequence[Token]) -> None:
        message = token_message(self.manifest.digest(), key)
        issuers = [one.issuer for one in self.manifest.desks if one.issuer is not None]
        if len(tokens) != len(issuers):
            raise BallotRefused("not_signed_by_every_desk")
        for issuer, token in zip(issuers, tokens, strict=True):
            if len(token.prefix) != PREFIX_BYTES:
                raise BallotRefused("not_signed_by_every_desk")
            try:
                verify(issuer, token.prefix + message, token.signature)
            except BlindSignatureInvalid as error:
                raise BallotRefused("not_signed_by_every_desk") from error


def paper_entries(choices: Sequence[Choice], *, hours: Hours, at_ms: int) -> list[Fields]:
    """The board's entries for ballot papers, read after the close and before the key is opened.

    In the order of what they say, so that the order tells nothing.

    Raises
    ------
    VoteNotOpen
        If the vote is still open: papers stay in their box until then.
    """
    if at_ms < hours.closes_at_ms:
        raise VoteNotOpen(NOT_YET_OPEN)
    said = sorted((fields_of(one) for one in choices), key=repr)
    return [{"kind": "paper_ballot", "content": one} for one in said]


def _require_signed(key: bytes, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise BallotRefused("not_signed_by_its_key") from error
