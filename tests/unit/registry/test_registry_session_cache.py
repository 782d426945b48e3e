"""A remembered caller never outlives five seconds, its session, or a revocation here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from foundation.chance import SeededChance
from foundation.identifiers import PersonId, SessionId, time_ordered
from registry.person import Role
from registry.session import Caller
from registry.session_cache import SessionCache

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TOKEN = "ab" * 32


class Wall:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def a_caller(seed: int = 1) -> Caller:
    chance = SeededChance(seed)
    return Caller(
        person_id=PersonId(time_ordered(NOW, chance)),
        roles=frozenset({Role.RIDER}),
        strong_until=None,
        session_id=SessionId(time_ordered(NOW, chance)),
        expires_at=NOW + timedelta(hours=1),
    )


def test_a_caller_is_remembered_for_five_seconds() -> None:
    wall, caller = Wall(), a_caller()
    cache = SessionCache(wall)
    cache.remember(TOKEN, caller, read_at=wall())
    wall.seconds += 5
    assert cache.find(TOKEN, now=NOW) == caller
    wall.seconds += 0.001
    assert cache.find(TOKEN, now=NOW) is None


def test_a_session_that_is_over_is_not_remembered() -> None:
    wall, caller = Wall(), a_caller()
    cache = SessionCache(wall)
    cache.remember(TOKEN, caller, read_at=wall())
    assert cache.find(TOKEN, now=caller.expires_at) is None


def test_a_revoked_session_is_forgotten_at_once_and_a_late_reader_cannot_bring_it_back() -> None:
    wall, caller = Wall(), a_caller()
    cache = SessionCache(wall)
    cache.remember(TOKEN, caller, read_at=wall())
    cache.forget(caller.session_id)
    assert cache.find(TOKEN, now=NOW) is None
    cache.remember(TOKEN, caller, read_at=wall())  # it had read the row before the commit
    assert cache.find(TOKEN, now=NOW) is None


def test_forgetting_a_person_forgets_every_session_of_theirs() -> None:
    wall, caller = Wall(), a_caller()
    other = replace(a_caller(2), person_id=caller.person_id)
    cache = SessionCache(wall)
    cache.remember(TOKEN, caller, read_at=wall())
    cache.remember("cd" * 32, other, read_at=wall())
    cache.forget(caller.person_id)
    assert cache.find(TOKEN, now=NOW) is None
    assert cache.find("cd" * 32, now=NOW) is None


def test_a_reading_that_took_too_long_is_not_remembered() -> None:
    wall = Wall()
    cache = SessionCache(wall)
    cache.remember(TOKEN, a_caller(), read_at=wall() - 6)
    assert cache.find(TOKEN, now=NOW) is None


def test_only_so_many_are_remembered_and_tokens_are_not_kept() -> None:
    wall = Wall()
    cache = SessionCache(wall, size=2)
    for number in range(3):
        cache.remember(f"{number:064x}", a_caller(number), read_at=wall())
    assert cache.find(f"{0:064x}", now=NOW) is None
    assert cache.find(f"{2:064x}", now=NOW) is not None
    assert f"{2:064x}" not in repr(vars(cache))


class CacheMachine(RuleBasedStateMachine):
    """Against a truth that knows when each session was revoked and read."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = Wall()
        self.cache = SessionCache(self.wall, size=3)
        self.callers = [a_caller(seed) for seed in range(4)]
        self.revoked: dict[int, float] = {}
        self.read_at: dict[int, float] = {}

    @rule(which=st.integers(0, 3), late=st.floats(0, 7))
    def somebody_calls(self, which: int, late: float) -> None:
        started = self.wall()
        if started - self.revoked.get(which, started) > 60:
            return  # no unit of work that read the session before its revocation lasts so long
        self.wall.seconds += late
        self.cache.remember(f"{which:064x}", self.callers[which], read_at=started)
        self.read_at[which] = started

    @rule(which=st.integers(0, 3))
    def a_session_is_revoked(self, which: int) -> None:
        self.cache.forget(self.callers[which].session_id)
        self.revoked.setdefault(which, self.wall())

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        self.wall.seconds += seconds

    @rule(which=st.integers(0, 3))
    def a_found_caller_is_fresh_and_not_revoked(self, which: int) -> None:
        if self.cache.find(f"{which:064x}", now=NOW) is not None:
            assert which not in self.revoked
            assert self.wall() - self.read_at[which] <= 5


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
