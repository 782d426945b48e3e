"""A small sealed vote that was run by the book, and what it takes to tamper with it."""

import functools
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from foundation.chance import SeededChance
from governance.ballots import bundle
from governance.ballots.ballot import BallotKey
from governance.ballots.choice import BallotOption, Choice, Mark, Question, RuleName, Value
from governance.ballots.hours import Hours
from governance.ballots.plain import Fields
from governance.ballots.tally import CountingRule
from governance.tier import Tier
from simulation.rehearsed_vote import Officials, RehearsedVote, Voter, notice, roll_of

OPENS, CLOSES = 1_900_000_000_000, 1_900_600_000_000
DURING = OPENS + 1000
FARE = Question(
    text="Pence per kilometre?",
    rule=RuleName.LOWER_MEDIAN,
    parameters={"lowest": 100, "highest": 200, "step": 5, "today": 120, "phantom_share": "1/10"},
)
RESOLUTION = Question(
    text="Shall we?",
    rule=RuleName.FOR_AGAINST,
    parameters={"required": ">1/2", "quorum": 0},
)
BOARD_SEATS = Question(
    text="Who shall sit on the board?",
    rule=RuleName.SCOTTISH_STV,
    parameters={"seats": 2, "ranks_max": 5},
    options=tuple(BallotOption(number=n, name=f"Candidate {n}") for n in range(1, 5)),
)


def count_plainly(
    question: Question, votes: Sequence[tuple[Choice, int]], *, lot_seed: bytes
) -> Fields:
    """A counter by sorting and adding, for marks and values."""
    if question.rule is RuleName.FOR_AGAINST:
        said = {
            mark: sum(n for one, n in votes if one == Mark(mark))
            for mark in ("for", "against", "abstain")
        }
        more = said["for"] - said["against"]
        outcome = "tie" if not more else "passed" if more > 0 else "not_enough"
        return {"rule": "for_against", **said, "outcome": outcome}
    given = sorted(
        one.value
        for one, n in votes
        for _ in range(n)
        if isinstance(one, Value) and one.value is not None
    )
    abstained = sum(n for one, n in votes if one == Value(None))
    phantoms = -int(-len(given) * Fraction(str(question.parameters["phantom_share"])) // 1)
    everything = sorted([*given, *[question.parameter("today")] * phantoms])
    return {
        "rule": "lower_median",
        "values": [[value, given.count(value)] for value in sorted(set(given))],
        "abstained": abstained,
        "phantoms": phantoms,
        "value": everything[(len(everything) - 1) // 2] if everything else None,
    }  # fmt: skip


@functools.cache
def officials() -> Officials:
    """The same officials in every test of a process: RSA keys take a while."""
    return Officials.appoint(SeededChance("officials"))


@functools.cache
def voters(count: int) -> tuple[Voter, ...]:
    """Members with passkeys."""
    chance = SeededChance("voters")
    return tuple(Voter.enrol(f"member-{number}", chance) for number in range(count))


def opened(
    question: Question = FARE, *, tier: Tier = Tier.SEALED, members: int = 6
) -> RehearsedVote:
    """A vote that has just opened."""
    roll = roll_of(voters(members), tier)
    hours = Hours(opens_at_ms=OPENS, closes_at_ms=CLOSES)
    manifest = notice(officials(), question, tier=tier, roll=roll, hours=hours)
    return RehearsedVote(officials(), manifest, roll, chance=SeededChance("vote"))


def three_votes(vote: RehearsedVote) -> list[BallotKey]:
    """Three of the members vote; the first of them changes their mind."""
    keys = [vote.take(voter, at_ms=DURING) for voter in voters(6)[:3]]
    for key, value in zip(keys, (150, 120, 150), strict=True):
        vote.vote(key, Value(value), sequence=1, at_ms=DURING)
    vote.vote(keys[0], Value(160), sequence=2, at_ms=DURING)
    return keys


def parts_of(vote: RehearsedVote, counting_rule: CountingRule = count_plainly) -> dict[str, bytes]:
    """The parts of a closed vote's bundle by name."""
    file = io.BytesIO()
    bundle.write(vote.bundle(counting_rule), file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@functools.cache
def _honest() -> dict[str, bytes]:
    vote = opened()
    three_votes(vote)
    vote.sign_head(vote.board, at_seconds=DURING // 1000 + 60)
    vote.close()
    return parts_of(vote)


def honest_parts() -> dict[str, bytes]:
    """The parts of a bundle in which nothing is wrong."""
    return dict(_honest())


def write_parts(parts: dict[str, bytes], path: Path) -> Path:
    """A bundle of these parts."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def changed_json(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A canonical document after `change`, canonical again."""
    fields = json.loads(data)
    change(fields)
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a log."""
    return data.splitlines(keepends=True)


def with_line(
    parts: dict[str, bytes], name: str, number: int, change: Callable[[dict[str, Any]], object]
) -> dict[str, bytes]:
    """The parts, with one line of a log changed."""
    lines = lines_of(parts[name])
    lines[number] = changed_json(lines[number], change) + b"\n"
    return parts | {name: b"".join(lines)}
