"""What desks, box and trustees take and what they refuse, each by its name."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import SeededChance
from governance.ballots import blind_rsa, manifest, receipt, trustees
from governance.ballots.ballot import Ballot, Token, cancellation, fill, read
from governance.ballots.box import NEVER_SEEN, Box, KeyStanding, paper_entries
from governance.ballots.choice import Mark, Value
from governance.ballots.errors import (
    BallotAlreadyIssued,
    BallotCancelled,
    BallotFormUnusable,
    BallotRefused,
    BallotSuperseded,
    BlindSignatureInvalid,
    CancellationNeeded,
    DocumentMalformed,
    ExtensionShortens,
    NotOnTheRoll,
    ProofInvalid,
    RequestNotSigned,
    SharesUnusable,
    TooEarlyToOpen,
    VotedOnPaper,
)
from governance.ballots.issuance import NO_MARK, Request, request_for
from governance.ballots.issuance import Mark as DeskMark
from governance.ballots.plain import Fields, canonical, parse
from governance.errors import VoteNotOpen
from governance.tier import Tier
from simulation.rehearsed_vote import RehearsedVote
from tests.ballot_scene import CLOSES, DURING, OPENS, RESOLUTION, opened, three_votes, voters


@pytest.fixture
def vote() -> RehearsedVote:
    return opened()


def _asked(vote: RehearsedVote, seed: int = 1) -> tuple[Request, bytes]:
    """A member's request, and the first desk's blinded message."""
    chance = SeededChance(seed)
    keys = [one.issuer for one in vote.manifest.desks]
    blinded = [blind_rsa.blind(key, blind_rsa.prepare(b"m", chance), chance) for key in keys if key]
    requests = tuple(request_for(one.message) for one in blinded)
    return voters(6)[0].sign_request(vote.manifest, requests), blinded[0].message


# --- the desks -----------------------------------------------------------------------------------


def test_a_request_sent_twice_gets_the_same_answer_and_one_entry(vote: RehearsedVote) -> None:
    request, blinded = _asked(vote)
    first = vote.issue(0, request, blinded, at_ms=DURING)
    size = vote.desk_logs[0].head.size
    assert vote.issue(0, request, blinded, at_ms=DURING + 5) == first
    assert vote.desk_logs[0].head.size == size == 2


def test_a_second_request_with_other_keys_is_refused(vote: RehearsedVote) -> None:
    vote.issue(0, *_asked(vote), at_ms=DURING)
    with pytest.raises(BallotAlreadyIssued):
        vote.issue(0, *_asked(vote, seed=2), at_ms=DURING)


@pytest.mark.parametrize("at_ms", [OPENS - 1, CLOSES])
def test_a_desk_issues_while_the_vote_is_open_alone(vote: RehearsedVote, at_ms: int) -> None:
    with pytest.raises(VoteNotOpen):
        vote.issue(0, *_asked(vote), at_ms=at_ms)


def test_a_desk_refuses_strangers_and_requests_that_are_not_theirs(vote: RehearsedVote) -> None:
    request, blinded = _asked(vote)
    entries = {one.commitment: one for one in vote.roll}

    def ask(asked: Request, message: bytes | None = blinded, **other: object) -> None:
        found = {"roll_entry": entries.get(asked.commitment), "mark": NO_MARK} | other
        vote.desk(0).issue(asked, blinded=message, hours=vote.hours, at_ms=DURING, **found)

    other = next(one for one in vote.roll if one.commitment != request.commitment)
    assert request.assertion is not None
    with pytest.raises(NotOnTheRoll):
        ask(request, roll_entry=None)
    with pytest.raises(NotOnTheRoll):
        ask(request, roll_entry=other)
    with pytest.raises(VotedOnPaper):
        ask(request, mark=DeskMark(paper=True))
    with pytest.raises(RequestNotSigned):
        ask(replace(request, assertion=None))
    with pytest.raises(RequestNotSigned):
        ask(replace(request, requests=request.requests[::-1]))
    with pytest.raises(RequestNotSigned):
        ask(replace(request, requests=request.requests[:1]))
    with pytest.raises(RequestNotSigned):
        ask(request, roll_entry=replace(entries[request.commitment], credential=other.credential))
    with pytest.raises(RequestNotSigned):
        ask(request, roll_entry=replace(entries[request.commitment], credential=b"no key"))
    with pytest.raises(BlindSignatureInvalid):
        ask(request, bytes(len(blinded)))
    with pytest.raises(BlindSignatureInvalid):
        ask(request, None)


def test_paper_is_given_once_and_after_a_cancellation(vote: RehearsedVote) -> None:
    keys = three_votes(vote)
    voter = voters(6)[0]
    with pytest.raises(CancellationNeeded):
        vote.change_to_paper(voter, None, at_ms=DURING)
    vote.change_to_paper(voter, keys[0], at_ms=DURING)
    with pytest.raises(BallotCancelled):
        vote.vote(keys[0], Value(120), sequence=3, at_ms=DURING)
    with pytest.raises(BallotCancelled):
        vote.change_to_paper(voter, keys[0], at_ms=DURING)
    with pytest.raises(VotedOnPaper):
        vote.take(voter, at_ms=DURING)


# --- the box -------------------------------------------------------------------------------------


def _receive(
    vote: RehearsedVote, ballot: Ballot, standing: KeyStanding = NEVER_SEEN, at_ms: int = DURING
) -> Fields:
    box = Box(manifest=vote.manifest)
    return box.receive(ballot, standing=standing, hours=vote.hours, at_ms=at_ms)


def test_a_ballot_survives_its_document(vote: RehearsedVote) -> None:
    key = vote.take(voters(6)[0], at_ms=DURING)
    ballot = fill(vote.manifest, key, Value(120), sequence=1)
    assert read(parse(canonical(ballot.document()))) == ballot
    assert _receive(vote, ballot)["kind"] == "ballot"


def test_the_box_says_why_it_takes_no_ballot(vote: RehearsedVote) -> None:
    key, other = (vote.take(voter, at_ms=DURING) for voter in voters(6)[:2])
    good = fill(vote.manifest, key, Value(120), sequence=1)

    def signed(**changed: object) -> Ballot:
        ballot = replace(good, **changed)
        return replace(ballot, signature=key.signer.sign(ballot.signed_bytes()))

    short = Token(prefix=b"", signature=key.tokens[0].signature)
    reasons = {
        "of_another_vote": signed(vote=bytes(32)),
        "signed_by_too_few_desks": signed(tokens=key.tokens[:1]),
        "not_signed_by_every_desk": signed(tokens=(key.tokens[0], other.tokens[1])),
        "not_of_this_tier": signed(content={"value": 120}),
        "content_of_another_length": signed(content=bytes(10)),
        "not_signed_by_its_key": replace(good, sequence=2),
    }
    for reason, ballot in reasons.items():
        with pytest.raises(BallotRefused) as refused:
            _receive(vote, ballot)
        assert refused.value.reason == reason
    with pytest.raises(BallotRefused, match="every desk"):
        _receive(vote, signed(tokens=(short, key.tokens[1])))
    for at_ms in (OPENS - 1, CLOSES):
        with pytest.raises(VoteNotOpen):
            _receive(vote, good, at_ms=at_ms)
    with pytest.raises(BallotSuperseded):
        _receive(vote, good, KeyStanding(latest_sequence=1))
    with pytest.raises(BallotCancelled):
        _receive(vote, good, KeyStanding(is_cancelled=True))
    with pytest.raises(DocumentMalformed):
        read({**good.document(), "sequence": 10**9})
    with pytest.raises(DocumentMalformed):
        read({**good.document(), "name": "member-0"})


def test_a_cancellation_is_the_keys_own(vote: RehearsedVote) -> None:
    key = vote.take(voters(6)[0], at_ms=DURING)
    slip = cancellation(vote.manifest.digest(), key)
    box, asked = Box(manifest=vote.manifest), {"hours": vote.hours, "at_ms": DURING}
    assert box.cancel(slip, standing=NEVER_SEEN, **asked)["kind"] == "cancellation"
    forger = replace(key, signer=Ed25519PrivateKey.from_private_bytes(b"f" * 32))
    with pytest.raises(BallotRefused):
        box.cancel(cancellation(vote.manifest.digest(), forger), standing=NEVER_SEEN, **asked)
    with pytest.raises(BallotRefused):
        box.cancel({**slip, "tokens": []}, standing=NEVER_SEEN, **asked)


def test_papers_are_read_after_the_close_in_an_order_that_tells_nothing(
    vote: RehearsedVote,
) -> None:
    said = [Value(150), Value(None), Value(120)]
    with pytest.raises(VoteNotOpen):
        paper_entries(said, hours=vote.hours, at_ms=CLOSES - 1)
    entries = paper_entries(said, hours=vote.hours, at_ms=CLOSES)
    assert entries == paper_entries(said[::-1], hours=vote.hours, at_ms=CLOSES)


def test_all_sealed_contents_have_one_length(vote: RehearsedVote) -> None:
    key = vote.take(voters(6)[0], at_ms=DURING)
    lengths = {
        len(fill(vote.manifest, key, choice, sequence=1).content)
        for choice in (Value(None), Value(120), Mark("for"))
    }
    assert lengths == {vote.manifest.content_bytes + 48}
    with pytest.raises(BallotFormUnusable):
        fill(vote.manifest, key, Mark("x" * 300), sequence=1)


# --- hours, trustees, receipts, manifests --------------------------------------------------------


def test_a_vote_is_extended_and_never_shortened(vote: RehearsedVote) -> None:
    with pytest.raises(ExtensionShortens):
        vote.extend(CLOSES, at_ms=DURING)
    with pytest.raises(ExtensionShortens):
        vote.extend(CLOSES + 1000, at_ms=CLOSES + 1000)  # over before it was decided
    with pytest.raises(VoteNotOpen):
        vote.hours.extended(CLOSES + 1000, at_ms=CLOSES - 1, is_closed=True)
    # An outage over the close: the board came back after the hour, and nobody had closed it.
    assert vote.hours.extended(CLOSES + 9000, at_ms=CLOSES + 1000).closes_at_ms == CLOSES + 9000


def test_any_three_of_five_open_and_two_do_not(vote: RehearsedVote) -> None:
    terms = vote.manifest.trustees
    assert terms is not None
    election = vote.officials.election
    shares = trustees.deal(election, needed=3, people=5)
    for chosen in ((0, 1, 2), (4, 2, 0), (1, 3, 4), (0, 1, 2, 3, 4)):
        key = trustees.combine([shares[n] for n in chosen], terms)
        assert key.private_bytes_raw() == election.private_bytes_raw()
    wrong = replace(shares[2], secret=bytes(32))
    for few in (shares[:2], (shares[0], shares[0], shares[1]), (shares[0], shares[1], wrong)):
        with pytest.raises(SharesUnusable):
            trustees.combine(few, terms)
    below = [replace(terms, needed=2)]
    with pytest.raises(SharesUnusable, match="another key"):
        trustees.combine(shares[:2], below[0])


def test_a_trustee_keeps_the_share_until_the_close(vote: RehearsedVote) -> None:
    terms = vote.manifest.trustees
    assert terms is not None
    (share, *_) = trustees.deal(vote.officials.election, needed=3, people=5)
    keeper = trustees.Trustee(key=terms.people[0], signer=vote.officials.trustees[0], share=share)
    asked = {"hours": vote.hours}
    with pytest.raises(TooEarlyToOpen):
        keeper.release(vote.manifest.digest(), vote.board.head, at_ms=CLOSES - 1, **asked)
    released, statement = keeper.release(
        vote.manifest.digest(), vote.board.head, at_ms=CLOSES, **asked
    )
    assert released == share
    assert statement["trustee"] == terms.people[0].name


def test_a_receipt_holds_for_its_entry_alone(vote: RehearsedVote) -> None:
    three_votes(vote)
    given = vote.receipt(2, at_seconds=DURING // 1000)
    assert receipt.read(given.document()) == given
    receipt.check(given, vote.manifest, vote.manifest.witnesses)
    with pytest.raises(ProofInvalid):
        receipt.check(replace(given, index=3), vote.manifest)
    with pytest.raises(DocumentMalformed):
        receipt.check(given, opened(RESOLUTION).manifest)


def test_a_manifest_survives_its_document(vote: RehearsedVote) -> None:
    document = vote.manifest.document()
    assert manifest.read(document) == vote.manifest
    assert manifest.read(document).digest() == vote.manifest.digest()
    for tier in (Tier.OPEN, Tier.DETACHED):
        lower = opened(RESOLUTION, tier=tier).manifest
        assert manifest.read(lower.document()) == lower
    with pytest.raises(DocumentMalformed):
        manifest.read(document + b" ")
    with pytest.raises(DocumentMalformed):
        manifest.read(canonical({**parse(document), "note": "more"}))


def test_terms_that_make_no_sense_are_refused(vote: RehearsedVote) -> None:
    terms = vote.manifest
    assert terms.trustees is not None
    for changed in (
        {"closes_at_ms": OPENS},
        {"desks": terms.desks[:1]},
        {"desks": (terms.desks[0], replace(terms.desks[1], issuer=terms.desks[0].issuer))},
        {"tier": Tier.DETACHED},
        {"trustees": None},
        {"trustees": replace(terms.trustees, needed=6)},
        {"witnesses_needed": 3},
        {"board": terms.desks[0].log},
        {"content_bytes": 8},
    ):
        with pytest.raises(BallotFormUnusable):
            replace(terms, **changed)
