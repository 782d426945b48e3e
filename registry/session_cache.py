"""Callers remembered for a few seconds, so that a busy client costs no query each time.

Only what a revocation in this process clears, and never longer than five seconds of wall time:
a revocation in another process is felt by then at the latest.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from foundation.identifiers import UUID, PersonId, SessionId
from registry.session import Caller

MAX_AGE_SECONDS = 5.0

# A cleared session or person is not remembered again for this long. It has to outlast any unit of
# work under way (a statement may take 30 s): one that read the session before the revocation was
# committed may come to remember it only afterwards.
_BARRED_SECONDS = 120.0


class SessionCache:
    """Callers by token, in this process.

    Parameters
    ----------
    wall_seconds
        A clock that never goes back, in seconds of wall time.
    size
        How many callers are remembered; the oldest goes first.
    """

    def __init__(
        self,
        wall_seconds: Callable[[], float],
        *,
        size: int = 20_000,
    ) -> None:
        assert size > 0
        self._wall_seconds = wall_seconds
        self._size = size
        self._callers: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._barred: OrderedDict[UUID, float] = OrderedDict()
        self._watchers: dict[UUID, list[Callable[[], None]]] = {}

    def find(self, token: str, *, now: datetime) -> Caller | None:
        """The caller with this token, if seen within the last seconds; `now` is service time."""
        key = _key(token)
        remembered = self._callers.get(key)
        if remembered is None:
            return None
        seen, caller = remembered
        if self._wall_seconds() - seen > MAX_AGE_SECONDS or caller.expires_at <= now:
            del self._callers[key]
            return None
        if self._is_barred(caller):
            return None
        return caller

    def remember(self, token: str, caller: Caller, *, read_at: float) -> None:
        """Remember a caller just read from the database.

        `read_at` is this cache's clock *before* the reading began, so that age is never
        understated.
        """
        if self._is_barred(caller) or self._wall_seconds() - read_at > MAX_AGE_SECONDS:
            return
        key = _key(token)
        self._callers[key] = (read_at, caller)
        self._callers.move_to_end(key)
        if len(self._callers) > self._size:
            self._callers.popitem(last=False)

    def forget(self, revoked: SessionId | PersonId) -> None:
        """Forget a session, or every session of a person, and do not take it up again soon.

        Call it when the revocation is written, before its commit: until then the session is
        simply read from the database each time.
        """
        now = self._wall_seconds()
        for tell in self._watchers.get(revoked, ()):
            tell()
        self._barred[revoked] = now
        self._barred.move_to_end(revoked)
        while self._barred:
            oldest, since = next(iter(self._barred.items()))
            if now - since <= _BARRED_SECONDS:
                break
            del self._barred[oldest]

    @contextmanager
    def watched(self, caller: Caller, tell: Callable[[], None]) -> Iterator[None]:
        """While the block runs, call `tell` when the caller's session, or all of theirs, is
        forgotten: the revocation may not be committed yet, and may never be."""
        ids: tuple[UUID, UUID] = (caller.session_id, caller.person_id)
        for one in ids:
            self._watchers.setdefault(one, []).append(tell)
        try:
            yield
        finally:
            for one in ids:
                self._watchers[one].remove(tell)
                if not self._watchers[one]:
                    del self._watchers[one]

    def _is_barred(self, caller: Caller) -> bool:
        return caller.session_id in self._barred or caller.person_id in self._barred


def _key(token: str) -> bytes:
    """Tokens are not kept in memory either: a dump of this process signs nobody in."""
    return hashlib.sha256(token.encode()).digest()
