"""署名簿: what was signed with a certificate, and which releases a compromise leaves standing."""

import hashlib
import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from openpyxl import load_workbook

from tests import ca
from tests.bad import attached
from tests.cases import letters_to, unguarded
from tests.revoking import compromise
from tests.signed_files import program, script, zipped
from tests.stamping import Stamper, signature_of, stamped, value_of
from tokens import signing_record
from webapp import clock, demo
from webapp.acts import anchors
from webapp.papers import guard
from webapp.register import Certificate, Event, SignatureRecord, TrustAnchor, database, verify_chain

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]  # many, and each walks far
HOUR = timedelta(hours=1)
in_the_child = guard.run


@pytest.fixture(scope="session")
def stamper():
    return Stamper()


@pytest.fixture
def trusted(engine, stamper):
    """The house trusts the time-stamp authority."""
    trust(stamper)


def trust(stamper):
    for der, is_root in ((ca.der(stamper.authority.root), True), (ca.der(stamper.authority.issuing), False)):
        told = {"name": "Practice TSA", "since_on": clock.today(), "der": der, "is_root": is_root}
        TrustAnchor.create(use="timestamp", **told)


@pytest.fixture
def signer(case, browser, sato, stamper):
    """佐藤's certificate in use since a moment ago, its key, and 佐藤 at the browser."""
    key = ca.new_key()
    row = Certificate.of(case.in_use(key=key))
    since = clock.now() - timedelta(days=3)
    Certificate.update(accepted_at=since, not_before=since).where(Certificate.id == row.id).execute()
    browser.sign_in_as(sato)
    leaf = x509.load_der_x509_certificate(row.content.bytes())
    with unguarded():
        yield SimpleNamespace(
            key=key,
            leaf=leaf,
            row=Certificate.get_by_id(row.id),
            url=f"/certificates/{row.id}/signatures",
            stamper=stamper,
        )


def signature(signer, said_at=None, stamped_at=None):
    made = signature_of(signer.key, signer.leaf, said_at=said_at or clock.now())
    return stamped(made, signer.stamper.token(value_of(made), stamped_at)) if stamped_at else made.dump()


def record(signer, name="keisoku.exe", said_at=None, stamped_at=None, **changes):
    """The file of a signing record."""
    said_at = said_at or clock.now()
    values = {
        "name": name,
        "release": "1.0",
        "sha256": hashlib.sha256(f"{name}{said_at}".encode()).hexdigest(),
        "sha256_before": None,
        "signed_at": said_at,
        "tool": "osslsigncode",
        "certificate": ca.der(signer.leaf),
        "signature": signature(signer, said_at, stamped_at),
    }
    return signing_record.to_bytes(signing_record.SigningRecord(**values | changes))


def bring(browser, signer, data, name="record.json", **form):
    return browser.press(f"{signer.url}/file", attached(data, name) | form)


def kept():
    return SignatureRecord.select().order_by(-SignatureRecord.id).first()


def ask(browser, signer, at, **more):
    local = at.astimezone(clock.JST).replace(tzinfo=None).isoformat(timespec="seconds")
    return browser.get(signer.url, query_string={"compromised_at": local} | more).get_data(as_text=True)


def typed(**changes):
    form = {"name": "keisoku.msi", "release": "2.1", "sha256": "AB" * 32, "tool": "signtool"}
    return form | {"typed_signed_at": f"{clock.now().astimezone(clock.JST):%Y-%m-%dT%H:%M}"} | changes


def test_a_record_is_registered_with_what_its_time_stamp_proves(browser, signer, sato, trusted):
    at = clock.now().replace(microsecond=0)
    page = bring(browser, signer, record(signer, said_at=at, stamped_at=at))
    assert page.status == 200 and "署名簿に登録しました" in page.text and "信頼されたタイムスタンプ" in page.text
    row = kept()
    assert (row.name, row.release, row.stamp, row.authority) == ("keisoku.exe", "1.0", "verified", "Practice TSA 1")
    assert (row.timestamped_at, row.signed_at, row.warning, row.person) == (at, at, "", sato) and row.is_trusted
    event = Event.about(row)[0]
    assert event.act == "register_signature" and "keisoku" not in str(event.facts)
    assert event.particulars["name"] == "keisoku.exe" and verify_chain()


@pytest.mark.parametrize("wrapped, name", [(program, "a.exe"), (script, "a.ps1")])
def test_the_signed_program_itself_is_registered_by_its_hash(browser, signer, wrapped, name):
    data = wrapped(signature(signer, stamped_at=clock.now()))
    page = bring(browser, signer, data, f"build/{name}", release="3.0")
    row = kept()
    assert page.status == 200 and (row.name, row.release, row.source) == (name, "3.0", "program")
    assert row.sha256 == hashlib.sha256(data).hexdigest() and row.stamp == "verified"


