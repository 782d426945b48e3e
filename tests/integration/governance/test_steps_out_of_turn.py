"""Rows that come too early, too late or without what must stand before them: refused by their triggers.

What stands before each is laid as if it had happened; references are out of the way, so that the
trigger alone answers. The same row in its turn is taken.
"""

from collections.abc import Iterator
from itertools import pairwise

import psycopg
import pytest

from storage import embedded
from tests.integration.governance.test_rows_that_cannot_be import (
    AT,
    GOOD,
    HASH,
    LAST,
    LATER,
    ONE,
    RULE,
    THREE,
    TWO,
)
from tests.planted import NOW, Planting, Row, bare_database, planting

STATES = ("proposed", "seconded", "amending", "frozen", "open", "closed", "certified")
BEFORE = "2029-12-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def bare(embedded_server: embedded.EmbeddedServer, template_database: str) -> Iterator[str]:
    with bare_database(embedded_server, template_database, "khan_steps_out_of_turn") as address:
        yield address


@pytest.fixture
def rows(bare: str) -> Iterator[Planting]:
    with planting(bare) as found:
        yield found


def motion(rows: Planting, state: str, *, number: str = ONE, **said: object) -> None:
    """A motion that has come so far."""
    row: Row = {"motion_id": number, "title": "A bench", "mover": TWO, "matter": "ordinary",
                "rule_kind": None, "proposed_at": AT, "asks": '{"kind":"text"}'}  # fmt: skip
    rows.lay("governance.motion", {**row, **said})
    way = (None, *STATES[: STATES.index(state) + 1])
    for before, after in pairwise(way):
        rows.lay(
            "governance.motion_step",
            {"motion_id": number, "from_state": before, "to_state": after, "at": AT, "detail": {}},
        )


def notice(**said: object) -> Row:
    """The notice of a vote whose close has come."""
    return {**GOOD["governance.notice"], "notice_at": BEFORE, "freezes_at": BEFORE,
            "opens_at": BEFORE, "closes_at": AT, **said}  # fmt: skip


def step(before: str, after: str) -> Row:
    return {"motion_id": ONE, "from_state": before, "to_state": after, "at": NOW, "detail": {}}


def test_no_step_beyond_the_seconds_without_a_notice(rows: Planting) -> None:
    motion(rows, "seconded")
    called = step("seconded", "amending")
    assert rows.refusal("governance.motion_step", called) == "a_notice_first"
    rows.lay("governance.notice", notice())
    assert rows.refusal("governance.motion_step", called) is None


def test_I27_no_vote_opens_on_a_roll_that_nobody_can_read(rows: Planting) -> None:
    motion(rows, "frozen")
    rows.lay("governance.notice", notice())
    opens = step("frozen", "open")
    assert rows.refusal("governance.motion_step", opens) == "i27_the_roll_before_the_vote"
    rows.lay("governance.roll_published", {"motion_id": ONE, "size": 0, "digest": HASH, "at": AT})
    assert rows.refusal("governance.motion_step", opens) == "i24_a_poll_for_everybody"
    poll(rows, "open")
    assert rows.refusal("governance.motion_step", opens) is None


def test_no_certificate_of_a_vote_that_runs(rows: Planting) -> None:
    motion(rows, "open")
    rows.lay("governance.notice", notice())
    table = "governance.certificate"
    assert rows.refusal(table, GOOD[table]) == "certified_after_the_close"
    rows.lay("governance.motion_step", step("open", "closed"))
    assert (
        rows.refusal(table, GOOD[table]) == "i27_a_recount_of_the_board"
    )  # of which there is none


def test_what_passed_and_writes_a_rule_has_written_it_at_the_commit(rows: Planting) -> None:
    motion(rows, "closed", rule_kind="bylaws")
    rows.lay("governance.notice", notice())
    rows.lay("governance.certificate", GOOD["governance.certificate"])
    certified = step("closed", "certified")
    assert rows.refusal("governance.motion_step", certified) == "what_passed_is_enacted"
    rows.lay("rulebook.rule", {**RULE, "adoption_id": ONE})
    assert rows.refusal("governance.motion_step", certified) is None


