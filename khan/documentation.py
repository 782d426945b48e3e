"""The APIs described for people and for programs, from our own host alone.

`/docs/rider` and its like are plain pages drawn from the same OpenAPI document that stands beside
them as `/docs/rider/openapi.json`; `/docs/errors` lists every refusal with its code.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.openapi.utils import get_openapi
from jinja2 import Environment, select_autoescape
from starlette.responses import HTMLResponse, JSONResponse, Response

from doorway.problem import status_of
from foundation.errors import Refusal
from khan.examples import with_examples

ENTRANCES = {
    "rider": (
        "Rider API",
        "Quotes, trips, receipts, membership, motions and a live feed for riders.",
    ),
    "driver": (
        "Driver API",
        "Shifts, offers, trips, earnings, membership, motions and a live feed for drivers.",
    ),
    "office": ("Office API", "Phone bookings, looks for a stated purpose, members and votes."),
    "public": ("Public API", "The city, its rules, motions and commons, share links, signing in."),
}
_PAGES = Environment(autoescape=select_autoescape(default=True), trim_blocks=True)
_PAGES.globals["pages"] = [
    *((name, title) for name, (title, _) in ENTRANCES.items()), ("errors", "Refusals"),
]  # fmt: skip
_HEAD = """{% macro with_code(text) %}{% for part in text.split("`") %}
{% if loop.index is even %}<code>{{ part }}</code>{% else %}{{ part }}{% endif %}
{% endfor %}{% endmacro %}
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }} · Khan Cars</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/live/mark.svg"><link rel="stylesheet" href="/live/docs.css"></head><body>
<nav aria-label="Khan Cars"><a href="/live/">The city live</a>
<a href="/verify/">Check a vote</a>{% for other, words in pages %}
<a href="/docs/{{ other }}"{% if other == name %} aria-current="page"{% endif %}>{{ words }}</a>
{% endfor %}</nav><main><h1>{{ title }}</h1>"""
_PAGE = _PAGES.from_string(
    _HEAD
    + """<p>{{ about }}</p>
<p>As OpenAPI: <a href="/docs/{{ name }}/openapi.json">openapi.json</a>. Refusals are problem
documents (RFC 9457); <a href="/docs/errors">every code</a>. Every write carries an
<code>Idempotency-Key</code>: sending it again changes nothing.</p>
{% for path, method, one in operations %}
<section><h2><span class="method">{{ method|upper }}</span> <code>{{ path }}</code></h2>
<p><strong>{{ one.summary }}</strong></p>
{% if one.description %}<p>{{ with_code(one.description) }}</p>{% endif %}
{% if one.parameters %}<table><caption>Parameters</caption><tr><th scope="col">Name</th>
<th scope="col">In</th><th scope="col">Needed</th></tr>
{% for parameter in one.parameters %}<tr><td><code>{{ parameter.name }}</code></td>
<td>{{ parameter.in }}</td><td>{{ "yes" if parameter.required else "no" }}</td></tr>
{% endfor %}</table>{% endif %}
{% if one.fields %}<table><caption>Body</caption><tr><th scope="col">Field</th>
<th scope="col">Type</th><th scope="col">Needed</th></tr>
{% for field in one.fields %}<tr><td><code>{{ field.name }}</code></td><td>{{ field.type }}</td>
<td>{{ "yes" if field.required else "no" }}</td></tr>{% endfor %}</table>{% endif %}
<p>Answers: {% for status in one.statuses %}<code>{{ status }}</code> {% endfor %}</p>
{% for words, example in one.examples %}<details><summary>{{ words }}</summary>
<pre tabindex="0"><code>{{ example }}</code></pre></details>{% endfor %}</section>
{% endfor %}
<section><h2>Live</h2><p>{{ live }}</p></section>
</main></body></html>"""
)
_ERRORS = _PAGES.from_string(
    _HEAD
    + """
<table><caption>Every code of a problem document, with its status</caption>
<tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">When</th></tr>
{% for code, status, when in refusals %}<tr id="{{ code }}"><td><code>
{% for part in code.split("_") %}{{ "" if loop.first else "_" }}<wbr>{{ part }}{% endfor %}</code></td>
<td class="status">{{ status }}</td><td>{{ with_code(when) }}</td></tr>
{% endfor %}</table></main></body></html>"""
)
_NOTHING = _PAGES.from_string(
    _HEAD
    + """
