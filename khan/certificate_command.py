"""`khan certificate`: the certificate of a bundle as a sheet of paper."""

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from foundation.errors import Invalid
from khan.console import console, writable

EXAMPLE = (
    'Example:\n\nkhan certificate bundle.zip --officer "R. Officer" --observer "City clerk" --out certificate.pdf'
    "\n\nIt checks nothing: run `khan verify` first. The same bundle and names give the same file."
)
PART_BYTES_MAX = 20_000_000
"""No manifest and no certificate comes near it; a file that does was made to fill a memory."""


class BundleUnreadable(Invalid):
    """The file is no bundle of a vote, or a part of it is missing or far too large."""

    code = "bundle_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is no bundle of a vote: {reason}.", reason=reason)


def certificate(
    *,
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE.zip", help="The published bundle of a vote.")
    ],
    officer: Annotated[str, typer.Option(metavar="NAME", help="The returning officer.")],
    out: Annotated[Path, typer.Option(metavar="FILE.pdf", help="Write the sheet there.")],
    observer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Who watched the count; repeatable.")
    ] = None,
) -> None:
    """Write the certificate of a bundle as a PDF, for whoever reads paper."""
    writable("--out", out)
    out.write_bytes(sheet_of(bundle, officer=officer, observers=tuple(observer or ())))
    console.print(f"Wrote {out}. Check the vote itself with: khan verify {bundle}")


def sheet_of(bundle: Path, *, officer: str, observers: tuple[str, ...]) -> bytes:
    """The sheet of a bundle; its date is the close of the vote.

    Raises
    ------
    BundleUnreadable
        If the file is no bundle.
    DocumentMalformed, BallotFormUnusable
        If its documents say nothing.
    """
    from governance.ballots import manifest as manifests
    from governance.ballots.plain import parse
    from governance.certificate_pdf import Sheet, certificate_pdf

    parts = {
        name: _part(bundle, name) for name in ("manifest.json", "certificate.json", "opening.json")
    }
    manifest = manifests.read(parts["manifest.json"])
    lot = parse(parts["opening.json"]).get("lot")
    return certificate_pdf(
        Sheet(
            title=manifest.question.text,
            document=json.loads(parts["certificate.json"]),
            text=parts["certificate.json"].decode(),
            digest=hashlib.sha256(parts["certificate.json"]).hexdigest(),
            officer=officer,
            observers=observers,
            certified_at=datetime.fromtimestamp(manifest.closes_at_ms / 1000, UTC),
            date_is="Closed at, by its notice",
            options=tuple(one.name for one in manifest.question.options),
            hashes=(
                ("SHA-256 of the manifest", manifest.digest().hex()),
                ("SHA-256 of the bundle", _digest(bundle)),
            ),
            lot_seed=lot if isinstance(lot, str) else None,
        )
    )


def _digest(bundle: Path) -> str:
    with bundle.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _part(bundle: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(bundle) as archive:
            if archive.getinfo(name).file_size > PART_BYTES_MAX:
                raise BundleUnreadable(f"{name} is larger than {PART_BYTES_MAX} bytes")
            return archive.read(name)
    except FileNotFoundError:
        raise BundleUnreadable("there is no such file") from None
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError):
        raise BundleUnreadable(f"it holds no readable {name}") from None
