"""The bundle's ZIP file: small documents whole, logs line by line, and limits on both."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from verifier.fault import Fault

DOCUMENT_BYTES_MAX = 32 * 1024 * 1024
LINE_BYTES_MAX = 64 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError)
"""What `zipfile` raises for an archive that is damaged, encrypted or packed otherwise."""


class Archive:
    """A bundle, opened for reading; nothing is unpacked to disk."""

    def __init__(self, path: Path) -> None:
        with ExitStack() as opened:
            try:
                # Opened here, so that closing it waits for no part that is half read.
                file = opened.enter_context(path.open("rb"))
                self._zip = opened.enter_context(zipfile.ZipFile(file))
            except _UNREADABLE as error:
                raise Fault("bundle_unreadable", f"{path} cannot be read as a ZIP file.") from error
            names = self._zip.namelist()
            if len(set(names)) != len(names):
                raise Fault("bundle_unreadable", "The bundle has a part twice; which one is it?")
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def document(self, name: str) -> bytes:
        """A small document as bytes."""
        with self._open(name) as file:
            data = self._read(file, DOCUMENT_BYTES_MAX + 1, name)
        if len(data) > DOCUMENT_BYTES_MAX:
            raise Fault("bundle_unreadable", f"{name} is longer than any bundle needs.")
        return data

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a log, without their newlines."""
        with self._open(name) as file:
            while True:
                try:
                    line = file.readline(LINE_BYTES_MAX + 1)
                except _UNREADABLE as error:
                    raise Fault("bundle_unreadable", f"{name} is damaged.") from error
                if not line:
                    return
                if not line.endswith(b"\n"):
                    raise Fault("document_malformed", f"A line of {name} does not end.")
                yield line[:-1]

    def batches(self, name: str, size: int) -> Iterator[list[bytes]]:
        """The lines of a log, so many at a time."""
        lines = self.lines(name)
        while batch := list(islice(lines, size)):
            yield batch

    def _open(self, name: str) -> "zipfile.ZipExtFile":
        try:
            if self._zip.getinfo(name).compress_type not in _METHODS:
                raise Fault("bundle_unreadable", f"{name} is neither stored nor deflated.")
            return self._zip.open(name)  # type: ignore[return-value]
        except (KeyError, *_UNREADABLE) as error:
            raise Fault("bundle_unreadable", f"The bundle has no part {name}.") from error

    @staticmethod
    def _read(file: "zipfile.ZipExtFile", limit: int, name: str) -> bytes:
        try:
            return file.read(limit)
        except _UNREADABLE as error:
            raise Fault("bundle_unreadable", f"{name} is damaged.") from error
