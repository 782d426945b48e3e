"""What a member who checks a vote in the browser can count on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from governance.ballots.choice import Approvals, Question, RuleName, Value
from governance.ballots.plain import Fields
from tests.ballot_scene import (
    BOARD_SEATS,
    DURING,
    changed_json,
    honest_parts,
    opened,
    parts_of,
    three_votes,
    voters,
    write_parts,
)
from tests.browser.conftest import PATIENCE_MS, Watched
from tests.browser.stand_in import HEADERS
from verifier import equal_shares

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle in which nothing is wrong."""
    return write_parts(honest_parts(), tmp_path / "bundle.zip")


def _open(watched: Watched, address: str) -> Page:
    answer = watched.page.goto(f"{address}/verify/")
    assert answer is not None
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    watched.page.locator("html[data-ready]").wait_for(state="attached", timeout=PATIENCE_MS)
    return watched.page


def test_a_vote_is_checked_off_line_and_nothing_is_sent(
    watch: Watch, address: str, bundle: Path
) -> None:
    watched = watch()
    page = _open(watched, address)
    page.wait_for_load_state("networkidle")
    asked = len(watched.requests)
    page.context.set_offline(True)
    page.set_input_files("#bundle", bundle)
    expect(page.locator("#verdict")).to_contain_text("Nothing is wrong with this vote.")
    expect(page.locator("#verdict")).to_contain_text(opened().manifest.digest().hex())
    expect(page.locator("#result .outcome")).to_have_text("120")
    expect(page.locator("#steps [data-state=done]")).to_have_count(6)
    assert len(watched.requests) == asked
    assert watched.page.evaluate("window.violations") == []
    assert watched.complaints == []


def test_the_hash_of_the_notice_decides(watch: Watch, address: str, bundle: Path) -> None:
    page = _open(watch(), address)
    page.fill("#notice", "not a hash")
    page.press("#notice", "Enter")
    expect(page.locator("#notice")).to_have_attribute("aria-invalid", "true")
    page.fill("#notice", opened().manifest.digest().hex().upper())
    page.set_input_files("#bundle", bundle)
    expect(page.locator("#verdict")).to_contain_text("Its terms are those of the notice.")
    page.fill("#notice", "0" * 64)
    page.press("#notice", "Enter")
    expect(page.locator("#verdict")).to_contain_text("changed_manifest")


def test_a_fault_is_named_with_its_place_and_no_result_is_shown(
    watch: Watch, address: str, tmp_path: Path
) -> None:
    parts = honest_parts()
    changed = changed_json(parts["certificate.json"], lambda c: c["result"].update(value=160))
    page = _open(watch(), address)
    page.set_input_files(
        "#bundle", write_parts(parts | {"certificate.json": changed}, tmp_path / "bundle.zip")
    )
    expect(page.locator("#verdict")).to_contain_text("Counting again gives another certificate.")
    expect(page.locator("#verdict")).to_contain_text("broken_recount · certificate.json")
    expect(page.locator("#steps [data-state=wrong]")).to_have_count(1)
    expect(page.locator("#found")).to_be_hidden()


def test_a_receipt_tells_what_became_of_the_ballot(
    watch: Watch, address: str, tmp_path: Path
) -> None:
    vote = opened()
    keys = three_votes(vote)
    documents = [vote.receipt(at, at_seconds=DURING // 1000 + 60).document() for at in (1, 2, 3)]
    vote.change_to_paper(voters(6)[1], keys[1], at_ms=DURING)
    vote.close(papers=[Value(200)])
    bundle = write_parts(parts_of(vote), tmp_path / "bundle.zip")
    page = _open(watch(), address)
    for document, words in zip(
        documents, ("was replaced", "was cancelled", "was counted"), strict=True
    ):
        receipt = tmp_path / f"{words}.json"
        receipt.write_bytes(document)
        page.set_input_files("#receipt", receipt)
        page.set_input_files("#bundle", bundle)
        expect(page.locator("#own")).to_contain_text(words)


def test_a_fund_that_was_divided_is_shown_project_by_project(
    watch: Watch, address: str, tmp_path: Path
) -> None:
    fund = Question(
        text="What shall the fund pay for?", rule=RuleName.EQUAL_SHARES,
        parameters={"budget": 90, "costs": [60, 30, 20, 95], "unit": 1}, options=BOARD_SEATS.options,
    )  # fmt: skip
    vote = opened(fund)
    for voter, approved in zip(voters(6)[:4], ((1,), (1,), (1, 2), (2, 3)), strict=True):
        key = vote.take(voter, at_ms=DURING)
        vote.vote(key, Approvals(approved), sequence=1, at_ms=DURING)
    vote.close()
    ballots = [([1], 2), ([1, 2], 1), ([2, 3], 1)]

    def count(question: Question, votes: object, *, lot_seed: bytes) -> Fields:
        return equal_shares.count(ballots, dict(question.parameters), lot_seed)

    watched = watch()
    page = _open(watched, address)
    page.set_input_files("#bundle", write_parts(parts_of(vote, count), tmp_path / "bundle.zip"))
    expect(page.locator("#result")).to_contain_text("Each ballot had 22.5")
    rows = page.locator("#result tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Candidate 1Paid by those who approve it2030")
    expect(rows.nth(2)).to_contain_text("Candidate 2Not paid: too little was left–10")
    assert watched.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_readable_by_everybody_at_every_width(
    watch: Watch, address: str, bundle: Path, width: int, scheme: str
) -> None:
    watched = watch(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = _open(watched, address)
    for language in ("en", "ar"):
        page.select_option("#language", language)
        page.set_input_files("#bundle", bundle)
        page.locator("#verdict[data-kind=good]").wait_for(timeout=PATIENCE_MS)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.dir") == "rtl"
    expect(page.locator("h1")).to_have_text("تحقّق من تصويت")


def test_the_file_can_be_chosen_with_the_keyboard(watch: Watch, address: str, bundle: Path) -> None:
    watched = watch()
    # Whoever listens from the start has the browser ask the test, and not a window, for a file: asked
    # for only with the key, it comes after the key at times, and the file is waited for in vain.
    watched.page.on("filechooser", lambda _: None)
    page = _open(watched, address)
    page.locator("#language").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "bundle"
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    chosen.value.set_files(bundle)
    expect(page.locator("#verdict")).to_contain_text("Nothing is wrong with this vote.")
