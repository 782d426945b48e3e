"""A member votes on a phone: from signing in to the receipt, and once more.

The page is the real one, the passkeys are Chromium's own (a virtual authenticator), and behind the
page are the real desks and the real box.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from governance.ballots import ballot as ballots
from governance.ballots import receipt, tally
from governance.ballots.choice import Mark, Ranks, Value
from governance.tier import Tier
from tests.ballot_scene import BOARD_SEATS, FARE, RESOLUTION, officials
from tests.browser.conftest import REPORT_VIOLATIONS, Watched
from tests.browser.rehearsed_poll import CODE, PHONE, POLL, RehearsedPoll

pytestmark = pytest.mark.browser
Visit = Callable[..., Watched]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/explanation/secret_ballots.md"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
PHONE_SCREEN = {"viewport": {"width": 390, "height": 844}, "locale": "en-GB", "has_touch": True}


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open the page of a service on a phone that can hold passkeys."""
    contexts = []

    def open_page(
        service: RehearsedPoll, path: str = "/vote/", *, before: str = "", **options: Any
    ) -> Watched:
        context = browser.new_context(**{**PHONE_SCREEN, **options})
        contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS + before)
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        watched = Watched(page)
        page.on("request", watched.note)
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.goto(f"{service.address}{path}")
        return watched

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page: Page) -> None:
    """By a code, as anybody can."""
    page.get_by_label("Your phone number").fill(PHONE)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("The code from the message").fill(CODE)
    page.get_by_role("button", name="Sign in with the code").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def enrol(page: Page, service: RehearsedPoll) -> None:
    """Sign in, make a voting key before the vote, and see the vote open."""
    sign_in(page)
    page.get_by_role("link", name=service.title).click()
    if service.tier is Tier.SEALED:
        page.get_by_role("button", name="Make a voting key").click()
        expect(page.get_by_text("Your voting key is ready")).to_be_visible()
    service.open()
    page.reload()


def cast(page: Page, *, wait: str | None = "at once") -> None:
    """What follows the choice."""
    if wait is not None:
        page.get_by_label("Your ballot leaves").select_option(label=wait)
    page.get_by_role("button", name="Cast my ballot").click()


def stage(page: Page) -> Any:
    return expect(page.locator(".stage"))


def test_a_sealed_vote_from_signing_in_to_the_receipt_and_once_more(
    visit: Visit, tmp_path: Path
) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=1).running() as service:
        watched = visit(service)
        page = watched.page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_have_attribute("data-stage", "held")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save the receipt").click()
        saved.value.save_as(tmp_path / "receipt.json")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save the cancellation slip").click()
        saved.value.save_as(tmp_path / "slip.json")

        assert service.manifest is not None
        assert service.vote is not None
        kept = receipt.read((tmp_path / "receipt.json").read_bytes())
        receipt.check(kept, service.manifest, service.manifest.witnesses)
        slip = json.loads((tmp_path / "slip.json").read_text())
        (key,) = service.vote.standings
        assert slip["key"] == ballots.pack(key)

        # Once more, signed out: a ballot that was let in is changed without a name.
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("Vote again instead").click()
        page.get_by_label("Against", exact=True).check()
        cast(page)
        stage(page).to_contain_text("number 2")
        counted = tally.tally(service.manifest, service.vote.board.lines(), officials().election)
        assert list(counted.votes) == [(Mark("against"), 1)]
        assert [sum(mark.issued is not None for mark in one.values())
                for one in service.vote.marks] == [1, 1]  # fmt: skip
        assert watched.complaints == []
        assert page.evaluate("window.violations") == []