<p>There is no page at this address.</p></main></body></html>"""
)
_LIVE = {
    "rider": "WebSocket /rider/v1/live: send {type: hello, token, since}; trips come with a "
    "sequence number to resume from, positions of your driver without. booking_at_risk tells that "
    "nobody has been found shortly before the time of a booked trip. Members on the roll of a vote hear "
    "vote_called, vote_opened, vote_closes_soon, vote_closed and vote_result, with the motion.",
    "driver": "WebSocket /driver/v1/live: send {type: hello, token, since}, then positions "
    "{type: position, seq, lon, lat, heading}; offers and trips come with a sequence number, and "
    "so does money: a fare, a fee or a tip as it is entered for you, with the day's sums. "
    "Members on the roll of a vote hear vote_called, vote_opened, vote_closes_soon, vote_closed and "
    "vote_result, with the motion.",
    "office": "WebSocket /office/v1/live: send {type: hello, token, purpose_id}; named positions "
    "come every second, and every look is logged in public; bookings_at_risk whenever they change.",
    "public": "WebSocket /public/v1/live: cars and figures once a second, for everybody.",
}


HTTP_ANSWERS = (
    ("unreadable", 400, "The request could not be read."),
    ("no_such_route", 404, "There is nothing at this address."),
    ("method_not_allowed", 405, "This address does not answer that method."),
    ("body_too_large", 413, "The body is too large; 64 KiB are accepted."),
    ("media_type_unknown", 415, "Send JSON, as application/json."),
    ("malformed", 422, "A field is missing or makes no sense; `faults` names each."),
    ("fault", 500, "Something went wrong on our side; nothing was changed."),
)
"""What no room refuses, but HTTP itself: code, status and sentence."""

_NEVER_ANSWERED = ("foundation.errors", "khan.", "simulation.")
"""Refusals of the command line; but `khan.web` is the service."""


def openapi_of(name: str, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The OpenAPI document of one entrance."""
    title, about = ENTRANCES[name]
    alone = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers:
        alone.include_router(router)
    return with_examples(
        get_openapi(title=f"Khan Cars {title}", version="1", description=about, routes=alone.routes)
    )


def nothing_here() -> Response:
    """What a person's browser shows at an address that has no page."""
    return HTMLResponse(_NOTHING.render(name="", title="Nothing here"), status_code=404)


def refusals() -> list[tuple[str, int, str]]:
    """Every refusal an entrance can give: code, status, and when it is given; by code."""
    found = {code: (code, status, when) for code, status, when in HTTP_ANSWERS}
    waiting = list(Refusal.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        room = kind.__module__
        is_answered = room == "khan.web" or not room.startswith(_NEVER_ANSWERED)
        if "code" in vars(kind) and is_answered:
            words = (kind.__doc__ or "").strip().split("\n\n")[0]
            status = status_of(kind.__new__(kind))
            found[kind.code] = (kind.code, status, " ".join(words.split()))
    return [found[code] for code in sorted(found)]


def router_for(entrances: Mapping[str, Sequence[APIRouter]]) -> APIRouter:
    """Pages and documents of every entrance, by its routers."""
    router = APIRouter(include_in_schema=False)
    kept: dict[str, dict[str, Any]] = {}

    def document(name: str) -> dict[str, Any]:
        if name not in kept:
            kept[name] = openapi_of(name, entrances[name])
        return kept[name]

    @router.get("/docs/errors")
    async def errors() -> Response:
        """Every refusal."""
        return HTMLResponse(_ERRORS.render(name="errors", title="Refusals", refusals=refusals()))

    @router.get("/docs/{name}/openapi.json")
    async def openapi(name: str) -> Response:
        """The document for programs."""
        if name not in ENTRANCES:
            raise HTTPException(404)
        return JSONResponse(document(name))

    @router.get("/docs/{name}")
    async def page(name: str) -> Response:
        """The page for people."""
        if name not in ENTRANCES:
            raise HTTPException(404)
        title, about = ENTRANCES[name]
        operations = _operations(document(name))
        return HTMLResponse(
            _PAGE.render(
                name=name, title=title, about=about, operations=operations, live=_LIVE[name]
            )
        )

    return router


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    schemas = document.get("components", {}).get("schemas", {})
    found = []
    for path, methods in document.get("paths", {}).items():
        for method, one in methods.items():
            body = _content(one.get("requestBody", {}))
            name = body.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
            answers = {
                f"Example of an answer ({status})": _content(answer)
                for status, answer in one["responses"].items()
                if status.startswith("2")
            }
            found.append(
                (
                    path,
                    method,
                    {
                        "summary": one.get("summary", ""),
                        "description": one.get("description", ""),
                        "parameters": one.get("parameters", []),
                        "fields": _fields(schemas.get(name, {})),
                        "statuses": sorted(one["responses"]),
                        "examples": [
                            (words, json.dumps(content["example"], indent=2, ensure_ascii=False))
                            for words, content in ({"Example of a body": body} | answers).items()
                            if content
                        ],
                    },
                )
            )
    return found


def _content(described: dict[str, Any]) -> dict[str, Any]:
    """What is said of the one media type a body or an answer has; nothing if it has none."""
    content: dict[str, Any] = next(iter(described.get("content", {}).values()), {})
    return content


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", []))
    return [
        {"name": name, "type": _type(field), "required": name in required}
        for name, field in schema.get("properties", {}).items()
    ]


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "items" in field:
        return f"list of {_type(field['items'])}"
    return str(field.get("format") or field.get("type", ""))
