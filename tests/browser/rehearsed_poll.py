"""One vote behind the HTTP that members' phones speak: the real desks, box and board, in memory.

The service answers at `http://localhost`, desks and box at `http://127.0.0.1`: to a browser these are
different origins, as they are in the field.
"""

import contextlib
import hashlib
import mimetypes
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from foundation.chance import SeededChance
from foundation.errors import Refusal
from governance.ballots import ballot as ballots
from governance.ballots.assertion import Assertion
from governance.ballots.box import NEVER_SEEN
from governance.ballots.choice import Question
from governance.ballots.hours import Hours
from governance.ballots.issuance import Request
from governance.ballots.manifest import Manifest, RelyingParty
from governance.ballots.plain import Fields, canonical, pack, parse, unpack
from governance.ballots.roll import RollEntry, commitment_to, in_order
from governance.tier import Tier
from simulation.rehearsed_vote import RehearsedVote, notice, roll_of
from tests.ballot_scene import officials, voters

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
POLL = "11111111-1111-4111-8111-111111111111"
MOTION = "22222222-2222-4222-8222-222222222222"
MEMBER = "member-on-the-phone"
SALT = bytes(range(32))
PHONE, CODE = "+15550100", "123456"
HOUR_MS = 3_600_000
mimetypes.add_type("text/javascript", ".mjs")