def test_what_goes_to_desks_and_box_says_not_who_sends_it(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_have_attribute("data-stage", "held")
        nameless = [headers for host, _, headers in service.asked if host == "127.0.0.1"]
        assert len(nameless) >= 4
        for headers in nameless:
            assert not {"authorization", "cookie", "referer", "idempotency-key"} & set(headers)
        kept = page.evaluate(
            "import('/vote/shelf.mjs').then(async ({ Shelf }) => {"
            " const [one] = await new Shelf().all();"
            " return [one.asked, one.key.privateKey.extractable, Object.keys(one).sort()]; })"
        )
        assert kept[:2] == [None, False]
        assert "choice" not in kept[2]
        member = page.evaluate(
            "import('/vote/shelf.mjs').then(async ({ Shelf }) =>"
            " (await new Shelf().all())[0].commitment)"
        )
        assert member == ""  # nor whose entry of the roll asked for it


def test_a_ballot_waits_at_random_and_leaves_at_once_when_told_to(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("Abstain").check()
        cast(page, wait="within two hours")
        stage(page).to_have_attribute("data-stage", "leaving")
        assert service.published == {}
        page.get_by_role("button", name="Send it now").click()
        stage(page).to_have_attribute("data-stage", "held")


def test_a_ballot_in_the_box_waits_with_others_and_tells_how_many(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=3).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_contain_text("1 so far")
        assert service.published == {}
        service.publish()
        stage(page).to_have_attribute("data-stage", "held")


@pytest.mark.parametrize(
    "refuses",
    [
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };",
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    ],
    ids=["nothing is kept", "the disk is full"],
)
def test_a_browser_that_keeps_nothing_says_so_and_asks_no_desk(visit: Visit, refuses: str) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=1).running() as service:
        watched = visit(service, before=f";{refuses}")
        page = watched.page
        enrol(page, service)
        if "put" in refuses:
            page.get_by_label("For", exact=True).check()
            cast(page)
        expect(page.get_by_text("This browser keeps nothing")).to_be_visible()
        assert not [path for _, path, _ in service.asked if path.endswith("/issue")]
        assert watched.complaints == []


def test_a_ballot_that_never_reached_the_board_is_told_to_its_voter(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=2).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_have_attribute("data-stage", "board")
        # The machine of the box fails just before the close, and the board ends without it.
        assert service.vote is not None
        service.box_forgets = service.has_ended = True
        service.vote.hours = replace(service.vote.hours, closes_at_ms=service.opens_at_ms + 1)
        page.reload()
        stage(page).to_contain_text("never reached the board")


