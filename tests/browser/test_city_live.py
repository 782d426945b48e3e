"""What somebody who opens the city live page can count on."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, WebSocketRoute, expect

from public_api.live_frames import CarState, encode_cars
from tests.browser.conftest import CARS, NO_WEBGL, PATIENCE_MS, Watched
from tests.browser.stand_in import HEADERS, StandIn

pytestmark = pytest.mark.browser
LIVE = "**/public/v1/live"
Watch = Callable[..., Watched]
NOW = datetime(2014, 12, 22, 1, 0, tzinfo=UTC)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def one_car(lon: float, lat: float, *, heading: float, state: int = 0, car: int = 7) -> bytes:
    return encode_cars(
        NOW,
        10.0,
        cars=np.array([car], dtype=np.uint32),
        lonlat=np.array([[lon, lat]]),
        headings=np.array([heading]),
        states=np.array([state], dtype=np.uint8),
    )


def keep_in(sockets: list[WebSocketRoute]) -> Callable[[WebSocketRoute], None]:
    """Play the service on the page's socket. A function: the driver writes an attribute to it."""

    def keep(socket: WebSocketRoute) -> None:
        sockets.append(socket)

    return keep


def until(page: Page, condition: str, given: object = None) -> None:
    """Wait, in the page, until a condition over `cityLive` and what is given holds."""
    page.evaluate(
        f"""async (given) => {{
          const holds = ({{ page, motion }}) => {condition};
          const start = performance.now();
          while (!holds(window.cityLive)) {{
            if (performance.now() - start > {PATIENCE_MS}) throw new Error('not so in time');
            await new Promise((done) => setTimeout(done, 10));
          }}
        }}""",
        given,
    )


def shown(page: Page, car: int = 7) -> tuple[float, float]:
    """Longitude and latitude where a car is drawn at this moment."""
    x, y = page.evaluate(
        """(car) => {
          const { motion, placeOn } = window.cityLive;
          const { x, y } = placeOn(motion.movers.get(car).leg, performance.now());
          return [x, y];
        }""",
        car,
    )
    return (x - 0.5) * 360, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))


def test_the_page_speaks_to_no_other_host_and_keeps_its_strict_policy(
    watch: Watch, address: str, stand_in: StandIn
) -> None:
    watched = watch()
    answer = watched.page.goto(f"{address}/live/")
    watched.wait_for_cars()
    expect(watched.page.locator("#status")).to_have_attribute("data-state", "open")
    watched.page.locator(".fleet").wait_for()
    watched.page.wait_for_load_state("networkidle")

    assert answer is not None
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    elsewhere = [r.url for r in watched.requests if not r.url.startswith((address, "data:"))]
    assert elsewhere == []
    assert any("/tiles/" in request.url for request in watched.requests)
    assert watched.page.evaluate("window.violations") == []
    assert watched.complaints == []
    # Everything on the map is in words too.
    expect(watched.page.locator("#summary")).to_contain_text(f"{CARS} drivers are on shift")
    expect(watched.page.locator("#demonstration")).to_have_text("Demonstration ×10")
    expect(watched.page.locator("#queue-rows tr")).not_to_have_count(0)
    expect(watched.page.locator("#attribution")).to_contain_text("OpenStreetMap")
    expect(watched.page.locator("#documentation a").first).to_have_attribute("href", "/docs/rider")


def test_cars_glide_from_frame_to_frame_and_turn_at_the_corner(watch: Watch, address: str) -> None:
    sockets: list[WebSocketRoute] = []
    watched = watch(lambda page: page.route_web_socket(LIVE, keep_in(sockets)))
    page = watched.page
    page.goto(f"{address}/live/")
    page.locator("html[data-map=drawn]").wait_for(state="attached", timeout=PATIENCE_MS)
    start, end = (2.16, 41.385), (2.1612, 41.3859)
    sockets[0].send(one_car(*start, heading=0))
    page.evaluate("new Promise((done) => setTimeout(done, 600))")
    sockets[0].send(one_car(*end, heading=90))
    # In the page, so that no traffic between test and page blurs the times.
    path = page.evaluate(
        """async () => {
          const { motion, placeOn } = window.cityLive;
          while (motion.movers.get(7).leg.lasts === 1) await new Promise((done) => setTimeout(done, 5));
          const { leg } = motion.movers.get(7);
          return [0, 0.25, 0.5, 0.75, 1, 2].map((part) => {
            const { x, y, heading } = placeOn(leg, leg.start + part * leg.lasts);
            return [x, y, heading];
          });
        }"""
    )
    lons = [(x - 0.5) * 360 for x, _, _ in path]
    lats = [math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y)))) for _, y, _ in path]
    assert (lons[0], lats[0]) == pytest.approx(start, abs=1e-6)
    assert (lons[4], lats[4]) == pytest.approx(end, abs=1e-6)
    assert (lons[5], lats[5]) == pytest.approx(end, abs=1e-6)
    # North first, then east: at a quarter it is on the old street, at three on the new one.
    assert lons[1] == pytest.approx(start[0], abs=1e-6)
    assert start[1] < lats[1] < end[1]
    assert lats[3] == pytest.approx(end[1], abs=1e-6)
    assert start[0] < lons[3] < end[0]
    assert [round(math.degrees(heading)) for _, _, heading in path][0::4] == [0, 90]
    assert watched.complaints == []


