"""Refusals about polls as they are kept across processes."""

from collections.abc import Sequence

from foundation.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable
from foundation.identifiers import UUID


class PollNotFound(NotFound):
    """No such poll is open or was open at this desk or board."""

    code = "poll_not_found"

    def __init__(self, poll_id: UUID) -> None:
        super().__init__(f"No poll {poll_id} is kept here; it opens when its vote does.")


class PollNotPrepared(Conflict):
    """A poll cannot open yet; `missing` names what is not there."""

    code = "poll_not_prepared"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"The poll cannot open: {', '.join(missing)} missing. See that each of them runs.",
            missing=list(missing),
        )
        self.missing = tuple(missing)


class PollNotReady(Conflict):
    """A closed poll cannot be counted yet; `missing` names what is not there."""

    code = "poll_not_ready"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"The poll cannot be counted yet: {', '.join(missing)} missing.", missing=list(missing)
        )
        self.missing = tuple(missing)


class BoardWasAway(Conflict):
    """A poll was over long before the board came back: it does not close, nor publish what waits."""

    code = "board_was_away"

    def __init__(self, poll_id: UUID) -> None:
        super().__init__(
            f"Poll {poll_id} stays open on the board: it was away at the close, and witnesses would see "
            "it closed too late. Note the outage until now and extend the vote; without the office, "
            "`khan extend`.",
            poll_id=poll_id,
        )


class PollUnwitnessed(Conflict):
    """A board was closed, and too few witnesses signed it in time: nobody can check such a count."""

    code = "poll_unwitnessed"

    def __init__(self, poll: str) -> None:
        super().__init__(
            f"Poll {poll} cannot be counted: too few witnesses signed its closed board within the grace, "
            "so nobody can tell whether ballots came late. Call the vote anew.",
            poll=poll,
        )


class BallotsTooFast(TooMany):
    """Several ballots of one key wait already."""

    code = "ballots_too_fast"

    def __init__(self) -> None:
        super().__init__(
            "You have changed this ballot several times within seconds; send the last one again in a "
            "moment.",
            retry_after_seconds=2,
        )


class PollCountFailed(Unavailable):
    """The process that counts a closed poll ended before it was done."""

    code = "poll_count_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The poll was not counted ({reason}). Nothing is written; certify it again.",
            reason=reason,
        )


class BallotNotOnBoard(NotFound):
    """This ballot does not stand on the board: it waits there for others, or never came."""

    code = "ballot_not_on_board"

    def __init__(self) -> None:
        super().__init__(
            "This ballot is not on the board yet. It may wait there until others have come: ask "
            "again later. If you are not sure that it was sent, send it again; it counts once."
        )


class ManifestStrange(Conflict):
    """The manifest is not what this keeper prepared, and is not signed."""

    code = "manifest_strange"

    def __init__(self, poll_id: UUID, reason: str) -> None:
        super().__init__(
            f"The manifest of poll {poll_id} is not signed here: {reason}.",
            poll_id=poll_id,
            reason=reason,
        )


class PollKeyLost(Unavailable):
    """A private key of a poll under way is not in the key folder."""

    code = "poll_key_lost"

    def __init__(self, what: str) -> None:
        super().__init__(f"The key {what} is not in KHAN_KEYS; put the folder's copy back.")


class KeyFolderUnusable(Invalid):
    """The folder for keys cannot be used, or others may read it."""

    code = "key_folder_unusable"

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(f"The key folder {folder} cannot be used: {reason}.", reason=reason)


class DeskSecretWrong(Forbidden):
    """Whoever asks for paper has not shown the desk's secret."""

    code = "desk_secret_wrong"

    def __init__(self) -> None:
        super().__init__("Papers are given out at a staffed desk, with the desk's own secret.")
