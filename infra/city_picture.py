"""Take the README's picture: `python infra/city_picture.py URL FILE.png [--night] [--at ZOOM/LAT/LON/TURN]`.

URL is a running city live page (`khan demo` prints it). Waits until cars have moved for a while.
"""

import argparse
from typing import Literal

from playwright.sync_api import sync_playwright

MOVED_MS = 15_000


def main() -> None:
    """Open the page in Debian's Chromium, wait, and keep what is seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("file")
    parser.add_argument("--night", action="store_true")
    parser.add_argument("--at", default="", help="where to look; the whole city otherwise")
    parser.add_argument("--size", default="1440x900")
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    look: Literal["dark", "light"] = "dark" if options.night else "light"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=look, locale="en-US"
        )
        page.goto(options.url + (f"#{options.at}" if options.at else ""))
        page.locator("html[data-map=drawn]").wait_for(state="attached", timeout=60_000)
        page.wait_for_timeout(MOVED_MS)
        page.screenshot(path=options.file, timeout=180_000)
        browser.close()


if __name__ == "__main__":
    main()
