"""What `khan count` does: read the ballots, count them, show and write the record."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from governance.counting.blt import read_blt
from governance.counting.budget import BudgetVote
from governance.counting.document import Plain, document_of
from governance.counting.equal_shares import count_equal_shares
from governance.counting.errors import BallotFileInvalid
from governance.counting.line_files import read_number_vote, read_share_vote
from governance.counting.lots import SEED_BYTES, Lot, Lots, SeededLots
from governance.counting.median import count_lower_median
from governance.counting.most_votes import count_most_votes_first
from governance.counting.pabulib import read_pb
from governance.counting.ranked import RankedVote
from governance.counting.schulze import MAJORITY, count_schulze
from governance.counting.share import RequiredShare, count_for_against
from governance.counting.stv import count_scottish_stv
from khan.console import ArgumentUnusable
from khan.count_command import Rule
from khan.count_stv_table import show_stv
from khan.count_tables import show_budget, show_median, show_schulze, show_share
from khan.json_files import write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of `khan count`; None and () leave it to the file."""

    file: Path
    rule: Rule
    seed: str | None
    seats: int | None
    withdrawn: tuple[int, ...]
    ranks_max: int | None
    status_quo: int | None
    required: str | None


class NotedLots:
    """Seeded lots that note for what they were drawn."""

    def __init__(self, seeded: SeededLots) -> None:
        self.seeded = seeded
        self.occasions: list[str] = []

    def draw(self, occasion: str, tied: Iterable[str]) -> Lot:
        """Draw, and note the occasion."""
        self.occasions.append(occasion)
        return self.seeded.draw(occasion, tied)


def run(asked: Asked, *, report: Path | None, console: Console) -> None:
    """Count the file, print the stages, and write the record if `report` names a file.

    Raises
    ------
    ArgumentUnusable
        If an option is given that the rule does not know.
    BallotFileInvalid
        If the file is not what its rule reads.
    CountImpossible
        If the terms make no sense, such as a withdrawn candidate who never stood.
    SeedInvalid
        If the seed is not 32 bytes.
    """
    lots = NotedLots(SeededLots.from_hex("00" * SEED_BYTES if asked.seed is None else asked.seed))
    _refuse_what_the_rule_has_not(asked)
    record = RULES[asked.rule](asked, lots, console)
    if lots.occasions and asked.seed is None:
        console.print(
            "\nA lot was drawn from a seed of 32 zero bytes, which is right for a trial only: "
            "give the public seed with --seed."
        )
    record["lot_seed"] = {
        "hex": lots.seeded.seed.hex(),
        "is_public": asked.seed is not None,
        "occasions": list(lots.occasions),
    }
    if report is not None:
        write_json(record, report)
        console.print(f"\nThe record is in {report}", markup=False)


def text_of(file: Path) -> str:
    """The file as text.

    Raises
    ------
    BallotFileInvalid
        If it is not UTF-8, with the first line that is not.
    """
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = raw[: broken.start].count(b"\n") + 1
        reason = "is not UTF-8 text; save the file as UTF-8"
        raise BallotFileInvalid(str(file), line, reason) from None


def _ranked(asked: Asked) -> RankedVote:
    vote = read_blt(text_of(asked.file), str(asked.file))
    return replace(
        vote,
        seats=vote.seats if asked.seats is None else asked.seats,
        withdrawn=tuple(sorted({*vote.withdrawn, *asked.withdrawn})),
        ranks_max=asked.ranks_max,
    )


def _refuse_what_the_rule_has_not(asked: Asked) -> None:
    ranks = {Rule.SCOTTISH_STV, Rule.SCHULZE}
    known = {
        "--seats": (asked.seats is not None, {Rule.SCOTTISH_STV}),
        "--withdrawn": (bool(asked.withdrawn), ranks),
        "--ranks-max": (asked.ranks_max is not None, ranks),
        "--status-quo": (asked.status_quo is not None, {Rule.SCHULZE}),
        "--required": (asked.required is not None, {Rule.SCHULZE}),
    }
    for option, (is_given, rules) in known.items():
        if is_given and asked.rule not in rules:
            raise ArgumentUnusable(option, f"{asked.rule} does not know it")
    if asked.required is not None and asked.status_quo is None:
        raise ArgumentUnusable("--required", "it is the share against --status-quo; name that, too")


def _stv(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    count = count_scottish_stv(_ranked(asked), lots)
    show_stv(count, console)
    return _record(count) | {"stage_totals": document_of(count.stage_totals)}


def _equal_shares(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    count = count_equal_shares(_budget(asked), lots)
    show_budget(count, console)
    return _record(count)


def _most_votes(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    count = count_most_votes_first(_budget(asked), lots)
    show_budget(count, console)
    return _record(count)


def _schulze(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    required = MAJORITY if asked.required is None else RequiredShare.parse(asked.required)
    count = count_schulze(_ranked(asked), lots, status_quo=asked.status_quo, required=required)
    show_schulze(count, console)
    return _record(count)


def _median(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    count = count_lower_median(read_number_vote(text_of(asked.file), str(asked.file)))
    show_median(count, console)
    return _record(count)


def _share(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    count = count_for_against(read_share_vote(text_of(asked.file), str(asked.file)))
    show_share(count, console)
    return _record(count) | {"passed": count.passed}


RULES: dict[Rule, Callable[[Asked, Lots, Console], dict[str, Plain]]] = {
    Rule.SCOTTISH_STV: _stv,
    Rule.EQUAL_SHARES: _equal_shares,
    Rule.MOST_VOTES_FIRST: _most_votes,
    Rule.SCHULZE: _schulze,
    Rule.LOWER_MEDIAN: _median,
    Rule.FOR_AGAINST: _share,
}


def _budget(asked: Asked) -> BudgetVote:
    return read_pb(text_of(asked.file), str(asked.file))


def _record(count: object) -> dict[str, Plain]:
    record = document_of(count)
    assert isinstance(record, dict)
    return record
