"""届いた申請 in a real Chromium, with and without scripts, at a desk and on a phone: an officer drops the mail, reads what differs,
presses once, and goes on to examine what came of it. Every page is judged by axe."""

import pytest

from tests import ca
from tests.arriving import encoded, form, mail, request
from tests.browser_story import button, text
from tests.cases import again
from webapp.register import Arrival

pytestmark = pytest.mark.slow
PHONE = 390
TITLE = "メールで届いた証明書"


@pytest.fixture
def brought(case, tmp_path):
    """brought(…): the path of a mail with a filled form and a CSR."""

    def bring(csr=None, **changes):
        path = tmp_path / "申請.eml"
        path.write_bytes(mail(("発行申請書.xlsx", form(case, **changes)), ("佐藤.csr", encoded(csr or request()))))
        return path

    return bring


def drop(visitor, path):
    visitor.follow("メールで届いた申請を登録する")
    visitor.hand_in("届いたメール、または申請書とCSR", path)
    visitor.press("読み取る")


@pytest.mark.parametrize(
    ("scripts", "width"), [(True, 1280), (False, 1280), (True, PHONE)], ids=["", "no_scripts", "390px"]
)
def test_a_mail_is_dropped_compared_registered_and_examined(case, visitor, brought, scripts, width):
    path = brought(subscriber_name="佐藤次郎", postal_code="1000001")
    suzuki = visitor(scripts=scripts, width=width)
    drop(suzuki, path)
    assert "空白だけが異なります" in text(suzuki) and "ハイフンの有無が異なります" in text(suzuki)
    suzuki.fill("管理名称", TITLE)
    suzuki.press("この内容で申請を作る")
    made = Arrival.get().application
    assert made.stage == "submitted" and "代理登録" in text(suzuki)
    case.make(made)
    suzuki.open(suzuki.url)
    suzuki.follow(TITLE)
    suzuki.follow("審査する")
    for aspect, result in (("本人性", "確認できた"), ("実在性", "確認できた(常勤の教職員)")):
        suzuki.tick(result, aspect)
        suzuki.press(f"{aspect}の確認結果を記録する")
    suzuki.press(button("examine"))
    assert again(made).stage == "examined" and again(made).examiner.name == "鈴木 花子"
    assert suzuki.faults == []


def test_what_differs_is_answered_with_the_text_that_is_copied(visitor, brought):
    other = ca.pem(ca.csr(ca.new_key(), [("C", "JP"), ("O", "Another"), ("CN", "Another")]))
    path = brought(csr=other, address="東京都千代田区千代田1-1-1", institution_name="申請大学")
    suzuki = visitor()
    suzuki.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=suzuki.url)
    drop(suzuki, path)
    assert "丁目・番地の書き方が異なります" in text(suzuki) and "「学校法人申請学園」がありません" in text(suzuki)
    assert not suzuki.page.get_by_role("button", name="この内容で申請を作る").count()
    suzuki.page.get_by_role("button", name="コピー").click()
    suzuki.page.get_by_role("button", name="コピー済").wait_for()
    copied = suzuki.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("佐藤 次郎 様\n") and "東京都千代田区千代田1丁目1番1号" in copied
    suzuki.open(suzuki.url)
    assert "メールで届いた申請 1件" in text(suzuki).replace("\n", " ")
    assert suzuki.faults == []
