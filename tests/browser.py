"""People at a real Chromium: they follow links and press buttons by their words, fill in fields by their labels, and
look critically at every page they come to.

    with chromium() as browser:
        sato = Visitor(browser, world.url, "佐藤 次郎")
        sato.sign_in()
        sato.follow("新しい申請を始める")
        sato.fill("管理名称", "計測ソフト配布用")
        sato.press("下書きを作る")
"""

import re
import time
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError, sync_playwright

from tests.person import Tally

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
AXE = Axe()
AXE_OPTIONS = {"rules": {"target-size": {"enabled": True}}}  # WCAG 2.2's, which axe leaves out unless asked


@contextmanager
def chromium():
    """A headless Chromium, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody at a browser of their own. `faults` collects what no page should do; `tally` what the person did;
    `headings` the pages that were seen; `bytes` what came over the wire."""

    def __init__(self, browser, url, name, scripts=True, width=1280):
        self.url, self.name, self.scripts = url, name, scripts
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.tally, self.faults, self.headings, self.bytes = Tally(), [], [], 0
        self.looked_at = set()
        self._listen()

    def _listen(self):
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("requestfinished", self._weigh)

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"{self.page.url}: {message.text[:200]}")

    def _failed(self, request):
        if "ERR_ABORTED" not in (request.failure or ""):  # a download, or a poll overtaken by a new page
            self.faults.append(f"{request.method} {request.url}: {request.failure}")

    def _weigh(self, request):
        sizes = request.sizes()
        self.bytes += sizes["responseHeadersSize"] + sizes["responseBodySize"]

    # What a person does

    def sign_in(self):
        """As this person, by the demo's one click."""
        self.context.clear_cookies()
        self.open(self.url)
        self.press(f"{self.name}として始める")

    def open(self, address):
        """Type an address, or open a bookmark."""
        self.page.goto(address)
        self._look()

    def follow(self, words):
        self._click(self._named("link", words))
        self.tally.links += 1

    def press(self, words):
        """Press a button that leads to another page."""
        self._click(self._named("button", words))
        self.tally.buttons += 1

    def fill(self, label, text):
        self._control(label).fill(text)
        self.tally.fields += 1

    def choose(self, label, option):
        self._control(label).select_option(label=option)
        self.tally.choices += 1

    def tick(self, label, region=None):
        self._control(label, region).check()
        self.tally.choices += 1

    def hand_in(self, label, path):
        """Choose a file."""
        self._control(label).set_input_files(path)
        self.tally.choices += 1

    def save(self, words, folder):
        """Save what is behind a link; returns where it lies."""
        with self.page.expect_download() as download:
            self._named("link", words).click()
        self.tally.links += 1
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def wait_while_working(self):
        """Until the page no longer says 処理しています: with scripts it looks again by itself, without by its link."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while self.page.locator(".working").count():
            assert time.monotonic() < end, f"{self.page.url} is still working"
            self.page.wait_for_timeout(300)
            if not self.scripts:
                self.follow("表示を更新する")
                self.tally.links -= 1
        self._look()

    # How words and labels are found

    def _named(self, role, words):
        return self.page.get_by_role(role, name=words, exact=True).first

    def _control(self, label, region=None):
        """The control with this label (the mark 必須 or 任意 follows it), in the region of that heading if one is named."""
        place = self.page.get_by_role("region", name=region, exact=True) if region else self.page
        controls = place.locator("input:not([type=hidden]), select, textarea")
        return controls.and_(place.get_by_label(re.compile(rf"^{re.escape(label)}\s*(必須|任意)?$")))

    def _click(self, target):
        """Both answers to a click lead to a new page: a redirect after POST, or htmx's HX-Redirect."""
        try:
            with self.page.expect_navigation(wait_until="load"):
                target.click()
        except TimeoutError as error:
            said = " / ".join(self.page.locator(".banner").all_inner_texts())
            raise AssertionError(f"{self.name} stays on {self.page.url}: {said or self.page.title()}") from error
        self._look()

    # What is looked at on every page

    def _look(self):
        self.page.wait_for_load_state("load")
        heading = self.page.get_by_role("heading", level=1)
        assert heading.count() == 1, f"{self.page.url} has {heading.count()} h1"
        words = heading.inner_text().strip()
        assert words and self.page.title().startswith(words), f"title {self.page.title()!r}, h1 {words!r}"
        place = (words, re.sub(r"\d+", "", self.page.url))
        is_new = place not in self.looked_at
        self.looked_at.add(place)
        self.headings.append(words)
        if self._is_wide():
            self.faults.append(f"{self.page.url} 「{words}」 scrolls sideways")
        if self.scripts and is_new:
            self._ask_axe(words)

    def _is_wide(self):
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def _ask_axe(self, heading):
        """axe-core leaves empty style attributes behind, which htmx would copy and the CSP would refuse."""
        for found in AXE.run(self.page, options=AXE_OPTIONS).response["violations"]:
            where = [node["target"] for node in found["nodes"]][:3]
            self.faults.append(f"{self.page.url} 「{heading}」: {found['id']} ({found['impact']}) {where}")
        self.page.evaluate("document.querySelectorAll('[style]').forEach(one => one.removeAttribute('style'))")
