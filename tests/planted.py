"""Rows planted past every other guard, so that the one guard that is asked answers by itself."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from storage import embedded
from tests.service_time import stop_time

NOW = "2030-01-02T00:00:00+00:00"
"""The instant at which time stands still for what is planted."""
Row = Mapping[str, object]
"""A row's columns; bytes as `\\x` and hexadecimal digits."""


@dataclass(frozen=True)
class Planting:
    """A transaction of the tables' owner in which rows are set and tried; nothing of it stays."""

    owner: psycopg.Connection

    def lay(self, table: str, *rows: Row) -> None:
        """Set rows as if all that leads to them had happened: no trigger fires, no reference is checked.

        Checks and unique keys hold even so.
        """
        self.owner.execute("SET LOCAL session_replication_role = replica")
        for row in rows:
            self._insert(table, row)
        self.owner.execute("SET LOCAL session_replication_role = origin")

    def without(self, table: str, *, but: str = "") -> None:
        """Take from a table its references, but for the one of this name."""
        found = self.owner.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = CAST(%s AS regclass)"
            " AND contype = 'f' AND conparentid = 0 AND conname <> %s",
            [table, but],
        ).fetchall()
        for (name,) in found:
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {} CASCADE")
            self.owner.execute(drop.format(sql.Identifier(*table.split(".")), sql.Identifier(name)))

    def alone(self, table: str, reference: str) -> None:
        """Leave a table nothing that judges it but one reference."""
        self.without(table, but=reference)
        name = sql.Identifier(*table.split("."))
        self.owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))

    def refusal(self, table: str, *rows: Row, laid: bool = False) -> str | None:
        """The name by which rows are refused, judged at once even by what waits for the commit.

        Parameters
        ----------
        laid
            Whether no trigger fires, as in `lay`.

        Returns
        -------
        None if they are taken; either way they are gone afterwards.
        """
        self.owner.execute("SAVEPOINT tried")
        try:
            if laid:
                self.lay(table, *rows)
            else:
                for row in rows:
                    self._insert(table, row)
                self.owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.errors.IntegrityError as error:
            return error.diag.constraint_name
        finally:
            self.owner.execute("ROLLBACK TO SAVEPOINT tried")
        return None

    def _insert(self, table: str, row: Row) -> None:
        columns = sql.SQL(", ").join(sql.Identifier(one) for one in row)
        name = sql.Identifier(*table.split("."))
        self.owner.execute(
            sql.SQL(
                "INSERT INTO {} ({}) SELECT {} FROM jsonb_populate_record(NULL::{}, %s)"
            ).format(name, columns, columns, name),
            [json.dumps(row)],
        )


@contextmanager
def planting(address: str) -> Iterator[Planting]:
    """A transaction that is rolled back at the end."""
    with psycopg.connect(address) as owner:
        yield Planting(owner)
        owner.rollback()


@contextmanager
def bare_database(server: embedded.EmbeddedServer, template: str, name: str) -> Iterator[str]:
    """The address of a database with every table and no row, for many tests that leave none."""
    embedded.create_database(server, name, template=template)
    stop_time(server.address(name), at=NOW)
    yield server.address(name)
    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
