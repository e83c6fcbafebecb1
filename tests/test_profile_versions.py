"""The version of the CA profile stays with each application: a later change does not rewrite the past. An institution adds a
profile of its own, and everybody may read what a CA wants."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ca
from tests.cases import again
from webapp import commands, pages, profiles
from webapp.acts import Who, ca_profiles, facts, institution, keys
from webapp.errors import NotYourAct, Refused
from webapp.papers import csr as csr_paper
from webapp.register import IN_THE_WAY, Application, Csr, Event, Institution, ProfileVersion
from webapp.rules import ERROR

pytestmark = pytest.mark.both_databases
OPERATOR = Who(None, "command line")
OWN = profiles.text_of("practice").replace("練習用の認証局(", "申請大学の認証局(")


def add(text, name="shinsei"):
    return ca_profiles.add(OPERATOR, name, text.encode())


@pytest.fixture
def own(house):
    """The institution has a profile of its own."""
    version = add(OWN)
    Institution.update(profile="shinsei").execute()
    return version


def errors(application):
    read = csr_paper.read(Csr.in_force(application).content.bytes())
    return [each.id for each in facts.judge_csr(read, application) if each.severity == ERROR]


def test_what_was_submitted_is_judged_by_its_version_when_the_profile_changes(own, case):
    old = case.submitted()
    add(
        OWN.replace('curves = ["P-256", "P-384", "P-521"]', 'curves = ["P-384"]').replace(
            '"P-256", "P-384"]', '"P-384"]'
        )
    )
    new = case.opened(title="別のもの")
    assert (old.profile_version.number, new.profile_version.number) == (1, 2)
    assert ca_profiles.of(old).curves == ("P-256", "P-384", "P-521") and ca_profiles.of(new).curves == ("P-384",)
    assert errors(again(old)) == []
    with pytest.raises(Refused, match="P-256|楕円曲線|満たしていません|CSR"):
        keys.attach_csr(new, case.who("佐藤"), ca.pem(ca.csr(ca.new_key(), Institution.here().subject)))
    case.identify(old)
    facts.demand(facts.for_examination(again(old)), "審査")


def test_a_longer_least_key_does_not_reach_back(own, case):
    old = case.submitted()
    add(OWN.replace("rsa_min_bits = 3072", "rsa_min_bits = 4096").replace('"RSA-3072", ', ""))
    assert ca_profiles.of(again(old)).rsa_min_bits == 3072 and ca_profiles.here().rsa_min_bits == 4096


def test_another_profile_of_the_institution_leaves_open_applications_alone(own, case):
    old = case.examined()
    Institution.update(profile="portal").execute()
    assert ca_profiles.of(again(old)).name == "shinsei" and again(old).wants_seal
    assert not case.opened(title="別のもの").wants_seal


def test_the_version_of_an_application_is_written_once(own, case):
    application = case.draft()
    other = add(OWN + "\n# 第2版\n")
    for change in ({"profile_version": other}, {"profile_version": None}, {"wants_seal": False}):
        with pytest.raises(IN_THE_WAY), Application._meta.database.atomic():
            Application.update(**change).where(Application.id == application.id).execute()
    for query in (ProfileVersion.update(text=""), ProfileVersion.delete()):
        with pytest.raises(IN_THE_WAY), Application._meta.database.atomic():
            query.execute()


def test_an_application_that_was_sealed_needs_its_sealer_and_only_that_one(own, case):
    application = case.examined()
    with pytest.raises(IN_THE_WAY), Application._meta.database.atomic():
        Application.update(stage="sent").where(Application.id == application.id).execute()


def test_a_changed_file_of_the_package_becomes_a_version_when_it_is_next_used(house, case, monkeypatch):
    first = case.opened()
    assert (first.profile_version.name, first.profile_version.number) == ("practice", 1)
    text = profiles.text_of("practice")
    monkeypatch.setattr(profiles, "text_of", lambda name: text.replace("business_days = 10", "business_days = 12"))
    second, third = case.opened(title="別のもの"), case.opened(title="もう1つ")
    assert (second.profile_version.number, third.profile_version.number) == (2, 2)
    assert [ca_profiles.of(again(each)).business_days for each in (first, second)] == [10, 12]
    told = Event.newest(second.profile_version, "keep_profile").facts
    assert told == {"name": "practice", "number": 2, "sha256": second.profile_version.sha256}


def test_what_was_opened_before_versions_were_kept_gets_the_first_one(house, case):
    old = case.opened()
    bare = Application.create(**old.__data__ | {"id": None, "number": "CS-2000-0001", "profile_version": None})
    assert ca_profiles.of(bare).name == "practice"
    Institution.update(profile="shinsei").execute()
    add(OWN)
    assert again(bare).profile_version.name == "shinsei" and again(old).profile_version.name == "practice"


def test_starting_keeps_each_profile_of_the_package_once(house):
    ca_profiles.catch_up()
    ca_profiles.catch_up()
    assert [(row.name, row.number) for row in ProfileVersion.select().order_by(ProfileVersion.name)] == [
        (name, 1) for name in profiles.names()
    ]


def test_a_profile_of_ones_own_is_added_replaced_and_chosen(house, kobayashi, by):
    add(OWN)
    assert add(OWN.replace("business_days = 10", "business_days = 5")).number == 2
    assert ca_profiles.named("shinsei").business_days == 5
    assert "shinsei" in institution.offered_profiles("demo") and "shinsei" not in institution.offered_profiles("real")
    assert institution.offered_profiles("real") == ["upki-v2.4"]


@pytest.mark.parametrize("name", ["practice", "upki-v2.4", "大学", "A", "../x", "", "a b"])
def test_a_name_of_the_package_or_no_name_is_refused(house, name):
    with pytest.raises(Refused):
        add(OWN, name)


def test_the_same_text_is_no_new_version_and_only_administrators_add(own, by, suzuki, kobayashi):
    with pytest.raises(Refused, match="同じです"):
        add(OWN)
    with pytest.raises(NotYourAct):
        ca_profiles.add(by(suzuki), "shinsei", OWN.encode() + b"\n#")
    assert ca_profiles.add(by(kobayashi), "shinsei", OWN.encode() + b"\n#").person == kobayashi
    with pytest.raises(profiles.ProfileRefused):
        add("title = 1")
    assert ProfileVersion.select().where(ProfileVersion.name == "shinsei").count() == 2


# On the pages


def test_everybody_reads_what_a_ca_wants(own, browser, sato, takahashi, ito, kobayashi, tanaka):
    for person in (sato, takahashi, ito, kobayashi, tanaka):
        browser.sign_in_as(person)
        shown = browser.see("/profiles").text
        assert "申請大学の認証局" in shown and "ポータル型認証局の例" in shown and "この機関で使用" in shown
        shown = browser.see("/profiles/upki-v2.4").text
        for words in ("certs@nii.ac.jp", "10営業日", "460日", "機関の長・機関責任者", "パスワード付きZIP", "ST", "CRL"):
            assert words in shown, words


def test_a_page_shows_what_has_changed_since_the_version_before(own, browser, sato):
    add(OWN.replace("business_days = 10", "business_days = 5"))
    browser.sign_in_as(sato)
    shown = browser.see("/profiles/shinsei").text
    assert "第1版から変わったところ" in shown and "10営業日" in shown and "5営業日" in shown
    shown = browser.see("/profiles/shinsei?version=1").text
    assert "これは前の版です" in shown and "変わったところ" not in shown and "10営業日" in shown
    add(OWN.replace("business_days = 10", "business_days = 5") + "\n# ことば\n")
    assert "値は変わっていません" in browser.see("/profiles/shinsei").text
    for path in (
        "/profiles/nothing",
        "/profiles/shinsei?version=9",
        "/profiles/shinsei?version=x",
        "/profiles/..%2fpractice",
    ):
        assert browser.see(path).status == 404, path


def test_a_case_names_its_version_and_the_administrator_chooses_by_title(own, browser, case, sato, kobayashi):
    application = case.draft()
    browser.sign_in_as(sato)
    page = browser.see(f"/applications/{application.id}")
    assert page.links()["shinsei 第1版"] == "/profiles/shinsei?version=1"
    browser.sign_in_as(kobayashi)
    assert "申請大学の認証局" in browser.see("/administration/institution").text


# At the command line


def test_a_file_is_checked_without_any_data(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("SHIRUSHI_DATA", raising=False)
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(OWN, "utf-8")
    bad.write_text(OWN.replace("business_days = 10", "business_day = 10"), "utf-8")
    assert commands.main(["profiles", "check", str(good)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("問題はありません。") and "■ 鍵と証明書" in said and "3072ビット" in said
    assert commands.main(["profiles", "check", str(bad)]) == 1
    said = capsys.readouterr().err
    assert (
        "2件の問題" in said
        and "「business_days」の書き間違い" in said
        and "business_days: この項目がありません" in said
    )
    assert commands.main(["profiles", "check", str(tmp_path / "none.toml")]) == 1
    assert commands.main(["profiles", "check"]) == 1


def typed(*words):
    """What somebody sees who types `flask …` in the folder of the programs, without any settings: (status, out, err)."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("SHIRUSHI_", "FLASK_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(["flask", *words], cwd=pages.HOME, env=bare | {"PATH": path}, capture_output=True, text=True)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.slow
