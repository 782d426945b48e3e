"""Receipts, as a rider and the office ask for them, and the keys that anybody checks them by."""

from papers.checking import verify
from tests.journeys.people import Office, Person, Rider


async def receipts(rider: Rider, office: Office, stranger: Person, trip_id: str) -> None:
    """The document, the page and the sheet; then the office's look, for a purpose."""
    path = f"/rider/v1/trips/{trip_id}/receipt"
    receipt = await rider.get(path)
    assert verify(receipt) == []
    for accepted, begins in (("text/html", b"<!doctype html>"), ("application/pdf", b"%PDF-")):
        answer = await rider.ask("GET", path, headers={"Accept": accepted})
        assert answer.headers["content-type"].startswith(accepted)
        assert answer.content.startswith(begins)
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    purpose = await office.post(
        "/office/v1/purposes",
        {"reason": "rider_asks", "note": "wants a receipt", "trip_id": trip_id},
    )
    looked = await office.ask(
        "GET",
        f"/office/v1/trips/{trip_id}/receipt",
        headers={"Purpose-Id": purpose["purpose_id"]},
    )
    assert looked.json() == receipt
    assert await stranger.get("/public/v1/keys") == {"keys": []}
