"""What the browser's modules make, the Python side takes: tokens, ballots, slips, receipts.

The modules are run in Chromium, as on a phone; nothing of them is written a second time here.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PageError

from governance.ballots import ballot as ballots
from governance.ballots import blind_rsa, tally
from governance.ballots.blind_rsa import IssuerKey, SoftwareSigner
from governance.ballots.box import NEVER_SEEN, KeyStanding
from governance.ballots.choice import (
    Approvals,
    BallotOption,
    Choice,
    Mark,
    Question,
    Ranks,
    RuleName,
    Value,
    fields_of,
    padded,
)
from governance.ballots.errors import BallotRefused
from governance.ballots.merkle import GrowingTree, leaf_hash
from governance.ballots.plain import canonical, pack, parse, unpack
from simulation.rehearsed_vote import RehearsedVote
from tests.ballot_scene import BOARD_SEATS, DURING, FARE, RESOLUTION, officials, opened
from tests.browser.rehearsed_poll import RehearsedPoll

pytestmark = pytest.mark.browser

PROJECTS = Question(
    text="Which projects?",
    rule=RuleName.EQUAL_SHARES,
    parameters={"budget": 100, "costs": [10, 20, 30, 40, 50], "unit": 1},
    options=tuple(BallotOption(number=n, name=f"Project {n}") for n in range(1, 6)),
)
TEXTS = Question(
    text="Which text?",
    rule=RuleName.SCHULZE,
    parameters={"status_quo": 3, "required": ">1/2"},
    options=tuple(BallotOption(number=n, name=f"Text {n}") for n in range(1, 4)),
)
CHOICES: tuple[tuple[Question, Choice], ...] = (
    (RESOLUTION, Mark("for")),
    (FARE, Value(125)),
    (FARE, Value(None)),
    (BOARD_SEATS, Ranks(((3,), (1,)))),
    (TEXTS, Ranks(((2,), (1, 3)))),
    (PROJECTS, Approvals((1, 4))),
)
MAKE = """async ({ manifest, digest, choice, sequence }) => {
  const { makeBallotKey, tokenMessage } = await import('/vote/ballot.mjs');
  const { blind, readIssuer } = await import('/vote/blinding.mjs');
  const { readManifest } = await import('/vote/manifest.mjs');
  const { pack } = await import('/vote/bytes.mjs');
  const terms = await readManifest(manifest, digest);
  const key = await makeBallotKey();
  const issuers = await Promise.all(terms.issuers.map(readIssuer));
  const message = tokenMessage(terms.digest, key.publicKey);
  const blinded = await Promise.all(issuers.map((issuer) => blind(issuer, message)));
  window.made = { terms, key, issuers, blinded, choice, sequence };
  return blinded.map((one) => pack(one.message));
}"""
FILL = """async (signed) => {
  const { cancellationSlip, nameOf, seal, signBallot } = await import('/vote/ballot.mjs');
  const { unblind } = await import('/vote/blinding.mjs');
  const { unpack } = await import('/vote/bytes.mjs');
  const { terms, key, issuers, blinded, choice, sequence } = window.made;
  const tokens = await Promise.all(issuers.map((one, at) => unblind(one, blinded[at], unpack(signed[at]))));
  const content = await seal(terms, key.publicKey, sequence, choice);
  const ballot = await signBallot(terms, key, tokens, sequence, content);
  window.ballot = ballot;
  return { ballot, name: await nameOf(ballot), slip: await cancellationSlip(terms, key, tokens) };
}"""
CHECK = """async ([receipt, change]) => {
  const { checkReceipt } = await import('/vote/receipt.mjs');
  const given = { ...receipt, ...change };
  try {
    return await checkReceipt(given, window.made.terms, window.ballot);
  } catch (error) {
    return error.message;
  }
}"""
VECTOR = """async ({ name, n, e, prepared, salt, factor, signed, sig }) => {
  const { RSABSSA } = await import('/vendor/blindrsa/index.js');
  const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (one) => parseInt(one, 16));
  const url = (hex) => btoa(String.fromCharCode(...bytes(hex))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
  const given = [bytes(salt), bytes(factor)];
  const system = crypto.getRandomValues.bind(crypto);
  const chance = (into) => { into.set(given.shift()); return into; };
  Object.defineProperty(crypto, 'getRandomValues', { value: chance, configurable: true });
  const [, , kind, prepare] = name.split('-');
  const suite = RSABSSA.SHA384[kind === 'PSSZERO' ? 'PSSZero' : 'PSS'][prepare]();
  const jwk = { kty: 'RSA', n: url(n), e: url(e), ext: true };
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'RSA-PSS', hash: 'SHA-384' }, true, ['verify']);
  const { blindedMsg, inv } = await suite.blind(key, bytes(prepared));
  Object.defineProperty(crypto, 'getRandomValues', { value: system, configurable: true });
  const hex = (data) => Array.from(data, (one) => one.toString(16).padStart(2, '0')).join('');
  return [suite.toString(), hex(blindedMsg), hex(inv), hex(await suite.finalize(key, bytes(prepared), bytes(signed), inv))];
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page of the service, so that modules can be asked for."""
    with RehearsedPoll(question=RESOLUTION).running() as service:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{service.address}/vote/bytes.mjs")
        yield page
        context.close()


def _terms(vote: RehearsedVote) -> dict[str, str]:
    document = vote.manifest.document().decode()
    return {"manifest": document, "digest": vote.manifest.digest().hex()}


def _made(page: Page, vote: RehearsedVote, choice: Choice, *, sequence: int = 1) -> dict[str, Any]:
    """A ballot made in the browser, its hidden messages signed by the desks' real keys."""
    given = {**_terms(vote), "choice": dict(fields_of(choice)), "sequence": sequence}
    hidden = page.evaluate(MAKE, given)
    signed = [
        pack(blind_rsa.blind_sign(SoftwareSigner(key), unpack(one)))
        for key, one in zip(officials().issuers, hidden, strict=True)
    ]
    made: dict[str, Any] = page.evaluate(FILL, signed)
    return made