def test_what_the_device_keeps_of_a_ballot_can_be_cleared_away(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_have_attribute("data-stage", "held")
        page.get_by_text("Clear this ballot from the device").click()
        page.get_by_role("button", name="Clear it now").click()
        expect(page.locator(".stage")).to_have_count(0)
        left = page.evaluate(
            "import('/vote/shelf.mjs').then(async ({ Shelf }) => (await new Shelf().all()).length)"
        )
        assert left == 0
        assert len(service.published) == 1


def test_a_ballot_that_the_box_lost_is_sent_again(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=2).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_have_attribute("data-stage", "board")
        service.box_forgets = True
        with page.expect_response(lambda answer: answer.url.endswith("/ballots")):
            page.reload()
        stage(page).to_have_attribute("data-stage", "board")
        assert service.box_forgets is False
        assert len(service.waiting) == 1


def test_without_a_line_the_ballot_is_kept_and_goes_on_by_itself(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        page.get_by_label("Your ballot leaves").select_option(label="at once")
        page.context.set_offline(True)
        page.get_by_role("button", name="Cast my ballot").click()
        stage(page).to_have_attribute("data-stage", "desks")
        expect(page.get_by_text("No connection just now. Nothing is lost")).to_be_visible()
        page.context.set_offline(False)
        stage(page).to_have_attribute("data-stage", "held")


def test_a_desk_that_is_down_is_asked_the_same_again_after_the_page_was_closed(
    visit: Visit,
) -> None:
    with RehearsedPoll(
        question=RESOLUTION, batch_least=1, desks_are_down=True
    ).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_label("For", exact=True).check()
        cast(page)
        stage(page).to_have_attribute("data-stage", "desks")
        page.goto("about:blank")
        service.desks_are_down = False
        page.goto(f"{service.address}/vote/#/poll/{POLL}")
        stage(page).to_have_attribute("data-stage", "held")


def test_a_number_is_chosen_with_its_bounds_and_steps(visit: Visit) -> None:
    with RehearsedPoll(question=FARE, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        number = page.get_by_label("Your number")
        number.fill("123")
        cast(page)
        expect(page.get_by_role("alert")).to_contain_text("in steps of 5")
        page.get_by_role("button", name="More").click()
        expect(number).to_have_value("130")
        cast(page)
        stage(page).to_have_attribute("data-stage", "held")
        assert service.vote is not None
        assert service.manifest is not None
        counted = tally.tally(service.manifest, service.vote.board.lines(), officials().election)
        assert list(counted.votes) == [(Value(130), 1)]


def test_a_ranking_is_made_by_tapping_and_by_keyboard(visit: Visit) -> None:
    with RehearsedPoll(question=BOARD_SEATS, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.get_by_role("button", name="Candidate 3: put in place 1").click()
        second = page.get_by_role("button", name="Candidate 1: put in place 2")
        second.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#announcer")).to_have_text("Candidate 1 is now in place 2.")
        page.get_by_role("button", name="Move Candidate 1 up").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("list", name="Your order").locator(".name")).to_have_text(
            ["Candidate 1", "Candidate 3"]
        )
        cast(page)
        stage(page).to_have_attribute("data-stage", "held")
        assert service.vote is not None
        assert service.manifest is not None
        counted = tally.tally(service.manifest, service.vote.board.lines(), officials().election)
        assert list(counted.votes) == [(Ranks(((1,), (3,))), 1)]


def test_a_detached_ballot_is_handed_over_by_its_member(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, tier=Tier.DETACHED, batch_least=1).running() as service:
        page = visit(service).page
        enrol(page, service)
        expect(page.get_by_text("The office keeps names and ballots apart")).to_be_visible()
        page.get_by_label("For", exact=True).check()
        cast(page, wait=None)
        stage(page).to_have_attribute("data-stage", "held")
        assert service.vote is not None
        assert service.manifest is not None
        counted = tally.tally(service.manifest, service.vote.board.lines(), officials().election)
        assert list(counted.votes) == [(Mark("for"), 1)]


def test_an_open_vote_says_that_the_name_is_shown(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION, tier=Tier.OPEN).running() as service:
        page = visit(service).page
        enrol(page, service)
        expect(page.get_by_text("your name stands beside your choice")).to_be_visible()
        page.get_by_label("Against", exact=True).check()
        page.get_by_role("button", name="Cast my vote, with my name").click()
        stage(page).to_have_text("Your choice is recorded.")
        assert service.said == [{"mark": "against"}]


def test_terms_that_are_not_the_noticed_ones_stop_the_vote(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION).running() as service:
        page = visit(service).page
        enrol(page, service)
        page.route(
            f"**/public/v1/polls/{POLL}",
            lambda route: route.fulfill(
                response=(answer := route.fetch()),
                body=answer.text().replace("Shall we?", "Shall we not?"),
            ),
        )
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("not the ones in its notice")
        expect(page.get_by_role("button", name="Cast my ballot")).to_have_count(0)


def test_a_member_without_a_key_on_the_roll_is_told_to_vote_on_paper(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION).running() as service:
        service.open()
        page = visit(service).page
        sign_in(page)
        page.get_by_role("link", name=service.title).click()
        expect(page.get_by_text("vote on paper at a staffed desk").first).to_be_visible()
        expect(page.get_by_role("button", name="Cast my ballot")).to_have_count(0)


def test_the_result_is_told_with_the_way_to_check_it(visit: Visit) -> None:
    result = {"rule": "for_against", "for": 31, "against": 12, "abstain": 4, "outcome": "passed"}
    certificate = {"roll": 60, "unused": 2, "valid": 47, "blank": 4, "broken": [], "result": result}
    with RehearsedPoll(question=RESOLUTION).running() as service:
        service.open()
        service.state, service.certificate = "certified", json.dumps(certificate)
        page = visit(service, f"/vote/#/poll/{POLL}").page
        expect(page.get_by_text("The motion has passed.")).to_be_visible()
        expect(page.get_by_text("47 ballots counted, 4 of them blank")).to_be_visible()
        bundle = page.get_by_role("link", name="Download the bundle")
        assert (bundle.get_attribute("href") or "").endswith(f"/{POLL}/bundle.zip")


TARIFF_MOTION = {"rule_kind": "tariff", "text": '{"currency": "USD"}'}


def usd(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "USD"}


def a_month(**changes: Any) -> dict[str, Any]:
    """Twelve trips of a driver: what they brought, and under two proposals, one of which has no price."""
    under = {"label": "as proposed", "value": None, "amount": usd(19_250), "change": usd(1_230),
             "why_none": None}  # fmt: skip
    without = {"label": "90 cents", "value": 90, "amount": None, "change": None,
               "why_none": "The tariff has no price for class boat."}  # fmt: skip
    month = {
        "start": "2026-10-20T12:00:00Z", "end": "2026-11-20T12:00:00Z", "trips": 12,
        "was": usd(18_000), "today": usd(18_020), "proposals": [under, without], "why_none": None,
    }  # fmt: skip
    return month | changes


def month_of(page: Page) -> Any:
    return page.get_by_role("region", name="Your own last month")


def test_a_member_sees_their_own_last_month_beside_what_is_moved(visit: Visit) -> None:
    with RehearsedPoll(
        question=RESOLUTION, motion=TARIFF_MOTION, month=a_month()
    ).running() as service:
        page = visit(service).page
        page.get_by_role("link", name=service.title).click()
        expect(month_of(page)).to_contain_text("Sign in, and see what your own trips")
        assert not [path for _, path, _ in service.asked if path.endswith("/my-month")]
        sign_in(page)
        expect(month_of(page)).to_contain_text("Your 12 trips from 20 October to 20 November")
        rows = [row.inner_text().split("\t") for row in month_of(page).locator("tbody tr").all()]
        assert [[cell.strip() for cell in row] for row in rows] == [
            ["You were paid", "$180.00", ""],
            ["By today's rules", "$180.20", ""],
            ["As proposed", "$192.50", "+$12.30"],
            ["With 90 cents", "The tariff has no price for class boat.", ""],
        ]
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("$192.50")).to_have_count(0)


@pytest.mark.parametrize(
    ("motion", "month", "told"),
    [
        (TARIFF_MOTION, a_month(trips=0, proposals=[], why_none="No trip."), "You completed no trip in the last 31 days"),
        (TARIFF_MOTION, a_month(proposals=[], why_none="The board has published no bounds."), "The board has published no bounds."),
        (TARIFF_MOTION, None, "could not be worked out again just now"),
        (TARIFF_MOTION | {"rule_kind": "matching_policy"}, a_month(), "which others would have come is not known"),
    ],
    ids=["no trip", "a reason", "no answer", "matching"],
)  # fmt: skip
def test_a_month_without_figures_says_why(
    visit: Visit, motion: dict[str, Any], month: dict[str, Any] | None, told: str
) -> None:
    with RehearsedPoll(question=RESOLUTION, motion=motion, month=month).running() as service:
        page = visit(service, f"/vote/#/poll/{POLL}").page
        sign_in(page)
        expect(month_of(page)).to_contain_text(told)
        expect(month_of(page).get_by_role("table")).to_have_count(0)


def test_what_writes_no_rule_of_a_day_has_no_month(visit: Visit) -> None:
    bench = {"rule_kind": None, "text": "A bench."}
    with RehearsedPoll(question=RESOLUTION, motion=bench, month=a_month()).running() as service:
        page = visit(service, f"/vote/#/poll/{POLL}").page
        sign_in(page)
        expect(page.get_by_role("heading", name="What is moved")).to_be_visible()
        expect(month_of(page)).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "told"),
    [("es-ES", "Tus 12 viajes del 20 de octubre al 20 de noviembre"),
     ("ca-ES", "Els teus 12 viatges"), ("ar-EG", "حسب المقترح")],
)  # fmt: skip
def test_a_month_is_told_in_every_language(visit: Visit, locale: str, told: str) -> None:
    with RehearsedPoll(
        question=RESOLUTION, motion=TARIFF_MOTION, month=a_month()
    ).running() as service:
        page = visit(service, f"/vote/#/poll/{POLL}").page
        sign_in(page)
        page.get_by_role("combobox").first.select_option(value=locale[:2])
        expect(page.locator(".month")).to_contain_text(told)
        expect(page.locator(".month bdi").nth(2)).to_contain_text("+")