def test_I19_no_adoption_without_the_certificate_that_it_names(rows: Planting) -> None:
    table = "rulebook.adoption"
    adopted = {"adoption_id": ONE, "kind": "certificate", "title": "A bench", "document": "{}",
               "digest": HASH, "notice_days": 0, "adopted_at": NOW}  # fmt: skip
    motion(rows, "certified", rule_kind="bylaws")
    rows.lay("governance.notice", notice())
    assert rows.refusal(table, adopted) == "i19_adopted_by_a_certificate"
    rows.lay("governance.certificate", GOOD["governance.certificate"])
    assert rows.refusal(table, {**adopted, "notice_days": 1}) == "i19_adopted_by_a_certificate"
    assert rows.refusal(table, adopted) is None


def test_one_vote_at_a_time_on_a_rule_in_which_a_number_is_voted(rows: Planting) -> None:
    rows.without("governance.notice")
    rows.owner.execute("ALTER TABLE governance.notice DISABLE TRIGGER called_as_its_bylaws_say")
    rows.owner.execute("ALTER TABLE governance.notice DISABLE TRIGGER no_notice_without_its_impact")
    motion(rows, "amending", number=THREE, rule_kind="tariff", asks='{"kind":"number"}')
    rows.lay("governance.notice", notice(motion_id=THREE))
    motion(rows, "seconded", rule_kind="tariff")
    table = "governance.notice"
    assert rows.refusal(table, notice()) == "one_vote_where_a_number_is_voted"
    rows.lay("governance.motion_step", step("amending", "withdrawn") | {"motion_id": THREE})
    assert rows.refusal(table, notice()) is None


def test_an_allocation_is_of_a_period_and_writes_no_rule(rows: Planting) -> None:
    asked = {"motion_id": ONE, "title": "The surplus", "mover": TWO, "matter": "ordinary",
             "rule_kind": None, "proposed_at": AT, "asks": '{"kind":"allocation"}'}  # fmt: skip
    name = "an_allocation_is_of_a_period"
    assert rows.refusal("governance.motion", asked, laid=True) == name
    named = {**asked, "asks": f'{{"kind":"allocation","period_id":"{THREE}"}}'}
    assert rows.refusal("governance.motion", {**named, "rule_kind": "levy"}, laid=True) == name
    assert rows.refusal("governance.motion", named, laid=True) is None


def test_bounds_come_before_the_notice_and_for_numbers(rows: Planting) -> None:
    table = "governance.number_bounds"
    motion(rows, "seconded", asks='{"kind":"number"}')
    motion(rows, "seconded", number=TWO)
    assert rows.refusal(table, GOOD[table]) is None
    of_a_text = {**GOOD[table], "motion_id": TWO}
    assert rows.refusal(table, of_a_text) == "bounds_before_the_notice"
    rows.lay("governance.motion_step", step("seconded", "amending"))
    assert rows.refusal(table, GOOD[table]) == "bounds_before_the_notice"


@pytest.mark.parametrize("table", ["governance.candidate", "governance.candidate_accepted"])
def test_nobody_stands_before_the_seconds_or_after_the_notice(rows: Planting, table: str) -> None:
    rows.without(table)
    assert rows.refusal(table, GOOD[table]) == "nominations_are_open"
    motion(rows, "seconded", asks='{"kind":"election"}')
    assert rows.refusal(table, GOOD[table]) is None
    rows.lay("governance.motion_step", step("seconded", "amending"))
    assert rows.refusal(table, GOOD[table]) == "nominations_are_open"


def poll(rows: Planting, tier: str) -> None:
    rows.lay(
        "governance.poll",
        {"poll_id": ONE, "motion_id": ONE, "member_class": None, "tier": tier, "question": "{}"},
    )


def test_nobody_names_trustees_once_a_poll_is_open_or_of_one_with_names(rows: Planting) -> None:
    table = "governance.poll_trustees"
    motion(rows, "frozen")
    poll(rows, "sealed")
    assert rows.refusal(table, GOOD[table]) is None
    rows.lay("governance.motion_step", step("frozen", "open"))
    assert rows.refusal(table, GOOD[table]) == "trustees_before_the_opening"


def test_I27_no_manifest_is_published_once_the_vote_is_open(rows: Planting) -> None:
    table = "governance.manifest"
    motion(rows, "frozen")
    rows.lay("governance.notice", notice())
    poll(rows, "sealed")
    # Before the opening it is judged by what it says, which is nothing here.
    assert rows.refusal(table, GOOD[table]) == "i27_the_manifest_says_the_notice"
    rows.lay("governance.motion_step", step("frozen", "open"))
    assert rows.refusal(table, GOOD[table]) == "manifest_at_the_opening"


