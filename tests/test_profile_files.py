"""A profile from outside: what is wrong with it is said, all at once, with its line; never a traceback."""

import tomllib
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp import profiles
from webapp.profiles.kinds import nearest
from webapp.profiles.profile import GROUPS, SPECS, Profile

SOUND = profiles.text_of("practice")


def faults(data):
    with pytest.raises(profiles.ProfileRefused) as refused:
        profiles.check(data)
    return refused.value.faults


def changed(old, new):
    assert old in SOUND
    return SOUND.replace(old, new, 1)


def test_every_value_of_a_profile_has_a_japanese_name_and_a_place_on_the_page():
    assert [each.name for each in fields(Profile)] == ["name", *SPECS]
    assert {spec.group for spec in SPECS.values()} == set(GROUPS)
    for group, rows in profiles.read_aloud(profiles.load("upki-v2.4")):
        assert rows and all(row.label and row.lines for row in rows), group


def test_a_sound_file_is_read_as_text_and_as_bytes_and_with_a_byte_order_mark():
    as_text = profiles.check(SOUND, "practice")
    assert (
        as_text
        == profiles.check(SOUND.encode(), "practice")
        == profiles.check(b"\xef\xbb\xbf" + SOUND.encode(), "practice")
    )
    assert as_text == profiles.load("practice")


