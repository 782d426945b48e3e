"""The verifier of the browser: published vectors, flipped bits, and words for every fault."""

import json
from pathlib import Path

import pytest

from foundation.chance import SeededChance
from governance.ballots.choice import Mark
from governance.tier import Tier
from tests.ballot_scene import (
    CLOSES,
    DURING,
    RESOLUTION,
    honest_parts,
    opened,
    parts_of,
    voters,
    write_parts,
)
from tests.second_verifier import ask_second, evaluate
from verifier.fault import FAULTS

Parts = dict[str, bytes]


def _open_vote(tier: Tier) -> Parts:
    vote = opened(RESOLUTION, tier=tier)
    for number, mark in enumerate(("for", "for", "against")):
        voter = voters(6)[number]
        key = vote.take(voter, at_ms=DURING)
        entry = voter.roll_entry(tier).commitment if tier is Tier.OPEN else b""
        vote.vote(key, Mark(mark), sequence=1, at_ms=DURING, voter=entry)
    vote.extend(CLOSES + 3_600_000, at_ms=CLOSES - 1)
    vote.close()
    return parts_of(vote)


def _parts(tier: Tier) -> Parts:
    return honest_parts() if tier is Tier.SEALED else _open_vote(tier)


@pytest.mark.parametrize("tier", list(Tier))
def test_an_honest_vote_of_each_tier_is_accepted_with_its_certificate(
    tier: Tier, tmp_path: Path
) -> None:
    parts = _parts(tier)
    found = ask_second(write_parts(parts, tmp_path / "bundle.zip"))
    assert found["accepted"], found
    assert found["certificate"] == json.loads(parts["certificate.json"])


@pytest.mark.parametrize("tier", list(Tier))
def test_no_flipped_bit_is_accepted(tier: Tier, tmp_path: Path) -> None:
    parts = _parts(tier)
    chance = SeededChance(tier.value)
    for name in sorted(parts):
        for _ in range(8):
            flipped = bytearray(parts[name])
            flipped[chance.below(len(flipped))] ^= 1 << chance.below(8)
            bundle = write_parts(parts | {name: bytes(flipped)}, tmp_path / "bundle.zip")
            found = ask_second(bundle)
            assert found["accepted"] is False, (name, bytes(flipped))
            assert found["code"] in FAULTS


def test_an_archive_that_was_cut_or_changed_is_unreadable(tmp_path: Path) -> None:
    whole = write_parts(honest_parts(), tmp_path / "bundle.zip").read_bytes()
    for number, data in enumerate((b"", b"PK", whole[:-1], whole[1:], whole + b"x", whole[:200])):
        bundle = tmp_path / f"{number}.zip"
        bundle.write_bytes(data)
        assert ask_second(bundle)["code"] == "bundle_unreadable"


def test_hpke_opens_the_published_vector() -> None:
    """RFC 9180, appendix A.2.1: base mode, first message."""
    told = evaluate(
        """
        import { electionKey, openSealed } from './cryptography.mjs';
        import { fromHex, join, toHex } from './documents.mjs';
        export default async ({ secret, enc, ct, info, aad }) => {
          const key = await electionKey(fromHex(secret));
          const sealed = join(fromHex(enc), fromHex(ct));
          const plain = await openSealed(key, sealed, fromHex(info), fromHex(aad));
          sealed[40] ^= 1;
          return [toHex(key.open), toHex(plain), await openSealed(key, sealed, fromHex(info), fromHex(aad))];
        };
        """,
        {
            "secret": "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            "enc": "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            "ct": "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
            "21993c62ce81883d2dd1b51a28",
            "info": "4f6465206f6e2061204772656369616e2055726e",
            "aad": "436f756e742d30",
        },
    )
    public = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
    assert told == [public, b"Beauty is truth, truth beauty".hex(), None]


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":2}', '{"b":1,"a":2}', '{"a":1.0}', '{"a":1e2}', '{"a": 1}', '{"a":-0}', "[1]",
     '{"a":"\\ud800"}', '{"a":"\\u0041"}', "\ufeff{}", '{"a":9007199254740992}', '{"a":0.5}', "", "{}\n"],
)  # fmt: skip
def test_a_document_that_is_not_canonical_is_malformed(text: str) -> None:
    told = evaluate(
        """
        import { readDocument, utf8 } from './documents.mjs';
        export default (text) => { try { readDocument(utf8(text), ''); return null; } catch (fault) { return fault.code; } };
        """,
        text,
    )
    assert told == "document_malformed"


def test_the_page_has_a_sentence_for_every_fault_in_every_language() -> None:
    told = evaluate(
        "import { MESSAGES } from './messages.mjs';\n"
        "export default () => Object.values(MESSAGES).map((all) => Object.keys(all));"
    )
    assert len(told) == 4
    assert all(keys == told[0] for keys in told)
    assert {key.removeprefix("fault_") for key in told[0] if key.startswith("fault_")} == set(
        FAULTS
    )
