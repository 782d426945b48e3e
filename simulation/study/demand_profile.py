"""What each zone usually asks for in each quarter hour: learned from some days, used on others.

Owns the profile as a value: how it is learned, and what it expects of a stretch of time. The file
form is `profile_files`, and docs/reference/demand_profile.md says what is in it.

Learning. Of a zone and quarter hour a day knows one request or none, so the mean count of the days
is smoothed with its neighbours in time (a triangle of `SMOOTHING` quarter hours to each side) and
shrunk towards the zone's share of the city's own curve, as if `SHRINKAGE` requests of such an hour
had been seen besides: the posterior mean of a Poisson rate under a Gamma prior (Gelman et al.,
"Bayesian Data Analysis", 3rd edition, section 2.6). Both were chosen by the likelihood of learning
trips that were held out; the city's curve alone is almost as good a guess.

Use. The same rule once more joins it with today: a zone that asked for N in the last hour, where
U were usual, is expected to ask (`TRUST` + N) / (`TRUST` + U) times as often as usual. Made days
differ from what is usual by nothing but chance, so they cannot tell how large `TRUST` should be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.policy import Repositioning
from simulation.study.other_days import QUARTER_MS
from simulation.study.scenario import Requests, Whole

QUARTERS = 96
"""Quarter hours of a day."""

DAY_MS = QUARTERS * QUARTER_MS
SMOOTHING = 2
SHRINKAGE = 16.0
TRUST = 20.0
DECIMALS = 4
"""Of the requests of a zone in a quarter hour, as published."""

Rates = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Source:
    """A day that a profile was learned from.

    Attributes
    ----------
    requests_sha256, requests
        Digest of the day's requests, and how many they are.
    name
        Of its folder.
    seed, trips
        How it was made, if it was: see `other_days`.
    """

    requests_sha256: str
    requests: int
    name: str
    seed: int | None
    trips: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemandProfile:
    """Requests to be expected by zone and quarter hour.

    Attributes
    ----------
    streets_sha256
        The streets whose zones are meant.
    centres
        int64, (zones,): the junction at the heart of each zone.
    requests
        float64, (zones, 96): expected in each quarter hour, the first from midnight.
    sources
        What it was learned from, ascending.
    trust
        So many requests the profile weighs beside those of the last hour; at least 1.
    """

    streets_sha256: str
    centres: Whole
    requests: Rates
    sources: tuple[Source, ...]
    trust: float = TRUST

    def within(self, begin_ms: int, end_ms: int) -> Rates:
        """Requests usual in a stretch of time, in milliseconds since midnight: (zones,)."""
        return self._until(end_ms) - self._until(begin_ms)

    def _until(self, at_ms: int) -> Rates:
        days, rest_ms = divmod(at_ms, DAY_MS)
        quarter, part_ms = divmod(rest_ms, QUARTER_MS)
        whole = self.requests[:, :quarter].sum(axis=1) + days * self.requests.sum(axis=1)
        return np.asarray(whole + self.requests[:, quarter] * (part_ms / QUARTER_MS))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedDemand:
    """What is expected of zones by a profile and the last hour together."""

    profile: DemandProfile
    zone_of: Whole

    def expected(
        self, requests: Requests, *, asked: int, now_ms: int, rule: Repositioning
    ) -> Rates:
        """Requests of each zone within the horizon: (zones,).

        Only the first `asked` requests are known by now.
        """
        begin_ms = max(0, now_ms - rule.memory_seconds * 1000)
        first = int(np.searchsorted(requests.at_ms, begin_ms, side="right"))
        made = np.bincount(
            self.zone_of[requests.origin[first:asked]], minlength=len(self.profile.centres)
        )
        usual = self.profile.within(begin_ms, now_ms)
        ahead = self.profile.within(now_ms, now_ms + rule.horizon_seconds * 1000)
        trust = self.profile.trust
        return np.asarray(ahead * (trust + made) / (trust + usual))


def learn(
    days: Iterable[tuple[Source, Requests]],
    *,
    zone_of: Whole,
    centres: Whole,
    streets_sha256: str,
) -> DemandProfile:
    """Learn a profile; neither the order of days nor that of their requests changes it."""
    rows = list(days)
    assert rows, "nothing to learn from"
    counts = np.zeros((len(centres), QUARTERS))
    for _, requests in rows:
        quarter = requests.at_ms // QUARTER_MS % QUARTERS
        np.add.at(counts, (zone_of[requests.origin], quarter), 1.0)
    return DemandProfile(
        streets_sha256=streets_sha256,
        centres=centres,
        requests=np.round(_smoothed(counts / len(rows)), DECIMALS),
        sources=tuple(sorted(source for source, _ in rows)),
    )


def _smoothed(counts: Rates) -> Rates:
    """Rates from the counts of an average day: (zones, 96)."""
    weights = np.array([1 + SMOOTHING - abs(away) for away in range(-SMOOTHING, SMOOTHING + 1)])
    city = _blurred(counts.sum(axis=0, keepdims=True), [1, 2, 1])
    total = max(1.0, float(counts.sum()))
    share = counts.sum(axis=1, keepdims=True) * city / total
    # A triangle of weights is worth as many quarter hours as its peak: the sum over the peak.
    seen = float(weights.sum() / weights.max())
    near = _blurred(counts, weights.tolist()) * seen
    return np.asarray(share * (near + SHRINKAGE) / (share * seen + SHRINKAGE))


def _blurred(rows: Rates, weights: Sequence[int]) -> Rates:
    """Each row's weighted means over neighbours in time; midnight joins the day's ends."""
    reach = len(weights) // 2
    shifted = [
        weight * np.roll(rows, away, axis=1)
        for away, weight in zip(range(-reach, reach + 1), weights, strict=True)
    ]
    return np.asarray(np.sum(shifted, axis=0) / sum(weights))
