"""The terms of the vote, as the manifest says them and as checks need them."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from verifier import notes
from verifier.encoding import NUMBER_MAX, Reader, document, packed
from verifier.fault import Fault
from verifier.notes import COSIGNATURE, NOTE, Key, NoteWrong
from verifier.shares import PATTERN

FORMAT = "khan-cars manifest 1"
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
    tier = manifest.text("tier")
    rule, roll, party = (
        manifest.inner("rule"),
        manifest.inner("roll"),
        manifest.inner("relying_party"),
    )
    desks, options = manifest.inners("desks"), manifest.inners("options")
    issuers = tuple(one.data("issuer") for one in desks if one.fields.get("issuer") is not None)
    _require_tier(tier, len(desks), len(issuers), manifest.fields["trustees"] is not None)
    if [one.number("number") for one in options] != list(range(1, len(options) + 1)):
        raise Fault("document_malformed", "The options are not numbered 1, 2, 3 and so on.")
    _require_parameters(rule, len(options))
    trustees = manifest.inner("trustees") if manifest.fields["trustees"] is not None else None
    return Terms(
        digest=sha256(data).digest(),
        vote=manifest.text("vote"),
        tier=tier,
        question=manifest.text("question"),
        rule=rule.text("name"),
        parameters=rule.inner("parameters").fields,
        options=tuple(one.text("name") for one in options),
        closes_at_ms=manifest.number("closes_at_ms"),
        grace_seconds=manifest.number("grace_seconds"),
        roll_size=roll.number("size"),
        roll_root=roll.data("root", 32),
        desks=tuple(_key(one.inner("log"), NOTE) for one in desks),
        issuers=issuers,
        board=_key(manifest.inner("board"), NOTE),
        witnesses=tuple(_key(one, COSIGNATURE) for one in manifest.inners("witnesses")),
        witnesses_needed=manifest.number("witnesses_needed"),
        election_key=None if trustees is None else trustees.data("election_key", 32),
        trustees=()
        if trustees is None
        else tuple(_key(o, NOTE) for o in trustees.inners("people")),
        trustees_needed=0 if trustees is None else trustees.number("needed", 1),
        lot_commitment=manifest.hexadecimal("lot_commitment"),
        rp_id=party.text("id"),
        origins=tuple(str(one) for one in party.array("origins")),
        content_bytes=manifest.number("content_bytes"),
    )


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


def _require_tier(tier: str, desks: int, issuers: int, has_trustees: bool) -> None:
    fits = {
        "sealed": desks >= 2 and issuers == desks and has_trustees,
        "detached": desks == 1 and issuers == 0 and has_trustees,
        "open": desks == 1 and issuers == 0 and not has_trustees,
    }
    if not fits.get(tier, False):
        raise Fault("document_malformed", f"Desks and trustees do not fit the tier {tier!r}.")


def _require_share(parameters: Reader) -> None:
    if not re.fullmatch(PATTERN, parameters.text("required")):
        raise Fault("document_malformed", "The share required is none like >1/2 or >=3/4.")


def _require_parameters(rule: Reader, options: int) -> None:
    """Check what reading and counting a ballot by this rule needs."""
    parameters = rule.inner("parameters")
    match rule.text("name"):
        case "for_against":
            parameters.number("quorum")
            _require_share(parameters)
        case "lower_median":
            step = parameters.number("step", 1)
            low, high = (parameters.number(name, -NUMBER_MAX) for name in ("lowest", "highest"))
            parameters.number("today", -NUMBER_MAX)
            if not re.fullmatch(r"[0-9]+(/[1-9][0-9]*)?", parameters.text("phantom_share")):
                raise Fault("document_malformed", "The share of phantoms is none like 1/10.")
            if low > high or (high - low) % step:
                raise Fault("document_malformed", "Bounds and step of the value do not fit.")
        case "schulze":
            _require_share(parameters)
            has_one = parameters.fields.get("status_quo", 0) is not None
            if has_one and parameters.number("status_quo", 1) > options:
                raise Fault("document_malformed", "The status quo is none of the options.")
        case "equal_shares":
            parameters.number("budget", 1)
            parameters.number("unit", 1)
            costs = parameters.array("costs")
            if len(costs) != options or any(type(one) is not int or one < 1 for one in costs):
                raise Fault("document_malformed", "The options do not have a cost each.")
        case "scottish_stv":
            parameters.number("seats", 1)
            parameters.number("ranks_max", 1)


def _key(reader: Reader, kind: int) -> Key:
    reader.only("name", "key")
    return Key(reader.text("name"), reader.data("key", 32), kind)
