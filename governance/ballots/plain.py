"""Documents as bytes that are the same everywhere: RFC 8785 JSON, and bytes in it as base64.

Everything that is hashed or signed in a vote is a canonical JSON document, so that a verifier in
another language comes to the same bytes. No floating point: only strings, whole numbers below
2**53, booleans, null, arrays and objects.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

from governance.ballots.errors import DocumentMalformed

Plain: TypeAlias = "str | int | bool | Sequence[Plain] | Mapping[str, Plain] | None"
Fields: TypeAlias = dict[str, Plain]


NUMBER_MAX = 2**53 - 1
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Plain) -> bytes:
    """The canonical form of `value` (RFC 8785), UTF-8, without a newline.

    Of text without accents, whole numbers and such the standard library's encoder gives the same
    bytes several times as fast, and boards are made of them. All else goes to the library made for
    it: names beyond ASCII sort another way, and of other numbers it knows which are none.

    Raises
    ------
    DocumentMalformed
        If it holds a whole number beyond 2**53, a number that is not whole or half a character,
        which no document can.
    """
    try:
        if _is_simple(value):
            text = _ENCODER.encode(value)
            if text.isascii():
                return text.encode()
        return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise DocumentMalformed("it holds a number or a character that no document can") from error


def _is_simple(value: object) -> bool:
    if value is None or isinstance(value, str):
        return True
    if isinstance(value, int):
        return -NUMBER_MAX <= value <= NUMBER_MAX
    if isinstance(value, dict):
        return all(map(_is_name, value)) and all(map(_is_simple, value.values()))
    return isinstance(value, list | tuple) and all(map(_is_simple, value))


def _is_name(value: object) -> bool:
    return isinstance(value, str)


def parse(document: bytes) -> Fields:
    """The object that a canonical document says.

    Raises
    ------
    DocumentMalformed
        If it is no JSON object, or not in canonical form (a repeated name is neither).
    """
    try:
        found = json.loads(document)
        again = canonical(found)
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise DocumentMalformed("it is not JSON") from error
    if again != document or not isinstance(found, dict):
        raise DocumentMalformed("it is not a JSON object in canonical form (RFC 8785)")
    return found


def pack(data: bytes) -> str:
    """Bytes as base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def unpack(text: Plain, length: int | None = None) -> bytes:
    """The bytes that `pack` packed; of exactly `length` bytes where it is given.

    Raises
    ------
    DocumentMalformed
        If `text` is anything else.
    """
    if not isinstance(text, str):
        raise DocumentMalformed("bytes are written as base64 text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DocumentMalformed(f"{text[:40]!r} is not base64") from error
    if pack(data) != text or (length is not None and len(data) != length):
        raise DocumentMalformed(f"{text[:40]!r} is not {length or 'whole'} bytes in base64")
    return data


def text_of(fields: Mapping[str, Plain], name: str) -> str:
    """The text in field `name`.

    Raises
    ------
    DocumentMalformed
        If there is none.
    """
    found = fields.get(name)
    if not isinstance(found, str):
        raise DocumentMalformed(f"its field {name!r} is not text")
    return found


def number_of(fields: Mapping[str, Plain], name: str, *, least: int = 0) -> int:
    """The whole number in field `name`, from `least` on.

    Raises
    ------
    DocumentMalformed
        If there is none.
    """
    found = fields.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or found < least:
        raise DocumentMalformed(f"its field {name!r} is not a whole number from {least} on")
    return found


def list_of(fields: Mapping[str, Plain], name: str) -> Sequence[Plain]:
    """The array in field `name`.

    Raises
    ------
    DocumentMalformed
        If there is none.
    """
    found = fields.get(name)
    if not isinstance(found, list):
        raise DocumentMalformed(f"its field {name!r} is not an array")
    return found


def object_of(fields: Mapping[str, Plain], name: str) -> Fields:
    """The object in field `name`.

    Raises
    ------
    DocumentMalformed
        If there is none.
    """
    return as_object(fields.get(name), name)


def as_object(value: Plain, name: str) -> Fields:
    """`value` as the object it must be.

    Raises
    ------
    DocumentMalformed
        If it is none.
    """
    if not isinstance(value, dict):
        raise DocumentMalformed(f"its {name!r} is not an object")
    return value


def only(fields: Mapping[str, Plain], *names: str) -> None:
    """Insist that `fields` has exactly these names.

    Raises
    ------
    DocumentMalformed
        If one is missing or strange.
    """
    if set(fields) != set(names):
        strange = ", ".join(sorted(set(fields) ^ set(names)))
        raise DocumentMalformed(f"these fields are missing or strange: {strange}")
