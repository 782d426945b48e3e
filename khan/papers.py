"""Checking a receipt at home, with the keys that a service publishes."""

import json
from pathlib import Path

import httpx

from fares.receipt import read_receipt
from foundation.errors import Unavailable
from khan.quoting import FileUnreadable
from papers.checking import Verdict, check_receipt
from papers.errors import PublishedKeysUnreadable
from papers.signing import PublishedKey, parse_keys

KEYS_PATH = "/public/v1/keys"
TIMEOUT_SECONDS = 10.0


class KeysNotFetched(Unavailable):
    """The address does not answer with its keys."""

    code = "keys_not_fetched"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} does not give its keys: {reason}.", url=url)


def keys_in(file: Path) -> tuple[PublishedKey, ...]:
    """The published keys that somebody kept in a file.

    Raises
    ------
    FileUnreadable, PublishedKeysUnreadable
    """
    return _parsed(_bytes_of(file))


def keys_at(url: str) -> tuple[PublishedKey, ...]:
    """The keys that a service publishes.

    Raises
    ------
    KeysNotFetched, PublishedKeysUnreadable
    """
    address = url.rstrip("/") + KEYS_PATH
    try:
        answer = httpx.get(address, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise KeysNotFetched(address, str(error) or "no answer") from None
    return _parsed(answer.content)


def verdict_on(file: Path, keys: tuple[PublishedKey, ...] | None) -> Verdict:
    """What holds of the receipt in a file, and what does not.

    Raises
    ------
    FileUnreadable, fares.receipt.ReceiptUnreadable
    """
    return check_receipt(read_receipt(_bytes_of(file)), keys)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileUnreadable(file, str(error.strerror)) from None


def _parsed(text: bytes) -> tuple[PublishedKey, ...]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise PublishedKeysUnreadable("it is not JSON") from None
    return parse_keys(document)