class Refusing(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


@dataclass
class RehearsedPoll:
    """A service with one vote; the fields below are what a test may turn or look at."""

    question: Question
    tier: Tier = Tier.SEALED
    title: str = "Shall the night fare rise?"
    port: int = 0
    impact: dict[str, Any] | None = None
    motion: dict[str, Any] | None = None
    month: dict[str, Any] | None = None
    batch_least: int = 2
    desks_are_down: bool = False
    box_is_down: bool = False
    box_forgets: bool = False  # once: what waits is lost, as after a crash
    reason: str | None = None
    state: str = "frozen"
    voting_key: dict[str, str] | None = None
    vote: RehearsedVote | None = None
    manifest: Manifest | None = None
    waiting: dict[str, Fields] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    slips: list[Fields] = field(default_factory=list)
    said: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    certificate: str | None = None
    has_ended: bool = False  # the board
    opens_at_ms: int = field(default_factory=lambda: _now_ms() - HOUR_MS)
    closes_at_ms: int = field(default_factory=lambda: _now_ms() + 48 * HOUR_MS)

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://localhost:{self.port}"

    @property
    def other_address(self) -> str:
        """Where desks and box are."""
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> RehearsedVote:
        """Publish the roll, with the voting key that the phone has registered, and open."""
        credential = b"" if self.voting_key is None else unpack(self.voting_key["credential"])
        mine = RollEntry(
            commitment=commitment_to(MEMBER, SALT),
            credential=credential,
            name=MEMBER if self.tier is Tier.OPEN else "",
        )
        roll = in_order([*roll_of(voters(6), self.tier), mine])
        hours = Hours(opens_at_ms=self.opens_at_ms, closes_at_ms=self.closes_at_ms)
        manifest = replace(
            notice(officials(), self.question, tier=self.tier, roll=roll, hours=hours),
            relying_party=RelyingParty(rp_id="localhost", origins=(self.address,)),
        )
        self.manifest, self.state = manifest, "open"
        self.vote = RehearsedVote(officials(), manifest, roll, chance=SeededChance("poll"))
        return self.vote

    def publish(self) -> None:
        """Put on the board what waits, in the order of its hashes."""
        assert self.vote is not None
        for name in sorted(self.waiting):
            self.published[name] = self.vote.board.append(self.waiting[name])
        self.waiting.clear()

    def receive(self, document: Fields) -> dict[str, Any]:
        """A ballot comes; it waits until there are enough."""
        assert self.vote is not None
        assert self.manifest is not None
        found = ballots.read(document)
        name = hashlib.sha256(canonical(found.document())).hexdigest()
        if name not in self.waiting and name not in self.published:
            standing = self.vote.standings.get(found.key, NEVER_SEEN)
            entry = self.vote._box.receive(
                found, standing=standing, hours=self.vote.hours, at_ms=_now_ms()
            )
            self.vote.standings[found.key] = replace(standing, latest_sequence=found.sequence)
            self.waiting[name] = entry
            if len(self.waiting) >= self.batch_least:
                self.publish()
        return {"ballot": name, "waiting": len(self.waiting)}

    # ---- over HTTP

    def app(self) -> Starlette:
        """The routes of the service, both desks and the box."""
        routes = [
            ("/vote/{rest:path}", "GET", self._file), ("/live/{rest:path}", "GET", self._file),
            ("/vendor/{rest:path}", "GET", self._file),
            ("/public/v1/clock", "GET", self._clock), ("/public/v1/city", "GET", self._city),
            ("/public/v1/sign-in/code", "POST", self._code),
            ("/public/v1/sign-in/code/confirm", "POST", self._confirm),
            ("/public/v1/session", "DELETE", self._sign_out),
            ("/public/v1/polls", "GET", self._polls), ("/public/v1/polls/{poll}", "GET", self._poll),
            ("/public/v1/motions/{motion}/impact", "GET", self._impact),
            ("/public/v1/motions/{motion}", "GET", self._motion),
            ("/driver/v1/motions/{motion}/my-month", "GET", self._month),
            ("/driver/v1/polls/{poll}/me", "GET", self._me),
            ("/driver/v1/voting-key", "POST", self._voting_key),
            ("/driver/v1/polls/{poll}/ballots", "POST", self._hand_over),
            ("/desk/{number:int}/desk/v1/polls/{poll}/issue", "POST", self._issue),
            ("/box/v1/polls/{poll}/ballots", "POST", self._ballot),
            ("/box/v1/polls/{poll}/receipts/{name}", "GET", self._receipt),
            ("/board/v1/polls/{poll}", "GET", self._board),
        ]  # fmt: skip
        return Starlette(
            routes=[Route(path, self._told(answer), methods=[way]) for path, way, answer in routes],
            middleware=[
                Middleware(
                    CORSMiddleware,
                    allow_origins=[self.address],
                    allow_methods=["GET", "POST"],
                    allow_headers=["content-type"],
                )
            ],
        )

    def _told(self, answer: Any) -> Any:
        async def endpoint(request: HttpRequest) -> Response:
            host = request.url.hostname or ""
            self.asked.append((host, request.url.path, dict(request.headers)))
            try:
                found = await answer(request)
            except Refusing as error:
                detail = {"code": error.code, "detail": error.detail}
                return JSONResponse(detail, status_code=error.status)
            except Refusal as error:
                detail = {"code": error.code, "detail": error.sentence}
                return JSONResponse(detail, status_code=409)
            return found if isinstance(found, Response) else JSONResponse(found)

        return endpoint

    async def _file(self, request: HttpRequest) -> Response:
        path = request.url.path.lstrip("/")
        file = (CLIENTS / (path + "index.html" if path.endswith("/") else path)).resolve()
        if CLIENTS not in file.parents or not file.is_file():
            return Response(status_code=404)
        policy = (
            "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
            "font-src 'self'; img-src 'self' data: blob:; "
            f"connect-src 'self' {self.other_address}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        headers = {"Content-Security-Policy": policy, "Content-Type": kind}
        return Response(file.read_bytes(), headers=headers)

    async def _clock(self, _request: HttpRequest) -> Any:
        return {"now": _iso(_now_ms()), "rate": 1.0}

    async def _city(self, _request: HttpRequest) -> Any:
        return {"timezone": "UTC"}

    async def _code(self, request: HttpRequest) -> Any:
        await request.json()
        return {"challenge_id": POLL, "expires_at": "2099-01-01T00:00:00Z"}

    async def _confirm(self, request: HttpRequest) -> Any:
        if (await request.json())["code"] != CODE:
            raise Refusing(422, "code_wrong", "This is not the code.")
        return {"token": "t0", "person_id": POLL, "roles": ["driver", "rider"],
                "expires_at": "2099-01-01T00:00:00Z", "strong_until": None}  # fmt: skip

    async def _sign_out(self, _request: HttpRequest) -> Any:
        return Response(status_code=204)

    def _listed(self) -> dict[str, Any]:
        return {
            "poll_id": POLL, "motion_id": MOTION, "title": self.title, "member_class": None,
            "tier": self.tier.value, "state": self.state,
            "opens_at": _iso(self.opens_at_ms), "closes_at": _iso(self.closes_at_ms),
        }  # fmt: skip

    async def _polls(self, _request: HttpRequest) -> Any:
        return {"polls": [self._listed()]}

    async def _poll(self, _request: HttpRequest) -> Any:
        document = None if self.manifest is None else self.manifest.document().decode()
        digest = None if self.manifest is None else self.manifest.digest().hex()
        return {
            **self._listed(), "manifest": document, "digest": digest, "rp_id": "localhost",
            "desks": [f"{self.other_address}/desk/{number}" for number in range(2)],
            "box": self.other_address, "certificate": self.certificate,
        }  # fmt: skip

    async def _impact(self, _request: HttpRequest) -> Any:
        if self.impact is None:
            raise Refusing(404, "impact_not_found")
        return self.impact

    async def _motion(self, _request: HttpRequest) -> Any:
        if self.motion is None:
            raise Refusing(404, "motion_not_found")
        return self.motion

    async def _month(self, request: HttpRequest) -> Any:
        _require_signed_in(request)
        if self.month is None:
            raise Refusing(503, "unavailable")
        return self.month

    async def _me(self, request: HttpRequest) -> Any:
        _require_signed_in(request)
        on_roll = self.reason is None
        known = self.voting_key
        return {
            "on_roll": on_roll, "reason": self.reason,
            "commitment": pack(commitment_to(MEMBER, SALT)) if on_roll else None,
            "salt": pack(SALT) if on_roll else None,
            "credential_id": None if known is None else known["credential_id"],
        }  # fmt: skip

    async def _voting_key(self, request: HttpRequest) -> Any:
        _require_signed_in(request)
        self.voting_key = await request.json()
        return JSONResponse({"number": 1}, status_code=201)

    async def _hand_over(self, request: HttpRequest) -> Any:
        _require_signed_in(request)
        body = await request.json()
        if "choice" in body:
            self.said.append(body["choice"])
            return JSONResponse({}, status_code=202)
        return JSONResponse(self.receive(body["ballot"]), status_code=202)

    async def _issue(self, request: HttpRequest) -> Any:
        if self.desks_are_down:
            raise Refusing(503, "unavailable")
        assert self.vote is not None
        body = await request.json()
        signed = {name: unpack(text) for name, text in body["assertion"].items()}
        asked = Request(
            commitment=unpack(body["commitment"]),
            requests=tuple(unpack(one) for one in body["requests"]),
            assertion=Assertion(**signed),
        )
        number, blinded = request.path_params["number"], unpack(body["blinded"])
        signature = self.vote.issue(number, asked, blinded, at_ms=_now_ms())
        return {"signature": None if signature is None else pack(signature)}

    async def _ballot(self, request: HttpRequest) -> Any:
        if self.box_is_down:
            raise Refusing(503, "unavailable")
        return JSONResponse(self.receive(await request.json()), status_code=202)

    async def _receipt(self, request: HttpRequest) -> Any:
        if self.box_forgets:
            self.box_forgets = False
            for entry in self.waiting.values():
                self.vote.standings.pop(unpack(entry["ballot"]["key"]), None)  # type: ignore[union-attr, index, call-overload]
            self.waiting.clear()
        index = self.published.get(request.path_params["name"])
        if index is None:
            raise Refusing(404, "ballot_not_on_board", "It is not on the board.")
        assert self.vote is not None
        found = self.vote.receipt(index, at_seconds=_now_ms() // 1000)
        return parse(found.document())

    async def _board(self, _request: HttpRequest) -> Any:
        return {"size": 1, "note": None, "finished": self.has_ended}

    @contextlib.contextmanager
    def running(self) -> Iterator["RehearsedPoll"]:
        """Serve in a thread, on both names of this machine."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(self.app(), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
            assert thread.is_alive(), "the rehearsed service did not start"
        yield self
        server.should_exit = True
        thread.join(timeout=10)


def _require_signed_in(request: HttpRequest) -> None:
    if request.headers.get("authorization") != "Bearer t0":
        raise Refusing(401, "sign_in_needed")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _iso(at_ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))
