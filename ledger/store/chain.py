"""SQL that reads sealed days row by row, for the chain to be computed anew apart from the database."""

from collections.abc import AsyncIterator

from sqlalchemy import text

from ledger.chain import Recounted, SealedDay, body_of
from storage.work import Reading


async def count_sealed_days(work: Reading) -> int:
    """How many days are sealed."""
    counted: int = (await work.execute(_COUNT)).scalar_one()
    return counted


async def recount_days(work: Reading) -> AsyncIterator[Recounted]:
    """Every sealed day, first to last, counted again from the rows that stand in it; a day at once."""
    for row in (await work.execute(_DAYS)).all():
        values = dict(row._mapping)
        previous_digest = values.pop("previous_digest")
        sealed = SealedDay(**values)
        span = {"starts_at": sealed.starts_at, "ends_at": sealed.ends_at}
        lines = (await work.execute(_LINES[sealed.form], span)).scalars().all()
        yield Recounted(
            sealed=sealed,
            previous_digest=previous_digest,
            body=body_of(lines),
            transfers=len(lines),
        )


_COUNT = text("SELECT count(*) FROM ledger.sealed_day")
_DAYS = text("""
    SELECT number, day, starts_at, ends_at, transfers, digest, form, previous_digest
    FROM ledger.sealed_day ORDER BY number
""")
# Written out here, not asked of `ledger.transfer_line`: a function can be replaced in the database.
_HEAD = """
    transfer_id, kind, subject_id, ordinal, currency, coalesce(CAST(resolves AS text), ''),
    coalesce(CAST(reverses AS text), ''), coalesce(CAST(adoption_id AS text), ''),
    coalesce(encode(sha256(convert_to(reason, 'UTF8')), 'hex'), ''),
    CAST(extract(epoch FROM made_at) * 1000000 AS bigint)
"""
_ENTRIES = """
    (SELECT string_agg(concat_ws(':', account_id, amount_minor, code,
                coalesce(CAST(share_of_minor AS text), ''), coalesce(CAST(share_bps AS text), '')),
                ',' ORDER BY line)
     FROM ledger.entry WHERE entry.transfer_id = transfer.transfer_id)
"""
_WHO = """
    coalesce(CAST(trip_id AS text), ''), coalesce(CAST(link_id AS text), ''),
    coalesce(CAST(made_by AS text), '')
"""
_LINES = {
    form: text(f"""
        SELECT concat_ws('|', {line}) FROM ledger.transfer
        WHERE made_at >= :starts_at AND made_at < :ends_at ORDER BY transfer_id
    """)
    for form, line in (
        (1, f"{_HEAD}, {_ENTRIES}"),
        (2, f"{_HEAD}, {_WHO}, coalesce({_ENTRIES}, '')"),
    )
}
