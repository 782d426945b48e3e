"""The heavy part, line by line and side by side: signatures, tokens, opening.

What is done here needs one line alone; whatever needs what came before is the caller's. A batch
gives one result for each line up to the first fault.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from verifier import choices, passkey, tree
from verifier.choices import Broken
from verifier.encoding import Reader, canonical, document
from verifier.fault import Fault
from verifier.keys import issuer_key
from verifier.terms import Terms

BATCH = 400
ALONE_BATCHES = 4
"""A log this long is worth the start of other processes."""
TOKEN_DOMAIN = b"khan-cars ballot token 1\0"
BALLOT_DOMAIN = b"khan-cars ballot 1\0"
CONTENT_DOMAIN = b"khan-cars ballot content 1\0"
CANCELLATION_DOMAIN = b"khan-cars ballot cancellation 1\0"
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
_PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
_HPKE_OVERHEAD = 48
SEQUENCE_MAX = 1_000_000

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Work:
    """What every batch needs: the terms, the roll's passkeys, the opened key (None: plain)."""

    terms: Terms
    credentials: dict[bytes, bytes]
    election_key: bytes | None


@dataclass(frozen=True, slots=True)
class Issue:
    """A line of a desk's log, checked by itself."""

    leaf: bytes
    index: int
    kind: str
    manifest: bytes = b""
    commitment: bytes = b""
    requests: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the board, checked by itself.

    `said` is the canonical document of what the ballot says, or None with `broken` for why not.
    """

    leaf: bytes
    index: int
    kind: str
    manifest: bytes = b""
    key: bytes = b""
    sequence: int = 0
    voter: bytes = b""
    said: bytes | None = None
    broken: str = ""
    at_ms: int = 0


def check_issues(work: Work, lines: Sequence[bytes]) -> list[Issue | Fault]:
    """Check lines of a desk's log."""
    return _up_to_fault(lambda line: _issue(work, line), lines)


def check_entries(work: Work, lines: Sequence[bytes]) -> list[Entry | Fault]:
    """Check lines of the board."""
    return _up_to_fault(lambda line: _entry(work, line), lines)


def _up_to_fault(check: Callable[[bytes], Result], lines: Sequence[bytes]) -> list[Result | Fault]:
    found: list[Result | Fault] = []
    for line in lines:
        try:
            found.append(check(line))
        except Fault as fault:
            found.append(fault)
            break
    return found


def _issue(work: Work, line: bytes) -> Issue:
    fields = Reader(document(line, "a line of a desk's log"), "a line of a desk's log")
    index, kind, leaf = fields.number("index"), fields.text("kind"), tree.leaf(line)
    if kind == "manifest":
        fields.only("index", "kind", "manifest")
        return Issue(leaf, index, kind, manifest=fields.data("manifest", 32))
    commitment = fields.data("commitment", 32)
    if kind == "paper":
        fields.only("index", "kind", "commitment")
        return Issue(leaf, index, kind, commitment=commitment)
    if kind != "issued":
        raise Fault("document_malformed", f"Entry {index} of a desk's log is of no known kind.")
    fields.only("index", "kind", "commitment", "requests", "assertion")
    requests = tuple(fields.as_data(one, "requests", 32) for one in fields.array("requests"))
    credential = work.credentials.get(commitment)
    if credential is None:
        raise Fault("not_on_the_roll", f"Entry {index} of a desk's log is nobody's on the roll.")
    expected = {"sealed": len(work.terms.desks), "open": 1, "detached": 0}[work.terms.tier]
    if len(requests) != expected:
        raise Fault("document_malformed", f"Entry {index} of a desk's log asks of other desks.")
    if fields.fields["assertion"] is None and work.terms.tier != "sealed":
        return Issue(leaf, index, kind, commitment=commitment, requests=requests)
    if not passkey.asked(
        fields.inner("assertion"), commitment=commitment, requests=requests,
        credential=credential, terms=work.terms,
    ):  # fmt: skip
        raise Fault("forged_request", f"Entry {index} of a desk's log is not signed by its member.")
    return Issue(leaf, index, kind, commitment=commitment, requests=requests)


def _entry(work: Work, line: bytes) -> Entry:
    fields = Reader(document(line, "a line of the board"), "a line of the board")
    index, kind, leaf = fields.number("index"), fields.text("kind"), tree.leaf(line)
    match kind:
        case "manifest":
            fields.only("index", "kind", "manifest")
            return Entry(leaf, index, kind, manifest=fields.data("manifest", 32))
        case "ballot":
            fields.only("index", "kind", "ballot")
            return _ballot(work, fields.inner("ballot"), leaf, index)
        case "cancellation":
            return _cancellation(work.terms, fields, leaf, index)
        case "extension":
            fields.only("index", "kind", "closes_at_ms", "reason")
            fields.text("reason")
            return Entry(leaf, index, kind, at_ms=fields.number("closes_at_ms"))
        case "close":
            fields.only("index", "kind", "closed_at_ms")
            return Entry(leaf, index, kind, at_ms=fields.number("closed_at_ms"))
        case "paper_ballot":
            fields.only("index", "kind", "content")
            said, broken = _followed(fields.inner("content").fields, work.terms)
            return Entry(leaf, index, kind, said=said, broken=broken)
    raise Fault("document_malformed", f"Entry {index} of the board is of no known kind.")


