"""A person at a browser without JavaScript, over real HTTP: opens addresses, follows links by their words, fills in
fields by their labels, presses buttons by their labels, and remembers every byte that came back.

    sato = Person(world.people["sato"], world.url)
    sato.sign_in()
    sato.follow("新しい申請を始める")
    sato.press("下書きを作る", {"管理名称": "計測ソフト配布用", "用途": "…"})
"""

import re
import secrets
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import html5lib

REDIRECTS = (301, 302, 303)
PATIENCE_SECONDS = 60


class NotAsTold(Exception):
    """The pages did not do what the story tells; the message is for whoever mends it."""


@dataclass(frozen=True)
class File:
    """A file to choose in a form."""

    name: str
    data: bytes


@dataclass
class Tally:
    """What one person had to do."""

    fields: int = 0  # typed
    choices: int = 0  # options, ticks and files chosen
    buttons: int = 0
    links: int = 0
    pins: int = 0


class Page:
    """One answer. `tree` is None where it is no HTML."""

    def __init__(self, url, status, headers, data):
        self.url, self.status, self.headers, self.data = url, status, headers, data
        is_html = headers.get_content_type() == "text/html"
        self.tree = html5lib.parse(data, namespaceHTMLElements=False, transport_encoding="utf-8") if is_html else None

    @property
    def text(self):
        return _words(self.tree.find("body"))

    @property
    def heading(self):
        return _words(self.tree.find(".//h1"))

    def alerts(self):
        """What the page says in its banners, for a failure's message."""
        banners = [element for element in self.tree.iter("div") if "banner" in (element.get("class") or "").split()]
        return " / ".join(map(_words, banners))

    def link(self, label):
        """The address behind a link, by its words as seen or read aloud."""
        for element in self.tree.iter("a"):
            if label == _words(element):
                return urljoin(self.url, element.get("href"))
        raise NotAsTold(f"「{self.heading}」に、リンク「{label}」がありません。{self.alerts()}")

    def links(self):
        """The words of every link."""
        return [_words(element) for element in self.tree.iter("a")]

    def code(self, label):
        """The text of a command to copy, by its caption."""
        for figure in self.tree.iter("figure"):
            if _words(figure.find("figcaption")) == label:
                return "".join(figure.find(".//code").itertext())
        raise NotAsTold(f"「{self.heading}」に、「{label}」がありません。")

    def fact(self, term):
        """What stands beside a term in the description lists."""
        for row in self.tree.iter("div"):
            if row.find("dt") is not None and _words(row.find("dt")) == term:
                return _words(row.find("dd"))
        raise NotAsTold(f"「{self.heading}」に、項目「{term}」がありません。")

    def file(self):
        """The answer as a browser saves it, under the name that it was given."""
        named = re.search(r"filename\*=UTF-8''([^;\s]+)", self.headers.get("Content-Disposition", ""))
        return File(unquote(named[1]) if named else self.headers.get_filename() or "", self.data)

    def boxes(self, label):
        """The labels of the boxes to tick in the form of a button."""
        form, _ = self.button(label)
        boxes = [element.get("id") for element in form.iter("input") if element.get("type") == "checkbox"]
        return [_label(element) for element in form.iter("label") if element.get("for") in boxes]

    def button(self, label):
        """(form, button) of the only button with these words."""
        found = [
            (form, button)
            for form in self.tree.iter("form")
            for button in form.iter("button")
            if _words(button) == label
        ]
        if len(found) != 1:
            raise NotAsTold(f"「{self.heading}」に、ボタン「{label}」が{len(found)}個あります。{self.alerts()}")
        return found[0]


