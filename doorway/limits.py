"""How much one caller may do: token buckets, in memory, by caller or address."""

from collections import OrderedDict

from foundation.clock import stopwatch_ms

CALLERS_MAX = 50_000


class Bucket:
    """Tokens that refill at a rate, up to a burst."""

    __slots__ = ("at_ms", "burst", "rate", "tokens")

    def __init__(self, rate: float, burst: float, at_ms: float) -> None:
        self.rate, self.burst, self.tokens, self.at_ms = rate, burst, burst, at_ms

    def take(self, at_ms: float) -> float:
        """Take a token; 0.0 if it was there, else the seconds until one is."""
        grown = self.tokens + (at_ms - self.at_ms) / 1000 * self.rate
        self.tokens, self.at_ms = min(self.burst, grown), at_ms
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Limiter:
    """One bucket a caller; the caller seen longest ago is forgotten past a bound."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, caller: str) -> float:
        """Take one token of `caller`; 0.0 if it was there, else the seconds to wait."""
        at_ms = stopwatch_ms()
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = Bucket(self._rate, self._burst, at_ms)
            if len(self._buckets) > CALLERS_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
        return bucket.take(at_ms)
