"""The pure parts: phones, names, roles and tokens of sessions, papers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import Invalid
from foundation.identifiers import PersonId, SessionId
from registry.errors import (
    DetailInvalid,
    PhoneInvalid,
    RoleNeeded,
    SignInNeeded,
    StrongSignInNeeded,
)
from registry.licence import SUBJECT_OF, CredentialKind, Paper
from registry.person import Role, clean_language, clean_name, first_name
from registry.phone import parse_phone
from registry.session import (
    Caller,
    SignInMethod,
    effective_roles,
    lifetime,
    require_role,
    require_strong,
    token_hash,
)
from tests.people import a_vehicle

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+352 621 123-456", "+352621123456"),
        ("00352621123456", "+352621123456"),
        (" +1 (212) 555.0100 ", "+12125550100"),
    ],
)
def test_a_phone_is_read_as_people_write_it(written: str, number: str) -> None:
    assert parse_phone(written) == number


@pytest.mark.parametrize(
    "written",
    ["", "621123456", "+0352621123456", "+1234567", "+1234567890123456", "+35262112345a",
     "+٣٥٢٦٢١١٢٣٤٥٦", "+352621123456\x00", "+1" + " " * 60 + "2125550100"],
)  # fmt: skip
def test_what_is_not_an_international_number_is_refused(written: str) -> None:
    with pytest.raises(PhoneInvalid):
        parse_phone(written)


@given(st.text(max_size=60))
def test_any_text_is_a_phone_or_is_refused_without_being_repeated(written: str) -> None:
    try:
        number = parse_phone(written)
    except PhoneInvalid as refusal:
        told = (refusal.sentence, refusal.facts)
    else:
        told = (PhoneInvalid().sentence, {})
        assert number.startswith("+")
        assert number[1:].isascii()
        assert number[1:].isdigit()
        assert parse_phone(number) == number
    assert told == (PhoneInvalid().sentence, {})


@given(st.text(max_size=400))
def test_a_name_is_one_clean_line_or_refused(name: str) -> None:
    try:
        clean = clean_name(name)
    except DetailInvalid:
        return
    assert len(clean) <= 80
    assert clean == clean.strip()
    assert "\n" not in clean
    assert clean_name(clean) == clean
    assert " " not in first_name(clean)


def test_a_name_cannot_turn_the_writing_round() -> None:
    with pytest.raises(DetailInvalid):
        clean_name("Ana \u202eevil")


def test_a_language_is_a_code() -> None:
    assert clean_language("ca") == "ca"
    with pytest.raises(DetailInvalid):
        clean_language("../en")


def test_a_code_alone_does_not_make_an_officer() -> None:
    granted = [Role.RIDER, Role.DRIVER, Role.OFFICE, Role.REGULATOR]
    by_code = effective_roles(granted, SignInMethod.CODE)
    assert by_code == {Role.RIDER, Role.DRIVER}
    assert effective_roles(granted, SignInMethod.PASSKEY) == set(granted)


def test_the_shortest_lifetime_of_all_roles_counts() -> None:
    assert lifetime([Role.RIDER, Role.OFFICE]) == timedelta(hours=8)
    assert lifetime([Role.RIDER, Role.DRIVER]) == timedelta(days=14)
    assert lifetime([]) == timedelta(days=90)


@given(st.text(max_size=80))
def test_what_does_not_look_like_a_token_costs_no_query(token: str) -> None:
    if len(token) != 64:
        with pytest.raises(SignInNeeded):
            token_hash(token)


def a_caller(chance_number: int = 1, strong_until: datetime | None = None) -> Caller:
    from foundation.chance import SeededChance
    from foundation.identifiers import time_ordered

    chance = SeededChance(chance_number)
    return Caller(
        person_id=PersonId(time_ordered(NOW, chance)),
        roles=frozenset({Role.RIDER}),
        strong_until=strong_until,
        session_id=SessionId(time_ordered(NOW, chance)),
        expires_at=NOW + timedelta(hours=1),
    )


def test_strong_ends_at_its_instant_not_after() -> None:
    caller = a_caller(strong_until=NOW)
    require_strong(caller, NOW - timedelta(microseconds=1))
    with pytest.raises(StrongSignInNeeded):
        require_strong(caller, NOW)
    with pytest.raises(StrongSignInNeeded):
        require_strong(a_caller(), NOW)


def test_a_role_one_lacks_is_refused() -> None:
    require_role(a_caller(), Role.RIDER)
    with pytest.raises(RoleNeeded):
        require_role(a_caller(), Role.OFFICE)


def test_every_kind_of_paper_speaks_of_somebody() -> None:
    assert set(SUBJECT_OF) == set(CredentialKind)


def test_a_paper_without_time_zone_or_span_is_refused() -> None:
    for start, end in ((NOW, NOW), (NOW.replace(tzinfo=None), NOW + timedelta(days=1))):
        with pytest.raises(DetailInvalid):
            Paper(kind=CredentialKind.INSURANCE, valid_from=start, valid_to=end)


@pytest.mark.parametrize(
    ("field", "value"),
    [("seats", 0), ("seats", 17), ("plate", " "), ("make", "x" * 61), ("model", "a\x00b"),
     ("vehicle_class", "Standard"), ("equipment", frozenset({"Wheel chair"}))],
)  # fmt: skip
def test_a_vehicle_that_cannot_be_is_refused_by_the_field(field: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        a_vehicle(**{field: value}).cleaned()
    assert refused.value.facts["field"] == field


def test_a_plate_is_kept_in_capitals() -> None:
    assert a_vehicle(plate=" ab  123 ").cleaned().plate == "AB 123"