def test_what_is_drawn_changes_between_two_frames_of_cars(watch: Watch, address: str) -> None:
    sockets: list[WebSocketRoute] = []
    watched = watch(lambda page: page.route_web_socket(LIVE, keep_in(sockets)))
    page = watched.page
    page.goto(f"{address}/live/#16/41.385/2.16")
    page.locator("html[data-map=drawn]").wait_for(state="attached", timeout=PATIENCE_MS)
    sockets[0].send(one_car(2.1590, 41.385, heading=90, state=CarState.ON_TRIP))
    page.evaluate("new Promise((done) => setTimeout(done, 900))")
    sockets[0].send(one_car(2.1615, 41.385, heading=90, state=CarState.ON_TRIP))
    first, later = page.evaluate(
        """async () => {
          const { page, motion } = window.cityLive;
          while (motion.movers.get(7).leg.lasts === 1) await new Promise((done) => setTimeout(done, 5));
          const picture = () => new Promise((done) => requestAnimationFrame(() => done(page.map.fleet.canvas.toDataURL())));
          const first = await picture();
          await new Promise((done) => setTimeout(done, 350));
          return [first, await picture()];
        }"""
    )
    empty = page.evaluate(
        """() => {
          const { canvas } = window.cityLive.page.map.fleet;
          const blank = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
          return blank.toDataURL();
        }"""
    )
    assert first != empty
    assert later != empty
    assert first != later


def test_whoever_wants_less_motion_sees_cars_in_their_new_place_at_once(
    watch: Watch, address: str
) -> None:
    sockets: list[WebSocketRoute] = []
    watched = watch(
        lambda page: page.route_web_socket(LIVE, keep_in(sockets)),
        reduced_motion="reduce",
    )
    page = watched.page
    page.goto(f"{address}/live/")
    page.locator("html[data-map=drawn]").wait_for(state="attached", timeout=PATIENCE_MS)
    sockets[0].send(one_car(2.16, 41.385, heading=0))
    sockets[0].send(one_car(2.162, 41.385, heading=0))
    until(page, "motion.movers.get(7)?.lon === 2.162")
    assert shown(page) == pytest.approx((2.162, 41.385), abs=1e-6)
    assert page.evaluate("window.cityLive.page.map.fleet.counts.trails") == 0


def test_frames_that_are_none_are_passed_over(watch: Watch, address: str) -> None:
    sockets: list[WebSocketRoute] = []
    watched = watch(lambda page: page.route_web_socket(LIVE, keep_in(sockets)))
    page = watched.page
    page.goto(f"{address}/live/")
    page.locator("html[data-map]").wait_for(state="attached", timeout=PATIENCE_MS)
    good = one_car(2.16, 41.385, heading=0)
    lost = bytearray(one_car(2.16, 41.385, heading=0, car=8))
    lost[24:28] = (2_000_000_000).to_bytes(4, "little", signed=True)  # longitude 2000
    sockets[0].send(good)
    until(page, "motion.movers.size === 1")
    for frame in (b"", b"KHN1", good[:-1], b"KHN2" + good[4:], '{"type":"news"}'):
        sockets[0].send(frame)
    # The only whole frame of these has a car that is nowhere on earth, and no other.
    sockets[0].send(bytes(lost))
    until(page, "motion.movers.size === 0")
    sockets[0].send(good)
    until(page, "motion.movers.has(7)")
    assert watched.complaints == []


