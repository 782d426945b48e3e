"""What is asked of providers, and what they told."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from foundation.identifiers import UUID
from ledger.payments.payment import LEASE, Command, Payment, What
from ledger.payments.provider import Told
from ledger.payments.store.payments import COLUMNS, payment_of
from storage.work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A command that was taken up, with its payment as it stood; nobody else has it for a minute."""

    command: Command
    payment: Payment
    attempts: int


async def insert_command(
    work: UnitOfWork, command: Command, *, made_by: UUID | None = None
) -> bool:
    """Ask for something; False if it was asked before, or something else is being asked."""
    written: bool = (
        await work.execute(
            _INSERT,
            {
                "command_id": command.command_id,
                "payment_id": command.payment_id,
                "what": command.what.value,
                "ordinal": command.ordinal,
                "amount_minor": command.amount_minor,
                "reason": command.reason,
                "made_by": made_by,
                "now": work.now,
            },
        )
    ).rowcount > 0
    return written


async def take_due(work: UnitOfWork, *, limit: int) -> list[Taken]:
    """Take up what is due, counting the attempt: whoever dies over it lets it come again later."""
    rows = await work.execute(_TAKE, {"limit": limit, "lease": LEASE, "now": work.now})
    return [
        Taken(command=_command(row), payment=payment_of(row), attempts=row.attempts) for row in rows
    ]


async def mark_done(work: UnitOfWork, command_id: UUID) -> bool:
    """The provider answered; False if it had before."""
    done: bool = (
        await work.execute(_DONE, {"command_id": command_id, "now": work.now})
    ).rowcount > 0
    return done


async def mark_failed(
    work: UnitOfWork, command_id: UUID, *, failure: str, wait: Any, give_up: bool
) -> bool:
    """It did not work: again after `wait`, or never; False if somebody else had an answer."""
    values = {
        "command_id": command_id, "failure": failure, "wait": wait, "give_up": give_up,
        "now": work.now,
    }  # fmt: skip
    marked: bool = (await work.execute(_FAILED, values)).rowcount > 0
    return marked


async def revive(work: UnitOfWork, payment_id: UUID) -> Command | None:
    """Ask once more for what was given up; None if nothing was."""
    row = (await work.execute(_REVIVE, {"payment_id": payment_id, "now": work.now})).one_or_none()
    return None if row is None else _command(row)


async def find_open(work: Reading, payment_id: UUID) -> Any | None:
    """The command of a payment that is not done: `what`, `made_at`, `given_up_at`."""
    return (await work.execute(_OPEN, {"payment_id": payment_id})).one_or_none()


async def insert_event(
    work: UnitOfWork, provider: str, told: Told, *, payment_id: UUID | None
) -> bool:
    """Keep an event; False if it is kept already."""
    values = {
        "provider": provider, "event_id": told.event_id, "kind": told.kind, "about": told.about,
        "payment_id": payment_id, "facts": orjson.dumps(dict(told.facts)).decode(),
        "is_known": told.is_known, "now": work.now,
    }  # fmt: skip
    written: bool = (await work.execute(_INSERT_EVENT, values)).rowcount > 0
    return written


async def list_events_about(work: Reading, provider: str, about: str) -> dict[str, Any]:
    """What was told about a dispute or a payout: its facts by the event's kind."""
    rows = await work.execute(_EVENTS_ABOUT, {"provider": provider, "about": about})
    return {row.kind: row.facts for row in rows}


async def lock_about(work: UnitOfWork, provider: str, about: str) -> None:
    """Two events about one thing wait for each other, so that the later one sees both."""
    await work.execute(_LOCK_ABOUT, {"about": f"{provider} {about}"})


def _command(row: Any) -> Command:
    return Command(
        payment_id=row.payment_id,
        what=What(row.what),
        ordinal=row.ordinal,
        amount_minor=row.amount_minor,
        reason=row.reason,
    )


_INSERT = text("""
    INSERT INTO ledger.payment_command (command_id, payment_id, what, ordinal, amount_minor, reason,
                                        made_by, made_at, next_at)
    VALUES (:command_id, :payment_id, :what, :ordinal, :amount_minor, :reason, :made_by, :now, :now)
    ON CONFLICT DO NOTHING
""")

_TAKE = text(f"""
    WITH due AS (
        SELECT command_id FROM ledger.payment_command
        WHERE done_at IS NULL AND given_up_at IS NULL AND next_at <= :now
        ORDER BY next_at, command_id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE ledger.payment_command AS command
        SET attempts = attempts + 1, next_at = CAST(:now AS timestamptz) + CAST(:lease AS interval)
        FROM due WHERE command.command_id = due.command_id
        RETURNING command.command_id, command.payment_id, what, ordinal, amount_minor, reason, attempts
    )
    SELECT {COLUMNS}, taken.what, taken.ordinal, taken.amount_minor, taken.reason, taken.attempts
    FROM taken JOIN ledger.payment USING (payment_id)
    ORDER BY taken.command_id
""")

_DONE = text("""
    UPDATE ledger.payment_command SET done_at = :now, given_up_at = NULL, failure = NULL
    WHERE command_id = :command_id AND done_at IS NULL
""")

_FAILED = text("""
    UPDATE ledger.payment_command
    SET failure = :failure, next_at = CAST(:now AS timestamptz) + CAST(:wait AS interval),
        given_up_at = CASE WHEN CAST(:give_up AS boolean) THEN CAST(:now AS timestamptz) END
    WHERE command_id = :command_id AND done_at IS NULL AND given_up_at IS NULL
""")

_REVIVE = text("""
    UPDATE ledger.payment_command SET given_up_at = NULL, attempts = 0, next_at = :now
    WHERE payment_id = :payment_id AND given_up_at IS NOT NULL AND done_at IS NULL
    RETURNING payment_id, what, ordinal, amount_minor, reason
""")

_OPEN = text("""
    SELECT what, made_at, given_up_at FROM ledger.payment_command
    WHERE payment_id = :payment_id AND done_at IS NULL ORDER BY made_at DESC LIMIT 1
""")

_INSERT_EVENT = text("""
    INSERT INTO ledger.provider_event (provider, event_id, kind, about, payment_id, facts, is_known,
                                       received_at)
    VALUES (:provider, :event_id, :kind, :about, :payment_id, CAST(:facts AS jsonb), :is_known, :now)
    ON CONFLICT DO NOTHING
""")

_EVENTS_ABOUT = text("""
    SELECT kind, facts FROM ledger.provider_event
    WHERE provider = :provider AND about = :about AND is_known ORDER BY event_id LIMIT 100
""")

_LOCK_ABOUT = text(
    "SELECT pg_advisory_xact_lock(hashtext('ledger.provider_event'), hashtext(CAST(:about AS text)))"
)
