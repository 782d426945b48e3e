"""The terms of the vote, as the manifest says them and as checks need them."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from verifier import notes
from verifier.encoding import Reader, document, packed
from verifier.fault import Fault
from verifier.keys import issuer_key, named_key
from verifier.notes import COSIGNATURE, NOTE, Key, NoteWrong
from verifier.rules import require_fitting

FORMAT = "khan-cars manifest 1"
CONTENT_BYTES_MIN, CONTENT_BYTES_MAX = 64, 4096
FIELDS = (
    "format", "vote", "tier", "question", "rule", "options", "opens_at_ms", "closes_at_ms",
    "grace_seconds", "roll", "desks", "board", "witnesses", "witnesses_needed", "trustees",
    "lot_commitment", "relying_party", "content_bytes",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a bundle is held against. Names as in the manifest; keys as bytes."""

    digest: bytes
    vote: str
    tier: str
    question: str
    rule: str
    parameters: dict[str, Any]
    options: tuple[str, ...]
    closes_at_ms: int
    grace_seconds: int
    roll_size: int
    roll_root: bytes
    desks: tuple[Key, ...]
    issuers: tuple[bytes, ...]
    board: Key
    witnesses: tuple[Key, ...]
    witnesses_needed: int
    election_key: bytes | None
    trustees: tuple[Key, ...]
    trustees_needed: int
    lot_commitment: bytes
    rp_id: str
    origins: tuple[str, ...]
    content_bytes: int


def read_terms(data: bytes) -> Terms:
    """The terms in a manifest.

    Raises
    ------
    Fault
        `document_malformed`, if it is none.
    """
    manifest = Reader(document(data, "manifest.json"), "manifest.json")
    manifest.only(*FIELDS)
    if manifest.text("format") != FORMAT:
        raise Fault("document_malformed", f"manifest.json is not a {FORMAT!r}.")
    rule, roll, party = (manifest.inner(name) for name in ("rule", "roll", "relying_party"))
    desks, issuers = _desks(manifest)
    trustees = manifest.inner("trustees") if manifest.fields["trustees"] is not None else None
    options = _options(manifest, rule)
    roll.only("date", "size", "root")
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", roll.text("date")):
        raise Fault("document_malformed", "The roll's date is none like 2030-01-31.")
    party.only("id", "origins")
    terms = Terms(
        digest=sha256(data).digest(),
        vote=manifest.text("vote"),
        tier=manifest.text("tier"),
        question=manifest.text("question"),
        rule=rule.text("name"),
        parameters=rule.inner("parameters").fields,
        options=options,
        closes_at_ms=manifest.number("closes_at_ms", manifest.number("opens_at_ms") + 1),
        grace_seconds=manifest.number("grace_seconds"),
        roll_size=roll.number("size"),
        roll_root=roll.data("root", 32),
        desks=desks,
        issuers=issuers,
        board=named_key(manifest.inner("board"), NOTE),
        witnesses=tuple(named_key(o, COSIGNATURE) for o in manifest.inners("witnesses")),
        witnesses_needed=manifest.number("witnesses_needed"),
        election_key=None if trustees is None else trustees.data("election_key", 32),
        trustees=() if trustees is None else _people(trustees),
        trustees_needed=0 if trustees is None else trustees.number("needed", 1),
        lot_commitment=manifest.hexadecimal("lot_commitment"),
        rp_id=party.text("id"),
        origins=tuple(party.as_text(one, "origins") for one in party.array("origins")),
        content_bytes=manifest.number("content_bytes", CONTENT_BYTES_MIN),
    )
    _require_consistent(terms)
    return terms


def require_signed(terms: Terms, note: bytes) -> None:
    """Check that desks and board signed this manifest, and no other.

    Raises
    ------
    Fault
        `changed_manifest`, `unsigned_manifest`.
    """
    keys = (*terms.desks, terms.board)
    try:
        opened = notes.read(note.decode("utf-8", errors="replace"), keys)
    except NoteWrong as wrong:
        raise Fault("unsigned_manifest", f"manifest.note cannot be trusted: {wrong}.") from wrong
    if opened.text != f"{FORMAT}\n{terms.vote}\n{packed(terms.digest)}\n":
        raise Fault("changed_manifest", "manifest.json is not what desks and board signed.")
    for key in keys:
        if key.name not in opened.signers:
            raise Fault("unsigned_manifest", f"{key.name} has not signed the manifest.")


def _desks(manifest: Reader) -> tuple[tuple[Key, ...], tuple[bytes, ...]]:
    """The keys of the desks' logs, and of the desks that have one the keys they issue with."""
    desks = manifest.inners("desks")
    for one in desks:
        one.only("issuer", "log")
    issuers = tuple(one.data("issuer") for one in desks if one.fields["issuer"] is not None)
    for issuer in issuers:
        issuer_key(issuer)
    return tuple(named_key(one.inner("log"), NOTE) for one in desks), issuers


def _options(manifest: Reader, rule: Reader) -> tuple[str, ...]:
    options = manifest.inners("options")
    for at, one in enumerate(options, start=1):
        one.only("name", "number")
        if one.number("number") != at:
            raise Fault("document_malformed", "The options are not numbered 1, 2, 3 and so on.")
    require_fitting(rule, len(options))
    return tuple(one.text("name") for one in options)


def _people(trustees: Reader) -> tuple[Key, ...]:
    trustees.only("election_key", "needed", "people")
    return tuple(named_key(one, NOTE) for one in trustees.inners("people"))


def _require_consistent(terms: Terms) -> None:
    """Check what the parts of the terms say of one another."""
    desks, issuers, has_trustees = len(terms.desks), terms.issuers, terms.election_key is not None
    fits = {
        "sealed": desks >= 2 and len(set(issuers)) == len(issuers) == desks and has_trustees,
        "detached": desks == 1 and not issuers and has_trustees,
        "open": desks == 1 and not issuers and not has_trustees,
    }
    if not fits.get(terms.tier, False):
        raise Fault("document_malformed", f"Desks and trustees do not fit the tier {terms.tier!r}.")
    for keys in ((*terms.desks, terms.board, *terms.witnesses), terms.trustees):
        if len({key.name for key in keys}) < len(keys):
            raise Fault(
                "document_malformed", "Two logs or witnesses, or two trustees, share a name."
            )
    if terms.witnesses_needed > len(terms.witnesses):
        raise Fault("document_malformed", "More witnesses are needed than there are.")
    if terms.trustees_needed > len(terms.trustees):
        raise Fault("document_malformed", "More trustees are needed than there are.")
    if terms.content_bytes > CONTENT_BYTES_MAX:
        raise Fault(
            "document_malformed", f"A choice has {terms.content_bytes} bytes; 4096 at most."
        )
