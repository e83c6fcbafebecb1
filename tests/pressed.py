"""A person at the practice reader's PIN pad, who presses its keys over HTTP as a browser does.

hands = Hands(pad_service)
with hands.pressing("271828", "271828"):   # what is pressed for each question; CANCEL presses 取消
    …
"""

import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

from webapp.practice.pad.pad import CANCEL, ENTER

PATIENCE_SECONDS = 20


class Hands:
    def __init__(self, url):
        self.url, self.bodies, self.displays = url, [], []

    def see(self, **headers):
        return self._asked(None, headers)

    def press(self, key, asked, **headers):
        body = urllib.parse.urlencode({"asked": asked, "key": key}).encode()
        self.bodies.append(body)
        return self._asked(body, {"Origin": self.url, **headers})

    @contextmanager
    def pressing(self, *answers):
        """Somebody presses these, each when the pad asks; all of them are asked for before the end."""
        thread = threading.Thread(target=self._answer, args=(answers,))
        thread.start()
        yield self
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "the pad was not asked"

    def _answer(self, answers):
        for answer in answers:
            page = self.when_asked()
            asked = number(page)
            self.displays.append(page)
            if answer == CANCEL:
                self.press(CANCEL, asked)
                continue
            for key in [*answer, ENTER]:
                self.press(key, asked)

    def when_asked(self):
        """The page as soon as the pad is asked."""
        return self._when(lambda page: "disabled" not in page)

    def when_idle(self):
        """The page as soon as the pad is asked no more."""
        return self._when(lambda page: "disabled" in page)

    def _when(self, is_so):
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            page = self.see()
            if is_so(page):
                return page
            time.sleep(0.02)
        raise AssertionError(f"the pad shows {self.see()}")

    def _asked(self, body, headers):
        with urllib.request.urlopen(urllib.request.Request(self.url + "/", body, headers), timeout=10) as answer:
            return answer.read().decode()


def number(page):
    """The question that a page of the pad shows."""
    return re.search(r'name="asked" value="([0-9]+)"', page)[1]


def refused(act, *arguments, **headers):
    """The status with which the pad refuses."""
    try:
        act(*arguments, **headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    raise AssertionError("not refused")
