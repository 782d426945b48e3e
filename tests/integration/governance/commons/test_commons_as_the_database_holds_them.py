"""What the database itself refuses of the commons, whoever asks: the service, and the owner."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from governance.commons.documents import plain
from rulebook.rule import canonical
from storage import embedded
from tests.commons import CLOSES, OPENS, pact_terms, person
from tests.integration.governance.commons.conftest import ADOPTION, set_scene

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in (1, 2, 3, 4))
PACT = canonical(plain(pact_terms(60_00))).decode()
TABLES = ["proposal", "answer", "pact", "duty_done", "pact_review", "budget", "project", "funded",
          "project_support", "budget_result", "offer", "offer_beneficiary", "pledge",
          "pledge_withdrawal", "settlement", "settlement_line", "supplier", "supplier_tag",
          "purchase", "bid", "award", "spend"]  # fmt: skip
TOLD = {
    "proposal": ("proposal_lodged", "proposal_id"), "answer": ("proposal_answered", "proposal_id"),
    "pact": ("pact_agreed", "pact_id"), "duty_done": ("duty_done", "pact_id", "number"),
    "pact_review": ("pact_reviewed", "pact_id", "ordinal"),
    "budget": ("budget_opened", "budget_id"), "budget_result": ("budget_divided", "budget_id"),
    "offer": ("matched_offer_opened", "offer_id"),
    "settlement": ("matched_offer_settled", "offer_id"),
    "award": ("purchase_awarded", "purchase_id"),
}  # fmt: skip

Rows = list[tuple[str, dict[str, Any]]]


def document(text: str = "{}") -> dict[str, str]:
    return {"document": text, "digest": hashlib.sha256(text.encode()).hexdigest()}


def terms(text: str = "{}") -> dict[str, str]:
    return {"terms": text, "digest": hashlib.sha256(text.encode()).hexdigest()}


PROPOSAL = ("proposal", {"proposal_id": ONE, "title": "Benches", "body": "Two.", "proposer_id":
            person("ada"), "lodged_on": "2030-01-01", "answer_by": "2030-01-31"})  # fmt: skip
ANSWER = ("answer", {"proposal_id": ONE, "lodged_on": "2030-01-01", "accepted": True, "reasons":
          "Good.", "answered_on": "2030-01-02", "answered_by": person("bo")})  # fmt: skip
OF_PACT = {"pact_id": TWO, "proposal_id": ONE, "starts_on": "2030-04-01", "review_on": "2030-10-01",
           "ends_on": "2031-03-31", **terms(PACT)}  # fmt: skip
DONE = {
    "pact_id": TWO,
    "duties": 2,
    "number": 1,
    "done_on": "2030-05-01",
    "reported_by": person("bo"),
}
REVIEW = {"pact_id": TWO, "ordinal": 1, "outcome": "ended", "findings": "So.", "reviewed_on":
          "2030-10-01", "reviewed_by": person("bo")}  # fmt: skip
BUDGET = {"budget_id": ONE, "adoption_id": ADOPTION, "currency": "EUR", "pot_minor": 100_00,
          "cost_min_minor": 1, "cost_max_minor": 100_00, "lodge_by": "2030-02-01",
          "vote_by": "2030-03-01", **terms()}  # fmt: skip
PROJECT = {"budget_id": ONE, "project_id": "a", "proposer_id": person("ada"), "cost_minor": 60_00,
           "lodged_on": "2030-01-15", **terms(PACT)}  # fmt: skip
RESULT = {
    "budget_id": ONE,
    "ballots": 1,
    "roll": 5,
    "spent_minor": 60_00,
    "funded": 1,
    **document(),
}
FUNDED = {"budget_id": ONE, "project_id": "a", "cost_minor": 60_00, "digest": terms(PACT)["digest"]}
PROJECT_PACT = OF_PACT | {"proposal_id": None, "budget_id": ONE, "project_id": "a"}
OFFER = {"offer_id": ONE, "adoption_id": ADOPTION, "currency": "EUR", "target_minor": 1000,
         "threshold_minor": 400, "cap_minor": 600, "pledge_min_minor": 10, "person_max_minor": 900,
         "opens_at": OPENS, "closes_at": CLOSES, **terms()}  # fmt: skip
PLEDGE = {"pledge_id": TWO, "offer_id": ONE, "person_id": person("ada"), "amount_minor": 400,
          "resident": True}  # fmt: skip
STRANGER = PLEDGE | {"pledge_id": THREE, "person_id": person("zoe"), "amount_minor": 100,
                     "resident": False}  # fmt: skip
SETTLED = {"offer_id": ONE, "outcome": "posted", "pledged_minor": 400, "eligible_minor": 400,
           "match_minor": 600, **document()}  # fmt: skip
LINE = {"offer_id": ONE, "pledge_id": TWO, "amount_minor": 400, "eligible_minor": 400,
        "match_minor": 600}  # fmt: skip
SUPPLIER = ("supplier", {"supplier_id": ONE, "name": "Garage"})
TAG = {"supplier_id": ONE, "tag": "local", "since": "2030-01-01", "until": "2031-01-01",
       "evidence": "Seen."}  # fmt: skip
PURCHASE = ("purchase", {"purchase_id": TWO, "adoption_id": ADOPTION, "currency": "EUR",
            "ceiling_minor": 100, **terms()})  # fmt: skip
BID = {"purchase_id": TWO, "supplier_id": ONE, "price_minor": 100, "quality_points": 50}
AWARD = {"purchase_id": TWO, "supplier_id": ONE, "bids": 1, **document()}

PACTED: Rows = [PROPOSAL, ANSWER, ("pact", OF_PACT)]
LODGED: Rows = [("budget", BUDGET), ("project", PROJECT)]
DIVIDED: Rows = [("budget_result", RESULT), ("funded", FUNDED), ("pact", PROJECT_PACT)]
OPENED: Rows = [("offer", OFFER), ("pledge", PLEDGE)]
BOUGHT: Rows = [SUPPLIER, PURCHASE, ("bid", BID)]


@pytest.fixture(scope="module")
def address(embedded_server: embedded.EmbeddedServer, template_database: str) -> Iterator[str]:
    """One database with the scene for all of this file, whose tests leave nothing in it."""
    embedded.create_database(embedded_server, "khan_commons", template=template_database)
    found = embedded_server.address("khan_commons")
    with psycopg.connect(found, autocommit=True) as owner:
        set_scene(found, owner)
    yield found
    with psycopg.connect(embedded_server.address("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE khan_commons WITH (FORCE)")


@pytest.fixture(params=["khan_app", "owner"])
def connection(request: pytest.FixtureRequest, address: str) -> Iterator[psycopg.Connection]:
    """The database, as the service and as the owner of its tables; undone at the end."""
    with psycopg.connect(address) as connection:
        connection.execute("SELECT")  # begins what is undone at the end
        if request.param == "khan_app":
            connection.execute("SET LOCAL ROLE khan_app")
        yield connection
        connection.rollback()


def when_it_has_closed(connection: psycopg.Connection) -> None:
    """Move service time to the close of the offer, within the transaction."""
    (role,) = connection.execute("SELECT current_user").fetchone()
    connection.execute("RESET ROLE")
    connection.execute(
        "UPDATE storage.service_time SET service_origin = service_origin + interval '50 days'"
    )
    connection.execute(f"SET LOCAL ROLE {role}")


def put(connection: psycopg.Connection, table: str, row: dict[str, Any], told: bool = True) -> None:
    columns = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    connection.execute(f"INSERT INTO commons.{table} ({columns}) VALUES ({values})", row)
    if told and table in TOLD:
        kind, *names = TOLD[table]
        key = ":".join([kind, *(str(row[name]) for name in names)])
        connection.execute(
            """INSERT INTO storage.outbox (event_id, topic, key, kind, occurred_at, payload)
               VALUES (gen_random_uuid(), 'commons', %s, %s, service_now(), '{}')""",
            [key, kind],
        )


def written(connection: psycopg.Connection, rows: Rows) -> None:
    """All of them as one commit would judge them, each announced."""
    with connection.transaction():
        for table, row in rows:
            put(connection, table, row)
        judged(connection)


def judged(connection: psycopg.Connection) -> None:
    """Ask now what a commit would ask."""
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    connection.execute("SET CONSTRAINTS ALL DEFERRED")


def refused(connection: psycopg.Connection, rows: Rows) -> str | None:
    """The name of the rule that stands against them."""
    with pytest.raises(psycopg.errors.IntegrityError) as refusal:
        written(connection, rows)
    return refusal.value.diag.constraint_name


KEPT = REVIEW | {"outcome": "kept"}
GOES_ON = REVIEW | {"outcome": "continued", "next_review_on": "2031-01-01", "ends_on": "2031-06-01"}
ENDED: Rows = [*PACTED, ("pact_review", REVIEW)]


@pytest.mark.parametrize(
    ("before", "rows", "rule"),
    [
        ([], [("proposal", PROPOSAL[1] | {"answer_by": "2030-01-01"})], "the_board_has_a_last_day"),
        ([PROPOSAL], [("answer", ANSWER[1] | {"reasons": " "})], "an_answer_gives_reasons"),
        ([PROPOSAL], [("answer", ANSWER[1] | {"answered_on": "2029-12-31"})],
         "answered_after_it_was_lodged"),
        ([], [ANSWER], "answers_a_proposal"),
        ([PROPOSAL, ANSWER], [("answer", ANSWER[1] | {"accepted": False})], "answered_once"),
        ([PROPOSAL], [("pact", OF_PACT)], "only_what_was_accepted_becomes_a_pact"),
        ([PROPOSAL, ("answer", ANSWER[1] | {"accepted": False})], [("pact", OF_PACT)],
         "only_what_was_accepted_becomes_a_pact"),
        (PACTED, [("pact", OF_PACT | {"pact_id": THREE})], "one_pact_a_proposal"),
        ([PROPOSAL, ANSWER], [("pact", OF_PACT | {"digest": "0" * 64})], "terms_are_what_was_hashed"),
        ([PROPOSAL, ANSWER], [("pact", OF_PACT | terms(json.dumps({"duties": []})))],
         "somebody_has_a_duty"),
        ([PROPOSAL, ANSWER], [("pact", OF_PACT | {"review_on": "2031-04-01"})],
         "reviewed_between_start_and_end"),
        ([], [("pact", OF_PACT | {"proposal_id": None})], "from_a_proposal_or_a_project"),
        (PACTED, [("duty_done", DONE | {"number": 3})], "a_duty_of_its_pact"),
        ([*PACTED, ("duty_done", DONE)], [("duty_done", DONE)], "a_duty_is_done_once"),
        ([*PACTED, ("duty_done", DONE)], [("pact_review", KEPT)], "kept_when_all_is_done"),
        (PACTED, [("pact_review", REVIEW | {"ordinal": 2})], "reviews_have_no_gap"),
        (PACTED, [("pact_review", REVIEW | {"ends_on": "2032-01-01"})],
         "only_what_goes_on_has_next_days"),
        (PACTED, [("pact_review", GOES_ON | {"next_review_on": "2030-10-01"})],
         "only_what_goes_on_has_next_days"),
        (PACTED, [("pact_review", REVIEW | {"findings": ""})], "a_review_says_what_was_found"),
        (ENDED, [("duty_done", DONE)], "what_is_over_stays_over"),
        (ENDED, [("pact_review", REVIEW | {"ordinal": 2})], "what_is_over_stays_over"),
    ],
)  # fmt: skip
def test_no_pact_that_must_not_be(
    connection: psycopg.Connection, before: Rows, rows: Rows, rule: str
) -> None:
    written(connection, before)
    assert refused(connection, rows) == rule


DEAR = PROJECT | {"project_id": "b", "cost_minor": 50_00}
BOTH: Rows = [
    ("funded", FUNDED), ("funded", FUNDED | {"project_id": "b", "cost_minor": 50_00}),
    ("pact", PROJECT_PACT), ("pact", PROJECT_PACT | {"pact_id": THREE, "project_id": "b"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "rows", "rule"),
    [
        ([], [("budget", BUDGET | {"adoption_id": THREE})], "names_what_adopted_it"),
        ([], [("budget", BUDGET | {"cost_max_minor": 100_01})], "costs_fit_the_pot"),
        ([], [("budget", BUDGET | {"vote_by": "2030-02-01"})], "the_vote_comes_after_the_projects"),
        ([("budget", BUDGET)], [("project", PROJECT | {"cost_minor": 100_01})],
         "a_cost_within_the_terms"),
        ([("budget", BUDGET)], [("project", PROJECT | {"lodged_on": "2030-02-02"})], "lodged_in_time"),
        ([*LODGED, *DIVIDED], [("project", DEAR)], "lodged_in_time"),
        (LODGED, [("project_support", {"budget_id": ONE, "project_id": "a", "proposer_id":
                   person("ada"), "person_id": person("ada")})], "nobody_supports_their_own"),
        ([*LODGED, ("project", DEAR)],
         [("budget_result", RESULT | {"spent_minor": 110_00, "funded": 2}), *BOTH],
         "never_beyond_the_pot"),
        (LODGED, [("budget_result", RESULT | {"spent_minor": 59_99}), *DIVIDED[1:]],
         "funded_all_at_once"),
        (LODGED, [("budget_result", RESULT)], "funded_all_at_once"),
        (LODGED, DIVIDED[:2], "what_is_funded_becomes_a_pact"),
        (LODGED, [DIVIDED[0], ("funded", FUNDED | {"cost_minor": 50_00})], "funded_at_its_cost"),
        (LODGED, [("budget_result", RESULT | {"ballots": 6})], "no_more_ballots_than_members"),
        ([*LODGED, ("project", PROJECT | {"project_id": "b", "cost_minor": 10_00}), *DIVIDED],
         [("funded", FUNDED | {"project_id": "b", "cost_minor": 10_00})], "funded_all_at_once"),
        (LODGED, [("pact", PROJECT_PACT)], "only_what_was_funded_becomes_a_pact"),
        ([*LODGED, *DIVIDED], [("budget_result", RESULT)], "divided_once"),
    ],
)  # fmt: skip
def test_no_fund_that_must_not_be(
    connection: psycopg.Connection, before: Rows, rows: Rows, rule: str
) -> None:
    written(connection, before)
    assert refused(connection, rows) == rule


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([("offer", OFFER | {"offer_id": FOUR, "adoption_id": THREE})], "names_what_adopted_it"),
        ([("pledge", STRANGER | {"amount_minor": 9})], "a_pledge_within_bounds"),
        ([("pledge", PLEDGE | {"pledge_id": THREE, "amount_minor": 501})], "a_pledge_within_bounds"),
        ([("settlement", SETTLED), ("settlement_line", LINE)], "settled_after_it_closed"),
    ],
)  # fmt: skip
def test_no_offer_that_must_not_be(connection: psycopg.Connection, rows: Rows, rule: str) -> None:
    written(connection, OPENED)
    assert refused(connection, rows) == rule


def test_a_pledge_is_dated_by_the_database_and_taken_in_the_window_only(
    connection: psycopg.Connection,
) -> None:
    written(connection, OPENED)
    when_it_has_closed(connection)
    late = [("pledge", STRANGER | {"made_at": OPENS})]
    assert refused(connection, late) == "within_the_window"
    gone: Rows = [("pledge_withdrawal", {"pledge_id": TWO, "withdrawn_at": OPENS})]
    assert refused(connection, gone) == "within_the_window"


VOID = SETTLED | {"outcome": "voided", "match_minor": 0}
SHORT = SETTLED | {"match_minor": 599}


@pytest.mark.parametrize(
    ("more", "settlement", "lines", "rule"),
    [
        ([], SETTLED | {"city_votes": 1}, [LINE], "city_money_buys_no_votes"),
        ([], SETTLED | {"outcome": "voided"}, [LINE], "nothing_of_what_is_voided"),
        ([], SETTLED, [], "all_of_it_or_nothing"),
        ([], SETTLED, [LINE | {"match_minor": 599}], "all_of_it_or_nothing"),
        ([], SETTLED | {"match_minor": 601}, [LINE | {"match_minor": 601}],
         "never_beyond_cap_and_target"),
        ([], SHORT, [LINE | {"match_minor": 599}], "posted_when_it_is_reached"),
        ([], SETTLED | {"eligible_minor": 399}, [LINE | {"eligible_minor": 399}],
         "posted_when_it_is_reached"),
        ([], SETTLED, [LINE | {"amount_minor": 500}], "settled_as_pledged"),
        ([], SETTLED | {"eligible_minor": 0}, [LINE | {"eligible_minor": 0}],
         "no_match_without_an_eligible_pledge"),
        ([("pledge", STRANGER)], SETTLED, [LINE], "all_of_it_or_nothing"),
        ([("pledge", STRANGER)],
         SETTLED | {"pledged_minor": 500, "eligible_minor": 500, "match_minor": 500},
         [LINE | {"match_minor": 400}, LINE | {"pledge_id": THREE, "amount_minor": 100,
                                               "eligible_minor": 100, "match_minor": 100}],
         "only_eligible_pledges_are_matched"),
        ([("offer_beneficiary", {"offer_id": ONE, "person_id": person("ada"), "why": "Runs it."})],
         SETTLED, [LINE], "only_eligible_pledges_are_matched"),
        ([("pledge_withdrawal", {"pledge_id": TWO})], SETTLED, [LINE], "all_of_it_or_nothing"),
    ],
)  # fmt: skip
def test_city_money_follows_eligible_pledges_and_buys_no_votes(
    connection: psycopg.Connection,
    more: Rows,
    settlement: dict[str, Any],
    lines: list[dict[str, Any]],
    rule: str,
) -> None:
    written(connection, [*OPENED, *more])
    when_it_has_closed(connection)
    rows = [("settlement", settlement), *(("settlement_line", line) for line in lines)]
    assert refused(connection, rows) == rule


def test_what_is_right_is_taken_and_then_stays(
    connection: psycopg.Connection,
) -> None:
    goes_on: Rows = [("pact_review", GOES_ON), ("duty_done", DONE), ("duty_done", DONE | {"number": 2}),
                     ("pact_review", KEPT | {"ordinal": 2})]  # fmt: skip
    written(connection, [*PACTED, *goes_on])
    other = PROJECT_PACT | {"pact_id": FOUR}
    written(connection, [*LODGED, *DIVIDED[:2], ("pact", other)])
    support = {"budget_id": ONE, "project_id": "a", "proposer_id": person("ada"),
               "person_id": person("bo")}  # fmt: skip
    written(connection, [("project_support", support), *OPENED, ("pledge", STRANGER)])
    named = {"offer_id": ONE, "person_id": person("cem"), "why": "Runs it."}
    written(connection, [("pledge_withdrawal", {"pledge_id": THREE}), ("offer_beneficiary", named)])
    when_it_has_closed(connection)
    written(connection, [("settlement", SETTLED), ("settlement_line", LINE)])
    assert refused(connection, [("offer_beneficiary", named | {"person_id": person("bo")})]) == (
        "named_before_it_is_settled"
    )
    paid = {"reference": "1", "supplier_id": ONE, "paid_on": "2030-01-01", "amount_minor": 1,
            "currency": "EUR"}  # fmt: skip
    written(connection, [*BOUGHT, ("supplier_tag", TAG), ("award", AWARD), ("spend", paid)])
    for table in TABLES:
        found = connection.execute(f"SELECT * FROM commons.{table}")
        assert found.fetchone() is not None
        column = found.description[0].name
        for statement in (f"DELETE FROM commons.{table}", f"TRUNCATE commons.{table} CASCADE",
                          f"UPDATE commons.{table} SET {column} = {column}"):  # fmt: skip
            with (
                pytest.raises(
                    (psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege),
                    match="append-only|permission denied",
                ),
                connection.transaction(),
            ):
                connection.execute(statement)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([("supplier_tag", TAG), ("supplier_tag", TAG | {"since": "2030-06-01"})],
         "a_tag_once_at_a_time"),
        ([("supplier_tag", TAG), ("supplier_tag", TAG | {"tag": "regional"})], "one_seat_at_a_time"),
        ([("supplier_tag", TAG | {"until": "2031-01-03"})], "shown_anew_each_year"),
        ([("supplier_tag", TAG | {"evidence": ""})], "a_tag_has_its_evidence"),
        ([("bid", BID)], "a_supplier_bids_once"),
        ([("award", AWARD | {"bids": 0})], "every_bid_is_in_the_table"),
        ([("award", AWARD | {"supplier_id": TWO})], "whoever_wins_has_bid"),
        ([("award", AWARD), ("bid", BID | {"supplier_id": TWO})], "no_bid_after_the_award"),
        ([("award", AWARD | {"digest": "0" * 64})], "document_is_what_was_hashed"),
        ([("bid", BID | {"supplier_id": TWO, "price_minor": 101}),
          ("award", AWARD | {"supplier_id": TWO, "bids": 2})], "never_above_the_ceiling"),
    ],
)  # fmt: skip
def test_no_purchase_that_must_not_be(
    connection: psycopg.Connection, rows: Rows, rule: str
) -> None:
    written(connection, [*BOUGHT, ("supplier", {"supplier_id": TWO, "name": "Chain"})])
    assert refused(connection, rows) == rule


@pytest.mark.parametrize(
    ("before", "table", "row"),
    [
        ([], *PROPOSAL),
        ([PROPOSAL], *ANSWER),
        ([PROPOSAL, ANSWER], "pact", OF_PACT),
        (PACTED, "duty_done", DONE),
        (PACTED, "pact_review", REVIEW),
        ([], "budget", BUDGET),
        (LODGED, "budget_result", RESULT | {"spent_minor": 0, "funded": 0}),
        ([], "offer", OFFER),
        (BOUGHT, "award", AWARD),
    ],
)
def test_I31_nothing_of_the_commons_happens_unannounced(
    connection: psycopg.Connection, before: Rows, table: str, row: dict[str, Any]
) -> None:
    written(connection, before)
    with pytest.raises(psycopg.errors.IntegrityError) as refusal, connection.transaction():
        put(connection, table, row, told=False)
        judged(connection)
    assert refusal.value.diag.constraint_name == "i31_announced_in_the_same_commit"
    written(connection, [(table, row)])