@pytest.mark.parametrize(("question", "choice"), CHOICES)
def test_the_box_takes_a_ballot_of_every_rule_and_the_trustees_read_the_choice(
    page: Page, question: Question, choice: Choice
) -> None:
    vote = opened(question)
    made = _made(page, vote, choice)
    ballot = ballots.read(made["ballot"])
    entry = vote._box.receive(ballot, standing=NEVER_SEEN, hours=vote.hours, at_ms=DURING)
    vote.board.append(entry)
    length = vote.manifest.content_bytes
    found = ballots.open_ballot(ballot, officials().election, question=question, length=length)
    assert found == choice
    counted = tally.tally(vote.manifest, vote.board.lines(), officials().election)
    assert list(counted.votes) == [(choice, 1)]


def test_the_slip_strikes_the_ballot_out(page: Page) -> None:
    vote = opened(RESOLUTION)
    slip = _made(page, vote, Mark("against"))["slip"]
    standing = KeyStanding(latest_sequence=1)
    entry = vote._box.cancel(slip, standing=standing, hours=vote.hours, at_ms=DURING)
    assert entry["kind"] == "cancellation"


def test_a_ballot_of_one_vote_is_refused_in_another(page: Page) -> None:
    made = _made(page, opened(RESOLUTION), Mark("for"))
    other = opened(FARE)
    with pytest.raises(BallotRefused):
        other._box.receive(
            ballots.read(made["ballot"]), standing=NEVER_SEEN, hours=other.hours, at_ms=DURING
        )


def test_a_desk_that_signs_something_else_is_noticed_on_the_device(page: Page) -> None:
    vote = opened(RESOLUTION)
    given = {**_terms(vote), "choice": {"mark": "for"}, "sequence": 1}
    hidden = [unpack(one) for one in page.evaluate(MAKE, given)]
    first = SoftwareSigner(officials().issuers[0])
    twice = [pack(blind_rsa.blind_sign(first, hidden[0]))] * 2
    with pytest.raises(PageError, match="invalid signature"):
        page.evaluate(FILL, twice)


def test_terms_that_are_not_the_noticed_ones_are_refused(page: Page) -> None:
    terms = _terms(opened(RESOLUTION))
    changed = terms["manifest"].replace("Shall we?", "Shall we not?")
    given = {"manifest": changed, "digest": terms["digest"], "choice": {}, "sequence": 1}
    with pytest.raises(PageError, match="changed_manifest"):
        page.evaluate(MAKE, given)


