"""Share links and ratings."""

from sqlalchemy import text

from foundation.identifiers import TripId
from foundation.money import Currency
from storage.work import UnitOfWork

_SHARE = text("""
    INSERT INTO dispatch.share_link (digest, trip_id, made_at) VALUES (:digest, :trip_id, :made_at)
""")
_RATE = text("""
    INSERT INTO dispatch.rating (trip_id, stars, comment, rated_at)
    VALUES (:trip_id, :stars, :comment, :rated_at)
""")
_CURRENCY = text("SELECT currency FROM dispatch.trip WHERE trip_id = :trip_id")


async def insert_share_link(work: UnitOfWork, digest: bytes, trip_id: TripId) -> None:
    """Store the digest of a link's token."""
    await work.execute(_SHARE, {"digest": digest, "trip_id": trip_id, "made_at": work.now})


async def insert_rating(
    work: UnitOfWork, trip_id: TripId, *, stars: int, comment: str | None
) -> None:
    """Store a rating; the database takes one a trip."""
    await work.execute(
        _RATE, {"trip_id": trip_id, "stars": stars, "comment": comment, "rated_at": work.now}
    )


async def currency_of(work: UnitOfWork, trip_id: TripId) -> Currency:
    """The currency the trip was quoted in."""
    return Currency((await work.execute(_CURRENCY, {"trip_id": trip_id})).scalar_one())