@dataclass
class Person:
    """`someone` has key, name, role and mail; `seen` collects (address, bytes) of every answer."""

    someone: object
    url: str
    tally: Tally = field(default_factory=Tally)
    seen: list = field(default_factory=list)
    page: Page = None
    cookies: dict = field(default_factory=dict)

    def sign_in(self):
        """As this person, by the demo's one click."""
        self.cookies.clear()
        self.open("/")
        self.press(f"{self.someone.name}として始める")
        return self

    def open(self, address):
        """Type an address, or open a bookmark."""
        return self._arrive("GET", urljoin(self.page.url if self.page else self.url, address))

    def follow(self, label):
        """Follow a link of this page."""
        self.tally.links += 1
        return self._arrive("GET", self.page.link(label))

    def save(self, label):
        """Save what is behind a link of this page; the page stays open. Returns a File."""
        self.tally.links += 1
        found = self._ask("GET", self.page.link(label))
        if found.status != 200:
            raise NotAsTold(f"「{label}」を保存できません({found.status})。")
        return found.file()

    def press(self, label, filled=None, status=200):
        """Press a button after filling in its form: {label: text, option's words, True for a tick, or a File}. Returns
        the page that followed, or the File that the answer was. `status` 422: the story tells that it is refused."""
        form, button = self.page.button(label)
        sent = _Form(form, self.tally).filled(filled or {})
        if button.get("name"):
            sent.append((button.get("name"), button.get("value", "")))
        self.tally.buttons += 1
        method = form.get("method", "get").upper()
        target = urljoin(self.page.url, button.get("formaction") or form.get("action"))
        if method == "GET":
            return self._arrive("GET", f"{target.partition('?')[0]}?{urlencode(sent)}")
        body, kind = _encoded(sent, form.get("enctype", ""))
        return self._arrive("POST", target, body, {"Content-Type": kind}, status)

    def wait(self, is_so, what):
        """Look at the page again until `is_so(page)`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_so(self.page):
            if time.monotonic() > end:
                raise NotAsTold(f"{what}を待ちましたが、{PATIENCE_SECONDS}秒たっても終わりません。{self.page.alerts()}")
            time.sleep(0.15)
            self._arrive("GET", self.page.url)
        return self.page

    def _arrive(self, method, address, body=None, headers=None, status=200):
        found = self._ask(method, address, body, headers)
        while found.status in REDIRECTS:
            found = self._ask("GET", urljoin(found.url, found.headers["Location"]))
        if found.tree is None:
            if found.status != 200:
                raise NotAsTold(f"{method} {address} は {found.status} でした。")
            return found.file()  # the page stays open
        self.page = found
        if found.status != status:
            said = found.alerts() or found.text[:400]
            raise NotAsTold(f"{self.someone.name}: {method} {address} は {found.status}「{found.heading}」 {said}")
        return found

    def _ask(self, method, address, body=None, headers=None):
        parts = urlsplit(address)
        own = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        if method == "POST":
            own["Origin"] = f"{parts.scheme}://{parts.netloc}"
        connection = HTTPConnection(parts.netloc, timeout=PATIENCE_SECONDS)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target or "/", body, own | (headers or {}))
            answer = connection.getresponse()
            page = Page(address, answer.status, answer.msg, answer.read())
        finally:
            connection.close()
        self.seen.append((f"{method} {parts.path} {page.status}", page.data))
        if parts.netloc == urlsplit(self.url).netloc:
            self._take_cookies(page)
        return page

    def _take_cookies(self, page):
        for line in page.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value


class _Form:
    """A form as the browser holds it: its controls with their values, and what a person changes."""

    def __init__(self, form, tally):
        self.form, self.tally = form, tally
        self.labels = {}
        for label in form.iter("label"):
            self.labels.setdefault(_label(label), []).append(label.get("for"))
        self.controls = [element for element in form.iter() if element.tag in ("input", "select", "textarea")]
        self.values = {}  # id or name -> value, a File, or False for an open box
        self.changed = {}

    def filled(self, given):
        """The pairs to send, files as File."""
        for label, value in given.items():
            self._fill(label, value)
        return [pair for control in self.controls for pair in self._pairs(control)]

    def _fill(self, label, value):
        control = self._control(label)
        kind = control.get("type", "text") if control.tag == "input" else control.tag
        if kind in ("checkbox", "radio"):
            self.tally.choices += 1
        elif kind == "select":
            self.tally.choices += 1
            value = _option(control, value)
        elif kind == "file":
            self.tally.choices += 1
        else:
            self.tally.fields += 1
        if kind == "radio":
            for other in self.controls:
                if other.get("name") == control.get("name"):
                    self.changed[other.get("id")] = False
        self.changed[control.get("id")] = value

    def _control(self, label):
        ids = self.labels.get(label, [])
        found = [control for control in self.controls if control.get("id") in ids]
        if len(found) != 1:
            known = "、".join(self.labels)
            raise NotAsTold(f"欄「{label}」が{len(found)}個あります。この欄があります: {known}")
        return found[0]

    def _pairs(self, control):
        name, identity = control.get("name"), control.get("id")
        if not name:
            return []
        kind = control.get("type", "text") if control.tag == "input" else control.tag
        if kind in ("checkbox", "radio"):
            is_on = self.changed.get(identity, control.get("checked") is not None)
            return [(name, control.get("value", "on"))] if is_on else []
        if kind == "file":
            return [(name, self.changed.get(identity, File("", b"")))]
        return [(name, self.changed.get(identity, _value(control)))]


def _value(control):
    if control.tag == "textarea":
        return "".join(control.itertext())
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return chosen[0].get("value", "") if chosen else ""
    return control.get("value", "")


def _option(control, words):
    for option in control.iter("option"):
        if _words(option) == words:
            return option.get("value")
    raise NotAsTold(f"選択肢「{words}」がありません。")


def _label(label):
    """The words of a label without its mark 必須 or 任意."""
    marks = [element for element in label.iter("span") if element.get("class") == "mark"]
    return _words(label).removesuffix("".join(map(_words, marks))).strip()


def _words(element):
    return " ".join("".join(element.itertext()).split())


def _encoded(pairs, enctype):
    """(body, content type) of a POST."""
    if enctype != "multipart/form-data":
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    boundary = f"----story{secrets.token_hex(12)}"
    body = b""
    for name, value in pairs:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, File):
            body += f'; filename="{value.name}"\r\nContent-Type: application/octet-stream'.encode()
            value = value.data
        body += b"\r\n\r\n" + (value.encode() if isinstance(value, str) else value) + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
