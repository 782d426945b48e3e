"""A browser, a stand-in service in a made-up town, and pages that report what goes wrong in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from clients import install
from tests.browser.stand_in import StandIn, running
from tests.browser.town import grid_town
from tests.browser.traffic import Traffic
from tests.machine import absent

CHROMIUM = Path("/usr/bin/chromium")
CARS = 40
# Patience, not pace: a machine that is busy with other tests draws a map slowly.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
NO_WEBGL = """
const before = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return /webgl/.test(kind) ? null : before.call(this, kind, ...rest);
};
"""
REPORT_VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));
"""


@dataclass
class Watched:
    """A page, and everything it asked for or complained of."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """Keep what the page asked for."""
        self.requests.append(request)

    def wait_for_cars(self) -> None:
        """Return when the map is drawn (or found missing) and figures are there."""
        self.page.locator("html[data-map]").wait_for(state="attached", timeout=PATIENCE_MS)
        self.page.locator("#on_shift").filter(has_text=str(CARS)).wait_for(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one for all tests of a module.

    Not for the whole session: while it is there an event loop counts as running, and every
    asynchronous test that comes after it in the same process would be refused.
    """
    if not CHROMIUM.is_file():
        absent("no /usr/bin/chromium: run infra/install_chromium.sh")
    if not install.is_current(install.VENDOR, install.CLIENTS):
        absent("the browser libraries are missing or old: run clients/install.py")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def stand_in() -> StandIn:
    """The service's stand-in, with forty cars in a town of square blocks."""
    town = grid_town()
    return StandIn(town=town, traffic=Traffic(town, cars=CARS))


@pytest.fixture(scope="session")
def address(stand_in: StandIn) -> Iterator[str]:
    """Where the stand-in answers."""
    with running(stand_in) as found:
        yield found


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open pages in contexts of their own; closed after the test."""
    contexts = []

    def open_page(prepare: Callable[[Page], Any] | None = None, **options: Any) -> Watched:
        context = browser.new_context(
            **{"viewport": {"width": 720, "height": 480}, "locale": "en-GB", **options}
        )
        contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
        page = context.new_page()
        watched = Watched(page)
        page.on("request", watched.note)
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                watched.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        if prepare is not None:
            prepare(page)
        return watched

    yield open_page
    for context in contexts:
        context.close()
