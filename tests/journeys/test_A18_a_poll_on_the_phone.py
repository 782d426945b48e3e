"""What a member's phone asks the service about a poll, and what it hands in."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.ballots.ballot import BallotKey, fill
from governance.ballots.choice import Mark
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest
from governance.ballots.plain import canonical
from governance.ballots.roll import RollEntry, commitment_to
from governance.tier import Tier
from simulation.rehearsed_vote import notice
from tests.ballot_scene import RESOLUTION, officials
from tests.journeys.conftest import Found
from tests.journeys.people import Driver, Person, Town, new_id
from tests.journeys.service import Service, in_a_thread
from tests.polls_at_work import SALT, StagedPoll, packed, voting_key

PLACES = {"desks": "https://one.example, https://two.example/", "box": "https://box.example"}


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(found_city(drivers=24), **PLACES) as running:
        yield running


async def driver_of(town: Town) -> Driver:
    """A driver off shift, signed in."""
    driver = Driver(town.service, town.city.next_driver())
    await town.keep(driver)
    await driver.sign_in()
    return driver


async def test_what_everybody_sees_of_a_poll(town: Town) -> None:
    driver, stranger = await driver_of(town), await town.stranger()
    staged = StagedPoll(people=[UUID(driver.person_id)], title="A second bench")
    staged.stage(town.city.address)
    polls = (await stranger.get("/public/v1/polls"))["polls"]
    (listed,) = [one for one in polls if one["poll_id"] == str(staged.poll_id)]
    assert (listed["title"], listed["tier"], listed["state"]) == ("A second bench", "open", "open")
    poll = await stranger.get(f"/public/v1/polls/{staged.poll_id}")
    assert listed.items() <= poll.items()
    assert (poll["manifest"], poll["certificate"], poll["rp_id"]) == (None, None, "localhost")
    assert (poll["desks"], poll["box"]) == (
        ["https://one.example", "https://two.example"], "https://box.example",
    )  # fmt: skip
    assert await stranger.refused("GET", f"/public/v1/polls/{new_id()}") == "404 poll_not_found"


async def test_the_bundle_comes_with_the_count(town: Town) -> None:
    driver, stranger = await driver_of(town), await town.stranger()
    staged = StagedPoll(people=[UUID(driver.person_id)], tier=Tier.SEALED).stage(town.city.address)
    bundle = f"/public/v1/polls/{staged.poll_id}/bundle.zip"
    assert await stranger.refused("GET", bundle) == "404 poll_not_counted"
    missing = f"/public/v1/polls/{new_id()}/bundle.zip"
    assert await stranger.refused("GET", missing) == "404 poll_not_found"
    staged.count(town.city.address, '{"valid":0}', b"PK and the rest")
    answer = await stranger.ask("GET", bundle)
    assert (answer.content, answer.headers["content-type"]) == (
        b"PK and the rest",
        "application/zip",
    )
    assert answer.headers["content-length"] == "15"
    poll = await stranger.get(f"/public/v1/polls/{staged.poll_id}")
    assert poll["certificate"] == '{"valid":0}'


async def test_a_member_learns_their_entry_and_others_why_they_have_none(town: Town) -> None:
    driver, other, rider = await driver_of(town), await driver_of(town), await town.rider()
    staged = StagedPoll(people=[UUID(driver.person_id)], tier=Tier.SEALED).stage(town.city.address)
    me = await driver.get(f"/driver/v1/polls/{staged.poll_id}/me")
    assert (me["on_roll"], me["reason"], me["credential_id"]) == (True, None, None)
    member = _member_of(town, driver)
    assert me["commitment"] == packed(commitment_to(member, base64.b64decode(me["salt"])))
    for person, entrance in ((other, "driver"), (rider, "rider")):
        none = await person.get(f"/{entrance}/v1/polls/{staged.poll_id}/me")
        assert none["on_roll"] is False
        assert none["salt"] is None
        assert "member" in none["reason"]


async def test_the_latest_voting_key_goes_onto_the_roll_and_stays_there(town: Town) -> None:
    driver = await driver_of(town)
    staged = StagedPoll(people=[UUID(driver.person_id)], tier=Tier.SEALED, last_step="frozen")
    staged.stage(town.city.address)
    me = f"/driver/v1/polls/{staged.poll_id}/me"
    first, second = voting_key(), {**voting_key(), "credential_id": packed(b"second")}
    for number, key in enumerate((first, second), start=1):
        assert await driver.post("/driver/v1/voting-key", key) == {"number": number}
        assert (await driver.get(me))["credential_id"] == key["credential_id"]
    commitment = commitment_to(_member_of(town, driver), SALT)
    published = {commitment.hex(): base64.b64decode(second["credential"])}
    manifest = _manifest(staged, published)
    staged.publish(town.city.address, manifest, published)
    await driver.post("/driver/v1/voting-key", voting_key())
    assert (await driver.get(me))["credential_id"] == second["credential_id"]


@pytest.mark.parametrize(
    "key",
    [
        {"credential": packed(b"no key"), "credential_id": packed(b"x")},
        voting_key(ed25519.Ed25519PrivateKey.generate()),
        voting_key(ec.generate_private_key(ec.SECP384R1())),
        {**voting_key(), "credential_id": ""},
    ],
)
async def test_a_passkey_that_desks_could_not_check_is_refused(
    town: Town, key: dict[str, str]
) -> None:
    driver = await driver_of(town)
    StagedPoll(people=[UUID(driver.person_id)]).stage(town.city.address)
    refused = await driver.refused("POST", "/driver/v1/voting-key", key)
    assert refused == "422 voting_key_unusable"


async def test_in_an_open_poll_a_member_says_a_choice_with_their_name(town: Town) -> None:
    driver, other = await driver_of(town), await driver_of(town)
    staged = StagedPoll(people=[UUID(driver.person_id)]).stage(town.city.address)
    ballots = f"/driver/v1/polls/{staged.poll_id}/ballots"
    for mark in ("against", "for"):
        taken = await driver.post(ballots, {"choice": {"mark": mark}})
        assert taken == {"ballot": None, "waiting": 0}
    said = _rows(
        town, "SELECT mark FROM governance.counted_ballot WHERE motion_id = %s", staged.motion_id
    )
    assert said == [("for",)]
    assert await driver.refused("POST", ballots, {}) == "422 ballot_of_another_tier"
    stranger = await other.refused("POST", ballots, {"choice": {"mark": "for"}})
    assert stranger == "404 member_not_found"


async def test_a_sealed_ballot_is_not_handed_in_with_a_name(town: Town) -> None:
    driver = await driver_of(town)
    staged = StagedPoll(people=[UUID(driver.person_id)], tier=Tier.SEALED).stage(town.city.address)
    ballots = f"/driver/v1/polls/{staged.poll_id}/ballots"
    assert await driver.refused("POST", ballots, {"ballot": {}}) == "422 ballot_of_another_tier"


async def test_of_a_ballot_that_was_handed_in_no_row_tells_whose_it_is(town: Town) -> None:
    driver, other = await driver_of(town), await driver_of(town)
    people = [UUID(driver.person_id), UUID(other.person_id)]
    staged = StagedPoll(people=people, tier=Tier.DETACHED).stage(town.city.address)
    entries = {commitment_to(_member_of(town, one), SALT).hex(): b"" for one in (driver, other)}
    manifest = _manifest(staged, entries)
    staged.publish(town.city.address, manifest, entries)
    ballots = f"/driver/v1/polls/{staged.poll_id}/ballots"
    key = _ballot_key()
    first = fill(manifest, key, Mark("for"), sequence=1).document()
    name = hashlib.sha256(canonical(first)).hexdigest()
    taken = await driver.post(ballots, {"ballot": first})
    assert taken == {"ballot": name, "waiting": 1}
    again = await driver.refused("POST", ballots, {"ballot": first})
    assert again == "409 ballot_superseded"
    waiting = _rows(
        town, "SELECT ballot FROM ballot_board.waiting WHERE poll_id = %s", staged.poll_id
    )
    assert [json.loads(one) for (one,) in waiting] == [first]
    changed = fill(manifest, key, Mark("against"), sequence=2).document()
    assert (await driver.post(ballots, {"ballot": changed}))["waiting"] == 2
    another = fill(manifest, _ballot_key(), Mark("for"), sequence=1).document()
    assert await driver.refused("POST", ballots, {"ballot": another}) == "403 not_on_roll"
    marks = _rows(
        town, "SELECT commitment FROM governance.detached_mark WHERE poll_id = %s", staged.poll_id
    )
    assert marks == [(commitment_to(_member_of(town, driver), SALT).hex(),)]
    fingerprints = _rows(
        town, "SELECT count(*) FROM storage.idempotency WHERE caller = %s", driver.person_id
    )
    assert fingerprints == [(0,)]


async def test_only_the_page_of_votes_may_ask_desks_and_box(town: Town) -> None:
    stranger = await town.stranger()
    page = await stranger.ask("GET", "/vote/")
    other = await stranger.ask("GET", "/live/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    places = "connect-src 'self' https://box.example https://one.example https://two.example;"
    assert places in policy
    assert "unsafe" not in policy
    assert "connect-src 'self';" in other.headers["content-security-policy"]


def _ballot_key() -> BallotKey:
    private = Ed25519PrivateKey.generate()
    return BallotKey(public=private.public_key().public_bytes_raw(), signer=private)


def _manifest(staged: StagedPoll, credentials: dict[str, bytes]) -> Manifest:
    roll = [
        RollEntry(commitment=bytes.fromhex(one), credential=key, name="")
        for one, key in sorted(credentials.items())
    ]
    hours = Hours(opens_at_ms=0, closes_at_ms=9_000_000_000_000)
    made = notice(officials(), RESOLUTION, tier=staged.tier, roll=roll, hours=hours)
    return replace(made, vote=str(staged.poll_id))


def _rows(town: Town, statement: str, argument: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(town.city.address) as owner:
        return owner.execute(statement, [argument]).fetchall()  # type: ignore[arg-type]


def _member_of(town: Town, person: Person) -> str:
    ((found,),) = _rows(
        town, "SELECT member_id FROM governance.member WHERE person_id = %s", person.person_id
    )
    return str(found)
