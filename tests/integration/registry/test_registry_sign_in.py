"""Signing in by code: once, in time, five tries, and over when it is revoked."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from foundation.errors import NotSignedIn
from foundation.identifiers import SessionId
from messages.codes import CodeMessages
from messages.sender import NullSender
from registry.errors import (
    CodeSpent,
    CodeWrong,
    DetailInvalid,
    PersonNotFound,
    PhoneInvalid,
    SessionNotFound,
    SignInNeeded,
    TooManyCodes,
    VaultKeyWrong,
)
from registry.person import Role
from registry.service import (
    add_machine,
    check_vault,
    confirm_code,
    end_role,
    find_person_by_phone,
    forget_old_sign_ins,
    forget_person,
    get_contact,
    grant_role,
    identify,
    issue_machine_session,
    join_person,
    request_code,
    revoke_session,
    set_name,
    sign_out,
)
from registry.session import SignedIn, SignInMethod
from registry.session_cache import SessionCache
from registry.sign_in import Challenge, open_session
from registry.vault import Vault
from registry.views import person_view
from storage.engine import Database
from tests.people import VAULT, a_driver, an_officer

PHONE = "+352621555123"


class Phones:
    """The phones of a test: what was sent to them."""

    def __init__(self) -> None:
        self.null = NullSender()
        self.sender = CodeMessages(self.null)

    def code(self, number: int = -1) -> str:
        return self.null.sent[number].text[:6]


async def ask(database: Database, phones: Phones, phone: str = PHONE) -> Challenge:
    async with database.work() as work:
        return await request_code(work, phone, sender=phones.sender, vault=VAULT)


async def confirm(
    database: Database, challenge: Challenge, code: str, name: str = ""
) -> SignedIn | CodeWrong:
    async with database.work() as work:
        return await confirm_code(work, challenge.challenge_id, code, vault=VAULT, name=name)


async def sign_in(database: Database, phone: str = PHONE) -> SignedIn:
    phones = Phones()
    challenge = await ask(database, phones, phone)
    signed_in = await confirm(database, challenge, phones.code())
    assert isinstance(signed_in, SignedIn)
    return signed_in


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def pass_time(owner: psycopg.Connection, span: str) -> None:
    """Move every sign-in so far into the past."""
    for table in ("code_challenge", "passkey_challenge", "session"):
        owner.execute(f"ALTER TABLE registry.{table} DISABLE TRIGGER USER")
    for table, column in (("code_challenge", "made_at"), ("passkey_challenge", "made_at")):
        owner.execute(
            f"UPDATE registry.{table} SET {column} = {column} - %s::interval,"
            f" expires_at = expires_at - %s::interval,"
            f" used_at = used_at - %s::interval",
            [span, span, span],
        )
    owner.execute(
        "UPDATE registry.session SET opened_at = opened_at - %s::interval,"
        " expires_at = expires_at - %s::interval, strong_until = strong_until - %s::interval,"
        " revoked_at = revoked_at - %s::interval",
        [span, span, span, span],
    )
    for table in ("code_challenge", "passkey_challenge", "session"):
        owner.execute(f"ALTER TABLE registry.{table} ENABLE TRIGGER USER")


async def test_whoever_is_new_joins_as_a_rider(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones, "+352 621 555 123")
    signed_in = await confirm(database, challenge, phones.code(), "Ana Núñez")
    assert isinstance(signed_in, SignedIn)
    assert signed_in.roles == {Role.RIDER}
    assert signed_in.strong_until is None
    async with database.work() as work:
        caller = await identify(work, signed_in.token)
        me = await person_view(work, caller.person_id, vault=VAULT)
        kinds = (await work.execute(text("SELECT kind FROM storage.outbox ORDER BY 1"))).scalars()
        assert list(kinds) == ["person_joined", "session_opened"]
    assert caller.person_id == signed_in.person_id
    assert (me.name, me.phone, me.roles, me.passkeys) == ("Ana Núñez", PHONE, (Role.RIDER,), 0)


async def test_a_phone_known_here_signs_in_the_same_person(database: Database) -> None:
    first, second = await sign_in(database), await sign_in(database)
    assert first.person_id == second.person_id
    assert first.token != second.token


async def test_a_name_fills_an_empty_one_and_replaces_none(database: Database) -> None:
    await sign_in(database)
    for name in ("Ana", "Eve"):
        phones = Phones()
        challenge = await ask(database, phones)
        signed_in = await confirm(database, challenge, phones.code(), name)
        assert isinstance(signed_in, SignedIn)
        async with database.work() as work:
            assert (await get_contact(work, signed_in.person_id, vault=VAULT)).name == "Ana"
    async with database.work() as work:
        await set_name(work, signed_in.person_id, "Ana María", vault=VAULT)
    async with database.work() as work:
        contact = await get_contact(work, signed_in.person_id, vault=VAULT)
        found = await find_person_by_phone(work, PHONE, vault=VAULT)
    assert (contact.name, contact.phone) == ("Ana María", PHONE)
    assert found == signed_in.person_id


async def test_a_code_works_once(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    await confirm(database, challenge, phones.code())
    with pytest.raises(CodeSpent):
        await confirm(database, challenge, phones.code())


async def test_two_who_send_the_right_code_at_once_get_one_session(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    answers = await asyncio.gather(
        *(confirm(database, challenge, phones.code()) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert sum(isinstance(answer, CodeSpent) for answer in answers) == 3


async def test_the_fifth_wrong_try_ends_a_code(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    for left in (4, 3, 2, 1, 0):
        refusal = await confirm(database, challenge, wrong(phones.code()))
        assert isinstance(refusal, CodeWrong)
        assert refusal.facts == {"tries_left": left}
    with pytest.raises(CodeSpent):
        await confirm(database, challenge, phones.code())


async def test_the_fifth_try_may_be_the_right_one(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    for _ in range(4):
        await confirm(database, challenge, wrong(phones.code()))
    assert isinstance(await confirm(database, challenge, phones.code()), SignedIn)


async def test_guessing_all_at_once_gives_no_more_tries(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    answers = await asyncio.gather(
        *(confirm(database, challenge, wrong(phones.code())) for _ in range(9)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, CodeWrong) for answer in answers) == 5
    assert sum(isinstance(answer, CodeSpent) for answer in answers) == 4


async def test_a_code_is_over_after_five_minutes(
    database: Database, owner: psycopg.Connection
) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    pass_time(owner, "5 minutes")
    with pytest.raises(CodeSpent):
        await confirm(database, challenge, phones.code())


async def test_a_code_is_good_up_to_its_fifth_minute(
    database: Database, owner: psycopg.Connection
) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    pass_time(owner, "4 minutes 30 seconds")
    assert isinstance(await confirm(database, challenge, phones.code()), SignedIn)


async def test_a_code_opens_no_other_challenge(database: Database) -> None:
    phones = Phones()
    mine = await ask(database, phones, PHONE)
    theirs = await ask(database, phones, "+352621555999")
    assert phones.code(0) != phones.code(1)
    assert isinstance(await confirm(database, theirs, phones.code(0)), CodeWrong)
    assert isinstance(await confirm(database, mine, phones.code(0)), SignedIn)


async def test_an_unknown_challenge_answers_as_a_spent_one(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    await confirm(database, challenge, phones.code())
    with pytest.raises(CodeSpent) as spent:
        await confirm(database, challenge, phones.code())
    async with database.work() as work:
        unknown = Challenge(challenge_id=work.new_id(), expires_at=work.now)
    with pytest.raises(CodeSpent) as never:
        await confirm(database, unknown, phones.code())
    assert (spent.value.sentence, spent.value.facts) == (never.value.sentence, never.value.facts)


async def test_a_bad_name_does_not_use_up_the_code(database: Database) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    with pytest.raises(DetailInvalid):
        await confirm(database, challenge, phones.code(), "\x07")
    assert isinstance(await confirm(database, challenge, phones.code(), "Ana"), SignedIn)


async def test_a_sixth_code_within_the_hour_is_refused_and_says_when_to_come_back(
    database: Database, owner: psycopg.Connection
) -> None:
    phones = Phones()
    for _ in range(5):
        await ask(database, phones)
    with pytest.raises(TooManyCodes) as refused:
        await ask(database, phones)
    assert 3590 < refused.value.retry_after_seconds <= 3600
    assert len(phones.null.sent) == 5
    await ask(database, phones, "+352621555999")
    pass_time(owner, "1 hour")
    await ask(database, phones)


async def test_asking_all_at_once_sends_no_more_than_five(database: Database) -> None:
    phones = Phones()
    answers = await asyncio.gather(
        *(ask(database, phones) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(answer, Challenge) for answer in answers) == 5
    assert sum(isinstance(answer, TooManyCodes) for answer in answers) == 3


async def test_two_who_join_by_one_phone_at_once_are_one_person(database: Database) -> None:
    phones = Phones()
    challenges = [await ask(database, phones) for _ in range(3)]
    answers = await asyncio.gather(
        *(confirm(database, one, phones.code(at)) for at, one in enumerate(challenges))
    )
    assert len({answer.person_id for answer in answers if isinstance(answer, SignedIn)}) == 1


async def test_what_is_no_phone_gets_no_code(database: Database) -> None:
    phones = Phones()
    with pytest.raises(PhoneInvalid):
        await ask(database, phones, "621555123")
    assert phones.null.sent == []


async def test_signing_out_ends_the_session_at_once(database: Database) -> None:
    signed_in = await sign_in(database)
    other = await sign_in(database)
    async with database.work() as work:
        await sign_out(work, await identify(work, signed_in.token))
    async with database.work() as work:
        with pytest.raises(SignInNeeded):
            await identify(work, signed_in.token)
        assert (await identify(work, other.token)).person_id == signed_in.person_id


async def test_a_session_is_over_at_its_time(database: Database, owner: psycopg.Connection) -> None:
    signed_in = await sign_in(database)
    pass_time(owner, "90 days")
    async with database.work() as work:
        with pytest.raises(SignInNeeded):
            await identify(work, signed_in.token)


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "0" * 63 + "\u0660", "A" * 64, "0" * 9999])
async def test_what_is_no_token_of_ours_signs_nobody_in(database: Database, token: str) -> None:
    await sign_in(database)
    async with database.work() as work:
        with pytest.raises(NotSignedIn):
            await identify(work, token)


async def test_the_hash_of_a_token_is_no_token(
    database: Database, owner: psycopg.Connection
) -> None:
    signed_in = await sign_in(database)
    row = owner.execute("SELECT encode(token_hash, 'hex') FROM registry.session").fetchone()
    assert row is not None
    async with database.work() as work:
        with pytest.raises(SignInNeeded):
            await identify(work, row[0])
    assert signed_in.token not in repr(signed_in)


async def test_another_persons_session_is_as_unknown_as_none(database: Database) -> None:
    mine, theirs = await sign_in(database), await sign_in(database, "+352621555999")
    second = await sign_in(database)
    async with database.work() as work:
        me = await identify(work, mine.token)
        with pytest.raises(SessionNotFound) as foreign:
            await revoke_session(work, me, theirs.session_id)
        with pytest.raises(SessionNotFound) as unknown:
            await revoke_session(work, me, SessionId(work.new_id()))
        await revoke_session(work, me, second.session_id)
        with pytest.raises(SessionNotFound):
            await revoke_session(work, me, second.session_id)
    assert str(foreign.value) == str(unknown.value)
    async with database.work() as work:
        await identify(work, theirs.token)
        with pytest.raises(SignInNeeded):
            await identify(work, second.token)


async def test_a_revocation_is_felt_by_the_cache_of_this_process(database: Database) -> None:
    signed_in = await sign_in(database)
    cache = SessionCache(lambda: 0.0)
    async with database.work() as work:
        caller = await identify(work, signed_in.token)
        cache.remember(signed_in.token, caller, read_at=0.0)
        assert cache.find(signed_in.token, now=work.now) == caller
        await sign_out(work, caller, cache=cache)
        assert cache.find(signed_in.token, now=work.now) is None


async def test_an_officer_by_code_is_only_a_rider_and_new_officers_sign_in_anew(
    database: Database,
) -> None:
    before = await sign_in(database)
    cache = SessionCache(lambda: 0.0)
    async with database.work() as work:
        await grant_role(work, before.person_id, Role.OFFICE, by=None, cache=cache)
        await grant_role(work, before.person_id, Role.OFFICE, by=None)
    async with database.work() as work:
        with pytest.raises(SignInNeeded):
            await identify(work, before.token)
    after = await sign_in(database)
    assert after.roles == {Role.RIDER}
    async with database.work() as work:
        me = await person_view(work, after.person_id, vault=VAULT)
        assert me.roles == (Role.OFFICE, Role.RIDER)


async def test_a_role_ends_at_once_and_may_be_given_again(database: Database) -> None:
    signed_in = await sign_in(database)
    async with database.work() as work:
        officer = await an_officer(work)
        await end_role(work, signed_in.person_id, Role.RIDER, by=officer)
    async with database.work() as work:
        assert (await identify(work, signed_in.token)).roles == frozenset()
        until = work.now + timedelta(days=1)
        await grant_role(work, signed_in.person_id, Role.RIDER, by=officer, valid_to=until)
    async with database.work() as work:
        assert (await identify(work, signed_in.token)).roles == {Role.RIDER}


async def test_a_role_for_a_time_ends_by_itself(
    database: Database, owner: psycopg.Connection
) -> None:
    signed_in = await sign_in(database)
    async with database.work() as work:
        officer = await an_officer(work)
        until = work.now + timedelta(hours=1)
        await grant_role(work, signed_in.person_id, Role.MACHINE, by=officer, valid_to=until)
    owner.execute("ALTER TABLE registry.role_grant DISABLE TRIGGER USER")
    owner.execute(
        "UPDATE registry.role_grant SET valid_from = valid_from - interval '1 hour',"
        " valid_to = valid_to - interval '1 hour'"
    )
    async with database.work() as work:
        assert (await identify(work, signed_in.token)).roles == {Role.RIDER}
        await grant_role(work, signed_in.person_id, Role.MACHINE, by=officer)
    async with database.work() as work:
        assert Role.MACHINE in (await identify(work, signed_in.token)).roles


async def test_a_machine_is_issued_a_token_and_a_person_never(database: Database) -> None:
    async with database.work() as work:
        machine = await add_machine(work, by=None)
        issued = await issue_machine_session(work, machine)
        officer = await an_officer(work)
        with pytest.raises(SessionNotFound):
            await issue_machine_session(work, officer)
    async with database.work() as work:
        assert (await identify(work, issued.token)).roles == {Role.MACHINE}


async def test_whoever_is_forgotten_leaves_no_name_and_no_way_in(
    database: Database, owner: psycopg.Connection
) -> None:
    signed_in = await sign_in(database)
    async with database.work() as work:
        await forget_person(work, signed_in.person_id)
    async with database.work() as work:
        with pytest.raises(SignInNeeded):
            await identify(work, signed_in.token)
        assert await find_person_by_phone(work, PHONE, vault=VAULT) is None
    assert owner.execute("SELECT count(*) FROM registry.contact").fetchone() == (0,)
    assert (await sign_in(database)).person_id != signed_in.person_id


async def test_a_sign_in_under_way_is_over_too_once_its_person_is_forgotten(
    database: Database,
) -> None:
    person_id = (await sign_in(database)).person_id

    async def forget() -> None:
        async with database.work() as work:
            await forget_person(work, person_id)

    async with database.work() as work:
        opened = await open_session(work, person_id, SignInMethod.CODE)
        forgetting = asyncio.create_task(forget())
        await until_waiting(database, forgetting)
    await forgetting
    async with database.work() as work:
        with pytest.raises(SignInNeeded):
            await identify(work, opened.token)


async def test_whoever_was_forgotten_meanwhile_is_not_signed_in(database: Database) -> None:
    person_id = (await sign_in(database)).person_id
    async with database.work() as work:
        await forget_person(work, person_id)
    with pytest.raises(PersonNotFound):
        async with database.work() as work:
            await open_session(work, person_id, SignInMethod.CODE)


async def until_waiting(database: Database, task: asyncio.Task[None]) -> None:
    """Until the task waits for a lock of another session, or needs none."""
    while not task.done():
        async with database.work() as work:
            waiting = await work.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            if waiting.scalar_one():
                return


async def test_no_table_and_no_announcement_shows_a_name_a_phone_or_a_code(
    database: Database, owner: psycopg.Connection
) -> None:
    phones = Phones()
    challenge = await ask(database, phones)
    signed_in = await confirm(database, challenge, phones.code(), "Zebulon Quartz")
    assert isinstance(signed_in, SignedIn)
    open_code = await ask(database, phones, "+352621555777")
    async with database.work() as work:
        await a_driver(work, await an_officer(work))
    tables = owner.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('registry', 'storage')"
    ).fetchall()
    kept = "\n".join(
        str(row) for (table,) in tables for row in owner.execute(f"SELECT t::text FROM {table} t")
    )
    secrets = ["Zebulon", "Quartz", "Dora1", "Olga", "621555123", "621555777", signed_in.token]
    for secret in secrets:
        assert secret not in kept
        assert secret.encode().hex() not in kept
    assert str(open_code.challenge_id) in kept  # the rows were really read
    assert f"({phones.code()})" not in kept


async def test_what_signing_in_leaves_is_deleted_in_its_time(
    database: Database, owner: psycopg.Connection
) -> None:
    signed_in, signed_out = await sign_in(database), await sign_in(database)
    async with database.work() as work:
        caller = await identify(work, signed_in.token)
        await revoke_session(work, caller, signed_out.session_id)
        assert await forget_old_sign_ins(work) == 0
    for passed, codes, sessions in (("25 hours", 2, 0), ("30 days", 0, 1), ("60 days", 0, 0)):
        pass_time(owner, passed)
        async with database.work() as work:
            assert await forget_old_sign_ins(work) == codes + sessions, passed
    async with database.work() as work:
        with pytest.raises(SessionNotFound):  # it ran out by itself
            await revoke_session(work, caller, signed_in.session_id)
    pass_time(owner, "30 days")
    async with database.work() as work:
        assert await forget_old_sign_ins(work) == 1
        left = await work.execute(text("SELECT count(*) FROM registry.session"))
        assert left.scalar_one() == 0


async def test_a_wrong_vault_key_is_noticed_before_it_seals(database: Database) -> None:
    other = Vault.from_secret(b"another secret, of at least 32 bytes")
    async with database.work() as work:
        await check_vault(work, VAULT)
    async with database.work() as work:
        await check_vault(work, VAULT)
        with pytest.raises(VaultKeyWrong):
            await check_vault(work, other)


async def test_two_services_that_start_at_once_on_a_new_database_agree_on_its_vault(
    database: Database,
) -> None:
    async def start() -> None:
        async with database.work() as work:
            await check_vault(work, VAULT)

    async with database.work() as work:
        await check_vault(work, VAULT)
        starting = asyncio.create_task(start())
        await until_waiting(database, starting)
    await starting


async def test_joining_twice_by_one_phone_is_one_person(database: Database) -> None:
    async with database.work() as work:
        first = await join_person(work, phone=PHONE, name="Ana", vault=VAULT)
        second = await join_person(work, phone="00352 621 555 123", vault=VAULT)
    assert first == second


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("UPDATE registry.code_challenge SET tries = 0", "used once"),
        ("UPDATE registry.code_challenge SET tries = tries + 1", "used once"),
        ("UPDATE registry.session SET revoked_at = NULL", "may only end"),
        ("UPDATE registry.session SET person_id = person_id, strong_until = service_now()", None),
        ("DELETE FROM registry.session", "30 days"),
        ("UPDATE registry.role_grant SET role = 'office'", None),
        ("DELETE FROM registry.role_grant", None),
        ("UPDATE registry.person SET erased_at = NULL", "may only end"),
        ("TRUNCATE registry.session", None),
    ],
)
async def test_the_service_cannot_rewrite_a_sign_in(
    database: Database, statement: str, answer: str | None
) -> None:
    await sign_in(database)
    with pytest.raises(DBAPIError) as refused:
        async with database.work() as work:
            await work.execute(text(statement))
    assert (answer or "permission denied") in str(refused.value.orig)


@pytest.mark.parametrize("statement", [
    "UPDATE registry.session SET strong_until = service_now() WHERE opened_by = 'code'",
    "UPDATE registry.session SET expires_at = expires_at + interval '1 day'",
    "DELETE FROM registry.session",
    "TRUNCATE registry.session CASCADE",
    "DELETE FROM registry.role_grant",
])  # fmt: skip
async def test_even_the_owner_is_refused_to_rewrite_a_sign_in(
    database: Database, owner: psycopg.Connection, statement: str
) -> None:
    await sign_in(database)
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


async def test_a_session_by_code_is_never_strong(database: Database) -> None:
    signed_in = await sign_in(database)
    statement = text("""
        INSERT INTO registry.session (session_id, token_hash, person_id, opened_by, opened_at,
                                      expires_at, strong_until)
        VALUES (:session_id, sha256('x'), :person_id, 'code', :now,
                CAST(:now AS timestamptz) + interval '1 day',
                CAST(:now AS timestamptz) + interval '1 minute')
    """)
    with pytest.raises(IntegrityError, match="strong_means_a_passkey_within_five_minutes"):
        async with database.work() as work:
            await work.execute(
                statement,
                {"session_id": work.new_id(), "person_id": signed_in.person_id, "now": work.now},
            )
