"""`khan verify`, `khan bench ballots`: sealed votes, checked and measured."""

from pathlib import Path
from typing import Annotated

import typer

from khan.console import ArgumentUnusable, console, writable

EXAMPLE = "Example:\n\nkhan verify bundle.zip --receipt my-receipt.json --notice 3b1f…"


def verify(
    *,
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE.zip", help="The published bundle of a vote.")
    ],
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Find your own ballot by its receipt.")
    ] = None,
    notice: Annotated[
        str | None, typer.Option(metavar="HASH", help="The manifest's hash, from the notice.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Else one for each core.")
    ] = None,
) -> None:
    """Check the bundle of a vote offline, and count again.

    Needs no account and no service; names the first thing that is wrong. `python -m verifier` is
    the same without anything of the service.
    """
    from verifier.command import run

    status = run(bundle, receipt=receipt, noticed_hash=notice, processes=processes)
    if status:
        raise typer.Exit(status)


def bench_ballots(
    *,
    ballots: Annotated[int, typer.Option(min=10, max=200_000, help="Members who vote.")] = 50_000,
    modulus_bits: Annotated[
        int, typer.Option(min=2048, max=4096, help="Of the desks' keys.")
    ] = 3072,
    processes: Annotated[int, typer.Option(min=1, max=64, help="At work at once.")] = 2,
    seed: Annotated[int, typer.Option(help="Of everything but the desks' keys and the seals.")] = 1,
    keep: Annotated[
        Path | None, typer.Option(metavar="OUT.zip", help="Keep the bundle there.")
    ] = None,
    made: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE.zip",
            help="Measure this bundle, and make none: one kept earlier, or of a vote that was held.",
        ),
    ] = None,
) -> None:
    """Make the bundle of a large sealed vote and measure its verification.

    Making takes longer than checking: both desks sign every ballot. Keep a bundle, and measure it
    again with `--made`.
    """
    from khan.bench_ballots import run

    writable("--keep", keep)
    if made is not None and not made.is_file():
        raise ArgumentUnusable("--made", f"there is no file {made}")
    run(
        ballots=ballots, modulus_bits=modulus_bits, processes=processes, seed=seed, keep=keep,
        made=made, console=console,
    )  # fmt: skip
