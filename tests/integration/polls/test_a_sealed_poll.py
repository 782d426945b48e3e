"""A whole sealed poll by the processes' own apps and roles, from the notice to a bundle that verifies."""

from pathlib import Path

import psycopg
import pytest

from foundation.chance import SeededChance
from governance.ballots import bundle, trustees
from governance.ballots.bundle import Bundle, PublishedLog
from governance.ballots.checkpoint import read_checkpoint
from governance.ballots.choice import Mark
from governance.ballots.hours import Hours
from governance.ballots.merkle import Head
from governance.ballots.tally import Issuance, certificate, lot_seed, tally
from governance.ballots.trustees import Trustee
from governance.polls.errors import PollNotPrepared
from governance.polls.records import ClosedPoll, closed_poll, hours_of, parts_of
from governance.tier import Tier
from simulation import voter
from simulation.rehearsed_vote import roll_of
from tests.ballot_scene import count_plainly
from tests.polls import CLOSES_MS, PollScene, poll_scene
from verifier.check import verify


async def vote(scene: PollScene, number: int, mark: str) -> voter.VoterFolder:
    """A member takes tokens and votes at once."""
    kept, places = scene.kept_by(number), scene.places()
    await voter.prepare(kept, places, scene.entry_of(number), SeededChance(f"voter {number}"))
    voter.fill(kept, Mark(mark))
    await voter.send(kept, places)
    return kept


async def bundle_of(scene: PollScene, closed: ClosedPoll, to: Path) -> Path:
    """The bundle, counted, as the certificate's maker writes it."""
    *desks, board = [
        PublishedLog(lines=await scene.lines_of(log.keeper), notes=log.notes)
        for log in (*closed.desk_logs, closed.board)
    ]
    manifest = scene.manifest
    assert manifest is not None
    assert manifest.trustees is not None
    text = closed.board.notes[-1].rpartition("\n\n")[0] + "\n"
    head: Head = read_checkpoint(text).head
    hours = Hours.of(manifest)
    released = []
    for share, key, person in zip(
        trustees.deal(scene.election, needed=2, people=3), scene.trustees, manifest.trustees.people,
        strict=True,
    ):  # fmt: skip
        one = Trustee(key=person, signer=key, share=share)
        released.append(one.release(manifest.digest(), head, hours=hours, at_ms=CLOSES_MS + 9000))
    key = trustees.combine([share for share, _ in released], manifest.trustees)
    found = tally(manifest, board.lines, key)
    result = count_plainly(
        manifest.question, found.votes, lot_seed=lot_seed(closed.lot_secret, head)
    )
    issued = tuple(sum(b'"kind":"issued"' in line for line in log.lines) for log in desks)
    with to.open("wb") as file:
        bundle.write(
            Bundle(
                manifest=manifest.document(), manifest_note=closed.manifest_note,
                roll=roll_of(scene.people, scene.tier), desks=desks, board=board,
                opening=bundle.opening_document(
                    election_key=key.private_bytes_raw(), lot=closed.lot_secret,
                    releases=[statement for _, statement in released],
                ),
                certificate=certificate(
                    manifest, found, head=head, issuance=Issuance(issued=issued), result=result
                ),
            ),
            file,
        )  # fmt: skip
    return to


async def test_a_sealed_poll_from_the_notice_to_a_bundle_that_verifies(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=3) as scene:
        scene.notice()
        async with scene.office.reading() as reading:
            with pytest.raises(PollNotPrepared, match="secretary"):
                await parts_of(reading, scene.poll_id, tier=Tier.SEALED)
        await scene.turn()
        await scene.publish()
        scene.at(scene.manifest.opens_at_ms + 1000)
        await scene.turn()
        kept = [await vote(scene, number, mark) for number, mark in enumerate(["for", "for"])]
        await scene.turn()
        assert await voter.fetch_receipt(kept[0], scene.places()) is None  # it waits
        kept.append(await vote(scene, 2, "against"))
        await scene.turn()
        await scene.witness(at_seconds=CLOSES_MS // 1000 - 100)
        assert await voter.fetch_receipt(kept[0], scene.places()) is not None
        voter.fill(kept[0], Mark("against"))  # a change of mind
        await voter.send(kept[0], scene.places())
        await scene.ended()
        assert (await voter.fetch_receipt(kept[0], scene.places())) is not None
        async with scene.office.reading() as reading:
            closed = await closed_poll(reading, scene.poll_id)
            assert (await hours_of(reading, scene.poll_id)).closes_at_ms == CLOSES_MS
        made = await bundle_of(scene, closed, tmp_path / "bundle.zip")
        verified = verify(
            made, receipt=(kept[0].folder / "receipt-2.json").read_bytes(),
            noticed_hash=scene.manifest.digest().hex(),
        )  # fmt: skip
        assert verified.certificate["result"]["against"] == 2
        assert verified.certificate["result"]["for"] == 1
        assert verified.certificate["superseded"] == 1
        assert verified.receipt is not None
