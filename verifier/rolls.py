"""The roll and the desks' logs: who may vote, who was issued a ballot, who took paper."""

from dataclasses import dataclass, field

from verifier import tree
from verifier.archive import Archive
from verifier.encoding import Reader, document
from verifier.fault import Fault
from verifier.logs import LogCheck
from verifier.terms import Terms
from verifier.work import BATCH, Hands, Issue, check_issues


def read_roll(archive: Archive, terms: Terms) -> dict[bytes, bytes]:
    """The passkey of each entry, by its commitment.

    Raises
    ------
    Fault
        `swapped_roll`, if it is not the roll of the manifest.
    """
    grown, credentials = tree.Tree(), {}
    for line in archive.lines("roll.jsonl"):
        entry = Reader(document(line, "a line of roll.jsonl"), "a line of roll.jsonl")
        entry.only("commitment", "credential", *(["name"] if terms.tier == "open" else []))
        commitment = entry.data("commitment", 32)
        if terms.tier == "open":
            entry.text("name")
        if commitment in credentials or grown.size == terms.roll_size:
            raise Fault("swapped_roll", "An entry stands twice on the roll, or there are too many.")
        credentials[commitment] = entry.data("credential")
        grown.add(tree.leaf(line))
    if grown.size != terms.roll_size or grown.root() != terms.roll_root:
        raise Fault(
            "swapped_roll",
            f"The roll has {grown.size} entries with another root than the manifest names "
            f"for {terms.roll_size}.",
        )
    if list(credentials) != sorted(credentials):
        raise Fault("document_malformed", "The roll's order may tell who is who.")
    return credentials


@dataclass(slots=True)
class DeskFigures:
    """What one desk did."""

    issued: int = 0
    asked: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    paper: set[bytes] = field(default_factory=set)

    def take(self, one: Issue, name: str) -> None:
        """One line of its log more.

        Raises
        ------
        Fault
            `double_vote`.
        """
        if one.kind == "issued":
            if one.commitment in self.asked or one.commitment in self.paper:
                raise Fault(
                    "double_vote",
                    f"{name} issued a second ballot to one entry of the roll (entry {one.index}).",
                )
            self.asked[one.commitment] = one.requests
            self.issued += 1
        elif one.kind == "paper":
            if one.commitment in self.paper:
                raise Fault("double_vote", f"{name} gave out two papers to one entry of the roll.")
            self.paper.add(one.commitment)


def check_desk(archive: Archive, hands: Hands, number: int) -> DeskFigures:
    """Check one desk's log from its first line to its last.

    Raises
    ------
    Fault
        The first thing that is wrong with it.
    """
    work = hands.work
    keeper, name = work.terms.desks[number], f"desk-{number}"
    log, figures = LogCheck(archive, name, keeper, work.terms), DeskFigures()
    for one in hands.results(check_issues, archive.batches(f"{name}.jsonl", BATCH)):
        if one.kind == "paper" and one.commitment not in work.credentials:
            raise Fault("not_on_the_roll", f"{keeper.name} gave a paper to nobody on the roll.")
        log.take(one.leaf, one.index, one.kind, one.manifest)
        figures.take(one, keeper.name)
        log.require_within()
    log.finish()
    return figures


def require_agreement(desks: list[DeskFigures], terms: Terms) -> None:
    """Check that every desk has the same members voting on paper.

    Raises
    ------
    Fault
        `desks_differ`.
    """
    for desk, key in zip(desks[1:], terms.desks[1:], strict=True):
        if desk.paper != desks[0].paper:
            raise Fault(
                "desks_differ",
                f"{key.name} and {terms.desks[0].name} do not agree on who votes on paper.",
            )
