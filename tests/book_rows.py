"""Rows of the books written one by one, right or wrong, to see what the database refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest

from foundation.money import Currency
from ledger.account import Account, Role

AT = datetime(2020, 1, 1, tzinfo=UTC)
RIDER, DRIVER = "rider rider", "driver driver"
_test = ""


def names_belong_to(test: str) -> None:
    """From now on `named` makes the identifiers of that test."""
    global _test  # noqa: PLW0603 - what is refused leaves no row, so the tests share one database
    _test = test


def named(name: str) -> UUID:
    """An identifier of this test's own."""
    return uuid5(UUID(int=0x5CA1E), f"{_test} {name}")


@contextmanager
def refused(rule: str) -> Iterator[None]:
    """The database refuses by the constraint of that name."""
    with pytest.raises(psycopg.errors.IntegrityError) as caught:
        yield
    assert caught.value.diag.constraint_name == rule, caught.value


def account_named(name: str) -> UUID:
    """The account of a "role owner currency"; the owner may be None."""
    role, owner, currency = name.rsplit(" ", 2) if name.count(" ") == 2 else (*name.split(), "USD")
    return Account(
        role=Role(role), owner_id=None if owner == "None" else named(owner),
        currency=Currency(currency),
    ).account_id  # fmt: skip


class Writer:
    """Writes rows as they are told, right or wrong, and announces them."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        for role, owner in (
            ("rider", "rider"), ("driver", "driver"), ("driver", "other"),
            ("cooperative", None), ("city", None), ("clearing", None),
        ):  # fmt: skip
            self.account(role, owner, "USD")

    def account(
        self, role: str, owner: str | None, currency: str, *, owned_by: str | None = None
    ) -> UUID:
        account_id = account_named(f"{role} {owner} {currency}")
        self.connection.execute(
            "INSERT INTO ledger.account VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                account_id,
                role,
                owned_by or ("person" if owner else "house"),
                owner and named(owner),
                currency,
                AT,
            ],
        )
        return account_id

    def transfer(self, name: str, **columns: Any) -> UUID:
        row = {
            "transfer_id": named(name), "kind": "tip", "trip_id": named("trip"), "ordinal": 1,
            "currency": "USD", "entries": 2, "made_at": AT,
        } | columns  # fmt: skip
        if "of" in row:  # of something that is no trip
            row["subject_id"], row["trip_id"] = row.pop("of"), None
        row.setdefault("subject_id", row["trip_id"])
        names = ", ".join(row)
        marks = ", ".join(["%s"] * len(row))
        self.connection.execute(
            f"INSERT INTO ledger.transfer ({names}) VALUES ({marks})", list(row.values())
        )
        return named(name)

    def entries(self, name: str, *entries: tuple[str, int], first: int = 1, **columns: Any) -> None:
        """Entries of (account's name, minor units), in one statement."""
        count = len(entries)
        self.connection.execute(
            "INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code,"
            " share_of_minor, share_bps, made_at)"
            " SELECT %s, line, account_id, amount, code, of, bps, %s FROM unnest(%s::int[],"
            " %s::uuid[], %s::bigint[], %s::text[], %s::bigint[], %s::int[])"
            " AS e (line, account_id, amount, code, of, bps)",
            [
                named(name),
                columns.get("made_at", AT),
                columns.get("lines", list(range(first, first + count))),
                [account_named(account) for account, _ in entries],
                [amount for _, amount in entries],
                list(columns.get("codes", ["tip"] * count)),
                list(columns.get("of", [None] * count)),
                list(columns.get("bps", [None] * count)),
            ],
        )  # fmt: skip

    def announce(self, name: str) -> None:
        self.connection.execute(
            "INSERT INTO storage.outbox (event_id, topic, key, kind, occurred_at, payload)"
            " VALUES (gen_random_uuid(), 'ledger', %s, 'test', %s, '{}')",
            [str(named(name)), AT],
        )

    def whole(self, name: str, *entries: tuple[str, int], **columns: Any) -> None:
        """A finished transfer, in a transaction of its own."""
        with self.connection.transaction():
            self.transfer(name, entries=len(entries), **columns)
            if entries:
                self.entries(name, *entries, made_at=columns.get("made_at", AT))
            self.announce(name)
