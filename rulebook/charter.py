"""The founding charter of a city, read from a folder of JSON files.

`charter.json` says who founded what and from when; beside it lies one file for each kind of
rule, named after it (`tariff.json`), which holds that rule's body. See docs/reference/charter.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from foundation.errors import Invalid
from foundation.strict_json import read_json
from rulebook.errors import BodyInvalid, CharterInvalid
from rulebook.rule import RuleKind, canonical
from rulebook.schema import check_body

REQUIRED = (
    RuleKind.BYLAWS,
    RuleKind.TARIFF,
    RuleKind.PAY_FLOOR,
    RuleKind.BOOKING_POLICY,
    RuleKind.MATCHING_POLICY,
)
"""Without these a city cannot work; the other kinds may come by motion."""

BYTES_MAX = 4_000_000

Reader = Callable[[Mapping[str, Any]], object]
"""Reads a body and refuses, with `facts["field"]`, what has no meaning: `fares.tariff.parse_tariff`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """What a city is founded on.

    Attributes
    ----------
    city
        The city pack's name.
    signed_by
        Who founds it, as printed on receipts and in the book of rules.
    published_at, valid_from
        Aware instants; a charter needs no notice, and is published before it holds.
    bodies
        One body for each kind, in the order of `RuleKind`.
    """

    city: str
    title: str
    signed_by: tuple[str, ...]
    published_at: datetime
    valid_from: datetime
    bodies: Mapping[RuleKind, Mapping[str, Any]]


def parse_charter(folder: Path, *, readers: Mapping[RuleKind, Reader] | None = None) -> Charter:
    """The charter in `folder`.

    Parameters
    ----------
    readers
        For a kind, the parser of the room that acts on it: its refusals are reported too.

    Raises
    ------
    CharterInvalid
        Naming the file, and the field in it, that is missing, malformed or senseless.
    """
    raw = _read(folder / "charter.json")
    _only(raw, {"city", "title", "signed_by", "published_at", "valid_from"})
    bodies = {}
    for kind in RuleKind:
        path = folder / f"{kind}.json"
        if not path.exists() and kind not in REQUIRED:
            continue
        bodies[kind] = _read(path)
        _check(path.name, kind, bodies[kind], (readers or {}).get(kind))
    known = {"charter.json", *(f"{kind}.json" for kind in RuleKind)}
    for path in sorted(folder.glob("*.json")):
        if path.name not in known:
            raise CharterInvalid(path.name, "", "is not the name of a kind of rule")
    published_at, valid_from = _instant(raw, "published_at"), _instant(raw, "valid_from")
    if published_at > valid_from:
        raise CharterInvalid("charter.json", "published_at", "is after valid_from")
    return Charter(
        city=_text(raw, "city"),
        title=_text(raw, "title"),
        signed_by=_names(raw),
        published_at=published_at,
        valid_from=valid_from,
        bodies=bodies,
    )


def _check(file: str, kind: RuleKind, body: Mapping[str, Any], reader: Reader | None) -> None:
    try:
        check_body(kind, body)
        if reader is not None:
            reader(body)
    except BodyInvalid as refusal:
        raise CharterInvalid(file, refusal.field, refusal.reason) from None
    except Invalid as refusal:
        field = str(refusal.facts.get("field", ""))
        raise CharterInvalid(
            file, field, str(refusal.facts.get("reason", refusal.sentence))
        ) from None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise CharterInvalid(path.name, "", "is missing") from None
    except OSError as error:
        raise CharterInvalid(path.name, "", f"cannot be read ({error.strerror})") from None
    if len(text) > BYTES_MAX:
        raise CharterInvalid(path.name, "", f"is larger than {BYTES_MAX} bytes")
    try:
        value = read_json(text.decode())
        # PostgreSQL keeps no NUL in text, and half a surrogate pair is no Unicode.
        if b"\\u0000" in canonical(value):
            raise ValueError("it holds a NUL character")
    except (ValueError, RecursionError) as error:
        raise CharterInvalid(path.name, "", f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise CharterInvalid(path.name, "", "is not a JSON object")
    return value


def _only(raw: Mapping[str, Any], fields: set[str]) -> None:
    for name in sorted(set(raw) - fields):
        raise CharterInvalid("charter.json", name, "is not a field of a charter")
    for name in sorted(fields - set(raw)):
        raise CharterInvalid("charter.json", name, "is missing")


def _text(raw: Mapping[str, Any], field: str) -> str:
    value = raw[field]
    if not isinstance(value, str) or not 1 <= len(value) <= 200:
        raise CharterInvalid("charter.json", field, "must be a text of 1 to 200 characters")
    return value


def _names(raw: Mapping[str, Any]) -> tuple[str, ...]:
    names = raw["signed_by"]
    if (
        not isinstance(names, list)
        or not names
        or not all(isinstance(name, str) and 1 <= len(name) <= 200 for name in names)
    ):
        raise CharterInvalid("charter.json", "signed_by", "must name at least one signatory")
    return tuple(names)


def _instant(raw: Mapping[str, Any], field: str) -> datetime:
    value = raw[field]
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise CharterInvalid("charter.json", field, "must be an instant (RFC 3339)") from None
    if instant.tzinfo is None:
        raise CharterInvalid("charter.json", field, "must name its offset from UTC")
    return instant