def test_a_signature_without_a_time_stamp_is_told_to_die_with_the_certificate(browser, signer):
    page = bring(browser, signer, program(signature(signer)), "a.exe")
    assert kept().stamp == "none" and "この署名は無効になります" in page.text


def test_a_hash_alone_is_unproven_until_the_program_comes(browser, signer):
    data = program(signature(signer, stamped_at=clock.now()))
    digest = hashlib.sha256(data).hexdigest()
    page = browser.press(f"{signer.url}/typed", typed(sha256=digest.upper()))
    assert page.status == 200 and "未検証" in page.text and kept().stamp == "unknown"
    assert bring(browser, signer, data, "a.exe").status == 200
    assert SignatureRecord.select().count() == 1 and kept().stamp == "verified" and kept().release == "2.1"
    page = bring(browser, signer, data, "a.exe")
    assert page.status == 422 and "すでに「keisoku.msi」として登録されています" in page.text
    assert [event.act for event in Event.about(kept())] == ["prove_signature", "register_signature"]


def test_a_compromise_divides_what_survives_from_what_is_suspect(browser, signer, trusted):
    now = clock.now()
    for name, stamped_at in (("old", now - 2 * HOUR), ("new", now), ("bare", None)):
        with_time = {"said_at": now - 2 * HOUR, "stamped_at": stamped_at}
        assert bring(browser, signer, record(signer, name=f"{name}.exe", **with_time)).status == 200
    page = browser.see(signer.url)
    assert all(name in page.text for name in ("old.exe", "new.exe", "bare.exe")) and "疑われる" not in page.text
    html = ask(browser, signer, now - HOUR)
    suspect, surviving = html.split(">残る</h2>")
    assert "old.exe" in surviving and "old.exe" not in suspect
    assert "new.exe" in suspect and "bare.exe" in suspect and "new.exe" not in surviving
    assert "<strong>1件</strong>" in html and "<strong>2件</strong>" in html
    exactly = ask(browser, signer, (now - 2 * HOUR).replace(microsecond=0))
    assert "old.exe" in exactly.split(">残る</h2>")[0]


def test_the_emergency_and_its_case_tell_how_many_survive(browser, signer, suzuki, trusted):
    now = clock.now()
    for hours in (1, 3):
        at = now - hours * HOUR
        bring(browser, signer, record(signer, said_at=at, stamped_at=at))
    browser.sign_in_as(suzuki)
    address = f"/certificates/{signer.row.id}/emergency"
    assert "2件の登録があります" in browser.see(address).text
    page = browser.press(address, compromise())  # two hours ago
    assert "「残る」ものは1件、「疑われる」ものは1件です" in page.text
    found = browser.see(page.links()["どの版が残るかを見る"])
    assert found.status == 200 and "残るものは1件" in found.text


def test_a_stamp_of_an_authority_nobody_trusts_is_unconfirmed_and_nothing_survives_by_it(browser, signer):
    now = clock.now()
    at = now - 2 * HOUR
    page = bring(browser, signer, record(signer, name="old.exe", said_at=at, stamped_at=at))
    assert "信頼は未確認" in page.text and not kept().is_trusted
    html = ask(browser, signer, now - HOUR)
    suspect, rest = html.split(">未確認</h2>")
    unsure, surviving = rest.split(">残る</h2>")
    assert "old.exe" in unsure and "old.exe" not in suspect + surviving
    assert "残るものは<strong>0件</strong>、未確認のものは<strong>1件</strong>" in html


def test_a_forged_stamp_is_wrong_even_of_a_trusted_authority_and_its_file_is_suspect(browser, signer, trusted):
    at = clock.now() - 2 * HOUR
    made = signature_of(signer.key, signer.leaf, said_at=at)
    forged = stamped(made, signer.stamper.token(b"another signature", at))
    page = bring(browser, signer, record(signer, name="forged.exe", said_at=at, signature=forged))
    assert "正しくない" in page.text and kept().stamp == "broken"
    assert "forged.exe" in ask(browser, signer, clock.now() - HOUR).split(">未確認</h2>")[0]