def test_a_lost_connection_is_said_and_comes_back_by_itself(
    watch: Watch, address: str, stand_in: StandIn
) -> None:
    watched = watch(lambda page: page.add_init_script(NO_WEBGL))
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    status = page.locator("#status")
    try:
        stand_in.is_down = True
        expect(status).to_have_attribute("data-state", "lost")
        expect(status).to_contain_text("Reconnecting")
        expect(status).to_contain_text(re.compile(r"as of \d\d:\d\d, [1-9]\d* secs? ago"))
        # What was known stays on the page.
        expect(page.locator("#on_shift")).to_have_text(str(CARS))
    finally:
        stand_in.is_down = False
    expect(status).to_have_attribute("data-state", "open")
    expect(status).to_have_text("Live")


def test_news_that_stop_coming_tell_their_age(
    watch: Watch, address: str, stand_in: StandIn
) -> None:
    watched = watch(lambda page: page.add_init_script(NO_WEBGL))
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    try:
        stand_in.is_silent = True
        expect(page.locator("#status")).to_have_attribute("data-state", "stale")
        expect(page.locator("#status")).to_contain_text("ago")
        clock = page.locator("#clock").text_content()
        page.wait_for_timeout(1100)
        assert page.locator("#clock").text_content() == clock
    finally:
        stand_in.is_silent = False
    expect(page.locator("#status")).to_have_attribute("data-state", "open")


def test_without_webgl_the_figures_and_queues_go_on(watch: Watch, address: str) -> None:
    watched = watch(lambda page: page.add_init_script(NO_WEBGL))
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    expect(page.locator("#map-missing")).to_be_visible()
    expect(page.locator("#tools")).to_be_hidden()
    expect(page.locator("#queue-rows span.zone")).not_to_have_count(0)
    assert page.locator("#queue-rows button").count() == 0
    assert watched.complaints == []


@pytest.mark.parametrize(
    ("theme", "language", "width", "script"),
    [("night", "en", 1040, ""), ("day", "ar", 1280, NO_WEBGL), ("day", "es", 390, NO_WEBGL)],
)
def test_axe_finds_nothing(
    watch: Watch, address: str, *, theme: str, language: str, width: int, script: str
) -> None:
    watched = watch(
        lambda page: page.add_init_script(script),
        viewport={"width": width, "height": 640},
        reduced_motion="reduce",  # axe need not wait for the drawing of cars
        bypass_csp=True,
    )
    page = watched.page
    page.goto(f"{address}/live/?theme={theme}&lang={language}")
    watched.wait_for_cars()
    page.locator(".rule summary").first.click()
    found = Axe().run(page, options=AXE)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("language", ["en", "es", "ca", "ar"])
def test_a_screen_of_320_pixels_is_wide_enough(watch: Watch, address: str, language: str) -> None:
    watched = watch(
        lambda page: page.add_init_script(NO_WEBGL), viewport={"width": 320, "height": 640}
    )
    page = watched.page
    page.goto(f"{address}/live/?lang={language}")
    watched.wait_for_cars()
    expect(page.locator(".rule summary")).to_have_count(3)
    for summary in page.locator(".rule summary").all():
        summary.click()
    wide, tall = page.evaluate(
        "[document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]"
    )
    assert wide == 320
    assert tall > 640
    cut = page.evaluate(
        """[...document.querySelectorAll('.card *')].filter((e) => {
          const box = e.getBoundingClientRect();
          return box.width > 1 && (box.left < 0 || box.right > 320);
        }).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert cut == []
    small = page.evaluate(
        """[...document.querySelectorAll('button, select, summary, a:not(.skip), label:has(input)')].filter((e) => {
          const box = e.getBoundingClientRect();
          return box.width > 0 && (box.height < 24 || box.width < 24);
        }).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_a_queue_is_shown_on_the_map_by_keyboard(watch: Watch, address: str) -> None:
    watched = watch(viewport={"width": 1040, "height": 480}, reduced_motion="reduce")
    page = watched.page
    page.goto(f"{address}/live/")
    watched.wait_for_cars()
    button = page.locator("#queue-rows button").first
    button.wait_for()
    before = page.evaluate("window.cityLive.page.map.map.getZoom()")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#queue-rows tr[data-chosen]")).to_have_count(1)
    until(page, "page.map.map.getZoom() > given + 0.1", before)
    page.locator("#whole-city").click()
    until(page, "Math.abs(page.map.map.getZoom() - given) < 0.01", before)
    assert watched.complaints == []
