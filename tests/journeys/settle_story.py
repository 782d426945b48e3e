"""A story of who pays: a customer, a voucher, cash, disputes and invoices, for the APIs' examples."""

from datetime import datetime, timedelta

from tests.journeys.assemblies import signed_in_again
from tests.journeys.people import Driver, Office, Rider, Town, new_id
from tests.service_time import move_time
from tests.small_city import corner

MONTH_SECONDS = 32 * 24 * 3600


async def ridden(rider: Rider, driver: Driver, pays: dict[str, str]) -> str:
    """A short trip from its booking to its end, paid so."""
    quote = await rider.quote(corner(3, 3), corner(6, 6))
    body = {"trip_id": new_id(), "quote_id": quote["quote_id"], "pays": pays}
    trip = await rider.post("/rider/v1/trips", body)
    assert trip["payment"] == pays["payment"]
    taken = await driver.take(trip["trip_id"])
    await driver.arrive(taken)
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    shown = await driver.step(trip["trip_id"], "complete")
    assert (shown["cash_to_collect_minor"] > 0) == (pays["payment"] == "cash")
    return str(trip["trip_id"])


async def who_pays(rider: Rider, driver: Driver, office: Office) -> tuple[str, str]:
    """Everything that is done within the month; a customer and the trip that it paid."""
    customer_id, voucher_id = new_id(), new_id()
    path = f"/office/v1/customers/{customer_id}"
    now = datetime.fromisoformat((await rider.get("/public/v1/clock"))["now"])
    await office.post(
        "/office/v1/customers",
        {
            "customer_id": customer_id, "kind": "corporate", "legal_name": "The Mill",
            "address": "2 Mill Lane", "vat_id": "XX2", "terms_days": 14,
            "per_trip_minor": 100_00, "per_month_minor": 900_00,
        },
    )  # fmt: skip
    await office.post(f"{path}/limits", {"per_trip_minor": 90_00, "per_month_minor": 800_00})
    await office.post(f"{path}/cost-centres", {"code": "press", "name": "The press room"})
    await office.post(f"{path}/riders", {"rider_id": rider.person_id, "cost_centre": "press"})
    until = (now + timedelta(days=5)).isoformat()
    await office.post(f"{path}/pins", {"valid_until": until, "cost_centre": "press"})
    voucher = {"voucher_id": voucher_id, "amount_minor": 50_00, "valid_until": until}
    await office.post(f"{path}/vouchers", voucher)
    ways = await rider.get("/rider/v1/ways-to-pay")
    assert [one["customer_id"] for one in ways["customers"]] == [customer_id]
    paid = await ridden(rider, driver, {"payment": "customer", "customer_id": customer_id})
    cash = await ridden(rider, driver, {"payment": "cash"})
    for trip_id, way in ((paid, "customer"), (cash, "cash")):
        receipt = await rider.get(f"/rider/v1/trips/{trip_id}/receipt")
        assert receipt["payment"]["way"] == way
    await driver.step(cash, "cash-short", {"missing_minor": 300})
    dispute = {"dispute_id": new_id(), "about": "cash", "asked_minor": 300,
               "words": "I handed over every coin."}  # fmt: skip
    await rider.post(f"/rider/v1/trips/{cash}/disputes", dispute)
    await office.get("/office/v1/disputes")
    decision = {"outcome": "nothing", "reason": "The driver has a witness."}
    await office.post(f"/office/v1/disputes/{dispute['dispute_id']}/decision", decision)
    await rider.get("/rider/v1/disputes")
    return customer_id, paid


async def a_month_later(
    town: Town, rider: Rider, office: Office, customer_id: str, trip_id: str
) -> None:
    """The month is invoiced, a trip of it refunded and credited, the voucher lapsed, all paid."""
    path = f"/office/v1/customers/{customer_id}"
    began = (await rider.trip(trip_id))["ended_at"][:7]
    move_time(town.city.address, MONTH_SECONDS)
    await signed_in_again(rider, office)
    invoice = await office.post(f"{path}/invoices", {"month": began})
    assert [line["what"] for line in invoice["document"]["lines"]] == ["voucher", "trip"]
    dispute = {"dispute_id": new_id(), "about": "charge", "asked_minor": 200,
               "words": "We drove in circles."}  # fmt: skip
    await rider.post(f"/rider/v1/trips/{trip_id}/disputes", dispute)
    decision = {"outcome": "refund", "amount_minor": 200, "borne_by": "cooperative",
                "reason": "The route shows it."}  # fmt: skip
    await office.post(f"/office/v1/disputes/{dispute['dispute_id']}/decision", decision)
    note = await office.post(f"/office/v1/invoices/{invoice['invoice_id']}/credit-notes")
    assert note["total_minor"] == -200
    (voucher,) = (await office.get(f"{path}/vouchers"))["vouchers"]
    await office.post(f"/office/v1/vouchers/{voucher['voucher_id']}/lapse")
    paid = {"payment_id": new_id(), "invoice_id": invoice["invoice_id"],
            "amount_minor": invoice["total_minor"] - 200 - 5000}  # fmt: skip
    await office.post(f"{path}/payments", paid)
    await office.get(f"{path}/invoices")
    await office.get(f"/office/v1/invoices/{invoice['invoice_id']}")
    await office.post(f"{path}/riders/{rider.person_id}/end")
    await office.post(f"{path}/close")
    mine = [
        one for one in (await office.get("/office/v1/customers"))["customers"]
        if one["customer_id"] == customer_id
    ]  # fmt: skip
    assert [(one["owed_minor"], one["is_closed"], one["riders"]) for one in mine] == [(0, True, 0)]