def test_a_share_is_given_up_by_a_trustee_of_that_poll(rows: Planting) -> None:
    table = "governance.poll_release"
    motion(rows, "closed")
    poll(rows, "sealed")
    people = [{"name": "trustee/2"}, {"name": "trustee/3"}]
    rows.lay("governance.poll_trustees", {**GOOD["governance.poll_trustees"], "people": people})
    assert rows.refusal(table, GOOD[table]) == "a_share_is_a_trustees"
    own = {"trustee": "trustee/2", "statement": '{"trustee":"trustee/2"}'}
    assert rows.refusal(table, {**GOOD[table], **own}) is None


# ------------------------------------------------------------------------------------ meetings


def met(*kinds: str) -> list[Row]:
    """A meeting's record, each entry at the same instant."""
    return [
        {"meeting_id": ONE, "number": number, "kind": kind, "at": AT, "text": "",
         "member_id": TWO if kind in ("arrived", "left") else None,
         "item": 1 if kind in ("item_begun", "said", "decided") else None}
        for number, kind in enumerate(kinds, start=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        (("arrived", "said"), "opened_first"),
        (("arrived", "closed"), "opened_first"),
        (("arrived", "opened", "closed", "left"), "what_is_over_is_over"),
        (("arrived", "opened", "adjourned", "opened"), "what_is_over_is_over"),
        (("opened",), "decided_with_a_quorum"),
        (("arrived", "left", "opened"), "decided_with_a_quorum"),
        (("arrived", "opened", "item_begun", "said", "decided", "closed"), None),
    ],
)
def test_a_meeting_goes_its_way(rows: Planting, kinds: tuple[str, ...], name: str | None) -> None:
    table = "governance.meeting_record"
    rows.without(table)
    meeting = {"notice_at": BEFORE, "held_at": AT, "resumes": None}
    rows.lay("governance.meeting", {**GOOD["governance.meeting"], **meeting})
    *before, last = met(*kinds)
    rows.lay(table, *before)
    assert rows.refusal(table, last) == name


def test_no_meeting_opens_before_its_time(rows: Planting) -> None:
    table = "governance.meeting_record"
    rows.without(table)
    rows.lay("governance.meeting", {**GOOD["governance.meeting"], "resumes": None})
    arrived, opened = met("arrived", "opened")
    rows.lay(table, arrived)
    assert rows.refusal(table, opened) == "no_meeting_before_its_time"
    assert rows.refusal(table, {**opened, "at": LATER}) is None


def a_member(rows: Planting) -> None:
    """The one who could come, and consents to a short notice."""
    rows.lay("governance.member_change", {**GOOD["governance.member_change"], "member_id": TWO})
    rows.lay("governance.meeting_consent", {"meeting_id": ONE, "member_id": TWO, "on_paper": True})
    rows.lay("governance.meeting_item", {"meeting_id": ONE, "number": 1, "title": "Benches"})


def test_a_meeting_that_members_ask_for_has_enough_of_them_behind_it(rows: Planting) -> None:
    table = "governance.meeting"
    rows.without(table)
    a_member(rows)
    asked = {**GOOD[table], "resumes": None, "short_notice_id": None}
    assert rows.refusal(table, asked) == "enough_members_ask_for_it"
    rows.lay(
        "governance.requisition_signature", {"requisition_id": TWO, "member_id": TWO, "at": AT}
    )
    assert rows.refusal(table, asked) is None


def test_a_meeting_goes_on_with_one_that_was_adjourned(rows: Planting) -> None:
    table = "governance.meeting"
    rows.without(table)
    a_member(rows)
    resumed = {**GOOD[table], "requisition_id": None, "short_notice_id": None}
    assert rows.refusal(table, resumed) == "resumes_what_was_adjourned"
    [adjourned] = met("adjourned")
    rows.lay("governance.meeting_record", {**adjourned, "meeting_id": THREE})
    assert rows.refusal(table, resumed) is None