LOOKS = [(look, width) for look in ("light", "dark") for width in (360, 1280)]


@pytest.mark.parametrize(("look", "width"), LOOKS)
def test_axe_finds_nothing_on_the_way_through_a_vote(visit: Visit, look: str, width: int) -> None:
    with RehearsedPoll(
        question=BOARD_SEATS, batch_least=1, motion=TARIFF_MOTION, month=a_month()
    ).running() as service:
        size = {"width": width, "height": 800}
        page = visit(service, color_scheme=look, viewport=size, reduced_motion="reduce").page
        expect(page.get_by_role("heading", name="Votes")).to_be_visible()
        _look(page)
        sign_in(page)
        page.get_by_role("link", name=service.title).click()
        page.get_by_role("button", name="Make a voting key").click()
        expect(page.get_by_text("Your voting key is ready")).to_be_visible()
        _look(page)
        service.open()
        page.reload()
        page.get_by_role("button", name="Candidate 3: put in place 1").click()
        page.get_by_role("button", name="Candidate 2: put in place 2").click()
        page.get_by_text("What you should know").click()
        _look(page)
        cast(page)
        stage(page).to_have_attribute("data-stage", "held")
        _look(page)


def _look(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0


def test_arabic_is_written_from_the_right(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION).running() as service:
        page = visit(service, locale="ar-EG").page
        expect(page.get_by_role("heading", level=1)).to_have_text("التصويتات")
        assert page.evaluate("document.documentElement.dir") == "rtl"


def test_every_language_says_the_same_things(visit: Visit) -> None:
    with RehearsedPoll(question=RESOLUTION).running() as service:
        page = visit(service).page
        messages = page.evaluate("import('/vote/messages.mjs').then(({ MESSAGES }) => MESSAGES)")
        said: dict[str, dict[str, set[str]]] = {}
        for language, by_key in messages.items():
            for key, message in by_key.items():
                forms = message.values() if isinstance(message, dict) else [message]
                named = {place for form in forms for place in re.findall(r"\{(\w+)\}", form)}
                said.setdefault(key, {})[language] = named - {"count"}
        for key, by_language in said.items():
            assert set(by_language) == {"en", "es", "ca", "ar"}, key
            assert len({frozenset(named) for named in by_language.values()}) == 1, key


def test_the_statement_is_the_one_in_the_documentation(visit: Visit) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.split("## What you should know before you vote")[1].split("\n## ")[0]
    points = [
        " ".join(point.replace("**", "").split())
        for point in re.split(r"^- ", part, flags=re.MULTILINE)[1:]
    ]
    with RehearsedPoll(question=RESOLUTION).running() as service:
        page = visit(service).page
        told = page.evaluate(
            "import('/vote/messages.mjs').then(({ MESSAGES, TOLD }) =>"
            " Array.from({ length: TOLD }, (_, at) => MESSAGES.en[`told${at + 1}`]))"
        )
    assert told == points
