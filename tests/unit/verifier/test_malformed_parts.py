"""What the published format does not allow, in votes that are otherwise run by the book.

Every document that is signed or hashed is so over what was planted: whoever does not look at the
form finds nothing wrong.
"""

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from foundation.chance import SeededChance
from governance.ballots import trustees
from governance.ballots.choice import Approvals, Question, RuleName
from governance.ballots.log import Log, MemoryStore
from governance.ballots.manifest import Manifest
from governance.ballots.plain import canonical, pack
from governance.ballots.roll import RollEntry
from governance.tier import Tier
from simulation.rehearsed_vote import RehearsedVote, notice, roll_of
from tests.ballot_scene import (
    BOARD_SEATS,
    CLOSES,
    DURING,
    FARE,
    OPENS,
    RESOLUTION,
    changed_json,
    honest_parts,
    officials,
    opened,
    parts_of,
    three_votes,
    voters,
    with_line,
    write_parts,
)
from tests.second_verifier import code_of, verify
from verifier import equal_shares
from verifier.check import verify as verify_first
from verifier.fault import Fault

Change = Callable[[dict[str, Any]], object]
MALFORMED = "document_malformed"


def _nothing(document: dict[str, Any]) -> None:
    """Leave a document as it is."""


@dataclass(frozen=True, kw_only=True)
class TwistedManifest(Manifest):
    """Terms that nobody checked, and a document that says something else yet."""

    change: Change = _nothing

    def __post_init__(self) -> None:
        """Insist on nothing."""

    def document(self) -> bytes:
        """What is published, hashed and signed."""
        return changed_json(Manifest.document(self), self.change)


def _twisted(
    change: Change = _nothing, *, question: Question = FARE, tier: Tier = Tier.SEALED,
    roll: tuple[RollEntry, ...] | None = None, **terms: object,
) -> RehearsedVote:  # fmt: skip
    """A vote under terms that are not as they should be, signed by everybody."""
    right = opened(question, tier=tier)
    given = {
        one.name: getattr(right.manifest, one.name) for one in fields(Manifest) if one.init
    } | terms
    manifest = TwistedManifest(**given, change=change)
    return RehearsedVote(officials(), manifest, roll or right.roll, chance=SeededChance("twisted"))


def _counted_by_nobody(question: object, votes: object, *, lot_seed: bytes) -> dict[str, str]:
    return {"rule": "nobody's"}


def _closed(vote: RehearsedVote) -> dict[str, bytes]:
    vote.close()
    if vote.manifest.question.rule in (RuleName.LOWER_MEDIAN, RuleName.FOR_AGAINST):
        return parts_of(vote)
    return parts_of(vote, _counted_by_nobody)


# ---------------------------------------------------------------------------------- the manifest

_PEOPLE = opened().manifest.trustees
_WITNESSES = opened().manifest.witnesses
assert _PEOPLE is not None
TERMS: dict[str, dict[str, object]] = {
    "choices too short": {"content_bytes": 63},
    "choices too long": {"content_bytes": 4097},
    "two trustees of one name": {"trustees": replace(
        _PEOPLE, people=(replace(_PEOPLE.people[0], name=_PEOPLE.people[4].name), *_PEOPLE.people[1:])
    )},
    "two witnesses of one name": {
        "witnesses": (_WITNESSES[0], replace(_WITNESSES[1], name=_WITNESSES[0].name)),
    },
    "more witnesses needed than there are": {"witnesses_needed": 3},
    "it closes as it opens": {"opens_at_ms": CLOSES},
}  # fmt: skip


@pytest.mark.parametrize("name", TERMS)
def test_terms_that_make_no_sense_are_named_though_all_have_signed(
    name: str, tmp_path: Path
) -> None:
    vote = _twisted(**TERMS[name])
    if name != "it closes as it opens":
        three_votes(vote)
    assert code_of(_closed(vote), tmp_path) == MALFORMED


