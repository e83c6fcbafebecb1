"""新規発行 from nothing to 利用中 in a real Chromium, over real HTTP, SMTP, LibreOffice and SoftHSM: with scripts,
without them, and the applicant's part on a phone. Prints how much each role had to do."""

import time

import pytest

from tests.browser import Visitor, chromium
from tests.browser_story import Story, apply, dispatch, examine, issue, seal, take_into_use
from tests.world import World

pytestmark = pytest.mark.slow

FIRST_VISIT_BYTES = 150_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("browser") / "world", automatic=False) as world:
        yield world


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def story(world, browser, tmp_path, request, capsys):
    story = Story(world, browser, tmp_path, **getattr(request, "param", {}))
    story.aloud = capsys.disabled
    return story


def tell(story, title):
    began = time.monotonic()
    apply(story, title)
    examine(story, title)
    seal(story)
    dispatch(story, title)
    take_into_use(story, issue(story))
    story.end(began)


def test_the_first_visit_weighs_less_than_150_kilobytes(world, browser, capsys):
    visitor = Visitor(browser, world.url, "佐藤 次郎", scripts=True)
    visitor.page.goto(world.url)
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.wait_for_timeout(1000)  # the sizes of the last answers are told after them
    with capsys.disabled():
        print(f"\n最初の1ページ: {visitor.bytes:,}バイト")
    assert 20_000 < visitor.bytes < FIRST_VISIT_BYTES


def test_the_whole_procedure_in_a_browser(story):
    tell(story, "計測ソフト配布用")


@pytest.mark.parametrize("story", [{"scripts": False}], indirect=True, ids=["without_javascript"])
def test_the_whole_procedure_in_a_browser_without_javascript(story):
    tell(story, "講義用教材の配布")


@pytest.mark.parametrize("story", [{"width": 390}], indirect=True, ids=["390px"])
def test_an_application_is_made_and_examined_on_a_phone(story):
    began = time.monotonic()
    apply(story, "出先での申請")
    examine(story, "出先での申請")
    for address in ("/", "/applications", "/certificates", "/help", "/help/procedure"):
        story.suzuki.open(story.world.url + address)
    story.desk.open(story.world.practice_url + "/mail")
    story.end(began)
