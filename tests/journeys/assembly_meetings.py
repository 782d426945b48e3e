"""The part of the assembly's story that goes on around votes: a meeting with its minutes, proxies, an
outage, appeals and what is due."""

from datetime import datetime, timedelta
from typing import Any

from governance.counting.lots import commitment_to
from tests.journeys.assemblies import go_to, signed_in_again
from tests.journeys.people import Office, Person, Town

SEEDS = {"driver": bytes(31) + b"\x01", "rider": bytes(31) + b"\x02"}
OTHER = {"driver": "rider", "rider": "driver"}


def later(instant: str, **more: float) -> str:
    return (datetime.fromisoformat(instant) + timedelta(**more)).isoformat()


async def only_these(office: Office, sides: dict[str, Person]) -> None:
    """Whoever else moved something before leaves, and these join anew, each at their entrance."""
    for side, person in sides.items():
        mine = await person.get(f"/{side}/v1/membership")
        if side in {one["member_class"] for one in mine["classes"]}:
            await person.post(f"/{side}/v1/membership/leave")
        await person.post(f"/{side}/v1/membership/join")
    driver = sides["driver"]
    own = {(await one.get(f"/{side}/v1/membership"))["member_id"] for side, one in sides.items()}
    for line in (await driver.get("/driver/v1/motions"))["motions"]:
        motion = await driver.get(f"/driver/v1/motions/{line['motion_id']}")
        for other in (motion["mover"], *motion["seconders"]):
            if other["member_id"] not in own:
                member = f"/office/v1/members/{other['member_id']}"
                for one in (await office.get(member))["classes"]:
                    left = {"kind": "left", "member_class": one["member_class"]}
                    await office.post(f"{member}/changes", left)


async def a_meeting(
    town: Town, office: Office, sides: dict[str, Person], amendment: tuple[str, str]
) -> None:
    """Asked for, called, held, minuted, corrected; an amendment is decided by the hands raised."""
    motion_id, amendment_id = amendment
    asked = {}
    for side, person in sides.items():
        body = {"title": "The fund", "business": ["Where the fund's money went"]}
        asked[side] = (await person.post(f"/{side}/v1/requisitions", body))["requisition_id"]
    for side, person in sides.items():
        request = f"/{side}/v1/requisitions/{asked[OTHER[side]]}"
        assert (await person.post(f"{request}/sign"))["signed"] == 2
        await person.get(request)
    now = (await office.get("/public/v1/clock"))["now"]
    await agreed_by_themselves(office, sides, now)
    notice = {
        "title": "General meeting", "place": "The depot, hall 2", "held_at": later(now, days=16),
        "items": [{"title": "Where the fund's money went"},
                  {"title": "How long prices hold", "motion_id": motion_id}],
        "requisition_id": asked["driver"],
    }  # fmt: skip
    meeting = await office.post("/office/v1/meetings", notice)
    meeting_id = meeting["meeting_id"]
    one = f"/office/v1/meetings/{meeting_id}"
    go_to(town, notice["held_at"])  # type: ignore[arg-type]
    await signed_in_again(office, *sides.values())
    there = {side: (await one_.get(f"/{side}/v1/membership"))["member_id"] for side, one_ in sides.items()}  # fmt: skip
    for member_id in there.values():
        await office.post(f"{one}/record", {"kind": "arrived", "member_id": member_id})
    for happened in (
        {"kind": "opened", "text": "In the chair: the deputy."},
        {"kind": "item_begun", "item": 1},
        {"kind": "said", "item": 1, "text": "Two benches were paid, and nothing else."},
        {"kind": "item_begun", "item": 2},
    ):
        meeting = await office.post(f"{one}/record", happened)
    assert (meeting["counted"], meeting["has_quorum"]) == (2, True)
    for side, choice in (("driver", "against"), ("rider", "for")):
        hand = {"amendment_id": amendment_id, "member_id": there[side], "choice": choice}
        await office.post(f"{one}/hands", hand)
    decided = f"/office/v1/motions/{motion_id}/amendments/{amendment_id}/decide"
    after = await office.post(decided, {"meeting_id": meeting_id})
    assert after["amendments"][-1]["state"] == "defeated"
    await office.get(one)
    await office.post(f"{one}/record", {"kind": "closed"})
    await the_minutes(office, sides, meeting_id, asked_by=there["rider"])


