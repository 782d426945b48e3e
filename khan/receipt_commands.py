"""`khan receipt`: checking a receipt at home, and making the key that signs them."""

from pathlib import Path
from typing import Annotated

import typer

from khan.console import ArgumentUnusable, console

receipt = typer.Typer(
    help="Check receipts, and make the key that signs them.", no_args_is_help=True
)

ReceiptFile = Annotated[Path, typer.Argument(help="A receipt as the rider API gives it, JSON.")]
KeysFile = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FILE", help="The keys as /public/v1/keys gave them."),
]
KeysUrl = Annotated[
    str | None,
    typer.Option("--url", metavar="ADDRESS", help="The service whose published keys to fetch."),
]


@receipt.command(
    "verify",
    epilog="Exit status 1 if anything differs.\n\nExample:\n\nkhan receipt verify receipt.json --url https://cars.example",
)
def verify(file: ReceiptFile, *, keys: KeysFile = None, url: KeysUrl = None) -> None:
    """Check a receipt's signature, and compute it again from itself alone; say what differs."""
    from khan.papers import keys_at, keys_in, verdict_on

    if keys is not None and url is not None:
        raise ArgumentUnusable("--keys", "give a file or --url, not both")
    published = keys_in(keys) if keys is not None else None if url is None else keys_at(url)
    verdict = verdict_on(file, published)
    for said in verdict.holds or verdict.differences:
        console.print(said, markup=False)
    if not verdict.is_right:
        raise typer.Exit(1)
    console.print("The receipt is right.")


@receipt.command(
    "new-key",
    epilog="Name the file in KHAN_RECEIPT_KEY.\n\nExample:\n\nkhan receipt new-key receipts-2026.pem",
)
def new_key(
    file: Annotated[Path, typer.Argument(help="Where to write the key; must not be there yet.")],
) -> None:
    """Make a key that signs receipts; whoever holds the file can sign in your name."""
    import base64

    from foundation.chance import SystemChance
    from khan.letterhead import make_key

    key = make_key(file, SystemChance())
    console.print(f"key {key.key_id}", markup=False)
    console.print(f"public {base64.b64encode(key.public_key).decode()}", markup=False)
    console.print(
        f"It is in {file}, for its owner alone. Keep a copy in a safe place.", markup=False
    )