def test_an_authority_trusted_later_confirms_what_was_registered_before(browser, signer, by, kobayashi):
    now = clock.now()
    at = now - 2 * HOUR
    bring(browser, signer, record(signer, name="old.exe", said_at=at, stamped_at=at))
    other = Stamper()
    for authority in (other.authority, signer.stamper.authority):
        for der in (ca.der(authority.issuing), ca.der(authority.root)):
            row = anchors.trust(by(kobayashi), der, "timestamp", True)
        assert kept().is_trusted == (authority is signer.stamper.authority)
    assert Event.about(row)[0].facts["stamps"] == 1
    assert "old.exe" in ask(browser, signer, now - HOUR).split(">残る</h2>")[1]


def test_a_file_with_a_trusted_stamp_takes_the_place_of_one_nobody_vouches_for(browser, signer):
    data = program(signature(signer, stamped_at=clock.now()))
    assert bring(browser, signer, data, "a.exe").status == 200
    assert bring(browser, signer, data, "a.exe").status == 422
    trust(signer.stamper)
    assert bring(browser, signer, data, "a.exe").status == 200 and kept().is_trusted
    assert bring(browser, signer, data, "a.exe").status == 422 and SignatureRecord.select().count() == 1


AGAINST = (
    ({"revoked_at": 2}, 1, "revoked"),
    ({"revoked_at": 1}, 2, ""),
    ({"blocked_at": 2}, 1, "blocked"),
    ({"accepted_at": 1}, 2, "not_accepted"),
    ({"not_after": 2}, 1, "expired"),
)


def test_a_signature_that_should_not_have_been_made_is_kept_and_told(browser, signer):
    now, letters = clock.now(), 0
    as_it_is = {name: getattr(signer.row, name) for name in ("revoked_at", "blocked_at", "accepted_at", "not_after")}
    for number, (change, hours, warning) in enumerate(AGAINST):
        columns = as_it_is | {name: now - back * HOUR for name, back in change.items()}
        Certificate.update(**columns).where(Certificate.id == signer.row.id).execute()
        at = now - hours * HOUR
        page = bring(browser, signer, record(signer, name=f"{number}.exe", said_at=at, stamped_at=at))
        assert page.status == 200 and kept().warning == warning and "ご注意" in page.text
        letters += bool(warning)
        told = [row for row in letters_to(demo.mail_of("suzuki")) if "使えないはずの証明書" in row.subject]
        assert len(told) == letters, change


def test_a_record_of_another_certificate_is_refused_with_its_name(browser, signer):
    other = ca.Authority().code_signing(ca.new_key().public_key())
    for data in (record(signer, certificate=ca.der(other)), program(signature_of(ca.new_key(), other).dump())):
        page = bring(browser, signer, data, "a.exe", release="9")
        assert (
            page.status == 422
            and "別の証明書で署名されています" in page.text
            and f"{other.serial_number:x}" in page.text
        )
    assert not SignatureRecord.select().exists()


def test_a_signature_by_another_key_is_refused(browser, signer):
    forged = signature_of(ca.new_key(), signer.leaf).dump()
    for data in (record(signer, signature=forged), program(forged)):
        page = bring(browser, signer, data, "a.exe")
        assert page.status == 422 and "署名が正しくありません" in page.text


BAD = {
    "nothing": (b"", "ファイルを選んでください"),
    "json": (b"{", "署名の記録として読み取れません"),
    "deep": (b'{"a":' + b"[" * 100_000, "署名の記録として読み取れません"),
    "other json": (b'{"kind":"x"}', "署名の記録として読み取れません"),
    "text": (b"hello", "。"),
    "unsigned": (program(), "署名が埋め込まれていません"),
    "broken signature": (program(b"\x30\x82\xff\xff" + bytes(64)), "。"),
    "zip": (zipped({"readme.txt": b"x"}), "。"),
}


def test_what_is_no_record_and_no_signed_file_is_refused(browser, signer):
    for kind, (data, words) in BAD.items():
        page = bring(browser, signer, data, "a.bin", release="7.7")
        assert page.status == 422 and words in page.text and 'value="7.7"' in page.html, kind
    assert not SignatureRecord.select().exists()


UNFIT = (
    ("name", "", "ファイル名を入力してください"),
    ("name", "a\u200bb", "1行で"),
    ("sha256", "ab", "16進数64文字"),
    ("sha256", "z" * 64, "16進数64文字"),
    ("typed_signed_at", "", "署名した日時を入力してください"),
    ("typed_signed_at", "昨日", "日付と時刻を入力してください"),
    ("typed_signed_at", "0001-01-01T00:00", "日付と時刻を入力してください"),
    ("typed_signed_at", "2999-01-01T00:00", "未来か、古すぎます"),
    ("tool", "x" * 300, "100文字以内"),
)