@pytest.mark.parametrize(
    ("old", "new", "where", "sentence", "advice"),
    [
        ("rsa_min_bits", "rsa_min_bit", "rsa_min_bit", "この名前の項目はありません", "「rsa_min_bits」の書き間違い"),
        ("public = false", 'public = "no"', "public", "true か false ではありません", "引用符"),
        ("public = false", "", "public", "この項目がありません", "書き加え"),
        ("business_days = 10", 'business_days = "10"', "business_days", "整数ではありません", "引用符"),
        ("business_days = 10", "business_days = 0", "business_days", "範囲の外", "1から120"),
        ("business_days = 10", f"business_days = {'9' * 900}", "business_days", "範囲の外", "1から120"),
        ("business_days = 10", "business_days = true", "business_days", "整数ではありません", "整数"),
        ("business_days = 10", "business_days = nan", "business_days", "整数ではありません", "整数"),
        ('title = "練習用の認証局', 'title = ""\n#', "title", "値が空です", "書いてください"),
        ('title = "練習用の認証局', 'title = "\\u0000"\n#', "title", "制御文字", "1行"),
        ("certs@desk.practice.example", "certs", "recipients[1]", "メールアドレスの形", "name@"),
        ('status_hosts = ["{practice}"]', 'status_hosts = ["https://a.example/x"]', "status_hosts[1]", "URLです", "「a.example」"),
        ("{practice}/ca/issuing.crl", "ldap://a.example/", "crl_addresses[1]", "URLの形ではありません", "https://"),
        ("2026-03-01", '"2026-03-01"', "validity[2].issued_from", "日付ではありません", "引用符"),
        ('issue = ["head"]', 'issue = ["haed"]', "seal_roles.issue[1]", "選択肢はありません", "「head」の書き間違い"),
        ('issue = ["head"]', 'isue = ["head"]', "seal_roles.isue", "この名前の項目はありません", "「issue」"),
        ('issue = ["csr", "xlsx"', 'issue = ["csr", "xls"', "attachments.issue[2]", "選択肢はありません", "「xlsx」"),
        ('of = "existence"', 'of = "exists"', "identity_methods[4].of", "選択肢はありません", "existence"),
        ("second_person", 'dispatch = "fax"\nsecond_person', "dispatch", "選択肢はありません", "mail、portal"),
        ('common_name = "{O}"', 'common_name = "{X}"', "common_name", "入るものがありません", "{O}"),
        ('["P-256", "P-384", "P-521"]', '["P-256", "P-256"]', "curves", "2回以上", "1回だけ"),
        ('"RSA-3072", "RSA-4096"', '"RSA-2048", "RSA-4096"', "offered_keys[1]", "選択肢はありません", "使えるのは RSA-3072、"),
        ('["P-256", "P-384", "P-521"]', '"P-256"', "curves", "一覧ではありません", "[ … ]"),
        ('key = "policy"', 'kee = "policy"', "documents[2].kee", "この名前の項目はありません", "「key」"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_what_to_do(old, new, where, sentence, advice):
    found = faults(changed(old, new))
    fault = next(each for each in found if each.where == where)
    assert sentence in fault.sentence and advice in fault.advice
    if "この項目がありません" not in fault.sentence:
        line = changed(old, new).splitlines()[fault.line - 1]
        assert fault.line and where.split(".")[-1].split("[")[0] in line


def test_an_unknown_choice_is_not_said_to_stand_there_twice():
    found = faults(changed('["P-256", "P-384", "P-521"]', '["P-256", "P-999"]'))
    assert [(each.where, each.sentence) for each in found] == [("curves[2]", '"P-999"という選択肢はありません。')]


@pytest.mark.parametrize(
    ("old", "new", "where", "sentence"),
    [
        ("second_person", 'seal = "none"\nsecond_person', "seal_roles", "捺印・署名する人があります"),
        ("second_person", 'seal = "none"\nsecond_person', "attachments", "捺印・署名済みPDF(pdf)を添付する"),
        ('["csr", "xlsx", "pdf"]', '["csr", "xlsx"]', "attachments", "添付しないことになっています"),
        ('revoke = ["xlsx", "pdf"]', 'revoke = ["csr", "xlsx", "pdf"]', "attachments", "失効の申請にCSRはありません"),
        ('["certs@desk.practice.example"]', "[]", "recipients", "宛先がありません"),
        ("second_person", 'portal_address = "https://a.example/"\nsecond_person', "portal_address", "ポータルの設定が"),
        ("second_person", 'dispatch = "portal"\nsecond_person', "portal_fields", "発行の入力欄がありません"),
        ("second_person", 'dispatch = "portal"\nsecond_person', "recipients", "メールの宛先があります"),
        ('revoke = ["xlsx", "pdf"]', 'revoke = ["pdf"]', "attachments", "決まっています"),
        ("rsa_min_bits = 3072", "rsa_min_bits = 4096", "offered_keys", "短い鍵です"),
        ('["P-256", "P-384", "P-521"]', '["P-384"]', "offered_keys", "curves にありません"),
        ('["OU", "DC", "emailAddress"]', '["O"]', "forbidden_attributes", "必要な項目にもある"),
        ("days = 460", "days = 460\nmonths = 15", "validity", "どちらか1つがありません"),
        ("issued_from = 2026-03-01", "issued_from = 2000-01-01", "validity", "上限が2つ"),
        ("practice = true", "practice = false", "status_hosts", "練習用の窓口"),
        ("{practice}/ocsp", "http://else.example/ocsp", "ocsp_addresses", "尋ねてよいホストにありません"),
        ('key = "policy"', 'key = "management"', "documents", "同じ key"),
    ],
)  # fmt: skip
def test_values_that_contradict_each_other_are_refused(old, new, where, sentence):
    assert any(each.where == where and sentence in each.sentence and each.advice for each in faults(changed(old, new)))


def test_a_contradiction_is_told_beside_faults_that_do_not_concern_it():
    text = SOUND.replace("business_days = 10", "business_days = 0").replace('["OU", "DC", "emailAddress"]', '["CN"]')
    found = [(each.where, each.sentence) for each in faults(text)]
    assert [where for where, _ in found] == ["business_days", "forbidden_attributes"]
    assert "必要な項目にもある項目(CN)です。" in found[1][1]


def test_what_is_wrong_by_itself_contradicts_nothing():
    text = SOUND.replace("required_attributes = [", 'required_attributes = ["X", ').replace(
        '["OU", "DC", "emailAddress"]', '["O", "C"]'
    )
    assert [each.where for each in faults(text)] == ["required_attributes[1]", "fixed_attributes"]
    text = changed("second_person", 'seal = "nobody"\nsecond_person')
    assert [each.where for each in faults(text)] == ["seal"]


@pytest.mark.parametrize(
    ("day", "sentence", "advice"),
    [
        ("2026-13-01", "2026-13-01 という日はありません。", "実際にある日付"),
        ("2026-02-30 # 上限", "2026-02-30 という日はありません。", "実際にある日付"),
        ("2026-3-1", "2026-3-1 は日付の書き方が違います。", "2026-03-01 と書いて"),
        ("2026-03-01x", "値のあとに余分な文字", "確認して"),
    ],
)
def test_a_day_that_does_not_exist_is_called_so_with_its_line(day, sentence, advice):
    text = changed("issued_from = 2026-03-01", f"issued_from = {day}")
    [fault] = faults(text)
    assert sentence in fault.sentence and advice in fault.advice
    assert text.splitlines()[fault.line - 1] == f"issued_from = {day}"


def test_a_portal_is_reached_by_https_alone_but_a_kept_version_is_still_read():
    text = profiles.text_of("portal").replace("https://portal", "HTTP://portal")
    [fault] = faults(text)
    assert fault.where == "portal_address" and "暗号化されません" in fault.sentence and "https://" in fault.advice
    assert profiles.read(text, "kept").portal_address == "HTTP://portal.ca.example/"


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    text = SOUND.replace("business_days = 10", "business_days = 0").replace("public = false", "publik = false")
    found = [each.where for each in faults(text)]
    assert found == ["publik", "business_days", "public"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"#" * (64 * 1024 + 1), "大きすぎます"),
        (b"title = '" + b"a" * 2000 + b"'", "行が長すぎます"),
        (".".join(["a"] * 30000) + " = 1", "行が長すぎます"),
        (b"title = '\xff'", "UTF-8ではありません"),
        ("title = '練習'".encode("shift_jis"), "UTF-8ではありません"),
        (b"title = '\x00'", "制御文字"),
        ("title = 'a'\ntitle = 'b'", "2回書かれて"),
        ("[a]\n[a]", "2回書かれて"),
        ("a = [" + "\n[" * 30000, "入れ子が深すぎる"),
        ("a = [1", "「]」がありません"),
        ("a = 2026-02-30", "という日はありません"),
        ("a = 'b", "引用符がありません"),
        ("= 1", "名前が正しく"),
        ("", "この項目がありません"),
        ("\ufeff\ufeff", "名前が正しく"),
    ],
    ids=range(15),
)  # fmt: skip
def test_a_file_that_is_no_profile_is_refused_plainly(data, sentence):
    assert any(sentence in each.sentence and each.advice for each in faults(data))


def test_a_guess_is_offered_only_for_what_comes_near():
    assert nearest("tittle", SPECS) and not nearest("x" * 30, SPECS) and not nearest(3, SPECS)


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(SPECS)), VALUES)
def test_any_value_in_any_place_is_taken_or_told(key, value):
    told = []
    SPECS[key].kind.take(value, lambda sentence, advice, *place: told.append((sentence, advice)))
    assert all(sentence and advice for sentence, advice in told)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_with_a_piece_cut_out_or_put_in_is_a_profile_or_refused(data):
    at, length = data.draw(st.integers(0, len(SOUND))), data.draw(st.integers(0, 40))
    piece = data.draw(st.text(max_size=10))
    text = SOUND[:at] + piece + SOUND[at + length :]
    try:
        profiles.check(text.encode("utf-8", "surrogatepass"))
    except profiles.ProfileRefused as refused:
        assert refused.faults and str(refused)
    else:
        tomllib.loads(text)