async def agreed_by_themselves(office: Office, sides: dict[str, Person], now: str) -> None:
    """Two days from now: everybody agrees to so short a notice, and it is sent."""
    for place, (side, person) in enumerate(sides.items(), start=1):
        asked = {
            "title": "The depot's lease", "place": "The depot, hall 2",
            "held_at": later(now, days=2, hours=place), "business": ["Whether to sign it"],
        }  # fmt: skip
        made = await office.post("/office/v1/short-notices", asked)
        for other_side, other in ((OTHER[side], sides[OTHER[side]]), (side, person)):
            shown = await other.get(f"/{other_side}/v1/short-notices")
            assert made["short_notice_id"] in {one["short_notice_id"] for one in shown["asked"]}
            path = f"/{other_side}/v1/short-notices/{made['short_notice_id']}/agree"
            assert (await other.post(path))["is_mine"] is True
        found = await office.get(f"/office/v1/short-notices/{made['short_notice_id']}")
        assert (found["agreed"], found["is_mine"]) == (2, None)
        if found["is_enough"]:
            notice = {name: asked[name] for name in ("title", "place", "held_at")}
            items = [{"title": one} for one in asked["business"]]
            rest = {"items": items, "short_notice_id": made["short_notice_id"]}
            await office.post("/office/v1/meetings", notice | rest)


async def the_minutes(
    office: Office, sides: dict[str, Person], meeting_id: str, *, asked_by: str
) -> None:
    """Drafted, corrected, read by everybody; and in public nobody is named."""
    one = f"/office/v1/meetings/{meeting_id}/minutes"
    drafted = await office.post(one)
    assert "Item 2 is taken up" in drafted["text"]
    assert {said["member_id"] for said in drafted["named"]} >= {asked_by}
    said = {"text": "Three benches were paid.", "asked_by": asked_by}
    await office.post(f"{one}/corrections", said)
    for side, person in (("office", office), *sides.items()):
        found = await person.get(f"/{side}/v1/meetings/{meeting_id}/minutes")
        assert (found["digest"], len(found["corrections"])) == (drafted["digest"], 1)
        await person.get(f"/{side}/v1/meetings")
        await person.get(f"/{side}/v1/meetings/{meeting_id}")
    public = f"/public/v1/meetings/{meeting_id}/minutes"
    shown = await office.get(public)
    assert "named" not in shown
    assert not [who["name"] for who in drafted["named"] if who["name"] in shown["text"]]


async def votes_for_others(
    town: Town, office: Office, sides: dict[str, Person], *, struck_off: str
) -> dict[str, str]:
    """Two resolutions on which one votes for the other; an outage gives the vote time back."""
    resolved = {}
    for side, person in sides.items():
        body = {"title": "Evenings", "text": f"A {side} sits in.", "matter": "ordinary"}
        resolved[side] = (await person.post(f"/{side}/v1/motions", body))["motion_id"]
    for side, person in sides.items():
        await person.post(f"/{side}/v1/motions/{resolved[OTHER[side]]}/second")
    struck = {"member_id": struck_off, "reason": "The city's seat is not filled yet."}
    for motion_id in resolved.values():
        motion = await office.post(f"/office/v1/motions/{motion_id}/notice", {"opens_on": None})
        await office.post(f"/office/v1/motions/{motion_id}/roll/corrections", struck)
    when = motion["timetable"]
    ids = {side: (await one.get(f"/{side}/v1/membership"))["member_id"] for side, one in sides.items()}  # fmt: skip
    await given(sides, resolved, ids)
    for step, instant in (("freeze", "freezes_at"), ("open", "opens_at")):
        go_to(town, when[instant])
        await signed_in_again(office)
        for motion_id in resolved.values():
            await office.post(f"/office/v1/motions/{motion_id}/{step}")
    go_to(town, later(when["opens_at"], hours=3))
    await signed_in_again(office, *sides.values())
    for side, person in sides.items():
        mine = await person.get(f"/{side}/v1/motions/{resolved[side]}/proxies")
        [held] = [
            one
            for one in mine["proxies"]
            if one["holder"]["member_id"] == ids[side] and one["revoked_at"] is None
        ]
        await person.post(f"/{side}/v1/proxies/{held['proxy_id']}/ballot", {"choice": "for"})
        await person.post(f"/{side}/v1/motions/{resolved[side]}/ballot", {"choice": "for"})
    outage = {"part": "service", "since": when["opens_at"], "until": later(when["opens_at"], hours=2), "cause": "A cable was cut in the street."}  # fmt: skip
    await office.post("/office/v1/outages", outage)
    for motion_id in resolved.values():
        motion = await office.post(f"/office/v1/motions/{motion_id}/extend")
    assert later(motion["timetable"]["closes_at"]) == later(when["closes_at"], hours=2)
    go_to(town, motion["timetable"]["closes_at"])
    await signed_in_again(office, *sides.values())
    for step in ("close", "certify"):
        for motion_id in resolved.values():
            await office.post(f"/office/v1/motions/{motion_id}/{step}")
    return resolved


