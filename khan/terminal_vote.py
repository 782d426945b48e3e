"""Voting from a terminal, over the same public APIs as everybody.

A folder holds a poll's passkey, ballot key, slip, ballots and receipts. Sealed votes go past the
service: to both desks at once, and to the box without a name.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from rich.console import Console

from foundation.chance import Chance
from foundation.errors import Conflict
from foundation.identifiers import UUID
from governance.ballots import choice as choices
from governance.ballots.choice import BallotOption, Question, RuleName
from governance.ballots.plain import (
    Fields,
    as_object,
    canonical,
    list_of,
    pack,
    parse,
    text_of,
    unpack,
)
from governance.tier import Tier
from khan.choice_words import Said, choice_said
from khan.console import ArgumentUnusable
from simulation import voter
from simulation.client import Phone
from simulation.software_passkey import SoftwarePasskey
from simulation.voter import OwnEntry, Places, VoterFolder

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class NotYourVote(Conflict):
    """The roll of this poll does not have whoever signed in; the service says why."""

    code = "not_your_vote"

    def __init__(self, reason: str) -> None:
        super().__init__(f"You cannot vote in this poll: {reason}.", reason=reason)


class NothingPrepared(Conflict):
    """The folder has no ballot key or no ballot yet."""

    code = "nothing_prepared"

    def __init__(self, first: str) -> None:
        super().__init__(f"The folder is not so far; first run `khan vote {first}`.", first=first)


@contextlib.asynccontextmanager
async def places_of(poll: Fields) -> AsyncIterator[Places]:
    """Lines to a poll's desks and box, for the length of a block."""
    async with contextlib.AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(_line(str(url)))
            for url in (*list_of(poll, "desks"), text_of(poll, "box"))
        ]
        yield Places(desks=tuple(lines[:-1]), box=lines[-1])


PlacesOf = Callable[[Fields], AbstractAsyncContextManager[Places]]


