"""Refusals: the world said no, and says why in one sentence a person can act on.

A refusal's *kind* (`NotFound`, `Conflict`, ...) is what an entrance turns into a status; its
*code* is stable and machine-readable; its *facts* are the values the sentence speaks of. The
mapping to HTTP is in `khan.http_errors` alone.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """The request is understood and refused. Never raised itself, only by its kinds."""

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str, /, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = facts


class NotFound(Refusal):
    """No such thing, or it is somebody else's: the two are answered alike (404)."""

    code = "not_found"


class Conflict(Refusal):
    """It clashes with what is so now; looking again and trying anew may help (409)."""

    code = "conflict"


class Gone(Refusal):
    """It was there and its time is over (410)."""

    code = "gone"


class Forbidden(Refusal):
    """You are known and may not do this (403)."""

    code = "forbidden"


class NotSignedIn(Refusal):
    """Nobody is signed in, or the session is over (401)."""

    code = "not_signed_in"


class Invalid(Refusal):
    """The values make no sense (422)."""

    code = "invalid"


class TooMany(Refusal):
    """Too many at once; `retry_after_seconds` says when to come back (429)."""

    code = "too_many"

    def __init__(self, sentence: str, /, *, retry_after_seconds: int, **facts: Any) -> None:
        super().__init__(sentence, retry_after_seconds=retry_after_seconds, **facts)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Refusal):
    """A part of the service is down; the request may be sent again later (503)."""

    code = "unavailable"
