"""Every other thing that can be wrong with a bundle, each planted and named."""

import ast
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import cast

import pytest

from foundation.chance import SeededChance
from governance.ballots import checkpoint
from governance.ballots.ballot import fill
from governance.ballots.box import NEVER_SEEN
from governance.ballots.choice import (
    BallotBroken,
    Mark,
    Ranks,
    RuleName,
    Value,
    choice_of,
    fields_of,
)
from governance.ballots.hours import Hours, close_entry
from governance.ballots.plain import canonical, pack, unpack
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
    lines_of,
    officials,
    opened,
    parts_of,
    three_votes,
    voters,
    with_line,
    write_parts,
)
from tests.house.sources import ROOT
from tests.second_verifier import code_of, verify
from verifier import choices
from verifier.check import Verified
from verifier.command import main
from verifier.fault import FAULTS, Fault
from verifier.terms import read_terms
from verifier.work import Hands, Work, check_entries

Parts = dict[str, bytes]


PLANTED: dict[str, Callable[[Parts], Parts]] = {
    "bundle_unreadable": lambda p: {n: d for n, d in p.items() if n != "roll.jsonl"},
    "document_malformed": lambda p: p | {"opening.json": b" " + p["opening.json"]},
    "unsigned_manifest": lambda p: p | {
        "manifest.note": p["manifest.note"].rsplit(b"\xe2\x80\x94", 1)[0]
    },
    "changed_entries": lambda p: with_line(
        p, "desk-0.jsonl", 1, lambda e: e.update(requests=e["requests"])
    ) | {"desk-0-heads.jsonl": p["board-heads.jsonl"]},
    "unsigned_head": lambda p: p | {"board-heads.jsonl": p["desk-0-heads.jsonl"]},
    "too_few_trustees": lambda p: p | {
        "opening.json": changed_json(p["opening.json"], lambda o: o["releases"].pop())
    },
    "wrong_key": lambda p: p | {
        "opening.json": changed_json(p["opening.json"], lambda o: o.update(election_key=pack(bytes(32))))
    },
    "wrong_lot": lambda p: p | {
        "opening.json": changed_json(p["opening.json"], lambda o: o.update(lot="00" * 32))
    },
    "forged_request": lambda p: with_line(
        p, "desk-1.jsonl", 1, lambda e: e["requests"].reverse()
    ),
    "not_on_the_roll": lambda p: with_line(
        p, "desk-0.jsonl", 2, lambda e: e.update(commitment=pack(bytes(32)))
    ),
    "forged_ballot": lambda p: with_line(
        p, "board.jsonl", 1, lambda e: e["ballot"].update(sequence=9)
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(set(PLANTED) - {"changed_entries"}))
def test_a_fault_in_a_finished_bundle_is_named(code: str, tmp_path: Path) -> None:
    assert code_of(PLANTED[code](honest_parts()), tmp_path) == code


def test_an_entry_that_was_rewritten_does_not_give_the_signed_root(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.change_to_paper(voters(6)[4], None, at_ms=DURING)
    parts = _finished(vote)
    paper = len(lines_of(parts["desk-0.jsonl"])) - 1
    taken = {json.loads(line).get("commitment") for line in lines_of(parts["desk-0.jsonl"])}
    other = min({pack(entry.commitment) for entry in vote.roll} - taken)
    changed = with_line(parts, "desk-0.jsonl", paper, lambda e: e.update(commitment=other))
    assert code_of(changed, tmp_path) == "changed_entries"


def test_a_part_that_is_there_twice_is_not_chosen_from(tmp_path: Path) -> None:
    path = write_parts(honest_parts(), tmp_path / "bundle.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("certificate.json", b"{}")
    with pytest.raises(Fault) as fault:
        verify(path)
    assert fault.value.code == "bundle_unreadable"


@pytest.mark.parametrize("name", ["board.jsonl", "desk-1.jsonl"])
def test_a_line_behind_what_was_signed_is_named(name: str, tmp_path: Path) -> None:
    parts = honest_parts()
    number = len(lines_of(parts[name]))
    entry = {"index": number, "kind": "paper_ballot", "content": {"value": 120}}
    if name != "board.jsonl":
        roll = {json.loads(line)["commitment"] for line in lines_of(parts["roll.jsonl"])}
        issued = {json.loads(line).get("commitment") for line in lines_of(parts[name])}
        entry = {"index": number, "kind": "paper", "commitment": min(roll - issued)}
    more = parts[name] + canonical(entry) + b"\n"
    assert code_of(parts | {name: more}, tmp_path) == "changed_entries"


def test_a_sealed_ballot_with_a_name_on_it_is_named(tmp_path: Path) -> None:
    vote = opened()
    key = three_votes(vote)[0]
    named = fill(vote.manifest, key, Value(120), sequence=3, voter=b"member-0")
    vote.board.append({"kind": "ballot", "ballot": named.document()})
    assert code_of(_finished(vote), tmp_path) == "document_malformed"


@pytest.mark.parametrize(
    "parameters",
    [
        {"lowest": 100}, {"lowest": 100, "highest": 200, "step": 0, "today": 1, "phantom_share": "0"},
        {"lowest": 100, "highest": 200, "step": 7, "today": 1, "phantom_share": "0"},
        {"lowest": 100, "highest": 200, "step": 5, "today": 1, "phantom_share": "0.5"},
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_counted_by_are_named(
    parameters: dict[str, object], tmp_path: Path
) -> None:
    parts = honest_parts()
    changed = changed_json(
        parts["manifest.json"], lambda m: m["rule"].update(parameters=parameters)
    )
    assert code_of(parts | {"manifest.json": changed}, tmp_path) == "document_malformed"


def _finished(vote: RehearsedVote) -> Parts:
    vote.close()
    return parts_of(vote)


def test_a_head_without_its_witnesses_is_named(tmp_path: Path) -> None:
    parts = honest_parts()
    lines = lines_of(parts["board-heads.jsonl"])
    note = json.loads(lines[-1])["note"].rsplit("—", 1)[0]
    lines[-1] = canonical({"note": note}) + b"\n"
    assert code_of(parts | {"board-heads.jsonl": b"".join(lines)}, tmp_path) == "too_few_witnesses"


def test_a_close_that_no_witness_saw_is_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.board.append(close_entry(vote.hours))
    vote.board.append({"kind": "paper_ballot", "content": {"value": 100}})
    for log in vote.logs:
        vote.sign_head(log, at_seconds=CLOSES // 1000 + 5)
    assert code_of(parts_of(vote), tmp_path) == "too_few_witnesses"


def test_a_ballot_that_is_not_newer_is_named(tmp_path: Path) -> None:
    vote = opened()
    keys = three_votes(vote)
    vote.standings.clear()
    vote.vote(keys[0], Value(200), sequence=2, at_ms=DURING)
    assert code_of(_finished(vote), tmp_path) == "repeated_sequence"


def test_a_ballot_after_its_cancellation_is_named(tmp_path: Path) -> None:
    vote = opened()
    keys = three_votes(vote)
    vote.change_to_paper(voters(6)[0], keys[0], at_ms=DURING)
    vote.standings[keys[0].public] = NEVER_SEEN
    vote.vote(keys[0], Value(200), sequence=3, at_ms=DURING)
    assert code_of(_finished(vote), tmp_path) == "ballot_after_cancellation"


def test_a_vote_that_was_cut_short_is_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.board.append({"kind": "close", "closed_at_ms": CLOSES - 1000})
    for log in vote.logs:
        vote.sign_head(log, at_seconds=CLOSES // 1000 + 1)
    assert code_of(parts_of(vote), tmp_path) == "closed_early"


def test_an_extension_that_shortens_is_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.board.append({"kind": "extension", "closes_at_ms": CLOSES - 1, "reason": "haste"})
    assert code_of(_finished(vote), tmp_path) == "closed_early"


def test_a_board_that_witnesses_saw_closed_too_soon_is_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.board.append(close_entry(vote.hours))
    for log in vote.logs:
        vote.sign_head(log, at_seconds=CLOSES // 1000 - 60)
    assert code_of(parts_of(vote), tmp_path) == "closed_early"


def _seen_closed(after: tuple[int, int], *, needed: int) -> Parts:
    """A vote whose two witnesses saw the board closed so many seconds after the close."""
    roll, hours = roll_of(voters(6), Tier.SEALED), Hours(opens_at_ms=OPENS, closes_at_ms=CLOSES)
    manifest = replace(
        notice(officials(), FARE, tier=Tier.SEALED, roll=roll, hours=hours),
        witnesses_needed=needed,
    )
    vote = RehearsedVote(officials(), manifest, roll, chance=SeededChance("vote"))
    three_votes(vote)
    vote.board.append(close_entry(vote.hours))
    note = vote.board.signed_head(officials().board)
    text = note.partition("\n\n")[0] + "\n"
    for key, signer, seconds in zip(manifest.witnesses, officials().witnesses, after, strict=True):
        at_seconds = CLOSES // 1000 + seconds
        note += checkpoint.cosignature_line(text, key, signer, at_seconds=at_seconds)
    vote.heads[vote.board.key.name].append(note)
    for log in vote.desk_logs:
        vote.sign_head(log, at_seconds=CLOSES // 1000 + 1)
    return parts_of(vote)


@pytest.mark.parametrize("strayed", [-60, 61, 86_400])
@pytest.mark.parametrize("is_first", [True, False])
def test_one_witness_too_many_who_comes_late_or_early_spoils_nothing(
    strayed: int, is_first: bool, tmp_path: Path
) -> None:
    after = (strayed, 1) if is_first else (1, strayed)
    assert code_of(_seen_closed(after, needed=1), tmp_path) is None


@pytest.mark.parametrize(("strayed", "code"), [(-60, "closed_early"), (61, "late_ballot")])
def test_a_witness_who_is_needed_and_comes_late_or_early_is_named(
    strayed: int, code: str, tmp_path: Path
) -> None:
    assert code_of(_seen_closed((1, strayed), needed=2), tmp_path) == code


def test_more_ballots_than_issued_are_named(tmp_path: Path) -> None:
    """Both desks together sign a ballot that stands in one log alone."""
    vote = opened()
    three_votes(vote)
    extra = vote.take(voters(6)[3], at_ms=DURING)
    vote.vote(extra, Value(200), sequence=1, at_ms=DURING)
    honest = opened()
    three_votes(honest)
    honest.sign_head(honest.desk_logs[1], at_seconds=CLOSES // 1000 + 2)
    vote.desk_logs[1] = honest.desk_logs[1]
    vote.marks[1] = honest.marks[1]
    vote.close()
    assert code_of(parts_of(vote), tmp_path) == "too_many_ballots"


def test_more_papers_than_were_given_out_are_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.change_to_paper(voters(6)[4], None, at_ms=DURING)
    vote.close(papers=[Value(150), Value(150)])
    assert code_of(parts_of(vote), tmp_path) == "too_many_papers"


def test_paper_besides_a_ballot_is_named(tmp_path: Path) -> None:
    """The desks forget that they had issued a ballot, and give out paper."""
    vote = opened()
    three_votes(vote)
    kept = [dict(marks) for marks in vote.marks]
    for marks in vote.marks:
        marks.clear()
    vote.change_to_paper(voters(6)[0], None, at_ms=DURING)
    for marks, before in zip(vote.marks, kept, strict=True):
        marks.update(before)
    vote.close(papers=[Value(200)])
    assert code_of(parts_of(vote), tmp_path) == "paper_without_cancellation"


def test_desks_that_do_not_agree_on_paper_are_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    commitment = pack(vote.roll[0].commitment)
    vote.desk_logs[0].append({"kind": "paper", "commitment": commitment})
    assert code_of(_finished(vote), tmp_path) == "desks_differ"


def test_an_open_ballot_of_nobody_is_named(tmp_path: Path) -> None:
    vote = opened(RESOLUTION, tier=Tier.OPEN)
    one, other = (vote.take(voter, at_ms=DURING) for voter in voters(6)[:2])
    vote.vote(one, Mark("for"), sequence=1, at_ms=DURING, voter=vote.roll[0].commitment)
    wrong = next(e.commitment for e in vote.roll if e.name not in ("member-0", "member-1"))
    vote.vote(other, Mark("for"), sequence=1, at_ms=DURING, voter=wrong)
    assert code_of(_finished(vote), tmp_path) == "ballot_of_nobody"


def test_a_rule_without_a_counter_here_is_named(tmp_path: Path) -> None:
    class Later(StrEnum):
        """Rules that somebody may come to publish."""

        BORDA = "borda"

    vote = opened(replace(BOARD_SEATS, rule=cast(RuleName, Later.BORDA), parameters={}))
    vote.close()
    parts = parts_of(vote, lambda question, votes, *, lot_seed: {"rule": "borda"})
    assert code_of(parts, tmp_path) == "unknown_rule"


def test_receipts_of_other_votes_and_false_ones_are_named(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    receipt = vote.receipt(1, at_seconds=DURING // 1000 + 60).document()
    parts = _finished(vote)
    assert code_of(parts, tmp_path, receipt=receipt) is None
    other = changed_json(receipt, lambda r: r.update(manifest=pack(bytes(32))))
    assert code_of(parts, tmp_path, receipt=other) == "receipt_of_another_vote"
    moved = changed_json(receipt, lambda r: r.update(index=2))
    assert code_of(parts, tmp_path, receipt=moved) == "false_receipt"


def test_every_fault_that_is_named_is_planted_somewhere() -> None:
    texts = [path.read_text() for path in (ROOT / "tests/unit/verifier").glob("test_*.py")]
    planted = "\n".join(text.replace("assert set", "") for text in texts)
    assert not [code for code in FAULTS if f'"{code}"' not in planted]


def test_the_verifier_imports_nothing_of_ours() -> None:
    allowed = {*sys.stdlib_module_names, "cryptography", "rfc8785", "verifier"}
    for path in (ROOT / "verifier").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            assert {str(name).split(".")[0] for name in names} <= allowed, path


# --- what is right and looks strange -------------------------------------------------------------


def _verified(vote: RehearsedVote, tmp_path: Path, **asked: object) -> Verified:
    return verify(write_parts(parts_of(vote), tmp_path / "bundle.zip"), **asked)


def test_paper_replaces_a_ballot_and_joins_the_count(tmp_path: Path) -> None:
    vote = opened()
    keys = three_votes(vote)
    receipt = vote.receipt(2, at_seconds=DURING // 1000 + 60).document()
    vote.change_to_paper(voters(6)[1], keys[1], at_ms=DURING)
    vote.change_to_paper(voters(6)[4], None, at_ms=DURING)
    vote.close(papers=[Value(200), Value(105)])
    found = _verified(vote, tmp_path, receipt=receipt)
    counted = found.certificate
    assert (counted["cancelled"], counted["papers"], counted["valid"]) == (1, 2, 4)
    assert counted["result"]["values"] == [[105, 1], [150, 1], [160, 1], [200, 1]]
    assert found.receipt == "Your ballot, entry 2, was cancelled in favour of paper."


def test_a_token_never_used_is_published_as_a_number(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.take(voters(6)[5], at_ms=DURING)
    vote.close()
    assert _verified(vote, tmp_path).certificate["unused"] == 1


def test_an_extended_vote_takes_ballots_until_its_new_close(tmp_path: Path) -> None:
    vote = opened()
    keys = three_votes(vote)
    vote.extend(CLOSES + 3_600_000, at_ms=CLOSES - 1)
    vote.vote(keys[2], Value(100), sequence=2, at_ms=CLOSES + 3_599_999)
    vote.close()
    assert _verified(vote, tmp_path).certificate["superseded"] == 2


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Value(95), "outside_bounds"),
        (Value(101), "off_step"),
        (Mark("for"), "wrong_kind"),
        (Mark("perhaps"), "wrong_kind"),
        (Value("120"), "malformed"),
    ],
)
def test_a_broken_value_is_listed_with_its_reason_by_both(
    choice: Value | Mark, reason: str, tmp_path: Path
) -> None:
    vote = opened()
    key = three_votes(vote)[0]
    vote.vote(key, choice, sequence=3, at_ms=DURING)
    receipt = vote.receipt(5, at_seconds=DURING // 1000 + 60).document()
    vote.close()
    found = _verified(vote, tmp_path, receipt=receipt)
    assert found.certificate["broken"] == [{"index": 5, "reason": reason}]
    assert found.receipt == f"Your ballot, entry 5, is broken: {reason}."


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (((9,),), "unknown_option"),
        (((1,), (2,), (1,)), "option_twice"),
        (((1, 2),), "equal_ranks"),
        (((2, 1),), "malformed"),
        (((),), "malformed"),
        (((1,), (2,), (3,), (4,)), None),
    ],
)
def test_a_broken_ranking_is_judged_alike_by_both(
    groups: tuple[tuple[int, ...], ...], reason: str | None
) -> None:
    vote = opened(BOARD_SEATS)
    said = fields_of(Ranks(groups))
    ours = theirs = None
    try:
        choice_of(said, BOARD_SEATS)
    except BallotBroken as broken:
        ours = broken.reason
    try:
        choices.check(said, read_terms(vote.manifest.document()))
    except choices.Broken as broken:
        theirs = str(broken)
    assert (ours, theirs) == (reason, reason)


def test_a_ballot_whose_seal_is_of_another_key_is_broken(tmp_path: Path) -> None:
    vote = opened()
    keys = three_votes(vote)
    copied = json.loads(vote.board.lines()[2])["ballot"]["content"]
    ballot = fill(vote.manifest, keys[0], Value(100), sequence=3)
    ballot = replace(ballot, content=unpack(copied))
    ballot = replace(ballot, signature=keys[0].signer.sign(ballot.signed_bytes()))
    vote.board.append({"kind": "ballot", "ballot": ballot.document()})
    vote.close()
    broken = _verified(vote, tmp_path).certificate["broken"]
    assert broken == [{"index": 5, "reason": "cannot_be_opened"}]


@pytest.mark.parametrize("tier", [Tier.OPEN, Tier.DETACHED])
def test_the_lower_tiers_go_the_same_way(tier: Tier, tmp_path: Path) -> None:
    vote = opened(RESOLUTION, tier=tier)
    for number, mark in enumerate(("for", "for", "against")):
        voter = voters(6)[number]
        key = vote.take(voter, at_ms=DURING)
        entry = voter.roll_entry(tier).commitment if tier is Tier.OPEN else b""
        vote.vote(key, Mark(mark), sequence=1, at_ms=DURING, voter=entry)
    vote.close()
    found = _verified(vote, tmp_path)
    assert found.certificate["result"]["for"] == 2
    assert found.certificate["result"]["outcome"] == "passed"


def test_several_processes_find_the_same_in_the_same_order() -> None:
    parts = honest_parts()
    terms = read_terms(parts["manifest.json"])
    key = unpack(json.loads(parts["opening.json"])["election_key"])
    lines = [line.rstrip() for line in lines_of(parts["board.jsonl"])]
    lines.append(lines[1].replace(b'"sequence":1', b'"sequence":5'))
    work, alone, together = Work(terms, {}, key), [], []
    for processes, found in ((1, alone), (2, together)):
        with Hands(work, processes) as hands, pytest.raises(Fault) as fault:
            for entry in hands.results(check_entries, iter([[line] for line in lines])):
                found.append(entry)
        assert fault.value.code == "forged_ballot"
    assert len(alone) == len(lines) - 1
    assert alone == together


def test_the_command_says_what_is_wrong_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_parts(honest_parts(), tmp_path / "bundle.zip")
    hashed = opened().manifest.digest().hex()
    assert main([str(path), "--notice", hashed, "--processes", "1"]) == 0
    assert "Nothing is wrong with this vote." in capsys.readouterr().out
    write_parts(PLANTED["wrong_lot"](honest_parts()), path)
    assert main([str(path), "--processes", "1"]) == 1
    assert capsys.readouterr().out.startswith("WRONG wrong_lot: ")
    assert main([str(tmp_path / "absent.zip")]) == 2
    assert "absent.zip" in capsys.readouterr().err
