"""A test client that reads every page it fetches, and so teaches the whole application how a page must be."""

import re

import html5lib
from flask.testing import FlaskClient

CONTROLS = (".//input", ".//select", ".//textarea")


class Page:
    """One answer, read: its status, its text, and its elements by a few words."""

    def __init__(self, response):
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.html = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        self.data = response.get_data()
        self.tree = _parsed(self.html, response.mimetype == "text/html" and "<html" in self.html) if self.html else None

    @property
    def text(self):
        """What a person reads, blanks folded."""
        return " ".join("".join(self.tree.find("body").itertext()).split())

    @property
    def heading(self):
        return "".join(self.tree.find(".//h1").itertext()).strip()

    def buttons(self):
        return ["".join(b.itertext()).strip() for b in self.tree.iter("button")]

    def links(self):
        return {"".join(a.itertext()).strip(): a.get("href") for a in self.tree.iter("a")}

    def form(self, action_end):
        """The values a browser would send with the form whose action ends so."""
        form = next(f for f in self.tree.iter("form") if f.get("action", "").endswith(action_end))
        return _values(form)


class ReadingClient(FlaskClient):
    """Follows redirects after a POST as a browser would; `look` checks each HTML page."""

    def see(self, url, **arguments):
        return self._look(self.get(url, follow_redirects=True, **arguments))

    def press(self, url, data=None, htmx=False, follow=True, **arguments):
        """POST as a form of our own page would: with Origin."""
        headers = {"Origin": "http://localhost"} | ({"HX-Request": "true"} if htmx else {})
        response = self.post(url, data=data or {}, headers=headers, follow_redirects=follow, **arguments)
        return self._look(response, whole=not htmx)

    def sign_in_as(self, person):
        self.delete_cookie("shirushi")
        page = self.press("/session/practice", {"person": person.id})
        assert page.status == 200, page.text
        return self

    def _look(self, response, whole=True):
        page = Page(response)
        if page.html and whole:
            look(page)
        return page


def look(page):
    """What every page must be; the failure says what to mend."""
    tree = page.tree
    assert tree.find(".").get("lang") == "ja", "<html lang=ja> is missing"
    headings = list(tree.iter("h1"))
    assert len(headings) == 1, f"a page has one h1, this has {len(headings)}"
    title = "".join(tree.find(".//title").itertext())
    assert title.startswith(page.heading), f"the title {title!r} does not begin with the heading {page.heading!r}"
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    twice = {i for i in ids if ids.count(i) > 1}
    assert not twice, f"these ids stand twice: {twice}"
    assert not [e for e in tree.iter() if e.get("style")], "no inline style"
    assert not [s for s in tree.iter("script") if not s.get("src")], "no inline script"
    assert not [e for e in tree.iter() for a in e.attrib if isinstance(a, str) and a.startswith("on")], (
        "no inline handler"
    )
    for form in tree.iter("form"):
        assert form.get("action") and form.get("method"), "a form has an action and a method"
    labelled = {label.get("for") for label in tree.iter("label")}
    for path in CONTROLS:
        for control in tree.iterfind(path):
            if control.get("type") != "hidden":
                assert control.get("id") in labelled, f"the control {control.get('name')!r} has no label"
    for image in tree.iter("img"):
        assert image.get("alt") is not None, f"the image {image.get('src')} has no alt"
    assert "None" not in re.sub(r"[A-Za-z]None|None[A-Za-z]", "", page.text), "a None was printed"
    primary = [b for b in tree.iter() if b.get("data-kind") == "primary" and "button" in (b.get("class") or "")]
    next_step = [b for b in _within(tree, "next-step") if b.get("data-kind") == "primary"]
    assert len(next_step) <= 1 or len(primary) == len(next_step), "one primary button in 次の操作"


def _within(tree, element_id):
    found = next((e for e in tree.iter() if e.get("id") == element_id), None)
    return list(found.iter()) if found is not None else []


def _parsed(html, is_whole):
    return html5lib.HTMLParser(strict=is_whole, namespaceHTMLElements=False).parse(html)


def _values(form):
    values = {}
    for control in form.iter():
        name = control.get("name")
        if not name:
            continue
        if control.tag == "textarea":
            values[name] = "".join(control.itertext())
        elif control.tag == "select":
            chosen = [o for o in control.iter("option") if o.get("selected") is not None] or list(
                control.iter("option")
            )[:1]
            values[name] = chosen[0].get("value", "") if chosen else ""
        elif control.tag == "input" and control.get("type") not in ("file", "submit"):
            if control.get("type") not in ("checkbox", "radio") or control.get("checked") is not None:
                values[name] = control.get("value", "")
    return values
