"""The command: `khan verify BUNDLE.zip`, or without anything of the service `python -m verifier`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from verifier.check import Verified, verify
from verifier.fault import FAULTS, Fault

WRONG, UNUSABLE = 1, 2


def run(
    bundle: Path,
    *,
    receipt: Path | None = None,
    noticed_hash: str | None = None,
    processes: int | None = None,
) -> int:
    """Check a bundle and say what was found; the exit status comes back.

    Returns
    -------
    int
        0: nothing is wrong; 1: something is, and its code and one sentence were printed; 2: a file
        cannot be read.
    """
    for file in (bundle, receipt):
        if file is not None and not file.is_file():
            print(f"khan: there is no file {file}", file=sys.stderr)
            return UNUSABLE
    line = _ProgressLine(sys.stderr)
    try:
        found = verify(
            bundle,
            receipt=None if receipt is None else receipt.read_bytes(),
            noticed_hash=noticed_hash,
            processes=processes or os.cpu_count() or 1,
            progress=line.show,
        )
    except Fault as fault:
        line.clear()
        print(f"WRONG {fault.code}: {fault.sentence}\n  {FAULTS[fault.code]}")
        return WRONG
    line.clear()
    print(_told(found, is_noticed=noticed_hash is not None))
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line of `python -m verifier`."""
    parser = argparse.ArgumentParser(
        prog="python -m verifier",
        description="Check the bundle of a vote offline, and count again.",
        epilog="Exit status: 0 nothing is wrong; 1 something is; 2 a file cannot be read.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE.zip")
    parser.add_argument("--receipt", type=Path, metavar="FILE", help="find your own ballot")
    parser.add_argument("--notice", metavar="HASH", help="the manifest's hash, from the notice")
    parser.add_argument("--processes", type=int, metavar="N", help="else one for each core")
    asked = parser.parse_args(words)
    return run(
        asked.bundle, receipt=asked.receipt, noticed_hash=asked.notice, processes=asked.processes
    )


def _told(found: Verified, *, is_noticed: bool) -> str:
    certificate = found.certificate
    issued = " and ".join(str(one) for one in certificate["issued"])
    broken = certificate["broken"]
    lines = [
        "Nothing is wrong with this vote.",
        f"  Question   {found.question}",
        f"  Manifest   {found.manifest_hash}",
        "             is the one in the notice." if is_noticed
        else "             Compare it with the notice of the vote, or give --notice HASH.",
        f"  Roll       {certificate['roll']} entries; ballots issued: {issued}",
        f"  Ballots    {certificate['keys']} keys, {certificate['unused']} issued and never used, "
        f"{certificate['superseded']} replaced, {certificate['cancelled']} cancelled, "
        f"{certificate['papers']} on paper",
        f"  Counted    {certificate['valid']}, {certificate['blank']} of them blank; "
        f"{len(broken)} broken",
        *(f"             entry {one['index']}: {one['reason']}" for one in broken[:20]),
        f"  Result     {json.dumps(certificate['result'], ensure_ascii=False)[:2000]}",
    ]  # fmt: skip
    if found.receipt is not None:
        lines.append(f"  Receipt    {found.receipt}")
    return "\n".join(lines)


class _ProgressLine:
    """One line that is written over, where somebody looks on."""

    def __init__(self, to: TextIO) -> None:
        self._to = to if to.isatty() else None

    def show(self, stage: str, done: int, of: int) -> None:
        """Say how far it is."""
        if self._to is not None:
            self._to.write(f"\r\033[K  checking {stage}: {done} of {of}")
            self._to.flush()

    def clear(self) -> None:
        """Leave nothing behind."""
        if self._to is not None:
            self._to.write("\r\033[K")
            self._to.flush()