def test_flask_as_it_is_typed_checks_a_file_without_data_or_settings(tmp_path):
    status, out, err = typed("profiles", "check", "webapp/profiles/upki-v2.4.toml")
    assert (status, out.split("\n")[0], err) == (0, "問題はありません。", "")
    file = tmp_path / "shinsei.toml"
    file.write_text(OWN.replace("business_days = 10", "business_days = 0"), "utf-8")
    status, out, err = typed("profiles", "check", str(file))
    assert (status, out) == (1, "") and "1件の問題" in err and "business_days" in err
    status, _, err = typed("profiles", "add", str(file))
    assert status == 1 and "データの置き場所が指定されていません" in err and "Traceback" not in err


def test_flask_checks_adds_and_lists(house, tmp_path, settings):
    file, ran = tmp_path / "shinsei.toml", house.test_cli_runner()
    file.write_text(OWN, "utf-8")
    result = ran.invoke(args=["profiles", "check", str(file)])
    assert (result.exit_code, result.stdout.split("\n")[0]) == (0, "問題はありません。")
    result = ran.invoke(args=["profiles", "add", str(file)])
    assert result.exit_code == 0 and "第1版を保存しました" in result.stdout
    result = ran.invoke(args=["profiles", "list"])
    assert "shinsei 第1版" in result.stdout and "practice 第1版" in result.stdout and "← 機関の設定" in result.stdout
    file.write_text("title = ", "utf-8")
    result = ran.invoke(args=["profiles", "check", str(file)])
    assert result.exit_code == 1 and "1件の問題" in result.stderr
    assert ran.invoke(args=["profiles", "add", str(file)]).exit_code == 1
    assert ran.invoke(args=["profiles", "add", str(tmp_path / "practice.toml")]).exit_code == 1
