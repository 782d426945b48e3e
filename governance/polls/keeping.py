"""What a desk and the board do alike: sign the manifest, begin the log, show it, take cosignatures."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from foundation.identifiers import UUID
from governance.ballots import checkpoint
from governance.ballots import manifest as manifests
from governance.ballots.checkpoint import NamedKey
from governance.ballots.errors import NoteInvalid
from governance.ballots.hours import Hours
from governance.ballots.log import first_entry
from governance.ballots.manifest import Manifest
from governance.ballots.merkle import Frontier
from governance.polls import logs
from governance.polls.errors import ManifestStrange, PollNotFound
from governance.polls.keeper import Keeper
from governance.polls.keys import KeyFolder
from governance.polls.logs import Growth, Mirror
from governance.polls.store.keepers import KeeperStore
from storage.work import Reading, UnitOfWork

Store = TypeVar("Store", bound=KeeperStore)


@dataclass(kw_only=True)
class KeeperAtWork(Generic[Store]):
    """A running desk or board: its tables, its keys, and what it has read of them."""

    store: Store
    keys: KeyFolder
    manifests: dict[UUID, Manifest] = field(default_factory=dict)
    mirrors: dict[UUID, Mirror] = field(default_factory=dict)

    @property
    def keeper(self) -> Keeper:
        """Which of the three it is."""
        return self.store.keeper

    def new_mirror(self, _manifest: Manifest) -> Mirror:
        """An empty log in memory."""
        return Mirror()

    async def manifest(self, work: Reading, poll_id: UUID) -> Manifest:
        """The manifest that this keeper has signed.

        Raises
        ------
        PollNotFound
            If it has signed none.
        """
        if poll_id not in self.manifests:
            document = await self.store.find_manifest(work, poll_id)
            if document is None:
                raise PollNotFound(poll_id)
            self.manifests[poll_id] = manifests.read(document.encode())
        return self.manifests[poll_id]

    async def mirror(self, work: Reading, poll_id: UUID) -> Mirror:
        """The log as committed.

        Raises
        ------
        PollNotFound
        """
        if poll_id not in self.mirrors:
            self.mirrors[poll_id] = self.new_mirror(await self.manifest(work, poll_id))
        mirror = self.mirrors[poll_id]
        await logs.refresh(work, self.store, poll_id, mirror)
        return mirror

    async def growth(self, work: UnitOfWork, poll_id: UUID) -> Growth:
        """The log, locked, to add to it.

        Raises
        ------
        PollNotFound
        """
        await self.store.lock(work, poll_id)
        mirror = await self.mirror(work, poll_id)
        return Growth(work, self.store, poll_id=poll_id, frontier=mirror.frontier)

    async def hours(self, work: Reading, poll_id: UUID) -> Hours:
        """When the poll is open, extensions included.

        Raises
        ------
        PollNotFound
        """
        noticed = Hours.of(await self.manifest(work, poll_id))
        extended = await self.store.extended_to_ms(work, poll_id)
        if extended is None or extended <= noticed.closes_at_ms:
            return noticed
        return Hours(opens_at_ms=noticed.opens_at_ms, closes_at_ms=extended)

    def log_key(self, manifest: Manifest) -> NamedKey:
        """This keeper's log key, as the manifest names it."""
        name = self.keeper.log_key(UUID(manifest.vote), b"").name
        return next(key for key in manifest.log_keys() if key.name == name)


def milliseconds(at: datetime) -> int:
    """An aware instant as whole milliseconds since 1970."""
    return int(at.timestamp() * 1000)


