"""The edge cases of bylaws that model rules and secretaries name, one test each.

Elsewhere: a receipt shown to others (tests/unit/verifier), quorum lost mid-meeting
(test_meetings_as_they_go), who joins, leaves or dies between
notice and close (test_votes_as_the_database_holds_them), counts (tests/unit/governance).
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from fares.service import tariff_of
from foundation.identifiers import PersonId
from governance.counting.lots import commitment_to
from governance.errors import AppealRefused, NotOnRoll, ProxyRefused, TextFrozen
from governance.matter import MemberClass
from governance.member import Change, ChangeKind
from governance.motion import Motion, MotionState
from governance.office_errors import ExtensionRefused
from governance.service import appeals, membership, motions, outages, proxies, votes
from governance.store.appeals import find_correction
from governance.store.members import list_members
from governance.store.votes import get_roll
from governance.surplus import service as surplus
from governance.surplus.errors import NothingToCarryOut
from governance.views.motions import find_origin
from ledger.account import Role
from rulebook.rule import RuleKind
from rulebook.service import in_force, list_rules
from storage.engine import Database
from tests.assembly import bylaws
from tests.assembly_rows import Assembly, assemble, dearer_tariff, tariff_motion
from tests.meeting_scene import noticed, now_of
from tests.patronage import policy_body
from tests.surplus_books import Did, a_year, balance, decided, named, persons

HOUR = timedelta(hours=1)
SECRET = bytes(range(32))


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address)


@pytest.mark.parametrize(
    ("sent", "held", "days"),
    [
        (datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 17, 4, tzinfo=UTC), 14),
        (datetime(2026, 3, 2, 4, 30, tzinfo=UTC), datetime(2026, 3, 17, 4, tzinfo=UTC), 15),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 11, 9, 5, tzinfo=UTC), 14),
        (datetime(2026, 12, 20, 12, tzinfo=UTC), datetime(2027, 1, 4, 12, tzinfo=UTC), 14),
    ],
)
@pytest.mark.parametrize("working_days", [False, True])
async def test_clear_days_over_a_clock_change_and_a_holiday_are_the_same_in_the_database(
    assembly: Assembly, sent: datetime, held: datetime, days: int, working_days: bool
) -> None:
    weekends = {
        "weekend": ["saturday", "sunday"], "holidays": ["2026-12-25", "2027-01-01"],
        "notice_counts": "working_days" if working_days else "all_days",
    }  # fmt: skip
    if not working_days:
        del weekends["notice_counts"]
    calendar = bylaws(days=weekends).calendar
    here = calendar.clear_days(sent, held)
    assert working_days or here == days
    assert here < days or not working_days
    async with assembly.database.work() as work:
        body = (await in_force(work, RuleKind.BYLAWS, work.now)).body
        row = (
            await work.execute(
                text("""SELECT governance.clear_days(said || CAST(:days AS jsonb), :sent, :held) AS days,
                               governance.after_clear_days(said || CAST(:days AS jsonb), :sent, 5) AS after
                        FROM (SELECT CAST(:body AS jsonb) AS said) AS bylaws"""),
                {"days": json.dumps({"days": weekends}), "body": json.dumps(dict(body)), "sent": sent, "held": held},
            )
        ).one()  # fmt: skip
    assert row.days == here
    assert row.after == calendar.start_of(calendar.day_after_notice(sent, 5))


async def test_one_person_in_two_classes_has_one_vote(assembly: Assembly) -> None:
    async with assembly.database.work() as work:
        [both] = await list_members(work, [assembly.members[3]])
        [person_id] = (
            await work.execute(
                text("SELECT person_id FROM governance.member WHERE member_id = :id"),
                {"id": both.member_id},
            )
        ).one()
        await membership.join(work, PersonId(person_id), member_class=MemberClass.DRIVER)
    motion = await noticed(assembly)
    async with assembly.database.work() as work:
        roll = await get_roll(work, motion.motion_id)
    assert [one.member_class for one in roll.entries if one.member_id == both.member_id] == [
        "rider"
    ]
    assert roll.size == 4


async def test_an_amendment_accepted_inside_the_freeze_changes_nothing(assembly: Assembly) -> None:
    motion = await noticed(assembly)
    assert motion.timetable is not None
    dearest = tariff_motion(dearer_tariff(dearer_tariff())).text
    async with assembly.database.work() as work:
        amendment = await motions.amend(
            work, motion.motion_id, by=assembly.members[1], text=dearest, readers={}
        )
    assembly.at(motion.timetable.freezes_at)  # nobody has written the freeze down yet
    with pytest.raises(TextFrozen):
        async with assembly.database.work() as work:
            await motions.accept_amendment(
                work, motion.motion_id, amendment.amendment_id, by=assembly.members[0]
            )
    async with assembly.database.work() as work:
        assert (await motions.get_motion(work, motion.motion_id)).version == 1


async def marks_of(assembly: Assembly) -> list[str]:
    [marks] = assembly.owner.execute(
        "SELECT array_agg(mark ORDER BY mark) FROM governance.counted_ballot"
    ).fetchone()  # type: ignore[misc]
    return list(marks or [])


async def test_a_proxy_is_taken_back_until_it_votes_and_after_that_one_votes_oneself(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    one, two, three, _ = assembly.members
    async with assembly.database.work() as work:
        first = await proxies.give_proxy(work, motion.motion_id, giver=one, holder=two)
        await proxies.revoke_proxy(work, first, by=one)
        second = await proxies.give_proxy(
            work, motion.motion_id, giver=one, holder=three, instructed="for"
        )
    with pytest.raises(ProxyRefused, match="used or taken back"):
        async with assembly.database.work() as work:
            await proxies.cast_by_proxy(work, first, by=two, choice="for")
    with pytest.raises(ProxyRefused, match="given to vote for"):
        async with assembly.database.work() as work:
            await proxies.cast_by_proxy(work, second, by=three, choice="against")
    async with assembly.database.work() as work:
        await proxies.cast_by_proxy(work, second, by=three, choice="for")
    with pytest.raises(ProxyRefused, match="voted already"):
        async with assembly.database.work() as work:
            await proxies.revoke_proxy(work, second, by=one)
    assert await marks_of(assembly) == ["for"]
    await assembly.cast(motion.motion_id, "against")  # the giver's own ballot replaces it
    assert await marks_of(assembly) == ["against"]
    with pytest.raises(ProxyRefused, match="used or taken back"):
        async with assembly.database.work() as work:
            await proxies.cast_by_proxy(work, second, by=three, choice="for")


async def test_who_votes_in_person_takes_an_unused_proxy_back(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    async with assembly.database.work() as work:
        given = await proxies.give_proxy(
            work, motion.motion_id, giver=assembly.members[0], holder=assembly.members[1]
        )
    await assembly.cast(motion.motion_id, "against")
    with pytest.raises(ProxyRefused, match="in person"):
        async with assembly.database.work() as work:
            await proxies.cast_by_proxy(work, given, by=assembly.members[1], choice="for")
    assert await marks_of(assembly) == ["against"]


async def test_who_may_not_vote_any_more_votes_for_nobody_else_either(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    one, two, _, rider = assembly.members
    async with assembly.database.work() as work:
        given = await proxies.give_proxy(work, motion.motion_id, giver=one, holder=rider)
        other = await proxies.give_proxy(work, motion.motion_id, giver=two, holder=rider)
        leaves = Change(kind=ChangeKind.LEFT, at=work.now, member_class=MemberClass.RIDER)
        await membership.change_member(work, rider, leaves)
    with pytest.raises(ProxyRefused, match="left"):
        async with assembly.database.work() as work:
            await proxies.cast_by_proxy(work, given, by=rider, choice="for")
    async with assembly.database.work() as work:  # who gave it, gives it to somebody else
        await proxies.revoke_proxy(work, other, by=two)
    assert await marks_of(assembly) == []


async def test_who_declares_an_interest_does_not_vote_and_is_not_on_a_roll_to_come(
    assembly: Assembly,
) -> None:
    motion = await assembly.stated(tariff_motion())
    one, two, *_ = assembly.members
    async with assembly.database.work() as work:
        await proxies.declare_conflict(work, motion.motion_id, by=two, interest="My brother's.")
        motion = await votes.give_notice(work, motion.motion_id)
    async with assembly.database.work() as work:
        assert (await get_roll(work, motion.motion_id)).size == 3
        await proxies.declare_conflict(work, motion.motion_id, by=one, interest="Mine.")
    async with assembly.database.work() as work:
        assert (await get_roll(work, motion.motion_id)).size == 2
    motion = await stepped_to_open(assembly, motion)
    three = assembly.members[2]
    async with assembly.database.work() as work:
        await proxies.declare_conflict(work, motion.motion_id, by=three, interest="Late.")
    with pytest.raises(NotOnRoll, match="interest"):
        await assembly.cast(motion.motion_id, "", "", "for")


async def stepped_to_open(assembly: Assembly, motion: Motion) -> Motion:
    assert motion.timetable is not None
    assembly.at(motion.timetable.freezes_at)
    async with assembly.database.work() as work:
        await votes.freeze(work, motion.motion_id)
    assembly.at(motion.timetable.opens_at)
    async with assembly.database.work() as work:
        return await votes.open_vote(work, motion.motion_id)


async def test_an_outage_in_the_last_hour_moves_the_close_by_just_that_time(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    assert motion.timetable is not None
    closes_at = motion.timetable.closes_at
    assembly.at(closes_at + 20 * HOUR / 60)  # it went down 40 minutes before, and is back now
    with pytest.raises(ExtensionRefused, match="no outage"):
        async with assembly.database.work() as work:
            await outages.extend_vote(work, motion.motion_id)
    for since, until in [(-40, 5), (-10, 20)]:  # both say when; what overlaps counts once
        async with assembly.database.work() as work:
            await outages.note_outage(
                work, part="service", since=closes_at + since * HOUR / 60,
                until=closes_at + until * HOUR / 60, cause="The power failed.", noted_by="R. Officer",
            )  # fmt: skip
    async with assembly.database.work() as work:
        after = await outages.extend_vote(work, motion.motion_id)
    assert after.timetable is not None
    assert after.timetable.closes_at == closes_at + HOUR
    with pytest.raises(ExtensionRefused, match="got back"):
        async with assembly.database.work() as work:
            await outages.extend_vote(work, motion.motion_id)
    await assembly.cast(motion.motion_id, "for", "for")
    await assembly.certified(after)
    assert await marks_of(assembly) == ["for", "for"]
    with pytest.raises(ExtensionRefused, match="certified"):
        async with assembly.database.work() as work:
            await outages.extend_vote(work, motion.motion_id)


async def appealed(assembly: Assembly, motion: Motion, *, affected: int) -> appeals.StoredAppeal:
    async with assembly.database.work() as work:
        await appeals.seal_lot(work, commitment=commitment_to(SECRET))
    async with assembly.database.work() as work:
        return await appeals.lodge_appeal(
            work, motion.motion_id, by=assembly.members[3], affected=affected,
            complaint="Two ballots were cast by people who had left.",
        )  # fmt: skip


async def found(assembly: Assembly, appeal: appeals.StoredAppeal, *, affected: int) -> bool:
    async with assembly.database.work() as work:
        jury = await appeals.draw_jury(work, appeal.appeal_id, secret=SECRET)
    assert set(jury.members) == set(assembly.members[1:3])  # neither the mover nor who appeals
    for juror in jury.members:
        async with assembly.database.work() as work:
            await appeals.vote_as_juror(work, appeal.appeal_id, by=juror, upholds=True)
    async with assembly.database.work() as work:
        finding = await appeals.find(
            work, appeal.appeal_id, affected=affected, reasons="Both had left the day before.",
            instead="The motion is lost.", paid="41 trips were charged by it; they keep their fares.",
        )  # fmt: skip
    return finding.sets_aside


async def test_an_appeal_that_changes_the_winner_after_payout_is_a_correction_beside_what_stands(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "against")
    motion = await assembly.certified(motion)
    assert motion.state is MotionState.CERTIFIED
    [certified] = assembly.owner.execute("SELECT document FROM governance.certificate").fetchone()  # type: ignore[misc]
    assembly.at(await now_of(assembly) + timedelta(days=10))
    appeal = await appealed(assembly, motion, affected=2)
    assert (appeal.margin, appeal.stays) == (1, True)
    async with assembly.database.work() as work:
        assert await appeals.stayed_results(work) == (motion.motion_id,)
        _, second = await list_rules(work, RuleKind.TARIFF)
    assembly.at(second.valid_from + timedelta(days=3))  # fares have been charged by it since
    assert await found(assembly, appeal, affected=2)
    async with assembly.database.work() as work:
        first, second, third = await list_rules(work, RuleKind.TARIFF)
        correction = await find_correction(work, motion.motion_id)
        kept = await tariff_of(work, second.rule_id)
        assert await appeals.stayed_results(work) == ()
        assert kept == await tariff_of(work, second.rule_id)
    assert third.body == first.body
    assert second.body == dearer_tariff()
    assert second.valid_to == third.valid_from
    assert third.adopted_by == "finding: A higher flag fall"
    assert correction is not None
    assert correction["instead"] == "The motion is lost."
    assert correction["corrected_rule"] == str(third.rule_id)
    async with assembly.database.reading() as reading:
        origin = await find_origin(reading, RuleKind.TARIFF, third.version)
    assert origin is not None
    assert origin.motion_id == motion.motion_id  # from the rule back to the vote that was set aside
    assert correction["certificate"] == hashlib.sha256(certified.encode()).hexdigest()
    [after] = assembly.owner.execute("SELECT document FROM governance.certificate").fetchone()  # type: ignore[misc]
    assert after == certified


async def test_a_rule_that_is_still_to_come_is_followed_right_after_it_begins(
    assembly: Assembly,
) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "against")
    motion = await assembly.certified(motion)
    assert await found(assembly, await appealed(assembly, motion, affected=1), affected=1)
    async with assembly.database.work() as work:
        first, second, third = await list_rules(work, RuleKind.TARIFF)
    assert third.valid_from - second.valid_from == timedelta(seconds=1)
    assert third.body == first.body


async def test_a_result_stands_where_its_margin_exceeds_the_complaint(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    await assembly.cast(motion.motion_id, "for", "for", "for", "for")
    motion = await assembly.certified(motion)
    appeal = await appealed(assembly, motion, affected=1)
    assert (appeal.margin, appeal.stays) == (2, False)
    assert not await found(assembly, appeal, affected=1)
    async with assembly.database.work() as work:
        assert len(await list_rules(work, RuleKind.TARIFF)) == 2
        assert await find_correction(work, motion.motion_id) is None


async def test_no_appeal_comes_after_fourteen_clear_days(assembly: Assembly) -> None:
    motion = await assembly.opened(tariff_motion())
    motion = await assembly.certified(motion)
    at = await now_of(assembly)
    calendar = bylaws().calendar
    last = calendar.start_of(calendar.day_of(at) + timedelta(days=15))
    assembly.at(last)
    with pytest.raises(AppealRefused):
        await appealed(assembly, motion, affected=1)


async def dividing(assembly: Assembly, minor: int, *, driven: int) -> tuple[Motion, list[int]]:
    """A period that came to `minor`, divided as its vote said; and what members then are owed."""
    did = {place: Did(trips=1) for place in range(driven)}
    period_id = await a_year(assembly, f"a year of {minor}", minor, did=did)
    motion = await decided(assembly, period_id)
    async with assembly.database.work() as work:
        await surplus.carry_out(work, motion.motion_id)
    people = await persons(assembly)
    return motion, [await balance(assembly, Role.ALLOCATION, one) for one in people]


@pytest.fixture
async def sharing(database: Database, owner: psycopg.Connection, database_address: str) -> Assembly:
    """An assembly whose policy gives everything to drivers, in cash."""
    equal = {"class": "driver", "weights": {"trips": "1"}}
    policy = policy_body()
    policy["members"] |= {"cash_bps": 10_000, "payment_minimum_minor": 0}
    policy["steps"] = [
        {"code": "drivers", "title": "Drivers", "bylaw": "7", "patronage": equal,
         "amount": {"bps": 10_000, "of": "surplus"}},
    ]  # fmt: skip
    return await assemble(
        database, owner, address=database_address, rules={RuleKind.ALLOCATION_POLICY: policy}
    )


async def test_one_cent_of_a_surplus_among_three_goes_to_the_first_of_equals(
    sharing: Assembly,
) -> None:
    _, owed = await dividing(sharing, 1, driven=3)
    assert sorted(owed) == [0, 0, 0, 1]
    row = sharing.owner.execute(
        "SELECT array_agg(cash_minor ORDER BY number) FROM surplus.member_line"
    ).fetchone()
    assert row == ([1, 0, 0],)


async def test_a_negative_surplus_takes_nothing_from_anybody(sharing: Assembly) -> None:
    _, owed = await dividing(sharing, -1, driven=3)
    assert owed == [0, 0, 0, 0]
    # No fund holds anything: the cent is carried, and the next surplus is short of it.
    assert await balance(sharing, Role.SURPLUS) == -1
    _, owed = await dividing(sharing, 0, driven=3)
    assert owed == [0, 0, 0, 0]


async def test_an_appeal_holds_up_the_division_and_after_it_changes_no_posting(
    sharing: Assembly,
) -> None:
    did = {place: Did(trips=1) for place in range(3)}
    first = await decided(sharing, await a_year(sharing, "held up", 300, did=did))
    await appealed(sharing, first, affected=3)
    with pytest.raises(NothingToCarryOut, match="set aside, or an appeal"):
        async with sharing.database.work() as work:
            await surplus.carry_out(work, first.motion_id)


async def test_an_appeal_after_the_payout_leaves_what_was_posted(sharing: Assembly) -> None:
    motion, owed = await dividing(sharing, 300, driven=3)
    async with sharing.database.work() as work:
        assert await surplus.pay_allocations(work, named("run")) == 300
    appeal = await appealed(sharing, motion, affected=3)
    assert await found(sharing, appeal, affected=3)
    async with sharing.database.work() as work:
        correction = await find_correction(work, motion.motion_id)
        again = await surplus.carry_out(work, motion.motion_id)
    assert correction is not None
    assert again.adoption_id == motion.motion_id
    people = await persons(sharing)
    assert sorted(owed) == [0, 100, 100, 100]
    assert [await balance(sharing, Role.DRIVER, one) for one in people] == owed