CHANGES: dict[str, tuple[Question, Change]] = {
    "roll": (FARE, lambda m: m["roll"].update(extra=1)),
    "date": (FARE, lambda m: m["roll"].update(date="today")),
    "desk": (FARE, lambda m: m["desks"][0].update(extra=1)),
    "log": (FARE, lambda m: m["desks"][1]["log"].update(extra=1)),
    "issuer": (FARE, lambda m: m["desks"][0].update(issuer=pack(b"no key"))),
    "one issuer twice": (FARE, lambda m: m["desks"][1].update(issuer=m["desks"][0]["issuer"])),
    "rule": (FARE, lambda m: m["rule"].update(extra=1)),
    "parameters": (FARE, lambda m: m["rule"]["parameters"].update(extra=1)),
    "phantoms": (FARE, lambda m: m["rule"]["parameters"].update(phantom_share="1/0")),
    "phantoms without end": (
        FARE, lambda m: m["rule"]["parameters"].update(phantom_share="1" * 5000)
    ),
    "options of a value": (FARE, lambda m: m["options"].append({"name": "a", "number": 1})),
    "options of a motion": (
        RESOLUTION, lambda m: m["options"].append({"name": "a", "number": 1})
    ),
    "an election of nobody": (BOARD_SEATS, lambda m: m["options"].clear()),
    "option": (BOARD_SEATS, lambda m: m["options"][0].update(extra=1)),
    "party": (FARE, lambda m: m["relying_party"].update(extra=1)),
    "origin": (FARE, lambda m: m["relying_party"].update(origins=[5])),
    "trustees": (FARE, lambda m: m["trustees"].update(extra=1)),
    "too many needed": (FARE, lambda m: m["trustees"].update(needed=6)),
    "a name of two words": (FARE, lambda m: m["trustees"]["people"][0].update(name="a b")),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("is_signed", [True, False])
def test_a_manifest_of_another_form_is_named_signed_or_not(
    name: str, is_signed: bool, tmp_path: Path
) -> None:
    question, change = CHANGES[name]
    parts = _closed(_twisted(change if is_signed else _nothing, question=question))
    if not is_signed:
        parts["manifest.json"] = changed_json(parts["manifest.json"], change)
    assert code_of(parts, tmp_path) == MALFORMED


def test_a_vote_that_is_twisted_in_nothing_is_right(tmp_path: Path) -> None:
    """What the tests above plant in is accepted without it."""
    vote = _twisted()
    three_votes(vote)
    assert code_of(_closed(vote), tmp_path) is None


FUND = Question(
    text="What shall the fund pay for?",
    rule=RuleName.EQUAL_SHARES,
    parameters={"budget": 90, "costs": [60, 30, 20, 95], "unit": 1},
    options=BOARD_SEATS.options,
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"costs": [1, 2, 3]}, {"costs": [1, 2, 3, 0]}, {"costs": [1, 2, 3, "4"]},
        {"costs": {"1": 4}}, {"budget": 0}, {"unit": 0}, {"unit": "1"}, {"extra": 1},
    ],
)  # fmt: skip
def test_a_budget_without_a_cost_for_each_project_is_named(
    wrong: dict[str, object], tmp_path: Path
) -> None:
    vote = _twisted(lambda m: m["rule"]["parameters"].update(wrong), question=FUND)
    assert code_of(_closed(vote), tmp_path) == MALFORMED


def test_schulzes_rule_is_told_of_options_and_of_one_as_they_are(tmp_path: Path) -> None:
    question = replace(
        BOARD_SEATS, rule=RuleName.SCHULZE, parameters={"status_quo": 4, "required": ">1/2"}
    )
    for change in (
        lambda m: m["options"].clear(),
        lambda m: m["rule"]["parameters"].update(status_quo=5),
        lambda m: m["rule"]["parameters"].pop("status_quo"),
        lambda m: m["rule"]["parameters"].update(required=">1/" + "9" * 19),
    ):
        assert code_of(_closed(_twisted(change, question=question)), tmp_path) == MALFORMED


def test_a_fund_is_divided_alike_by_both(tmp_path: Path) -> None:
    """By hand: four share 90; three pay 20 each for 60, and who is left alone pays 20 of 22.5."""
    vote = opened(FUND)
    for voter, approved in zip(voters(6), ((1,), (1,), (1, 2), (2, 3), (), (2, 1)), strict=True):
        key = vote.take(voter, at_ms=DURING)
        vote.vote(key, Approvals(approved), sequence=1, at_ms=DURING)
    vote.close()
    ballots = [([1], 2), ([1, 2], 1), ([2, 3], 1)]

    def count(question: Question, votes: object, *, lot_seed: bytes) -> dict[str, Any]:
        return equal_shares.count(ballots, dict(question.parameters), lot_seed)

    found = verify(write_parts(parts_of(vote, count), tmp_path / "bundle.zip")).certificate
    assert [one["reason"] for one in found["broken"]] == ["malformed"]
    assert (found["blank"], found["result"]["selected_numbers"]) == (1, [1, 3])


# ------------------------------------------------------------------------------- roll, logs, heads


