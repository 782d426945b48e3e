"""Whom a run pays, and whom it holds and why; and the settings of who pays."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.identifiers import DriverId
from khan.build import payout_terms
from khan.settings import SettingsUnusable, load
from ledger.errors import PayerUnset
from ledger.payout_plan import Due, Held, PayoutTerms, plan_of

LATER = datetime(2030, 1, 4, tzinfo=UTC)

_due = st.builds(
    Due,
    driver_id=st.integers(0, 2**64).map(lambda number: DriverId(UUID(int=number))),
    available_minor=st.integers(1, 10_000),
    destination=st.none() | st.just(1),
    waits_until=st.none() | st.just(LATER),
    asked_at=st.none() | st.just(LATER),
)


@given(
    st.lists(_due, unique_by=lambda one: one.driver_id, max_size=30),
    st.integers(1, 10_000),
    st.booleans(),
    st.integers(1, 10),
)
def test_everybody_is_paid_or_held_once_and_no_run_is_too_long(
    due: list[Due], least: int, only_asked: bool, most: int
) -> None:
    plan = plan_of(due, least_minor=least, only_asked=only_asked, payouts_max=most)
    held = [one for one, _ in plan.held]
    assert sorted(one.driver_id for one in [*plan.payees, *held]) == sorted(
        one.driver_id for one in due
    )
    assert len(plan.payees) <= most
    assert plan.total_minor == sum(one.available_minor for one in plan.payees)
    for one in plan.payees:
        assert one.destination is not None
        assert one.asked_at is not None or (one.available_minor >= least and not only_asked)
    reversed_plan = plan_of(due[::-1], least_minor=least, only_asked=only_asked, payouts_max=most)
    assert reversed_plan == plan


@pytest.mark.parametrize(
    ("changes", "only_asked", "why"),
    [
        ({}, False, None),
        ({"available_minor": 99}, False, Held.BELOW_LEAST),
        ({"available_minor": 99, "asked_at": LATER}, False, None),
        ({"available_minor": 10**6}, True, Held.NOT_ASKED),
        ({"destination": None}, False, Held.NO_DESTINATION),
        ({"destination": None, "waits_until": LATER}, False, Held.DESTINATION_WAITS),
        ({"waits_until": LATER}, False, None),
    ],
)
def test_each_reason(changes: dict[str, object], only_asked: bool, why: Held | None) -> None:
    values = {"driver_id": DriverId(UUID(int=1)), "available_minor": 100, "destination": 1}
    one = Due(**(values | changes))  # type: ignore[arg-type]
    plan = plan_of([one], least_minor=100, only_asked=only_asked)
    assert plan.held == ([] if why is None else [(one, why)])


def settings(**chosen: object) -> PayoutTerms:
    needed = {"city": "x", "database_url": "postgresql://x", "vault_secret": "s" * 32}
    return payout_terms(load(**(needed | chosen)))


def test_who_pays_is_set_by_the_operator() -> None:
    with pytest.raises(PayerUnset, match="KHAN_PAYER_IBAN"):
        settings().paying()
    payer = settings(payer_name="Köln Taxi eG", payer_iban="DE89 3704 0044 0532 0130 00").paying()
    assert (payer.holder, payer.iban) == ("Köln Taxi eG", "DE89370400440532013000")


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"payer_name": "Khan", "payer_iban": "DE88370400440532013000"}, "KHAN_PAYER_IBAN"),
        ({"payer_name": "Khan"}, "KHAN_PAYER_IBAN"),
        ({"payer_iban": "DE89370400440532013000"}, "KHAN_PAYER_NAME"),
    ],
)
def test_a_payer_that_is_none_is_refused_by_the_settings_name(
    chosen: dict[str, object], told: str
) -> None:
    with pytest.raises(SettingsUnusable, match=told):
        settings(**chosen)
