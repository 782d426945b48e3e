"""A page and a sheet say what the document says, in four languages; what is asked for comes."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from pypdf import PdfReader

from doorway.papers import HTML, JSON, PDF, choose_form
from papers import page, words
from papers.leaf import leaf_of_receipt
from papers.page import page_of
from papers.sheet import sheet_of
from tests.paper_builders import KEYS, facts_of_fare, facts_of_fee, receipt_of
from tests.rules import REFERENCE

RECEIPTS = {"fare": receipt_of(facts_of_fare()), "fee": receipt_of(facts_of_fee())}


class Tags(HTMLParser):
    """The tags of a page, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return tags


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("kind", RECEIPTS)
def test_a_page_is_whole_has_no_script_and_asks_nobody(kind: str, language: str) -> None:
    html = page_of(leaf_of_receipt(RECEIPTS[kind], language))
    tags = parsed(html)
    assert not {"script", "link", "img", "iframe", "form", "a"} & set(tags.tags)
    assert "http" not in html.replace("khan-receipt", "")
    assert tags.tags.count("h1") == 1
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in html
    for said in ("R-000042", RECEIPTS[kind]["signature"], "XX123", "ab" * 32):
        assert said in tags.text


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_line_and_sum_stands_on_page_and_sheet(language: str) -> None:
    receipt = RECEIPTS["fare"]
    leaf = leaf_of_receipt(receipt, language)
    html = parsed(page_of(leaf)).text
    pages = PdfReader(BytesIO(sheet_of(leaf))).pages
    paper = "".join("".join(one.extract_text() for one in pages).split())
    amounts = [line["amount_minor"] for line in receipt["fare"]["lines"] if line["amount_minor"]]
    amounts += [*receipt["fare"]["shares"].values(), *receipt["sums"].values()]
    for minor in amounts:
        said = words.say_money(abs(minor), "USD", language)
        assert said in html
        assert said.split("\N{NO-BREAK SPACE}")[0] in paper
    assert receipt["digest"] in paper


def test_what_people_write_is_shown_and_never_run() -> None:
    leaf = replace(leaf_of_receipt(RECEIPTS["fare"], "en"), title="<script>alert(1)</script>")
    html = page_of(leaf)
    assert "<script" not in html
    assert "A tariff for &lt;everybody&gt;" in html


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    html = page_of(leaf_of_receipt(RECEIPTS["fare"], "en"))
    assert re.findall(r"<style>(.*?)</style>", html, re.DOTALL) == [page.STYLE]
    assert page.POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert "style=" not in html


def test_the_same_receipt_gives_the_same_sheet() -> None:
    leaf = leaf_of_receipt(RECEIPTS["fee"], "es")
    assert sheet_of(leaf) == sheet_of(leaf)


def test_an_unsigned_receipt_says_so_in_every_language() -> None:
    unsigned = receipt_of(facts_of_fee(), signer=None)
    for language in words.LANGUAGES:
        assert words.say("unsigned", language) in page_of(leaf_of_receipt(unsigned, language))


@pytest.mark.parametrize(
    ("accepted", "form"),
    [("", JSON), ("*/*", JSON), ("text/html,application/xhtml+xml,*/*;q=0.8", HTML), ("application/pdf", PDF),
     ("application/json;q=0.1, application/pdf;q=0.2", PDF), ("image/png", JSON), ("text/*", HTML),
     ("text/html;q=0, */*", JSON), ("application/*;q=0.5, text/html;q=x", JSON)],
)  # fmt: skip
def test_the_form_is_the_one_liked_best(accepted: str, form: str) -> None:
    assert choose_form(accepted) == form


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("ca-ES,es;q=0.8", "ca"), ("de, es;q=0.3, ar;q=0.4", "ar"), ("es;q=0", "en"), ("es;q=x", "en")],
)  # fmt: skip
def test_the_language_is_the_one_liked_best(accepted: str, language: str) -> None:
    assert words.choose_language(accepted) == language


def test_a_stranger_checks_a_receipt_by_the_lines_of_the_reference_page(tmp_path: Path) -> None:
    (lines,) = re.findall(
        r"```python\n(.*?)```", (REFERENCE / "receipt.md").read_text("utf-8"), re.DOTALL
    )
    assert len(lines.strip().splitlines()) <= 25

    def checked(receipt: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "receipt.json").write_bytes(orjson.dumps(receipt))
        return subprocess.run(
            [sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    (tmp_path / "keys.json").write_bytes(orjson.dumps({"keys": [key.as_json() for key in KEYS]}))
    for receipt in RECEIPTS.values():
        assert checked(receipt).stdout.startswith("R-000042 is signed by")
    assert checked(RECEIPTS["fare"] | {"number": "R-000043"}).returncode == 1