@dataclass(frozen=True, kw_only=True)
class TwistedEntry(RollEntry):
    """An entry of the roll with something besides."""

    besides: str = ""

    def line(self) -> bytes:
        """The entry as it is published and hashed."""
        return changed_json(RollEntry.line(self), lambda e: e.update({self.besides: 1}))


@pytest.mark.parametrize(
    ("tier", "besides"), [(Tier.SEALED, "extra"), (Tier.SEALED, "name"), (Tier.OPEN, "name")]
)
def test_a_line_of_the_roll_with_something_besides_is_named(
    tier: Tier, besides: str, tmp_path: Path
) -> None:
    plain = roll_of(voters(6), tier)
    told = {one.name: getattr(plain[2], one.name) for one in fields(RollEntry)}
    roll = (*plain[:2], TwistedEntry(**told, besides=besides), *plain[3:])
    question = FARE if tier is Tier.SEALED else RESOLUTION
    right = opened(question, tier=tier)
    manifest = notice(officials(), question, tier=tier, roll=roll, hours=right.hours)
    vote = RehearsedVote(officials(), manifest, roll, chance=SeededChance("twisted"))
    assert code_of(_closed(vote), tmp_path) == MALFORMED


def _rewritten(log: Log, number: int, change: Change) -> Log:
    """A log as if one entry had been another from the start."""
    rewritten = Log(log.key, MemoryStore())
    for at, line in enumerate(log.lines()):
        entry = json.loads(line)
        del entry["index"]
        if at == number:
            change(entry)
        rewritten.append(entry)
    return rewritten


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, lambda e: e.update(extra=1)),
        (1, lambda e: e.update(extra=1)),
        (1, lambda e: e["assertion"].update(extra="")),
        (1, lambda e: e["assertion"].pop("signature")),
        (1, lambda e: e["assertion"].update(signature=5)),
    ],
)
def test_an_entry_of_a_desk_with_something_besides_is_named(
    number: int, change: Change, tmp_path: Path
) -> None:
    vote = opened()
    three_votes(vote)
    vote.desk_logs[0] = _rewritten(vote.desk_logs[0], number, change)
    assert code_of(_closed(vote), tmp_path) == MALFORMED


@pytest.mark.parametrize("change", [lambda e: e.update(extra=1), lambda e: e.update(kind="begin")])
def test_a_board_that_begins_with_something_else_is_named(change: Change, tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.board = _rewritten(vote.board, 0, change)
    assert code_of(_closed(vote), tmp_path) == MALFORMED


@pytest.mark.parametrize(
    "change", [lambda e: e.update(reason=5), lambda e: e.update(extra=1), lambda e: e.pop("reason")]
)
def test_an_extension_without_a_reason_in_words_is_named(change: Change, tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.extend(CLOSES + 3_600_000, at_ms=CLOSES - 1)
    assert code_of(parts_of(_closed_again(vote, _nothing)), tmp_path) is None
    assert code_of(parts_of(_closed_again(vote, change)), tmp_path) == MALFORMED


def _closed_again(vote: RehearsedVote, change: Change) -> RehearsedVote:
    """The vote, closed with another last entry than it has."""
    again = RehearsedVote(officials(), vote.manifest, vote.roll, chance=SeededChance("again"))
    again.hours, again.marks, again.desk_logs = vote.hours, vote.marks, vote.desk_logs
    again.board = _rewritten(vote.board, vote.board.head.size - 1, change)
    again.close()
    return again


@pytest.mark.parametrize("name", ["desk-0-heads.jsonl", "desk-1-heads.jsonl", "board-heads.jsonl"])
def test_a_head_with_something_besides_is_named(name: str, tmp_path: Path) -> None:
    changed = with_line(honest_parts(), name, 0, lambda head: head.update(extra=1))
    assert code_of(changed, tmp_path) == MALFORMED


# ------------------------------------------------------------------------------ what is opened


def _open_parts() -> dict[str, bytes]:
    return _closed(opened(RESOLUTION, tier=Tier.OPEN))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "wrong_key"), (pack(bytes(31)), MALFORMED), ("?", MALFORMED), (5, MALFORMED),
        ("", MALFORMED), (pack(b"\1" * 32), "wrong_key"),
    ],
)  # fmt: skip
def test_a_key_that_is_none_is_named(value: object, code: str, tmp_path: Path) -> None:
    parts = honest_parts()
    opening = changed_json(parts["opening.json"], lambda o: o.update(election_key=value))
    assert code_of(parts | {"opening.json": opening}, tmp_path) == code


