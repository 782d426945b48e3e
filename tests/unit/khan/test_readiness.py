"""Who watches the service is told when a part of it does not turn any more."""

import httpx
from fastapi import FastAPI

from khan import http_errors
from khan.web import operations


class Ailing:
    """Loops of which one hangs."""

    def ailing(self) -> dict[str, str]:
        return {"rounds": "stuck"}


async def test_readiness_names_a_loop_that_does_not_turn() -> None:
    app = FastAPI()
    app.include_router(operations(None, Ailing()))  # type: ignore[arg-type] - before the database
    http_errors.install(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(base_url="http://service", transport=transport) as http:
        answer = await http.get("/readyz")
        assert (await http.get("/healthz")).status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (503, "loops_ailing")
    assert "rounds stuck" in answer.json()["detail"]