def _ballot(work: Work, ballot: Reader, leaf: bytes, index: int) -> Entry:
    terms = work.terms
    ballot.only("vote", "key", "tokens", "sequence", "content", "voter", "signature")
    if ballot.data("vote", 32) != terms.digest:
        raise Fault("replayed_ballot", f"The ballot in entry {index} was made for another vote.")
    key, sequence = ballot.data("key", 32), ballot.number("sequence", 1)
    if sequence > SEQUENCE_MAX:
        raise Fault("document_malformed", f"The sequence in entry {index} is past a million.")
    _require_tokens(terms, ballot, key, index)
    unsigned = {name: one for name, one in ballot.fields.items() if name != "signature"}
    _require_signed(key, ballot, BALLOT_DOMAIN + canonical(unsigned), index)
    voter, is_open = ballot.data("voter"), terms.tier == "open"
    if isinstance(ballot.fields["content"], dict) != is_open or bool(voter) != is_open:
        raise Fault("document_malformed", f"The ballot in entry {index} is not of this tier.")
    if terms.tier == "open":
        said, broken = _followed(ballot.fields["content"], terms)
    else:
        content = ballot.data("content", terms.content_bytes + _HPKE_OVERHEAD)
        context = CONTENT_DOMAIN + terms.digest + key + sequence.to_bytes(8, "big")
        said, broken = _opened(work, content, context)
    return Entry(
        leaf, index, "ballot", key=key, sequence=sequence, voter=voter, said=said, broken=broken
    )


def _cancellation(terms: Terms, fields: Reader, leaf: bytes, index: int) -> Entry:
    fields.only("index", "kind", "key", "tokens", "signature")
    key = fields.data("key", 32)
    _require_tokens(terms, fields, key, index)
    _require_signed(key, fields, CANCELLATION_DOMAIN + terms.digest + key, index)
    return Entry(leaf, index, "cancellation", key=key)


def _require_tokens(terms: Terms, holder: Reader, key: bytes, index: int) -> None:
    tokens = [holder.as_data(one, "tokens") for one in holder.array("tokens")]
    if not terms.issuers and not tokens:
        return
    message = TOKEN_DOMAIN + terms.digest + key
    signed = [
        number < len(tokens) and _token_holds(issuer, tokens[number], message)
        for number, issuer in enumerate(terms.issuers)
    ]
    if all(signed) and len(tokens) == len(terms.issuers):
        return
    if any(signed):
        missing = [desk.name for desk, good in zip(terms.desks, signed, strict=True) if not good]
        raise Fault(
            "one_desk_alone",
            f"The ballot in entry {index} is not signed by {' and '.join(missing) or 'its desks'}.",
        )
    raise Fault("forged_token", f"No desk has signed the key of the ballot in entry {index}.")


def _token_holds(issuer: bytes, token: bytes, message: bytes) -> bool:
    try:
        issuer_key(issuer).verify(token[32:], token[:32] + message, _PSS, hashes.SHA384())
    except InvalidSignature:
        return False
    return len(token) > 32


def _require_signed(key: bytes, holder: Reader, message: bytes, index: int) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(holder.data("signature", 64), message)
    except (InvalidSignature, ValueError):
        raise Fault("forged_ballot", f"Entry {index} is not signed by its own key.") from None


def _opened(work: Work, content: bytes, context: bytes) -> tuple[bytes | None, str]:
    assert work.election_key is not None
    try:
        padded = _SUITE.decrypt(content, _election_key(work.election_key), info=context)
        said = choices.unpad(padded, work.terms)
    except (InvalidTag, ValueError):
        return None, "cannot_be_opened"
    except Broken as broken:
        return None, str(broken)
    return _followed(said, work.terms)


@cache
def _election_key(raw: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(raw)


def _followed(said: Any, terms: Terms) -> tuple[bytes | None, str]:
    try:
        choices.check(said, terms)
    except Broken as broken:
        return None, str(broken)
    return canonical(said), ""


Check: TypeAlias = Callable[[Work, Sequence[bytes]], list[Result | Fault]]


class Hands:
    """Does batches in their order, on several processes where there are many.

    No more batches are under way than hands have use for, so that memory stays the same however
    long a log is.
    """

    def __init__(self, work: Work, processes: int) -> None:
        self.work = work
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def results(self, check: Check[Result], batches: Iterator[list[bytes]]) -> Iterator[Result]:
        """The result of every line in its order; the first fault is raised at its line."""
        first = list(islice(batches, ALONE_BATCHES))
        if self._processes < 2 or len(first) < ALONE_BATCHES:
            answers = self._one_by_one(check, chain(first, batches))
        else:
            answers = self._side_by_side(check, chain(first, batches))
        for answer in answers:
            for one in answer:
                if isinstance(one, Fault):
                    raise one
                yield one

    def _one_by_one(
        self, check: Check[Result], batches: Iterable[list[bytes]]
    ) -> Iterator[list[Result | Fault]]:
        for batch in batches:
            yield check(self.work, batch)

    def _side_by_side(
        self, check: Check[Result], batches: Iterable[list[bytes]]
    ) -> Iterator[list[Result | Fault]]:
        if self._pool is None:
            # A fresh interpreter for each: a forked one may inherit a lock that nobody opens.
            self._pool = ProcessPoolExecutor(
                self._processes, get_context("spawn"), _remember, (self.work,)
            )
        under_way: deque[Future[list[Result | Fault]]] = deque()
        for batch in batches:
            under_way.append(self._pool.submit(_do, check, batch))
            if len(under_way) > 3 * self._processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


_remembered: list[Work] = []


def _remember(work: Work) -> None:
    _remembered[:] = [work]


def _do(check: Check[Result], batch: list[bytes]) -> list[Result | Fault]:
    return check(_remembered[0], batch)
