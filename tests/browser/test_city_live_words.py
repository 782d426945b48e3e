"""What the city live page says, and in which language and direction."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NO_WEBGL, Watched

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]


def test_arabic_is_written_from_the_right(watch: Watch, address: str) -> None:
    watched = watch(
        lambda page: page.add_init_script(NO_WEBGL),
        viewport={"width": 1280, "height": 800},
        locale="ar-EG",
    )
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
        "ar",
        "rtl",
    ]
    expect(page.locator("#queues")).to_be_visible()
    masthead, queues = (
        page.locator(".masthead").bounding_box(),
        page.locator("#queues").bounding_box(),
    )
    assert masthead is not None
    assert queues is not None
    assert masthead["x"] > 640 > queues["x"]
    expect(page.locator("#on-shift-label")).to_have_text("السائقون في المناوبة")


def test_language_and_theme_are_chosen_and_remembered(watch: Watch, address: str) -> None:
    watched = watch(lambda page: page.add_init_script(NO_WEBGL), color_scheme="dark")
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "night")
    page.get_by_label("Day", exact=True).check()
    expect(root).to_have_attribute("data-theme", "day")
    page.get_by_label("Language").select_option("ca")
    expect(page.locator("#on-shift-label")).to_have_text("Conductors de torn")
    page.reload()
    watched.wait_for_cars()
    expect(root).to_have_attribute("data-theme", "day")
    expect(root).to_have_attribute("lang", "ca")


def test_the_rules_in_force_are_told_in_words(watch: Watch, address: str) -> None:
    watched = watch(lambda page: page.add_init_script(NO_WEBGL))
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    expect(page.locator(".rule")).to_have_count(3)
    told = [
        " | ".join(rule.locator("li").all_text_contents()) for rule in page.locator(".rule").all()
    ]
    assert len(told) == 3
    tariff, floor, matching = told
    assert "A trip starts at $3.00." in tariff
    assert "$1.90 for every mile of the way." in tariff
    assert "$0.50 for every minute of driving." in tariff
    assert "Prices never follow supply and demand." in tariff
    assert "80% of each fare goes to the driver, 15% to the co-operative, 5% to the city." in tariff
    assert "A driver earns at least $1.36 a mile and $0.58 a minute." in floor
    assert "Every second, waiting riders and free cars are paired, all together." in matching
    assert all(rule.endswith("From the founding charter.") for rule in told)


def test_every_language_says_the_same_things(watch: Watch, address: str) -> None:
    page = watch().page
    page.goto(f"{address}/live/messages.mjs")
    messages = page.evaluate("import('/live/messages.mjs').then(({ MESSAGES }) => MESSAGES)")
    places: dict[str, dict[str, set[str]]] = {}
    for language, said in messages.items():
        for key, message in said.items():
            forms = message.values() if isinstance(message, dict) else [message]
            named = {place for form in forms for place in re.findall(r"\{(\w+)\}", form)}
            places.setdefault(key, {})[language] = named
    for key, by_language in places.items():
        assert set(by_language) == {"en", "es", "ca", "ar"}, key
        # Arabic says "one driver" without a figure, so `count` may be left out of some forms only.
        assert len({frozenset(named) for named in by_language.values()}) == 1, (key, by_language)