def test_a_typed_entry_that_cannot_be_is_refused_beside_its_field(browser, signer):
    for field, value, words in UNFIT:
        page = browser.press(f"{signer.url}/typed", typed(**{field: value}))
        assert page.status == 422 and words in page.text, (field, value)
        assert page.form("/typed")["release"] == "2.1"
    assert not SignatureRecord.select().exists()


def test_a_compromise_at_no_time_is_told(browser, signer):
    for moment in ("x", "2026-13-01T00:00", "0001-01-01T00:00", "9999-12-31T23:59", "1" * 5000):
        response = browser.get(signer.url, query_string={"compromised_at": moment})
        assert response.status_code == 422 and "日付と時刻を入力してください" in response.get_data(as_text=True)


def test_who_may_see_sees_and_who_may_sign_registers(browser, signer, sato, suzuki, takahashi, ito, tanaka, kobayashi):
    may, sees, neither = (suzuki, sato), (ito, tanaka), (takahashi, kobayashi)
    for number, person in enumerate(may):
        browser.sign_in_as(person)
        assert browser.press(f"{signer.url}/typed", typed(sha256=f"{number}" * 64)).status == 200
    for person in (*sees, *neither):
        browser.sign_in_as(person)
        wanted = 200 if person in sees else 404
        for path in (signer.url, f"{signer.url}/export", f"/certificates/{signer.row.id}/standing"):
            assert browser.get(path).status_code == wanted, path
        for path in ("typed", "file"):
            assert browser.press(f"{signer.url}/{path}", typed()).status == (403 if person in sees else 404)
    assert SignatureRecord.select().count() == 2


def test_pages_of_many_are_walked_without_gap_or_repetition(browser, signer, sato):
    at = clock.now().replace(microsecond=0)
    rows = [{"name": f"a{n:03}", "signed_at": at - (n // 7) * HOUR, "sha256": f"{n:064x}"} for n in range(117)]
    usual = {
        "release": "",
        "sha256_before": "",
        "tool": "",
        "source": "typed",
        "stamp": "none",
        "authority": "",
        "fault": "",
        "warning": "",
    }
    for row in rows:
        SignatureRecord.create(certificate=signer.row, person=sato, registered_at=at, **usual | row)
    seen, address = [], signer.url
    while address:
        page = browser.see(address)
        seen += [row.find("th").text for row in page.tree.iter("tr") if row.find("th").get("scope") == "row"]
        address = page.links().get("次のページ")
    assert sorted(seen) == [row["name"] for row in rows] and seen[:7] == [f"a{n:03}" for n in range(6, -1, -1)]
    html = ask(browser, signer, at, part="suspect")
    assert "残る</h2>" not in html and "part=suspect" in html


def test_the_list_is_saved_whole_and_safe_from_formulas(browser, signer):
    bring(browser, signer, record(signer, name="=cmd.exe", stamped_at=clock.now()))
    told = browser.get(f"{signer.url}/export?format=csv").get_data(as_text=True)
    assert '"\'=cmd.exe"' in told and '"信頼は未確認"' in told and kept().sha256 in told
    book = load_workbook(io.BytesIO(browser.get(f"{signer.url}/export?format=xlsx").data))
    assert [cell.value for cell in book.active[2]][:2] == ["=cmd.exe", "1.0"]
    assert Event.select().where(Event.act == "export").count() == 2


def test_how_it_stands_is_told_as_a_dated_file(browser, signer):
    told = browser.get(f"/certificates/{signer.row.id}/standing").get_json()
    assert told["serial"] == f"{signer.leaf.serial_number:x}".zfill(len(signer.row.serial)) and told["accepted"] is True
    assert told["revoked"] is told["blocked"] is False and told["at"].endswith("+00:00")
    Certificate.update(blocked_at=clock.now()).where(Certificate.id == signer.row.id).execute()
    assert browser.get(f"/certificates/{signer.row.id}/standing").get_json()["blocked"] is True


def test_the_database_keeps_what_was_registered(browser, signer):
    bring(browser, signer, record(signer))
    with pytest.raises(Exception, match="written once"), database.atomic():
        SignatureRecord.update(sha256="0" * 64).execute()
    with pytest.raises(Exception, match="written once"), database.atomic():
        SignatureRecord.delete().execute()


@pytest.mark.slow
def test_the_guarded_child_reads_a_record_and_a_program(signer):
    for data in (record(signer, stamped_at=clock.now()), program(signature(signer, stamped_at=clock.now()))):
        names = signer.row.sha256, signer.row.issuer_sha256, signer.row.serial
        assert in_the_child("webapp.papers.signing_record:read", data, "a.exe", *names).stamp == "verified"