async def sign_manifest(
    work: UnitOfWork, at_work: KeeperAtWork[Store], poll_id: UUID, document: str
) -> Manifest:
    """Sign a manifest that names this keeper's own key, and begin the log with it.

    Raises
    ------
    ManifestStrange
        If it names another poll or another key.
    """
    manifest = manifests.read(document.encode())
    public = await at_work.store.find_key(work, poll_id)
    assert public is not None, "a manifest to be signed has a key here"
    key = at_work.keeper.log_key(poll_id, bytes(public))
    if manifest.vote != str(poll_id):
        raise ManifestStrange(poll_id, "it is the manifest of another poll")
    if key not in manifest.log_keys():
        raise ManifestStrange(poll_id, f"it does not name the key that the {key.name} log has")
    signer = at_work.keys.signer(poll_id)
    line = checkpoint.signature_line(manifest.signing_text(), key, signer)
    await at_work.store.insert_signature(work, poll_id, line)
    # Nothing of an uncommitted manifest is kept in memory: it may be refused yet.
    growth = Growth(work, at_work.store, poll_id=poll_id, frontier=Frontier())
    await growth.append([first_entry(manifest.digest())])
    if at_work.keeper is Keeper.BOARD:
        await growth.sign(key, signer)
    return manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A log's newest signed head; size 0 and no note while there is none."""

    size: int
    note: str | None


async def show_head(work: Reading, at_work: KeeperAtWork[Store], poll_id: UUID) -> Shown:
    """The newest signed head, with the witnesses' lines that it has.

    Raises
    ------
    PollNotFound
    """
    await at_work.manifest(work, poll_id)
    heads = await at_work.store.heads(work, poll_id, limit=1)
    if not heads:
        return Shown(size=0, note=None)
    return Shown(size=heads[0].size, note=heads[0].note)


async def prove_growth(
    work: Reading, at_work: KeeperAtWork[Store], poll_id: UUID, *, first: int
) -> tuple[Shown, tuple[bytes, ...]]:
    """The newest head, and the proof that it continues the one of `first` entries.

    Raises
    ------
    PollNotFound
    NoteInvalid
        If the log has no signed head, or fewer entries than `first`.
    """
    mirror = await at_work.mirror(work, poll_id)
    size = mirror.tree.size
    proof = mirror.tree.consistency_proof(first) if 0 < first <= size else ()
    heads = await at_work.store.heads(work, poll_id, least=size)
    found = next((one for one in heads if one.size == size), None)
    if found is None or not 0 < first <= size:
        raise NoteInvalid(f"there is no signed head of {first} entries or more")
    return Shown(size=size, note=found.note), proof


async def take_cosignature(
    work: UnitOfWork, at_work: KeeperAtWork[Store], poll_id: UUID, note: str
) -> int:
    """Keep the lines of the manifest's witnesses under a head of this log; how many there were.

    Raises
    ------
    PollNotFound
    NoteInvalid
        If it is not a head that this keeper signed, or no witness of the manifest has signed it.
    """
    manifest = await at_work.manifest(work, poll_id)
    key = at_work.log_key(manifest)
    opened = checkpoint.open_note(note, [key, *manifest.witnesses])
    opened.require(key.name)
    size = checkpoint.read_checkpoint(opened.text).head.size
    kept = await at_work.store.heads(work, poll_id, least=size)
    if not any(one.size == size and one.note.startswith(f"{opened.text}\n") for one in kept):
        raise NoteInvalid("this log has no such head")
    signed = {one.name for one in opened.signed} - {key.name}
    if not signed:
        raise NoteInvalid("none of the poll's witnesses has signed it")
    for line in note.rpartition("\n\n")[2].splitlines(keepends=True):
        name = line.split(" ")[1]
        if name in signed and _is_known(line, opened.text, manifest.witnesses):
            await at_work.store.keep_cosignature(work, poll_id, size=size, witness=name, line=line)
    return len(signed)


def _is_known(line: str, text: str, witnesses: tuple[NamedKey, ...]) -> bool:
    """Whether a line is a true signature of one of the keys, and not a stranger's of that name."""
    return bool(checkpoint.open_note(checkpoint.note(text, [line]), witnesses).signed)