def test_nobody_is_asked_to_agree_to_a_meeting_that_is_called_or_over(rows: Planting) -> None:
    table = "governance.short_notice_consent"
    rows.without(table)
    agreed = {"short_notice_id": ONE, "member_id": TWO, "at": NOW}
    asked = {"short_notice_id": ONE, "title": "In spring", "place": "The hall",
             "business": ["Benches"], "asked_at": BEFORE}  # fmt: skip
    rows.lay("governance.member_change", {**GOOD["governance.member_change"], "member_id": TWO})
    rows.owner.execute("SAVEPOINT asked")
    rows.lay("governance.short_notice", {**asked, "held_at": NOW})
    assert rows.refusal(table, agreed) == "agreed_before_the_notice"
    rows.owner.execute("ROLLBACK TO SAVEPOINT asked")
    rows.lay("governance.short_notice", {**asked, "held_at": LAST})
    assert rows.refusal(table, agreed) is None
    rows.lay("governance.meeting", {**GOOD["governance.meeting"], "short_notice_id": ONE})
    assert rows.refusal(table, agreed) == "agreed_before_the_notice"


def test_a_fund_under_vote_is_divided_by_its_vote(rows: Planting) -> None:
    table = "commons.budget_result"
    rows.without(table)
    divided = {"budget_id": ONE, "document": "{}", "digest": HASH, "ballots": 0, "roll": 1,
               "spent_minor": 0, "funded": 0, "made_at": NOW}  # fmt: skip
    asks = f'{{"kind":"division","budget_id":"{ONE}"}}'
    motion(rows, "open", asks=asks)
    rows.lay("governance.notice", notice())
    assert rows.refusal(table, divided) == "divided_by_its_vote"
    rows.lay("governance.motion_step", step("open", "closed"), step("closed", "certified"))
    assert rows.refusal(table, divided) != "divided_by_its_vote"


def test_hands_are_raised_for_what_is_put_and_at_hand(rows: Planting) -> None:
    table = "governance.amendment_ballot"
    rows.without(table)
    hand = {**GOOD[table], "meeting_id": ONE}
    rows.lay("governance.meeting", {**GOOD["governance.meeting"], "resumes": None})
    rows.lay(
        "governance.amendment",
        {"amendment_id": ONE, "motion_id": ONE, "member_id": TWO, "text": "x",
         "amends_version": 1, "proposed_at": AT},
    )  # fmt: skip
    rows.lay(
        "governance.meeting_item",
        {"meeting_id": ONE, "number": 1, "title": "Benches", "motion_id": ONE},
    )
    assert rows.refusal(table, hand) == "put_to_this_vote"
    rows.lay("governance.amendment_step", {"amendment_id": ONE, "state": "put_to_vote", "at": AT})
    assert rows.refusal(table, hand) == "while_its_item_is_at_hand"
    *_, begun = opened = met("arrived", "opened", "item_begun")
    rows.lay("governance.meeting_record", *opened)
    assert rows.refusal(table, hand) is None
    rows.lay("governance.meeting_record", {**begun, "number": 4, "item": 2})
    assert rows.refusal(table, hand) == "while_its_item_is_at_hand"


# ---------------------------------------------------------------------------- outages and appeals


def test_a_notice_moves_with_the_extension_and_by_nothing_else(rows: Planting) -> None:
    motion(rows, "open")
    rows.lay("rulebook.rule", RULE)
    rows.lay("governance.notice", notice(closes_at=LATER))
    close = "SELECT closes_at = CAST(%s AS timestamptz) FROM governance.notice"
    longer = {**GOOD["governance.vote_extension"], "closes_before": LATER, "closes_at": LAST}
    rows.owner.execute(
        "ALTER TABLE governance.vote_extension DISABLE TRIGGER by_the_time_nobody_could_vote"
    )
    rows.owner.execute("SAVEPOINT moved")
    rows.owner.execute(
        "INSERT INTO governance.vote_extension VALUES (%(motion_id)s, 1, %(closes_before)s,"
        " %(closes_at)s, %(at)s)", longer,
    )  # fmt: skip
    assert rows.owner.execute(close, [LAST]).fetchone() == (True,)
    rows.owner.execute("ROLLBACK TO SAVEPOINT moved")
    rows.owner.execute("ALTER TABLE governance.vote_extension DISABLE TRIGGER move_close")
    assert rows.refusal("governance.vote_extension", longer) is None
    assert rows.owner.execute(close, [LATER]).fetchone() == (True,)


