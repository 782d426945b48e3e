"""The city live, for everybody: built once a second, sent to every watcher.

Nothing is computed while nobody watches. What changes slowly (counts since midnight, waits by the
minute) is read every few seconds, so that a busy city does not count its day each second.
"""

import asyncio
import contextlib
import secrets
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from dispatch.position import OnShift, Phase
from dispatch.views import figures as tables
from doorway.live import GOING_AWAY, TRY_AGAIN_LATER
from doorway.services import Services, services_of
from public_api import live_frames as frames
from storage.work import UnitOfWork

router = APIRouter()

EVERY_SECONDS = 1.0
SLOW_EVERY_SECONDS = 5.0
WATCHERS_MAX = 500
WINDOW_SECONDS = 900
HISTORY_MINUTES = 30


@dataclass(slots=True)
class _Slow:
    """What is read every few seconds."""

    today: tables.Today
    waits: tables.Waits
    by_minute: list[float | None]


@dataclass(slots=True)
class LiveView:
    """The public picture and its watchers."""

    services: Services
    _watchers: set[WebSocket] = field(default_factory=set)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _open_trips: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=600))
    _slow: _Slow | None = None
    _slow_at: datetime | None = None

    async def watch(self, socket: WebSocket) -> None:
        """Serve one watcher until they leave."""
        await socket.accept()
        if len(self._watchers) >= WATCHERS_MAX:
            await socket.close(TRY_AGAIN_LATER)
            return
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            await self._send(socket, *(await self._frames()))
            self._watchers.add(socket)
            while True:
                await socket.receive()
                if socket.client_state is WebSocketState.DISCONNECTED:
                    break
        self._watchers.discard(socket)

    async def tick(self) -> float:
        """Build the frames once, send them to all; the slow are let go.

        Returns
        -------
        float
            Seconds until the next.
        """
        if not self._watchers:
            return EVERY_SECONDS
        cars, text = await self._frames()
        watchers = list(self._watchers)
        results = await asyncio.gather(
            *(self._send(socket, cars, text) for socket in watchers), return_exceptions=True
        )
        for socket, result in zip(watchers, results, strict=True):
            if isinstance(result, BaseException):
                self._watchers.discard(socket)
        return EVERY_SECONDS

    async def close(self) -> None:
        """Tell every watcher that the service stops; their page comes back by itself."""
        watchers, self._watchers = list(self._watchers), set()
        for socket in watchers:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(GOING_AWAY)

    @staticmethod
    async def _send(socket: WebSocket, cars: bytes, text: bytes) -> None:
        async with asyncio.timeout(2 * EVERY_SECONDS):
            await socket.send_bytes(cars)
            await socket.send_text(text.decode())

    async def _frames(self) -> tuple[bytes, bytes]:
        services = self.services
        async with services.database.work() as work:
            now = work.now
            waiting = await tables.list_waiting(work)
            on_board = await tables.count_on_board(work)
            if self._slow is None or self._is_slow_due(now):
                self._slow, self._slow_at = await self._read_slow(work), now
        under_way = on_board + sum(one.has_driver for one in waiting)
        alone = [one for one in waiting if not one.has_driver]
        minute = int(now.timestamp() // 60)
        if not self._open_trips or self._open_trips[-1][0] != minute:
            self._open_trips.append((minute, under_way + len(alone)))
        on_shift = [known for known in services.board if known.position is not None]
        figures = frames.Figures(
            now=now,
            rate=services.clock.rate,
            demonstration=services.is_demonstration,
            drivers=_driver_figures(on_shift),
            trips=_trip_figures(self._slow.today, waiting=len(alone), under_way=under_way),
            waits=_wait_figures(self._slow.waits),
            offers=_offer_figures(self._slow.today),
            round=frames.RoundFigures(
                number=services.rounds.number,
                ms=services.rounds.ms,
                degraded=services.rounds.degraded,
            ),
            history=self._history(minute, self._slow.by_minute),
            zones=self._queues(alone, on_shift),
        )
        riders = frames.gather_riders(
            np.array([(one.place.lon, one.place.lat) for one in alone]).reshape(-1, 2)
        )
        return self._cars(now, on_shift), frames.encode_figures(figures, riders)

    async def _read_slow(self, work: UnitOfWork) -> _Slow:
        midnight = work.now.astimezone(self.services.city.pack.zone_info).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        return _Slow(
            today=await tables.today(work, midnight),
            waits=await tables.waits(work, window_seconds=WINDOW_SECONDS),
            by_minute=await tables.mean_waits_by_minute(work, minutes=HISTORY_MINUTES),
        )

    def _is_slow_due(self, now: datetime) -> bool:
        assert self._slow_at is not None
        pause = timedelta(seconds=SLOW_EVERY_SECONDS * self.services.clock.rate)
        return now - self._slow_at >= pause

    def _cars(self, now: datetime, on_shift: list[OnShift]) -> bytes:
        places = [(known.position.point.lon, known.position.point.lat)
                  for known in on_shift if known.position is not None]  # fmt: skip
        headings = [known.position.heading for known in on_shift if known.position is not None]
        return frames.encode_cars(
            now,
            self.services.clock.rate,
            cars=np.array(
                [frames.public_car(known.shift_id, self._secret) for known in on_shift],
                dtype=np.uint32,
            ),
            lonlat=np.array(places, dtype=np.float64).reshape(-1, 2),
            headings=np.array(headings, dtype=np.float64),
            states=np.array([_public_state(known.phase) for known in on_shift], dtype=np.uint8),
        )

    def _history(self, minute: int, by_minute: list[float | None]) -> frames.History:
        seen = dict(self._open_trips)
        opens: list[int] = []
        means: list[float | None] = []
        for ago in range(HISTORY_MINUTES - 1, 0, -1):
            if minute - ago in seen:
                opens.append(seen[minute - ago])
                means.append(by_minute[HISTORY_MINUTES - 1 - ago])
        return frames.History(
            step_seconds=60, mean_wait_seconds=tuple(means), open_trips=tuple(opens)
        )

    def _queues(
        self, alone: list[tables.Waiting], on_shift: list[OnShift]
    ) -> tuple[frames.ZoneQueue, ...]:
        pack = self.services.city.pack
        waiting = Counter(one.zone for one in alone if one.zone)
        seconds = Counter[str]()
        for one in alone:
            if one.zone:
                seconds[one.zone] += one.seconds
        free = Counter[str]()
        if waiting:
            for known in on_shift:
                if known.phase is Phase.FREE and known.position is not None:
                    zone = pack.zone_of(known.position.point)
                    if zone:
                        free[zone] += 1
        return frames.queues(
            {
                code: frames.ZoneQueue(
                    code=code,
                    name=pack.zones.name_of(code),
                    waiting=count,
                    free=free[code],
                    mean_wait_seconds=round(seconds[code] / count, 1),
                )
                for code, count in waiting.items()
            }
        )


def _public_state(phase: Phase) -> int:
    match phase:
        case Phase.FREE:
            return frames.CarState.FREE
        case Phase.TO_PICKUP | Phase.AT_PICKUP:
            return frames.CarState.TO_PICKUP
        case Phase.ON_TRIP | Phase.AT_STOP:
            return frames.CarState.ON_TRIP


def _trip_figures(today: tables.Today, *, waiting: int, under_way: int) -> frames.TripFigures:
    return frames.TripFigures(
        waiting=waiting,
        under_way=under_way,
        completed_today=today.completed,
        unserved_today=today.unfulfilled,
        cancelled_today=today.cancelled,
    )


def _wait_figures(waits: tables.Waits) -> frames.WaitFigures:
    return frames.WaitFigures(
        mean_seconds=waits.mean_seconds,
        p95_seconds=waits.p95_seconds,
        trips=waits.trips,
        window_seconds=WINDOW_SECONDS,
    )


def _offer_figures(today: tables.Today) -> frames.OfferFigures:
    return frames.OfferFigures(
        made_today=today.offers_made,
        accepted_today=today.offers_accepted,
        declined_today=today.offers_declined,
        lapsed_today=today.offers_lapsed,
    )


def _driver_figures(on_shift: list[OnShift]) -> frames.DriverFigures:
    counts = Counter(_public_state(known.phase) for known in on_shift)
    return frames.DriverFigures(
        on_shift=len(on_shift),
        free=counts[frames.CarState.FREE],
        to_pickup=counts[frames.CarState.TO_PICKUP],
        on_trip=counts[frames.CarState.ON_TRIP],
        other=0,
    )


@router.websocket("/public/v1/live")
async def live(socket: WebSocket) -> None:
    """The two frames of docs/reference/live_public.md, once a second."""
    view: LiveView = socket.app.state.live_view
    assert view.services is services_of(socket)
    await view.watch(socket)