class Voting:
    """One poll from a terminal.

    Parameters
    ----------
    entrance
        `driver` or `rider`: which of the service's entrances the member signs in at.
    folder
        Where the poll's secrets are kept.
    places
        How its desks and its box are reached.
    """

    def __init__(
        self,
        line: Phone,
        console: Console,
        *,
        poll_id: UUID,
        entrance: str,
        folder: Path,
        places: PlacesOf = places_of,
    ) -> None:
        self._line, self._console, self._poll_id = line, console, poll_id
        self._entrance, self._folder, self._places = entrance, folder, places

    async def prepare(self, chance: Chance) -> None:
        """Register a passkey for the vote; once it is open, have the desks sign a ballot key.

        Raises
        ------
        Refused, ServiceGone, NotYourVote
        """
        poll = as_object(await self._poll(), "poll")
        if not (self._folder / "passkey.json").exists() and poll["tier"] != Tier.OPEN.value:
            await self._register(text_of(poll, "rp_id"), chance)
        if poll.get("manifest") is None:
            self._console.print("Your voting key is ready. Come back when the vote is open.")
            return
        kept = self._kept(poll)
        async with self._places(poll) as places:
            await voter.prepare(kept, places, await self._entry(), chance)
        self._console.print(
            f"Your ballot key is ready in {self._folder}. Keep slip.json somewhere else: with it you "
            "can change to paper. Wait a while before you vote.",
            markup=False,
        )

    async def cast(self, said: Said, *, proxy: UUID | None = None) -> None:
        """Fill a ballot and hand it in; again is a change of mind, and the last one counts.

        Parameters
        ----------
        proxy
            The proxy by which it is another member's ballot, where names are shown.

        Raises
        ------
        Refused, ServiceGone, NothingPrepared, ArgumentUnusable
        """
        poll = as_object(await self._poll(), "poll")
        path = f"/{self._entrance}/v1/polls/{self._poll_id}/ballots"
        if poll["tier"] == Tier.OPEN.value:
            await self._cast_by_name(poll, said, path, proxy)
            return
        if proxy is not None:
            raise ArgumentUnusable("--proxy", "nobody votes for another where no names are shown")
        kept = self._kept(poll)
        if kept.ballot_key() is None:
            raise NothingPrepared("prepare")
        ballot = voter.fill(kept, choice_said(said, kept.manifest.question))
        if kept.manifest.tier is Tier.DETACHED:
            await self._line.post(path, {"ballot": ballot})
        else:
            async with self._places(poll) as places:
                await voter.send(kept, places)
        self._console.print(
            "Your ballot is in the box. It goes onto the board with others: fetch its receipt later "
            "with `khan vote receipt`, which sends the ballot again if need be."
        )

    async def _cast_by_name(self, poll: Fields, said: Said, path: str, proxy: UUID | None) -> None:
        motion = await self._line.get(f"/public/v1/motions/{text_of(poll, 'motion_id')}")
        choice = choices.fields_of(choice_said(said, _asked(motion)))
        if proxy is None:
            await self._line.post(path, {"choice": choice})
            self._console.print("Your vote is on the board, with your name.")
            return
        await self._line.post(f"/{self._entrance}/v1/proxies/{proxy}/ballot", {"choice": choice})
        self._console.print("The vote is on the board, with the name of who gave you the proxy.")

    async def receipt(self) -> bool:
        """Fetch and check the receipt of the newest ballot; whether there was one.

        Raises
        ------
        Refused, ServiceGone, NothingPrepared
        """
        poll = as_object(await self._poll(), "poll")
        kept = self._kept(poll)
        number, ballot = kept.latest()
        if ballot is None:
            raise NothingPrepared("cast")
        async with self._places(poll) as places:
            found = await voter.fetch_receipt(kept, places)
        if found is None:
            if kept.manifest.tier is Tier.DETACHED:
                path = f"/{self._entrance}/v1/polls/{self._poll_id}/ballots"
                await self._line.post(path, {"ballot": ballot})
            self._console.print("Your ballot waits for others; ask again later.")
            return False
        self._console.print(
            f"Your ballot is entry {found.index} of the board; the proof is right. "
            f"The receipt is {self._folder / f'receipt-{number}.json'}",
            markup=False,
        )
        return True

    async def status(self) -> None:
        """Say where the poll and the folder are.

        Raises
        ------
        Refused, ServiceGone
        """
        poll = as_object(await self._poll(), "poll")
        self._console.print(
            f"{poll['title']} ({poll['tier']}): {poll['state']}, open from {poll['opens_at']} to "
            f"before {poll['closes_at']}.",
            markup=False,
        )
        kept = sorted(one.name for one in self._folder.glob("*.json"))
        self._console.print(f"In {self._folder}: {', '.join(kept) or 'nothing yet'}.", markup=False)

    async def _poll(self) -> Fields:
        return await self._line.get(f"/public/v1/polls/{self._poll_id}")

    def _kept(self, poll: Fields) -> VoterFolder:
        if poll.get("manifest") is None:
            raise NotYourVote("it is not open yet")
        manifest = voter.read_manifest(text_of(poll, "manifest").encode(), text_of(poll, "digest"))
        return VoterFolder(self._folder, manifest)

    async def _register(self, rp_id: str, chance: Chance) -> None:
        passkey = SoftwarePasskey(
            rp_id=rp_id, credential_id=chance.bits(128).to_bytes(16, "big"), user_handle=b"",
            secret=1 + chance.below(_P256_ORDER - 1),
        )  # fmt: skip
        public = ec.derive_private_key(passkey.secret, ec.SECP256R1()).public_key()
        spki = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        # Kept before it is sent: a key that is registered and lost would be a vote lost.
        keep_passkey(self._folder, passkey)
        await self._line.post(
            f"/{self._entrance}/v1/voting-key",
            {"credential": pack(spki), "credential_id": pack(passkey.credential_id)},
        )

    async def _entry(self) -> OwnEntry:
        me = await self._line.get(f"/{self._entrance}/v1/polls/{self._poll_id}/me")
        if not me["on_roll"]:
            raise NotYourVote(str(me["reason"] or "you are not on its roll"))
        kept = parse((self._folder / "passkey.json").read_bytes())
        passkey = SoftwarePasskey.from_json({name: str(value) for name, value in kept.items()})
        return OwnEntry(commitment=unpack(me["commitment"], 32), passkey=passkey)


def _asked(motion: Mapping[str, Any]) -> Question:
    """The question of a motion as the service shows it."""
    asked = motion["question"]
    return Question(
        text=motion["title"],
        rule=RuleName(asked["rule"]),
        parameters=asked["parameters"],
        options=tuple(
            BallotOption(number=one["number"], name=one["name"]) for one in asked["options"]
        ),
    )


def keep_passkey(folder: Path, passkey: SoftwarePasskey) -> None:
    """Keep a member's passkey where `khan vote` finds it, for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / "passkey.json"
    place.touch(mode=0o600)
    place.write_bytes(canonical(dict(passkey.to_json())))


def _line(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=20, trust_env=False)


__all__ = ["NotYourVote", "NothingPrepared", "Voting", "keep_passkey"]
