"""One Idempotency-Key, one effect, one answer (I13): the answers as they were given."""

from dataclasses import dataclass

from sqlalchemy import text

from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer given once; `fingerprint` is that of the request it answered."""

    fingerprint: bytes
    status: int
    answer: bytes


_KEEP = text("""
    INSERT INTO storage.idempotency (caller, key, fingerprint, status, answer)
    VALUES (:caller, :key, :fingerprint, :status, :answer)
""")
_KEEP_UNLESS_KEPT = text("""
    INSERT INTO storage.idempotency (caller, key, fingerprint, status, answer)
    VALUES (:caller, :key, :fingerprint, :status, :answer) ON CONFLICT DO NOTHING
""")
_FIND = text("""
    SELECT fingerprint, status, answer FROM storage.idempotency
    WHERE caller = :caller AND key = :key
""")


async def keep(work: UnitOfWork, caller: str, key: str, answer: KeptAnswer) -> None:
    """Keep the answer in the commit of its effect.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        If the key has an answer already: the whole unit of work is then undone.
    """
    await work.execute(_KEEP, _parameters(caller, key, answer))


async def keep_unless_kept(
    work: UnitOfWork, caller: str, key: str, answer: KeptAnswer
) -> KeptAnswer | None:
    """Keep an answer that had no effect (a refusal).

    Returns
    -------
    KeptAnswer or None
        The answer given before, if there is one; then nothing is kept.
    """
    made = await work.execute(_KEEP_UNLESS_KEPT, _parameters(caller, key, answer))
    return None if made.rowcount == 1 else await find(work, caller, key)


async def find(work: UnitOfWork, caller: str, key: str) -> KeptAnswer | None:
    """The answer given to this caller under this key."""
    row = (await work.execute(_FIND, {"caller": caller, "key": key})).one_or_none()
    if row is None:
        return None
    return KeptAnswer(
        fingerprint=bytes(row.fingerprint), status=row.status, answer=bytes(row.answer)
    )


def _parameters(caller: str, key: str, answer: KeptAnswer) -> dict[str, object]:
    return {
        "caller": caller,
        "key": key,
        "fingerprint": answer.fingerprint,
        "status": answer.status,
        "answer": answer.answer,
    }
