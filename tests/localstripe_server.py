"""`localstripe` as a server of its own: a Stripe that keeps everything in memory, on a free port.

Run as a program it serves; `a_stripe` starts it and waits until it answers. It adds what Stripe promises
and localstripe leaves out: an answer is given again for the same idempotency key. And it takes no
`/tmp/localstripe.pickle`, which others on this machine may be writing.
"""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx

from foundation.clock import stopwatch_ms

ANSWERS_WITHIN_MS = 60_000.0
SECRET_KEY = "sk_test_of_ours"


def serve() -> None:
    """Serve until somebody ends it; the port is the one line that is printed."""
    from aiohttp import web
    from localstripe import resources, server

    resources.Store.dump_to_disk = lambda _store: None
    given: dict[str, tuple[int, bytes]] = {}

    @web.middleware
    async def given_again(request: web.Request, handler: Any) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST":
            return await handler(request)
        if key not in given:
            answer = await handler(request)
            given[key] = (answer.status, answer.body)
            return answer
        status, body = given[key]
        return web.Response(status=status, body=body, content_type="application/json")

    server.app.middlewares.insert(0, given_again)
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    web.run_app(server.app, sock=listening, print=None, access_log=None)


@contextlib.contextmanager
def a_stripe() -> Iterator[str]:
    """The address of a fresh server; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.localstripe_server"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdigit(), "localstripe did not start"
        address = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


def _wait_until_it_answers(address: str) -> None:
    deadline = stopwatch_ms() + ANSWERS_WITHIN_MS
    with httpx.Client(base_url=address, trust_env=False, auth=(SECRET_KEY, "")) as http:
        while stopwatch_ms() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if http.get("/v1/balance").is_success:
                    return
            time.sleep(0.02)
    raise AssertionError("localstripe does not answer")


def a_card(address: str, number: str = "4242424242424242") -> str:
    """The token of a card, as the rider's page has it made by Stripe."""
    with httpx.Client(base_url=address, trust_env=False, auth=(SECRET_KEY, "")) as http:
        card = {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        made = http.post("/v1/payment_methods", json={"type": "card", "card": card})
        return str(made.raise_for_status().json()["id"])


def forget_card(address: str, method: str) -> None:
    """Stripe loses a card that somebody keeps."""
    with httpx.Client(base_url=address, trust_env=False, auth=(SECRET_KEY, "")) as http:
        http.delete(f"/v1/payment_methods/{method}").raise_for_status()


def tell(address: str, url: str, secret: str) -> None:
    """Have what happens from now on told to `url`, signed."""
    with httpx.Client(base_url=address, trust_env=False) as http:
        body = {"url": url, "secret": secret}
        http.post("/_config/webhooks/ours", json=body).raise_for_status()


def intents(address: str) -> list[dict[str, object]]:
    """Every PaymentIntent there is."""
    with httpx.Client(base_url=address, trust_env=False, auth=(SECRET_KEY, "")) as http:
        found = http.get("/v1/payment_intents", params={"limit": "1000"})
        return list(json.loads(found.text)["data"])


if __name__ == "__main__":
    serve()
