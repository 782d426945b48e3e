"""Rows that no order of events makes true: each refused by the name of the check or key that it breaks.

Triggers and references are out of the way, so that nothing else can refuse them; the same row without
the defect is taken.
"""

import hashlib
import json
from collections.abc import Iterator

import pytest

from governance.ballots.roll import commitment_to
from storage import embedded
from tests.planted import Row, bare_database, planting


@pytest.fixture(scope="module")
def bare(embedded_server: embedded.EmbeddedServer, template_database: str) -> Iterator[str]:
    with bare_database(embedded_server, template_database, "khan_rows_that_cannot_be") as address:
        yield address


def of(number: int) -> str:
    """An identifier."""
    return f"00000000-0000-0000-0000-{number:012d}"


def hashed(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def line(**said: object) -> str:
    """An entry of a log as its column holds it."""
    return "\\x" + json.dumps(said).encode().hex()


ONE, TWO, THREE = of(1), of(2), of(3)
AT, LATER, LAST = (f"2030-01-0{day}T00:00:00+00:00" for day in (1, 2, 3))
KEY, OTHER_KEY = "\\x" + "01" * 32, "\\x" + "02" * 32
SALT = bytes(32)
HASH = hashed("{}")
P256 = "\\x3059301306072a8648ce3d020106082a8648ce3d03010703420004" + "07" * 64
GOOD: dict[str, Row] = {
    "governance.member": {"member_id": ONE, "person_id": TWO, "made_at": AT},
    "governance.member_change": {
        "member_id": ONE, "number": 1, "kind": "joined", "member_class": "driver", "at": AT,
        "reason": "asked",
    },
    "governance.motion_step": {
        "motion_id": ONE, "from_state": None, "to_state": "proposed", "at": AT, "detail": {},
    },
    "governance.number_bounds": {"motion_id": ONE, "lowest": 1, "highest": 2, "at": AT},
    "governance.candidate": {"motion_id": ONE, "member_id": TWO, "nominated_by": TWO, "at": AT},
    "governance.candidate_accepted": {
        "motion_id": ONE, "member_id": TWO, "name": "Ada", "at": AT,
    },
    "governance.amendment_step": {
        "amendment_id": ONE, "state": "carried", "votes_for": 2, "votes_against": 1, "at": AT,
    },
    "governance.notice": {
        "motion_id": ONE, "bylaws_rule_id": TWO, "bylaws_kind": "bylaws", "notice_at": AT,
        "freezes_at": AT, "opens_at": AT, "closes_at": LATER, "corrected_until": AT,
        "tier": "open", "method": "yes_no", "quorum_terms": {"max": [[1, 0]]},
        "required_numerator": 1, "required_denominator": 2, "is_more": True, "is_of_all": False,
        "pass_each": [], "rule_notice_days": 0,
    },
    "governance.roll_entry": {
        "motion_id": ONE, "member_id": TWO, "member_class": "driver", "salt": "\\x" + SALT.hex(),
        "commitment": commitment_to(TWO, SALT).hex(),
    },
    "governance.open_ballot": {
        "motion_id": ONE, "member_id": TWO, "sequence": 1, "mark": "for", "cast_at": AT,
    },
    "governance.certificate": {
        "motion_id": ONE, "document": "{}", "digest": HASH, "has_passed": True, "roll_size": 1,
        "ballots_cast": 1, "valid": 1, "votes_for": 1, "votes_against": 0, "abstentions": 0,
        "quorum": 1, "certified_at": AT,
    },
    "governance.number_terms": {
        "motion_id": ONE, "rule_id": TWO, "pieces": ["", ""], "times": 1, "today": 100,
        "lowest": 90, "highest": 110, "step": 10, "change_numerator": 1, "change_denominator": 10,
    },
    "governance.voting_key": {
        "member_id": ONE, "number": 1, "credential": P256, "credential_id": "\\x01", "at": AT,
    },
    "governance.poll_trustees": {
        "poll_id": ONE, "election_key": KEY, "needed": 2, "people": [{}, {}],
    },
    "governance.manifest": {"poll_id": ONE, "document": "{}", "digest": HASH, "at": AT},
    "governance.detached_mark": {"poll_id": ONE, "commitment": HASH},
    "governance.poll_release": {
        "poll_id": ONE, "trustee": "trustee/1", "statement": '{"trustee":"trustee/1"}',
        "share_number": 1, "share": KEY,
    },
    "governance.poll_count": {
        "poll_id": ONE, "certificate": "{}", "digest": HASH, "choices": "[]",
    },
    "governance.vote_extension": {
        "motion_id": ONE, "number": 1, "closes_before": AT, "closes_at": LATER, "at": AT,
    },
    "governance.outage": {
        "outage_id": ONE, "part": "box", "since": AT, "until": LATER, "cause": "A cable.",
        "noted_by": "R. Officer", "noted_at": LATER,
    },
    "governance.requisition": {
        "requisition_id": ONE, "title": "Now", "business": ["A bench"], "asked_at": AT,
    },
    "governance.short_notice": {
        "short_notice_id": ONE, "title": "In spring", "place": "The hall", "business": ["A bench"],
        "held_at": LATER, "asked_at": AT,
    },
    "governance.requisition_signature": {"requisition_id": ONE, "member_id": TWO, "at": AT},
    "governance.meeting": {
        "meeting_id": ONE, "title": "In spring", "place": "The hall", "bylaws_rule_id": TWO,
        "bylaws_kind": "bylaws", "notice_at": AT, "held_at": LATER, "matter": "ordinary",
        "quorum_terms": {"max": [[1, 0]]}, "members": 1, "requisition_id": TWO, "resumes": THREE,
        "short_notice_id": THREE,
    },
    "governance.minutes": {
        "meeting_id": ONE, "text": "{}", "digest": HASH, "due_at": LATER, "drafted_at": AT,
    },
    "governance.amendment_ballot": {
        "amendment_id": ONE, "member_id": TWO, "meeting_id": THREE, "mark": "for", "at": AT,
    },
    "governance.appeal_lot": {"appeal_id": ONE, "commitment": HASH},
    "governance.appeal_jury": {"appeal_id": ONE, "secret": KEY, "drawn_at": AT},
    "governance.reminder": {"kind": "review_due", "subject": ONE, "due_on": "2030-01-01", "at": AT},
    "governance.juror_vote": {"appeal_id": ONE, "member_id": TWO, "upholds": True, "at": AT},
    "governance.appeal_finding": {
        "appeal_id": ONE, "upheld": True, "affected": 1, "sets_aside": True, "document": "{}",
        "digest": HASH, "found_at": AT,
    },
    "governance.result_correction": {
        "motion_id": ONE, "appeal_id": TWO, "document": "{}", "digest": HASH, "corrected_at": AT,
    },
    "commons.project_support": {
        "budget_id": ONE, "project_id": "bench", "proposer_id": TWO, "person_id": THREE,
        "made_at": AT,
    },
    "commons.pact": {
        "pact_id": ONE, "budget_id": TWO, "project_id": "bench", "terms": '{"duties":[1]}',
        "digest": hashed('{"duties":[1]}'), "starts_on": "2030-01-01", "review_on": "2030-02-01",
        "ends_on": "2030-03-01", "made_at": AT,
    },
    "commons.offer": {
        "offer_id": ONE, "adoption_id": TWO, "terms": "{}", "digest": HASH, "currency": "EUR",
        "target_minor": 10, "threshold_minor": 5, "cap_minor": 5, "pledge_min_minor": 1,
        "person_max_minor": 5, "opens_at": AT, "closes_at": LATER, "made_at": AT,
    },
    "commons.pledge_withdrawal": {"pledge_id": ONE, "withdrawn_at": AT},
    "commons.settlement": {
        "offer_id": ONE, "outcome": "voided", "pledged_minor": 0, "eligible_minor": 0,
        "match_minor": 0, "city_votes": 0, "document": "{}", "digest": HASH, "made_at": AT,
    },
    "commons.settlement_line": {
        "offer_id": ONE, "pledge_id": TWO, "amount_minor": 5, "eligible_minor": 5,
        "match_minor": 5,
    },
    "commons.spend": {
        "reference": "INV-1", "supplier_id": ONE, "paid_on": "2030-01-01", "amount_minor": 5,
        "currency": "EUR", "made_at": AT,
    },
    "commons.award": {
        "purchase_id": ONE, "bids": 0, "document": "{}", "digest": HASH, "made_at": AT,
    },
    "desk_secretary.poll_key": {"poll_id": ONE, "log_public": KEY, "lot_commitment": KEY},
    "desk_city_clerk.poll_key": {"poll_id": ONE, "log_public": KEY},
    "ballot_board.log_line": {"poll_id": ONE, "number": 1, "line": line(kind="close")},
} | {
    f"{desk}.{name}": row
    for desk in ("desk_secretary", "desk_city_clerk")
    for name, row in (
        ("mark", {"poll_id": ONE, "commitment": HASH, "paper": True}),
        ("log_line", {"poll_id": ONE, "number": 1, "line": line(kind="paper", commitment="AA==")}),
    )
}  # fmt: skip
"""A row of each table that is as it can be."""

FALSE: list[tuple[str, str, Row]] = [
    ("a_class_where_needed", "governance.member_change", {"member_class": None}),
    ("a_class_where_needed", "governance.member_change", {"kind": "died"}),
    ("begins_with_the_proposal", "governance.motion_step", {"to_state": "seconded"}),
    ("decided_by_figures", "governance.amendment_step", {"votes_for": None}),
    ("decided_by_figures", "governance.amendment_step", {"state": "accepted"}),
    ("instants_in_order", "governance.notice", {"notice_at": LATER}),
    ("instants_in_order", "governance.notice", {"closes_at": AT}),
    ("at_least_a_half", "governance.notice", {"required_denominator": 3}),
    ("the_commitment_is_to_the_member", "governance.roll_entry", {"commitment": HASH}),
    ("figures_for_or_against", "governance.certificate", {"abstentions": None}),
    ("certificate_is_what_was_hashed", "governance.certificate", {"document": "[]"}),
    ("bounds_and_step_fit", "governance.number_terms", {"step": 7}),
    ("bounds_and_step_fit", "governance.number_terms", {"lowest": 120}),
    ("no_further_than_the_bylaws_let", "governance.number_terms", {"lowest": 80}),
    ("no_further_than_the_bylaws_let", "governance.number_terms", {"highest": 120}),
    ("a_p256_key", "governance.voting_key", {"credential": P256.replace("06082a", "06082b")}),
    ("a_p256_key", "governance.voting_key", {"credential": P256[:-2]}),
    ("needed_are_there", "governance.poll_trustees", {"needed": 3}),
    ("needed_are_there", "governance.poll_trustees", {"needed": 0}),
    ("manifest_is_what_was_hashed", "governance.manifest", {"document": "[]"}),
    ("stated_by_whose_share_it_is", "governance.poll_release", {"trustee": "trustee/2"}),
    ("stated_by_whose_share_it_is", "governance.poll_release", {"statement": "{}"}),
    ("poll_certificate_is_what_was_hashed", "governance.poll_count", {"certificate": "[]"}),
    ("a_close_is_never_earlier", "governance.vote_extension", {"closes_at": AT}),
    ("it_ends_after_it_begins", "governance.outage", {"until": AT}),
    ("noted_when_it_is_over", "governance.outage", {"noted_at": AT}),
    ("asks_for_business", "governance.requisition", {"business": []}),
    ("held_after_its_notice", "governance.meeting", {"held_at": AT}),
    ("agreed_for_its_business", "governance.short_notice", {"business": []}),
    ("asked_before_it_is_held", "governance.short_notice", {"held_at": AT}),
    ("text_is_what_was_hashed", "governance.minutes", {"text": "[]"}),
    ("finding_is_what_was_hashed", "governance.appeal_finding", {"document": "[]"}),
    ("correction_is_what_was_hashed", "governance.result_correction", {"document": "[]"}),
    ("opens_before_it_closes", "commons.offer", {"opens_at": LATER}),
    ("the_lot_is_committed_to", "desk_secretary.poll_key", {"lot_commitment": None}),
    ("the_lot_is_committed_to", "desk_secretary.poll_key", {"lot_commitment": "\\x01"}),
    ("one_lot_the_secretary_s", "desk_city_clerk.poll_key", {"lot_commitment": KEY}),
    ("a_mark_says_something", "desk_secretary.mark", {"paper": False}),
    ("a_mark_says_something", "desk_city_clerk.mark", {"paper": False}),
]
"""A check, a table, and what makes its good row one that cannot be."""

BALLOT = {"kind": "ballot", "ballot": {"key": "AA==", "sequence": 1}}
SLIP = {"kind": "cancellation", "key": "AA=="}
TWICE: list[tuple[str, str, Row]] = [
    ("one_person_one_member", "governance.member", {"member_id": THREE}),
    ("changes_are_numbered", "governance.member_change", {"reason": "again"}),
    ("a_state_is_reached_once", "governance.motion_step", {"at": LATER}),
    ("bounds_are_published_once", "governance.number_bounds", {"lowest": 0}),
    ("nominated_once", "governance.candidate", {"nominated_by": THREE}),
    ("accepted_once", "governance.candidate_accepted", {"name": "Ada again"}),
    ("one_name_a_candidate", "governance.candidate_accepted", {"member_id": THREE}),
    ("i24_on_the_roll_once", "governance.roll_entry", {"member_class": "rider"}),
    ("i24_one_ballot_counts", "governance.open_ballot", {"mark": "against"}),
    ("i24_marked_once", "governance.detached_mark", {}),
    ("a_share_is_given_up_once", "governance.poll_release",
     {"trustee": "trustee/2", "statement": '{"trustee":"trustee/2"}'}),
    ("a_seed_draws_once", "governance.appeal_lot", {"appeal_id": TWO}),
    ("called_once_for_a_requisition", "governance.meeting", {"meeting_id": TWO, "resumes": None}),
    ("resumed_once", "governance.meeting", {"meeting_id": TWO, "requisition_id": None}),
    ("called_once_as_agreed", "governance.meeting",
     {"meeting_id": TWO, "requisition_id": None, "resumes": None}),
    ("signed_once_a_member", "governance.requisition_signature", {"at": LATER}),
    ("drafted_once", "governance.minutes", {"due_at": LAST}),
    ("one_hand_a_member", "governance.amendment_ballot", {"mark": "against"}),
    ("one_vote_a_juror", "governance.juror_vote", {"upholds": False}),
    ("drawn_once", "governance.appeal_jury", {"secret": OTHER_KEY}),
    ("reminded_once", "governance.reminder", {"due_on": "2030-02-01"}),
    ("counted_once", "commons.spend", {"amount_minor": 6}),
    ("found_once", "governance.appeal_finding", {"upheld": False}),
    ("set_aside_once", "governance.result_correction", {"appeal_id": THREE}),
    ("supported_once_a_person", "commons.project_support", {"made_at": LATER}),
    ("one_pact_a_project", "commons.pact", {"pact_id": TWO}),
    ("withdrawn_once", "commons.pledge_withdrawal", {"withdrawn_at": LATER}),
    ("settled_once", "commons.settlement", {"made_at": LATER}),
    ("a_pledge_is_settled_once", "commons.settlement_line", {"offer_id": THREE}),
    ("awarded_once", "commons.award", {"bids": 1}),
    ("closed_once", "ballot_board.log_line", {"number": 2}),
    ("entered_once", "desk_secretary.log_line", {"number": 2}),
    ("entered_once", "desk_city_clerk.log_line", {"number": 2}),
]  # fmt: skip
"""A key, a table, and what is different in a second row that cannot stand beside its good one."""


@pytest.mark.parametrize(("name", "table", "change"), FALSE)
def test_a_row_that_contradicts_itself(bare: str, name: str, table: str, change: Row) -> None:
    with planting(bare) as rows:
        assert rows.refusal(table, GOOD[table], laid=True) is None
        assert rows.refusal(table, {**GOOD[table], **change}, laid=True) == name


@pytest.mark.parametrize(("name", "table", "change"), TWICE)
def test_two_rows_that_cannot_stand_beside_each_other(
    bare: str, name: str, table: str, change: Row
) -> None:
    with planting(bare) as rows:
        assert rows.refusal(table, {**GOOD[table], **change}, laid=True) is None
        rows.lay(table, GOOD[table])
        assert rows.refusal(table, {**GOOD[table], **change}, laid=True) == name


@pytest.mark.parametrize(
    ("name", "said", "other"),
    [
        ("cancelled_once", SLIP, SLIP | {"key": "AQ=="}),
        ("a_sequence_once", BALLOT, {"kind": "ballot", "ballot": {"key": "AA==", "sequence": 2}}),
    ],
)
def test_a_board_on_which_an_entry_stands_twice(
    bare: str, name: str, said: dict[str, object], other: dict[str, object]
) -> None:
    with planting(bare) as rows:
        table, entry = "ballot_board.log_line", {"poll_id": ONE, "number": 1, "line": line(**said)}
        rows.lay(table, entry)
        assert rows.refusal(table, {**entry, "number": 2}, laid=True) == name
        second = {**entry, "number": 2, "line": line(**other)}
        assert rows.refusal(table, second, laid=True) is None


def test_two_members_with_one_commitment(bare: str) -> None:
    """Which would take a second preimage of SHA-256: the check on what is hashed is out of the way."""
    with planting(bare) as rows:
        table = "governance.roll_entry"
        rows.owner.execute(
            "ALTER TABLE governance.roll_entry DROP CONSTRAINT the_commitment_is_to_the_member"
        )
        rows.lay(table, GOOD[table])
        second = {**GOOD[table], "member_id": THREE}
        assert rows.refusal(table, second, laid=True) == "one_commitment_each"


RULE = {
    "rule_id": TWO, "kind": "bylaws", "version": 1, "body": "{}", "digest": HASH, "valid_from": AT,
    "published_at": AT, "adoption_id": TWO, "notice_days": 0, "adoption_kind": "charter",
    "adopted_at": AT,
}  # fmt: skip
DANGLING: list[tuple[str, str, Row, str, Row]] = [
    ("judged_by_bylaws", "governance.notice", {}, "rulebook.rule", RULE),
    ("judged_by_bylaws", "governance.meeting", {}, "rulebook.rule", RULE),
    ("follows_a_step", "governance.motion_step",
     {"from_state": "proposed", "to_state": "seconded"},
     "governance.motion_step", GOOD["governance.motion_step"]),
    ("i24_on_the_roll_of_the_poll", "governance.detached_mark", {}, "governance.poll_roll",
     {"poll_id": ONE, "commitment": HASH, "credential": "\\x", "name": ""}),
    ("the_giver_is_on_the_roll", "governance.proxy", {}, "governance.roll_entry",
     GOOD["governance.roll_entry"]),
    ("the_holder_is_on_the_roll", "governance.proxy", {"giver": THREE, "holder": TWO},
     "governance.roll_entry", GOOD["governance.roll_entry"]),
]  # fmt: skip
"""A reference, its table, what differs from the good row; and the row that it refers to."""
PROXY = {"proxy_id": ONE, "motion_id": ONE, "giver": TWO, "holder": THREE, "given_at": AT}


@pytest.mark.parametrize(("name", "table", "change", "parent_table", "parent"), DANGLING)
def test_a_row_of_what_is_not_there(
    bare: str, name: str, table: str, change: Row, parent_table: str, parent: Row
) -> None:
    with planting(bare) as rows:
        row = {**GOOD.get(table, PROXY), **change}
        rows.alone(table, name)
        assert rows.refusal(table, row) == name
        rows.lay(parent_table, parent)
        assert rows.refusal(table, row) is None
