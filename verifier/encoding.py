"""Reading documents: canonical JSON (RFC 8785), base64, fields by name; each malformed one named."""

import base64
import binascii
import json
from typing import Any, NoReturn

import rfc8785

from verifier.fault import Fault

NUMBER_MAX = 2**53 - 1
"""The largest whole number that every reader of JSON holds exactly."""


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > NUMBER_MAX:
        raise ValueError("a number is too large")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError("a number is not whole")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_refuse, parse_constant=_refuse)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> bytes:
    """The canonical form of a value without fractions.

    Where all is ASCII, the standard library's encoder gives what RFC 8785 asks for, seven times as
    fast; names beyond ASCII sort another way, and go to the library made for it.
    """
    text = _ENCODER.encode(value)
    return text.encode() if text.isascii() else rfc8785.dumps(value)


def document(data: bytes, where: str) -> dict[str, Any]:
    """The object in a canonical document.

    Raises
    ------
    Fault
        `document_malformed`, if there is none.
    """
    try:
        found = _DECODER.decode(data.decode())
        is_canonical = canonical(found) == data
    except (ValueError, RecursionError):
        raise Fault("document_malformed", f"{where} is not JSON as votes use it.") from None
    if not isinstance(found, dict) or not is_canonical:
        raise Fault("document_malformed", f"{where} is not a JSON object in canonical form.")
    return found


class Reader:
    """A document's fields, each asked for by its kind; a wrong one is a fault that says where."""

    def __init__(self, fields: Any, where: str) -> None:
        if not isinstance(fields, dict):
            raise Fault("document_malformed", f"{where} is not an object.")
        self.fields: dict[str, Any] = fields
        self.where = where

    def only(self, *names: str) -> None:
        """Insist on exactly these fields."""
        if set(self.fields) != set(names):
            raise Fault("document_malformed", f"{self.where} has other fields than it must.")

    def text(self, name: str) -> str:
        """A text."""
        return self.as_text(self.fields.get(name), name)

    def as_text(self, value: Any, name: str) -> str:
        """A text in a value."""
        return value if isinstance(value, str) else self._wrong(name, "text")

    def number(self, name: str, least: int = 0) -> int:
        """A whole number from `least` on."""
        found = self.fields.get(name)
        if type(found) is not int or found < least:
            self._wrong(name, f"a whole number from {least} on")
        return found

    def array(self, name: str) -> list[Any]:
        """An array."""
        found = self.fields.get(name)
        return found if isinstance(found, list) else self._wrong(name, "an array")

    def inner(self, name: str) -> "Reader":
        """An object within."""
        return Reader(self.fields.get(name), f"{name} in {self.where}")

    def inners(self, name: str) -> "list[Reader]":
        """The objects in an array."""
        return [Reader(one, f"{name} in {self.where}") for one in self.array(name)]

    def data(self, name: str, length: int | None = None) -> bytes:
        """Bytes in base64."""
        return self.as_data(self.fields.get(name), name, length)

    def as_data(self, text: Any, name: str, length: int | None = None) -> bytes:
        """Bytes in a value that is base64."""
        try:
            data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
        except (binascii.Error, ValueError):
            data = None
        if data is None or packed(data) != text or (length is not None and len(data) != length):
            self._wrong(name, f"{length or 'whole'} bytes in base64")
        return data

    def hexadecimal(self, name: str) -> bytes:
        """32 bytes in hexadecimal."""
        text = self.text(name)
        try:
            data = bytes.fromhex(text)
        except ValueError:
            data = b""
        if len(data) != 32 or data.hex() != text:
            self._wrong(name, "32 bytes in hexadecimal")
        return data

    def _wrong(self, name: str, expected: str) -> NoReturn:
        raise Fault("document_malformed", f"{name} in {self.where} is not {expected}.")


def packed(data: bytes) -> str:
    """Bytes as base64 with padding."""
    return base64.b64encode(data).decode("ascii")
