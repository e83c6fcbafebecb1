"""How two writings of one value differ is said in words."""

import pytest

from webapp.papers.spelling import difference, is_alike

HOUSE = "東京都千代田区一ツ橋二丁目1番2号"


@pytest.mark.parametrize(
    ("given", "known", "said"),
    [
        (HOUSE, HOUSE, ""),
        ("", HOUSE, "記入がありません"),
        ("佐藤次郎", "佐藤 次郎", "空白だけが異なります"),
        ("佐藤\u3000次郎", "佐藤 次郎", "空白だけが異なります"),
        ("03\uff0d5500-1000", "03-5500-1000", "全角・半角が異なります"),
        ("1000001", "100-0001", "ハイフンの有無が異なります"),
        ("〒100-0001", "100-0001", "〒やかっこなど、数字の区切りだけが異なります"),
        ("03(5500)1301", "03-5500-1301", "〒やかっこなど、数字の区切りだけが異なります"),
        ("03(5500)1302", "03-5500-1301", "値が異なります"),
        ("Shinsei university", "Shinsei University", "大文字・小文字が異なります"),
        ("東京都千代田区一ツ橋2-1-2", HOUSE, "丁目・番地の書き方が異なります"),
        ("東京都千代田区一ツ橋2丁目1番地2", HOUSE, "丁目・番地の書き方が異なります"),
        ("東京都港区芝十二丁目1-1", "東京都港区芝12丁目1番1号", "丁目・番地の書き方が異なります"),
        ("申請大学", "学校法人申請学園 申請大学", "前の部分「学校法人申請学園」がありません"),
        ("千代田区一ツ橋二丁目1番2号", HOUSE, "前の部分「東京都」がありません"),
        ("東京都千代田区一ツ橋3-1-2", HOUSE, "値が異なります"),
        ("申請大学", "", "値が異なります"),
    ],
)
def test_a_difference_is_named_by_its_kind(given, known, said):
    assert difference(given, known) == said


def test_only_blanks_width_and_hyphens_are_overlooked():
    assert is_alike("100-0001", "1000001") and is_alike("〒100-0001", "100-0001")
    assert not is_alike("東京都千代田区一ツ橋2-1-2", HOUSE) and not is_alike("", HOUSE)