def test_the_device_believes_a_receipt_of_its_own_ballot_alone(page: Page) -> None:
    vote = opened(RESOLUTION)
    for _ in range(5):
        vote.board.append({"kind": "extension", "closes_at_ms": 1, "reason": "filler"})
    made = _made(page, vote, Mark("for"))
    index = vote.board.append({"kind": "ballot", "ballot": made["ballot"]})
    for _ in range(3):
        vote.board.append({"kind": "extension", "closes_at_ms": 1, "reason": "filler"})
    receipt = parse(vote.receipt(index, at_seconds=DURING // 1000).document())
    held = page.evaluate(CHECK, [receipt, {}])
    assert held == {"index": index, "size": 10, "witnesses": 2}
    other = parse(vote.receipt(index - 1, at_seconds=DURING // 1000 + 1).document())
    assert page.evaluate(CHECK, [other, {}]) == "receipt_of_another_ballot"
    proof = [*receipt["proof"]]  # type: ignore[misc, union-attr]
    note = str(receipt["checkpoint"])
    lies: list[tuple[dict[str, object], str]] = [
        ({"manifest": pack(bytes(32))}, "receipt_of_another_vote"),
        ({"proof": [pack(bytes(32)), *proof[1:]]}, "proof_leads_elsewhere"),
        ({"proof": proof[:-1]}, "proof_too_short"),
        ({"proof": [*proof, proof[0]]}, "proof_too_long"),
        ({"checkpoint": note.replace("\n10\n", "\n11\n")}, "note_not_signed"),
        ({"checkpoint": re.sub(r"— khan\.example/board.*\n", "", note)}, "note_not_signed"),
        ({"checkpoint": "nothing"}, "note_malformed"),
    ]
    for change, code in lies:
        assert page.evaluate(CHECK, [receipt, change]) == code


def test_inclusion_proofs_hold_at_every_place_of_every_small_tree(page: Page) -> None:
    check = """async (cases) => {
      const { rootFrom } = await import('/vote/receipt.mjs');
      const { pack, unpack } = await import('/vote/bytes.mjs');
      return Promise.all(cases.map(async ([leaf, proof, index, size]) =>
        pack(await rootFrom(unpack(leaf), proof.map(unpack), index, size))));
    }"""
    cases, roots = [], []
    for size in range(1, 18):
        tree = GrowingTree([leaf_hash(bytes([number])) for number in range(size)])
        for index in range(size):
            proof = [pack(one) for one in tree.inclusion_proof(index)]
            cases.append([pack(tree.leaf(index)), proof, index, size])
            roots.append(pack(tree.head().root))
    assert page.evaluate(check, cases) == roots


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=PLAIN)
def test_documents_are_the_same_bytes_in_both_languages(page: Page, document: Any) -> None:
    write = """async (text) => {
      const { canonical, pack } = await import('/vote/bytes.mjs');
      return pack(canonical(JSON.parse(text)));
    }"""
    assert unpack(page.evaluate(write, json.dumps(document))) == canonical(document)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.integers(0, 2**31), length=st.sampled_from((64, 256, 4096)))
def test_choices_are_padded_alike(page: Page, value: int, length: int) -> None:
    pad = """async ([choice, length]) => {
      const { padded } = await import('/vote/ballot.mjs');
      const { pack } = await import('/vote/bytes.mjs');
      return pack(padded(choice, length));
    }"""
    assert unpack(page.evaluate(pad, [{"value": value}, length])) == padded(Value(value), length)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(secret=st.binary(min_size=1, max_size=80))
def test_what_is_hidden_in_the_browser_a_desk_signs_and_the_signature_is_its_own(
    page: Page, secret: bytes
) -> None:
    signer = SoftwareSigner(officials().issuers[0])
    hide = """async ([spki, message]) => {
      const { blind, readIssuer } = await import('/vote/blinding.mjs');
      const { pack, unpack } = await import('/vote/bytes.mjs');
      const issuer = await readIssuer(unpack(spki));
      window.hidden = { issuer, blinded: await blind(issuer, unpack(message)) };
      return pack(window.hidden.blinded.message);
    }"""
    show = """async (signed) => {
      const { unblind } = await import('/vote/blinding.mjs');
      const { pack, unpack } = await import('/vote/bytes.mjs');
      return pack(await unblind(window.hidden.issuer, window.hidden.blinded, unpack(signed)));
    }"""
    spki = pack(signer.public_key.to_spki())
    hidden = unpack(page.evaluate(hide, [spki, pack(secret)]))
    token = unpack(page.evaluate(show, pack(blind_rsa.blind_sign(signer, hidden))))
    prefix, signature = token[: blind_rsa.PREFIX_BYTES], token[blind_rsa.PREFIX_BYTES :]
    blind_rsa.verify(signer.public_key, prefix + secret, signature)


@pytest.mark.shared
@pytest.mark.parametrize(
    "variant",
    [
        "RSABSSA-SHA384-PSS-Randomized",
        "RSABSSA-SHA384-PSSZERO-Randomized",
        "RSABSSA-SHA384-PSS-Deterministic",
        "RSABSSA-SHA384-PSSZERO-Deterministic",
    ],
)
def test_the_library_holds_every_vector_of_rfc_9474(
    page: Page, shared_data: Path, variant: str
) -> None:
    path = shared_data / "elections/ballot-crypto-vectors/rfc9474-rsabssa.json"
    (vector,) = [one for one in json.loads(path.read_text()) if one["name"] == variant]
    modulus = int(vector["n"], 16)
    factor = pow(int(vector["inv"], 16), -1, modulus)
    size = IssuerKey(modulus, int(vector["e"], 16)).size
    e = vector["e"].removeprefix("0x")
    given = {
        "name": variant, "n": vector["n"], "e": e if len(e) % 2 == 0 else f"0{e}",
        "prepared": vector["prepared_msg"], "salt": vector["salt"],
        "factor": factor.to_bytes(size, "big").hex(), "signed": vector["blind_sig"],
        "sig": vector["sig"],
    }  # fmt: skip
    named, blinded, inverse, signature = page.evaluate(VECTOR, given)
    assert named == variant
    assert (blinded, inverse, signature) == (
        vector["blinded_msg"], vector["inv"], vector["sig"],
    )  # fmt: skip


def test_what_is_no_rsa_key_is_no_issuer(page: Page) -> None:
    read = """async (spki) => {
      const { readIssuer } = await import('/vote/blinding.mjs');
      const { unpack } = await import('/vote/bytes.mjs');
      return (await readIssuer(unpack(spki))).algorithm.modulusLength;
    }"""
    good = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert page.evaluate(read, pack(SoftwareSigner(good).public_key.to_spki())) == 2048
    with pytest.raises(PageError):
        page.evaluate(read, pack(b"no key at all"))
