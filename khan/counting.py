"""What `khan count` does: read the ballots, count them, show and write the record."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from governance.counting.blt import read_blt
from governance.counting.document import Plain, document_of
from governance.counting.errors import BallotFileInvalid
from governance.counting.lots import SEED_BYTES, Lot, Lots, SeededLots
from governance.counting.ranked import RankedVote
from governance.counting.stv import count_scottish_stv
from khan.count_command import Rule
from khan.count_stv_table import show_stv
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
    BallotFileInvalid
        If the file is not what its rule reads.
    CountImpossible
        If the terms make no sense, such as a withdrawn candidate who never stood.
    SeedInvalid
        If the seed is not 32 bytes.
    """
    lots = NotedLots(SeededLots.from_hex("00" * SEED_BYTES if asked.seed is None else asked.seed))
    record = _stv(asked, lots, console)
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


def _stv(asked: Asked, lots: Lots, console: Console) -> dict[str, Plain]:
    count = count_scottish_stv(_ranked(asked), lots)
    show_stv(count, console)
    record = document_of(count)
    assert isinstance(record, dict)
    return {**record, "stage_totals": document_of(count.stage_totals)}