async def given(sides: dict[str, Person], resolved: dict[str, str], ids: dict[str, str]) -> None:
    """Who moved a resolution holds the other's proxy; the other gave one before and took it back."""
    for side, person in sides.items():
        proxies = f"/{side}/v1/motions/{resolved[OTHER[side]]}/proxies"
        for last in (False, True):
            body = {"holder": ids[OTHER[side]], "instructed": "for"}
            found = await person.post(proxies, body)
            if not last:
                [first] = found["proxies"]
                await person.post(f"/{side}/v1/proxies/{first['proxy_id']}/revoke")
        shown = (await person.get(proxies))["proxies"]
        assert sorted(one["revoked_at"] is None for one in shown) == [False, True]


async def appeals_heard(
    office: Office, sides: dict[str, Person], resolved: dict[str, str], stranger: Any
) -> None:
    """Against each resolution; one finding sets the result aside, the other lets it stand."""
    for seed in SEEDS.values():
        await office.post("/office/v1/lots", {"commitment": commitment_to(seed)})
    lodged = {}
    for side, person in sides.items():
        complaint = {"complaint": "The desk was shut for a morning.", "affected": 2}
        path = f"/{side}/v1/motions/{resolved[side]}/appeals"
        lodged[side] = await person.post(path, complaint)
        assert lodged[side]["stays"] is True
    assert len((await office.get("/office/v1/appeals"))["stayed"]) == 2
    by_commitment = {commitment_to(seed): seed for seed in SEEDS.values()}
    for side in sides:
        juror_side, juror = OTHER[side], sides[OTHER[side]]
        appeal_id = lodged[side]["appeal_id"]
        one = f"/office/v1/appeals/{appeal_id}"
        secret = by_commitment[lodged[side]["commitment"]].hex()
        drawn = await office.post(f"{one}/jury", {"secret": secret})
        assert len(drawn["jury"]) == 1
        upholds = side == "driver"
        await juror.post(f"/{juror_side}/v1/appeals/{appeal_id}/vote", {"upholds": upholds})
        found = {"affected": 2, "reasons": "Whoever came that morning could not vote.",
                 "instead": "The vote is void, and is held again.", "paid": "Nothing was paid."}  # fmt: skip
        heard = await office.post(f"{one}/finding", found)
        assert (heard["upheld"], heard["sets_aside"]) == (upholds, upholds)
        assert (heard["correction"] is not None) == upholds
        for reading_side, reader in sides.items():
            await reader.get(f"/{reading_side}/v1/appeals/{appeal_id}")
            await reader.get(f"/{reading_side}/v1/motions/{resolved[side]}/appeals")
        shown = await stranger.get(f"/public/v1/motions/{resolved[side]}/appeals")
        assert shown["appeals"][0]["sets_aside"] is upholds
        assert not {"jury", "complaint", "is_mine"} & shown["appeals"][0].keys()


async def what_is_due(office: Office, sides: dict[str, Person]) -> None:
    """Years later: reviews that nobody made."""
    for side, person in (("office", office), *sides.items()):
        assert (await person.get(f"/{side}/v1/reminders"))["due"]
