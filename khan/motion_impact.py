"""`khan impact MOTION`: the statement that the service keeps, printed, drawn and worked out again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from foundation.errors import Invalid
from foundation.identifiers import UUID
from governance.impact.document import Proposed, Subject
from governance.impact.pictures import PANELS, picture
from governance.impact.service import get_impact, proposals_of
from governance.motion import MotionId
from khan.console import ArgumentUnusable
from khan.impact_job import Assumed, Job, work_out
from khan.impact_table import print_statement
from khan.our_tables import our_tables
from roads.pack import CityPack
from rulebook.rule import Rule, RuleKind
from rulebook.service import list_rules
from storage.engine import Database

Document = Mapping[str, Any]


class ImpactNotReproduced(Invalid):
    """A statement cannot be worked out again here."""

    code = "impact_not_reproduced"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The statement cannot be worked out again: {reason}.", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImpact:
    """A statement as it is kept, with the bodies and the rules it was worked out from.

    Attributes
    ----------
    proposals
        What the motion may write; none where it holds no figures.
    rules
        Every rule there is or was, of the kinds that matter.
    """

    document: Document
    proposals: tuple[Proposed, ...]
    rules: tuple[Rule, ...]


def motion_id_of(said: str) -> MotionId | None:
    """The motion that an argument names, or None if it is no identifier but a file."""
    try:
        return MotionId(UUID(said))
    except ValueError:
        return None


def stored_impact(motion_id: MotionId, address: str) -> StoredImpact:
    """The statement of a motion's text as it stands, from the database at `address`.

    Raises
    ------
    MotionNotFound, ImpactPending, ImpactUnreadable, DatabaseUnavailable, TablesMissing
    """
    return asyncio.run(_read(motion_id, address))


async def _read(motion_id: MotionId, address: str) -> StoredImpact:
    database = Database(address)
    try:
        with our_tables():
            async with database.work() as work:
                found = await get_impact(work, motion_id)
                has_figures = bool(found.document["proposals"])
                proposals = await proposals_of(work, motion_id) if has_figures else ()
                rules = await list_rules(work, None)
        return StoredImpact(document=found.document, proposals=proposals, rules=rules)
    finally:
        await database.dispose()


def print_impact(document: Document, console: Console) -> None:
    """Print every proposal's statement, or why there is none, and the document's digest."""
    if document["why_none"] is not None:
        console.print(document["why_none"], markup=False)
    for one in document["proposals"]:
        if len(document["proposals"]) > 1:
            console.print(f"\n{one['label']}", style="bold", markup=False)
        print_statement(one["statement"], None, console)
    console.print(
        f"Of version {document['version']} of motion {document['motion_id']}: "
        f"digest {document['digest']}",
        markup=False,
    )


def write_pictures(document: Document, folder: Path) -> list[Path]:
    """Write every picture into a folder, which is made if need be; their paths.

    Raises
    ------
    ArgumentUnusable
        If it cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PANELS if document["proposals"] else ():
            path = folder / f"{name}.svg"
            path.write_text(picture(document, name), encoding="utf-8")
            written.append(path)
    except OSError as fault:
        raise ArgumentUnusable("--pictures", f"{folder}: {fault.strerror}") from None
    return written


def worked_out_again(stored: StoredImpact, pack: CityPack) -> Document:
    """The document as it comes out now, of the same text, rules and assumptions.

    Raises
    ------
    ImpactNotReproduced
        If the rules it names are not in this database, or it holds no figures.
    """
    document = stored.document
    if not document["proposals"]:
        raise ImpactNotReproduced("it holds no figures")
    named = document["proposals"][0]["statement"]["rules"]["today"]
    bodies = {rule.digest: rule.body for rule in stored.rules}
    missing = [kind for kind, digest in named.items() if digest and digest not in bodies]
    if missing:
        raise ImpactNotReproduced(f"the {missing[0]} of that day is not in this database")
    job = Job(
        city=str(pack.folder),
        subject=Subject(
            motion_id=document["motion_id"],
            version=document["version"],
            kind=document["kind"],
            rests_on=document["rests_on"],
        ),
        today={RuleKind(kind): bodies[digest] for kind, digest in named.items() if digest},
        proposals=stored.proposals,
        assumed=Assumed.of(document["assumptions"]),
    )
    return work_out(job)


def demand_differs(document: Document, again: Document) -> bool:
    """Whether another city's demand, or other streets, are the reason for another digest."""
    first, second = (
        [one["statement"]["demand"]["sha256"] for one in each["proposals"]]
        for each in (document, again)
    )
    return first != second