@pytest.mark.parametrize(
    ("value", "code"), [(pack(bytes(32)), "wrong_key"), ("?", MALFORMED), (5, MALFORMED)]
)
def test_a_key_to_an_open_vote_is_named(value: object, code: str, tmp_path: Path) -> None:
    parts = _open_parts()
    assert code_of(parts, tmp_path) is None
    opening = changed_json(parts["opening.json"], lambda o: o.update(election_key=value))
    assert code_of(parts | {"opening.json": opening}, tmp_path) == code


@pytest.mark.parametrize(
    "release",
    [
        {}, {"at_ms": 1, "signature": pack(bytes(64)), "trustee": 5},
        {"at_ms": -1, "signature": pack(bytes(64)), "trustee": "a"},
        {"at_ms": 1, "signature": pack(bytes(63)), "trustee": "a"},
        {"at_ms": 1, "signature": pack(bytes(64)), "trustee": "a", "extra": 1},
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [honest_parts, _open_parts])
def test_a_statement_of_another_form_is_named_even_in_an_open_vote(
    make: Callable[[], dict[str, bytes]], release: dict[str, object], tmp_path: Path
) -> None:
    parts = make()
    opening = changed_json(parts["opening.json"], lambda o: o["releases"].append(release))
    assert code_of(parts | {"opening.json": opening}, tmp_path) == MALFORMED


@pytest.mark.parametrize("at_ms", [OPENS, CLOSES - 1, CLOSES + 5])
def test_a_forged_statement_accuses_nobody_of_haste(at_ms: int, tmp_path: Path) -> None:
    parts = honest_parts()
    assert _PEOPLE is not None
    forged = {"at_ms": at_ms, "signature": pack(bytes(64)), "trustee": _PEOPLE.people[0].name}
    opening = changed_json(parts["opening.json"], lambda o: o["releases"].append(forged))
    assert code_of(parts | {"opening.json": opening}, tmp_path) == "too_few_trustees"


def test_a_true_statement_of_too_early_accuses_its_trustee(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    parts = _closed(vote)
    assert _PEOPLE is not None
    message = trustees.release_message(vote.manifest.digest(), vote.board.head, CLOSES - 1)
    signature = pack(officials().trustees[0].sign(message))
    early = {"at_ms": CLOSES - 1, "signature": signature, "trustee": _PEOPLE.people[0].name}
    opening = changed_json(parts["opening.json"], lambda o: o["releases"].append(early))
    assert code_of(parts | {"opening.json": opening}, tmp_path) == "early_key"


@pytest.mark.parametrize("certificate", [{}, {"result": None}, {"result": 5}])
def test_a_certificate_without_a_result_is_another_one(
    certificate: dict[str, object], tmp_path: Path
) -> None:
    parts = honest_parts() | {"certificate.json": canonical(certificate)}
    assert code_of(parts, tmp_path) == "broken_recount"


def test_a_certificate_that_lacks_the_result_alone_is_another_one(tmp_path: Path) -> None:
    parts = honest_parts()
    certificate = changed_json(parts["certificate.json"], lambda c: c.pop("result"))
    assert code_of(parts | {"certificate.json": certificate}, tmp_path) == "broken_recount"


# ------------------------------------------------------------------------------------- the archive


def _twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("certificate.json", b"{}")


def _packed_otherwise(path: Path) -> None:
    parts = honest_parts()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def _damaged(path: Path) -> None:
    """Deflated data that is none, in a part that is read early."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in honest_parts().items():
            archive.writestr(name, data)
        at = archive.getinfo("board.jsonl").header_offset + 30 + len("board.jsonl")
    data = bytearray(path.read_bytes())
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(data)


@pytest.mark.parametrize(
    "spoil", [_twice, _packed_otherwise, _damaged, lambda path: path.write_bytes(b"PK")]
)
def test_a_bundle_that_cannot_be_read_is_named_and_closed(
    spoil: Callable[[Path], object], tmp_path: Path
) -> None:
    path = write_parts(honest_parts(), tmp_path / "bundle.zip")
    spoil(path)
    with pytest.raises(Fault) as fault:
        verify(path)
    assert fault.value.code == "bundle_unreadable"
    assert not _is_open(path)


def test_a_bundle_with_a_fault_is_closed_while_the_fault_is_told(tmp_path: Path) -> None:
    path = write_parts(with_line(honest_parts(), "board.jsonl", 1, dict.clear), tmp_path / "b.zip")
    with pytest.raises(Fault):
        verify_first(path)
    assert not _is_open(path)


def _is_open(path: Path) -> bool:
    """Whether this process holds the file open."""
    held = Path("/proc/self/fd")
    return str(path) in {os.readlink(one) for one in held.iterdir() if one.is_symlink()}
