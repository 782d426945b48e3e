"""Refusals about ballots: what a voter, a desk, the box or a trustee is told, and why."""

from foundation.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class DocumentMalformed(Invalid):
    """A document of a vote is not what its format says."""

    code = "ballot_document_malformed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This document cannot be used: {reason}.", reason=reason)


class ProofInvalid(Invalid):
    """A proof about a log shows nothing, or does not fit its root; `reason` says which."""

    code = "proof_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"This proof about the log does not hold: {reason.replace('_', ' ')}.", reason=reason
        )
        self.reason = reason


class NoteInvalid(Invalid):
    """A signed note is malformed, or not signed by whom it must be."""

    code = "note_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This signed note cannot be trusted: {reason}.", reason=reason)


class BlindSignatureInvalid(Invalid):
    """A blinded message or a blind signature does not fit the issuer's key."""

    code = "blind_signature_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The blind signature failed: {reason}.", reason=reason)


class SigningTokenUnavailable(Unavailable):
    """The issuer's key cannot be used where it is kept."""

    code = "signing_token_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The desk cannot sign: {reason}.", reason=reason)


class NotOnTheRoll(NotFound):
    """No such entry stands on the roll of this vote."""

    code = "not_on_the_roll"

    def __init__(self) -> None:
        super().__init__("You are not on the roll of this vote; ask the secretary to correct it.")


class BallotAlreadyIssued(Conflict):
    """This entry of the roll has had its ballot from this desk."""

    code = "ballot_already_issued"

    def __init__(self) -> None:
        super().__init__(
            "Your ballot was issued already, for other keys; vote with the device that asked "
            "first, or on paper at a staffed desk with your cancellation slip."
        )


class VotedOnPaper(Conflict):
    """This entry of the roll votes on paper."""

    code = "voted_on_paper"

    def __init__(self) -> None:
        super().__init__("You have had a ballot paper in this vote; paper counts.")


class CancellationNeeded(Conflict):
    """A ballot was issued to this entry; paper needs the cancellation of it on the board first."""

    code = "cancellation_needed"

    def __init__(self) -> None:
        super().__init__(
            "A ballot was issued to you before; hand in its cancellation slip, then you get paper."
        )


class RequestNotSigned(Forbidden):
    """The request for a ballot is not signed by the passkey on the roll."""

    code = "ballot_request_not_signed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Your request for a ballot was not signed as it must be ({reason}); try again with "
            "the passkey you registered for voting.",
            reason=reason,
        )


class BallotRefused(Invalid):
    """The box does not take this ballot; `reason` is stable and says why."""

    code = "ballot_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The box does not take this ballot: {reason.replace('_', ' ')}.", reason=reason
        )
        self.reason = reason


class BallotSuperseded(Conflict):
    """A ballot with this or a higher sequence number is on the board."""

    code = "ballot_superseded"

    def __init__(self, latest: int) -> None:
        super().__init__(
            f"A ballot number {latest} of this key is on the board; a change needs a higher number.",
            latest=latest,
        )


class BallotCancelled(Conflict):
    """This ballot key was cancelled: its holder votes on paper."""

    code = "ballot_cancelled"

    def __init__(self) -> None:
        super().__init__("This ballot was cancelled in favour of paper; it stays so.")


class ExtensionShortens(Invalid):
    """An extension must end later than what it extends."""

    code = "extension_shortens"

    def __init__(self) -> None:
        super().__init__("A vote is extended, never shortened; name a later instant.")


class TooEarlyToOpen(Conflict):
    """The key of a vote is opened after the close, not before."""

    code = "too_early_to_open"

    def __init__(self) -> None:
        super().__init__("The vote is still open; keep your share until the board is closed.")


class SharesUnusable(Invalid):
    """The shares do not give the key of this vote."""

    code = "shares_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The key cannot be put together: {reason}.", reason=reason)


class BallotFormUnusable(Invalid):
    """The terms of a vote, or what somebody wants to vote, make no sense."""

    code = "ballot_form_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This does not fit the question: {reason}.", reason=reason)
