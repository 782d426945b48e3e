"""Reads votes on a budget from Pabulib's `.pb` files (Stolicki, Szufa, Talmon 2020, arXiv 2012.06539).

Three parts, each with a line of headings: META (key and value), PROJECTS and VOTES, the columns
parted by semicolons. META's `vote_type` says what ballots are: `approval` (ticks), `cumulative` and
`scoring` (points), `ordinal` (ranks).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from governance.counting.budget import Amount, BudgetPaper, BudgetVote, Limits, Marks, Project
from governance.counting.errors import BallotFileInvalid

PARTS = ("META", "PROJECTS", "VOTES")
KINDS = {
    "approval": Marks.TICKS,
    "cumulative": Marks.POINTS,
    "scoring": Marks.POINTS,
    "ordinal": Marks.RANKS,
}
_AMOUNT = re.compile(r"\d{1,18}(?:\.\d{1,6})?", flags=re.ASCII)
_POINTS = re.compile(r"-?\d{1,9}", flags=re.ASCII)


@dataclass(slots=True)
class _Row:
    """One line of a part, by its headings."""

    file: str
    line: int
    cells: dict[str, str]

    def wrong(self, reason: str) -> BallotFileInvalid:
        return BallotFileInvalid(self.file, self.line, reason)

    def amount(self, cell: str, what: str) -> Amount:
        text = self.cells[cell].strip()
        if not _AMOUNT.fullmatch(text):
            raise self.wrong(f"{what} is {text[:40]!r} and should be an amount of money, like 1500 or 99.50")  # fmt: skip
        exact = Fraction(text)
        return exact.numerator if exact.denominator == 1 else exact

    def listed(self, cell: str) -> tuple[str, ...]:
        return tuple(one for each in self.cells[cell].split(",") if (one := each.strip()))


@dataclass(slots=True)
class _Parts:
    """The rows of each part."""

    file: str
    rows: dict[str, list[_Row]] = field(default_factory=dict)
    heads: dict[str, list[str]] = field(default_factory=dict)

    def needed(self, part: str, *headings: str) -> list[_Row]:
        """The rows of a part that must be there with these columns."""
        if part not in self.heads:
            raise BallotFileInvalid(self.file, None, f"the part {part} is missing")
        for heading in headings:
            if heading not in self.heads[part]:
                raise BallotFileInvalid(
                    self.file, None, f"the part {part} has no column {heading!r}"
                )
        return self.rows[part]


def read_pb(text: str, file: str) -> BudgetVote:
    """A vote on a budget from the text of a `.pb` file.

    Parameters
    ----------
    text
        The file's text; a byte order mark is skipped.
    file
        Its name, for complaints.

    Raises
    ------
    BallotFileInvalid
        If it is not such a file, with the line and what should stand there.
    """
    parts = _parts(text, file)
    meta = {row.cells["key"].strip(): row for row in parts.needed("META", "key", "value")}
    kind = _told(meta, "vote_type", file)
    marks = KINDS.get(kind.cells["value"].strip())
    if marks is None:
        raise kind.wrong(f"vote_type is none of {', '.join(KINDS)}")
    limits = Limits(
        projects_min=_limit(meta, "min_length"), projects_max=_limit(meta, "max_length"),
        points_min=_limit(meta, "min_sum_points"), points_max=_limit(meta, "max_sum_points"),
    )  # fmt: skip
    if marks is Marks.RANKS and limits.projects_max is None:
        raise kind.wrong("ballots rank, and no max_length says how many ranks there are")
    title = meta.get("description")
    return BudgetVote(
        title=title.cells["value"].strip() if title else "",
        budget=_told(meta, "budget", file).amount("value", "budget"),
        marks=marks, limits=limits, projects=_projects(parts), papers=_papers(parts, marks),
    )  # fmt: skip


def _parts(text: str, file: str) -> _Parts:
    parts = _Parts(file)
    part: str | None = None
    for number, line in _lines(text):
        if line.strip() in PARTS:
            part = line.strip()
            if part in parts.rows:
                raise BallotFileInvalid(file, number, f"the part {part} is there twice")
            parts.rows[part] = []
            continue
        if part is None:
            raise BallotFileInvalid(file, number, "the file does not begin with META")
        cells = next(csv.reader([line], delimiter=";"))
        if part not in parts.heads:
            parts.heads[part] = [cell.strip() for cell in cells]
            continue
        head = parts.heads[part]
        if len(cells) != len(head):
            reason = f"{len(cells)} columns stand under the {len(head)} headings of {part}"
            raise BallotFileInvalid(file, number, reason)
        parts.rows[part].append(_Row(file, number, dict(zip(head, cells, strict=True))))
    return parts


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _told(meta: dict[str, _Row], key: str, file: str) -> _Row:
    if key not in meta:
        raise BallotFileInvalid(file, None, f"META does not tell the {key}")
    return meta[key]


def _limit(meta: dict[str, _Row], key: str) -> int | None:
    row = meta.get(key)
    if row is None:
        return None
    amount = row.amount("value", key)
    if not isinstance(amount, int):
        raise row.wrong(f"{key} is {amount} and should be a whole number")
    return amount


def _projects(parts: _Parts) -> tuple[Project, ...]:
    found: dict[str, Project] = {}
    for row in parts.needed("PROJECTS", "project_id", "cost"):
        identifier = row.cells["project_id"].strip()
        if not identifier or "," in identifier:
            raise row.wrong("project_id is empty or has a comma in it")
        if identifier in found:
            raise row.wrong(f"project {identifier} is there already")
        cost = row.amount("cost", "cost")
        if not cost:
            raise row.wrong(f"project {identifier} costs nothing")
        name = row.cells.get("name", "").strip()
        found[identifier] = Project(id=identifier, name=name, cost=cost)
    return tuple(found.values())


def _papers(parts: _Parts, marks: Marks) -> tuple[BudgetPaper, ...]:
    has_points = marks is Marks.POINTS
    rows = parts.needed("VOTES", "vote", *(["points"] if has_points else []))
    return tuple(
        BudgetPaper(projects=row.listed("vote"), points=_points(row) if has_points else ())
        for row in rows
    )


def _points(row: _Row) -> tuple[int, ...]:
    given = row.listed("points")
    for one in given:
        if not _POINTS.fullmatch(one):
            raise row.wrong(f"points are {one[:40]!r} and should be whole numbers")
    return tuple(int(one) for one in given)