def test_a_jury_that_has_found_votes_no_more(rows: Planting) -> None:
    table = "governance.juror_vote"
    rows.without(table)
    assert rows.refusal(table, GOOD[table]) is None
    rows.lay("governance.appeal_finding", GOOD["governance.appeal_finding"])
    assert rows.refusal(table, GOOD[table]) == "found_once"


def test_a_result_is_corrected_by_a_finding_that_sets_it_aside(rows: Planting) -> None:
    table = "governance.result_correction"
    rows.without(table)
    rows.lay(
        "governance.appeal",
        {"appeal_id": TWO, "motion_id": ONE, "member_id": TWO, "complaint": "x", "affected": 1,
         "margin": 1, "stays": True, "lodged_at": AT},
    )  # fmt: skip
    found = {**GOOD["governance.appeal_finding"], "appeal_id": TWO}
    assert rows.refusal(table, GOOD[table]) == "corrected_by_a_finding"
    rows.owner.execute("SAVEPOINT found")
    rows.lay("governance.appeal_finding", {**found, "sets_aside": False})
    assert rows.refusal(table, GOOD[table]) == "corrected_by_a_finding"
    rows.owner.execute("ROLLBACK TO SAVEPOINT found")
    rows.lay("governance.appeal_finding", found)
    assert rows.refusal(table, GOOD[table]) is None


def test_a_pledge_is_taken_back_while_its_offer_is_open(rows: Planting) -> None:
    table = "commons.pledge_withdrawal"
    rows.without(table)
    pledge = {"pledge_id": ONE, "offer_id": ONE, "person_id": TWO, "amount_minor": 5,
              "resident": True, "made_at": AT}  # fmt: skip
    rows.lay("commons.pledge", pledge)
    assert rows.refusal(table, GOOD[table]) == "within_the_window"
    rows.lay("commons.offer", {**GOOD["commons.offer"], "closes_at": LAST})
    assert rows.refusal(table, GOOD[table]) is None
    rows.owner.execute("ALTER TABLE commons.pledge_withdrawal DISABLE TRIGGER withdrawn_in_time")
    rows.owner.execute("SET LOCAL session_replication_role = replica")
    rows.owner.execute("UPDATE commons.offer SET closes_at = CAST(%s AS timestamptz)", [LATER])
    rows.owner.execute("SET LOCAL session_replication_role = origin")
    assert rows.refusal(table, GOOD[table]) is None  # that trigger alone stood in the way
    rows.owner.execute("ALTER TABLE commons.pledge_withdrawal ENABLE TRIGGER withdrawn_in_time")
    assert rows.refusal(table, GOOD[table]) == "within_the_window"


def test_whoever_keeps_a_table_of_facts_changes_none(bare: str) -> None:
    """Every table of these schemas refuses a change, but for those named."""
    with planting(bare) as rows:
        tables = rows.owner.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ("
            "'governance', 'commons', 'desk_secretary', 'desk_city_clerk', 'ballot_board')"
        ).fetchall()
        kept = dict(
            rows.owner.execute(
                "SELECT CAST(CAST(tgrelid AS regclass) AS text), array_agg(tgname ORDER BY tgname)"
                " FROM pg_trigger WHERE tgname LIKE 'append_only%' GROUP BY 1"
            ).fetchall()
        )
        both = ["append_only", "append_only_truncate"]
        assert {one for (one,) in tables if kept.get(one) != both} == {"ballot_board.waiting"}
        for table, row in GOOD.items():
            rows.lay(table, row)
            column = next(iter(row))
            for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}",
                              f"TRUNCATE {table} CASCADE"):  # fmt: skip
                if table.endswith(".mark") and statement.startswith("UPDATE"):
                    continue  # a mark changes to paper, by a trigger of its own
                assert refused_change(rows, statement) == "append_only", statement


def refused_change(rows: Planting, statement: str) -> str | None:
    """The name by which the owner is refused a change of what stands there."""
    rows.owner.execute("SAVEPOINT changed")
    try:
        rows.owner.execute(statement)  # type: ignore[call-overload]
    except psycopg.errors.IntegrityError as error:
        return error.diag.constraint_name
    finally:
        rows.owner.execute("ROLLBACK TO SAVEPOINT changed")
    return None
