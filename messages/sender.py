"""The port through which texts leave, and the two senders that need no network.

A text message holds a phone and often a secret: no sender ever writes one to the log.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text to one phone (E.164). `kind` says what it is about, for counting."""

    to: str = field(repr=False)
    text: str = field(repr=False)
    kind: str


class Sender(Protocol):
    """Takes a text for a phone.

    It may be called inside a unit of work: an implementation hands over at once, and queues what
    would wait for a network.
    """

    async def send(self, to: str, text: str, kind: str) -> None:
        """Hand over a text; `to` is E.164, `kind` a stable word like `sign_in_code`."""
        ...


class ConsoleSender:
    """Writes each message as one line of JSON: the phones of a demonstration read it.

    Parameters
    ----------
    stream
        Where to; flushed after every line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @classmethod
    def to_file(cls, path: Path) -> Self:
        """A sender that appends to a file only its owner may read.

        Several processes may append to the same one: a line is written whole.
        """
        path.touch(mode=0o600, exist_ok=True)
        return cls(path.open("a", encoding="utf-8", buffering=1))

    async def send(self, to: str, text: str, kind: str) -> None:
        """Write the message as a line with the members `to`, `kind` and `text`."""
        line = json.dumps({"to": to, "kind": kind, "text": text}, ensure_ascii=False)
        self._stream.write(line + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


class NullSender:
    """Keeps messages in memory and sends none: for tests."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, to: str, text: str, kind: str) -> None:
        """Keep the message."""
        self.sent.append(Message(to=to, text=text, kind=kind))
