"""Papers over HTTP: the same receipt as a document, a page or a sheet, as the caller's `Accept` asks."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from papers import page, sheet
from papers.leaf import leaf_of_receipt
from papers.words import choose_language

JSON = "application/json"
HTML = "text/html"
PDF = sheet.MEDIA_TYPE
FORMS = (JSON, HTML, PDF)
"""What a paper can be had as; the first is given where all are liked alike."""
ACCEPTED_MAX = 20

PAPER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The receipt, in the form that `Accept` likes best; without a wish, JSON.",
        "content": {
            JSON: {"schema": {"type": "object"}},
            HTML: {"schema": {"type": "string"}, "example": "<!doctype html>..."},
            PDF: {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.4..."},
        },
    }
}
"""The answer of a route that gives a receipt, for its description."""


async def answer_receipt(request: Request, receipt: Mapping[str, Any]) -> Response:
    """A receipt in the form and the language that the caller likes best."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Language"}
    form = choose_form(request.headers.get("accept", ""))
    if form == JSON:
        return Response(orjson.dumps(receipt), media_type=JSON, headers=headers)
    language = choose_language(request.headers.get("accept-language", ""))
    leaf = leaf_of_receipt(receipt, language)
    headers["Content-Language"] = language
    if form == HTML:
        headers["Content-Security-Policy"] = page.POLICY
        return Response(page.page_of(leaf), media_type=page.MEDIA_TYPE, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{receipt["number"]}.pdf"'
    # Beside the loop: setting letters takes a good part of a second of a processor.
    made = await asyncio.to_thread(sheet.sheet_of, leaf)
    return Response(made, media_type=PDF, headers=headers)


def choose_form(accepted: str) -> str:
    """The form of ours that an `Accept` header likes best (RFC 9110, 12.5.1)."""
    liked = [_liked(part) for part in accepted.split(",")[:ACCEPTED_MAX]]
    weights = {form: _weight(form, liked) for form in FORMS}
    best = max(weights.values())
    return next(form for form in FORMS if weights[form] == best)


def _weight(form: str, liked: list[tuple[str, float]]) -> float:
    """What the most exact range that covers the form says of it; 0 where none does."""
    for wanted in (form, form.split("/", maxsplit=1)[0] + "/*", "*/*"):
        found = [weight for kind, weight in liked if kind == wanted]
        if found:
            return max(found)
    return 0.0


def _liked(part: str) -> tuple[str, float]:
    kind, *parameters = (one.strip() for one in part.split(";"))
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip().lower() == "q":
            try:
                return kind.lower(), min(max(float(value), 0.0), 1.0)
            except ValueError:
                return kind.lower(), 0.0
    return kind.lower(), 1.0
