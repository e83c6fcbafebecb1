"""The 署名簿 through a paired station: the standing of a certificate is asked before a signature, the record sent after it."""

import hashlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509

from tests import ca
from tests.signed_files import program
from tests.stamping import signature_of
from tests.stations import Station, error
from tokens import signing_record, standing
from tokens.__main__ import main
from tokens.station import device, http, pairing, protocol, sending
from tokens.terminal import Complaint
from webapp import clock
from webapp.acts import letters
from webapp.register import Certificate, Event, SignatureRecord

pytestmark = pytest.mark.slow  # many, and each walks far


@pytest.fixture
def signed(case, paired, sato):
    """佐藤's certificate in use, a program signed with it, its record, and 佐藤's station."""
    key = ca.new_key()
    row = Certificate.of(case.in_use(key=key))
    since = clock.now() - timedelta(hours=3)
    Certificate.update(accepted_at=since, not_before=since).where(Certificate.id == row.id).execute()
    leaf = x509.load_der_x509_certificate(row.content.bytes())
    data = program(signature_of(key, leaf, said_at=clock.now()).dump())
    values = {
        "name": "keisoku.exe",
        "release": "1.0",
        "sha256": hashlib.sha256(data).hexdigest(),
        "sha256_before": None,
        "signed_at": clock.now(),
        "tool": "osslsigncode",
        "certificate": ca.der(leaf),
        "signature": signature_of(key, leaf, said_at=clock.now()).dump(),
    }
    record = signing_record.to_bytes(signing_record.SigningRecord(**values))
    path = f"/station/certificates/{row.issuer_sha256}/{row.serial}"
    return SimpleNamespace(row=row, leaf=leaf, data=data, record=record, path=path, station=paired(sato), key=key)


def test_a_record_is_registered_once_in_the_name_of_the_stations_owner(signed, sato):
    answer = signed.station.ask("POST", f"{signed.path}/signatures", signed.record)
    assert answer.status_code == 201 and answer.json["warning"] == ""
    row = SignatureRecord.get()
    assert (row.name, row.person, row.certificate, row.source) == ("keisoku.exe", sato, signed.row, "record")
    facts = Event.about(row)[0].facts
    assert facts["station"] == int(signed.station.number) and facts["sha256"] == row.sha256
    again = signed.station.ask("POST", f"{signed.path}/signatures", signed.record)
    assert error(again) == (422, "registered_before") and SignatureRecord.select().count() == 1


def test_a_request_replayed_changed_or_signed_by_another_device_registers_nothing(signed, house, browser, suzuki):
    path, station = f"{signed.path}/signatures", signed.station
    assert error(station.ask("POST", path, signed.record, sent=signed.record + b" ")) == (401, "signature")
    assert error(station.ask("POST", path, signed.record, origin="https://evil.example")) == (401, "signature")
    other = Station.paired(house, browser, suzuki)
    assert error(station.ask("POST", path, signed.record, key=other.key)) == (401, "signature")
    assert error(station.ask("POST", path, signed.record, now=clock.now().timestamp() - 600)) == (401, "clock")
    assert not SignatureRecord.select().exists()
    assert station.ask("POST", path, signed.record).status_code == 201
    replayed = station.client.post(path, data=signed.record, headers=station.last)
    assert error(replayed) == (409, "replayed") and SignatureRecord.select().count() == 1


def test_what_the_owner_may_not_see_or_sign_for_is_refused(signed, house, browser, takahashi, tanaka, case):
    for person, refused in ((takahashi, (404, "refused")), (tanaka, (403, "refused"))):
        station = Station.paired(house, browser, person)
        assert error(station.ask("POST", f"{signed.path}/signatures", signed.record)) == refused, person.name
    missing = signed.station.ask("GET", f"/station/certificates/{'0' * 64}/1/standing")
    assert error(missing) == (404, "refused")
    other = Certificate.of(case.in_use(title="別の用途"))
    answer = signed.station.ask(
        "POST", f"/station/certificates/{other.issuer_sha256}/{other.serial}/signatures", signed.record
    )
    assert answer.status_code == 422 and "別の証明書" in answer.json["message"]
    assert not SignatureRecord.select().exists()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"MZ", b'{"a":' + b"[" * 50_000], ids=["nothing", "half", "program", "deep"]
)
def test_what_is_no_record_is_refused(signed, data):
    assert signed.station.ask("POST", f"{signed.path}/signatures", data).status_code == 422
    assert not SignatureRecord.select().exists()


@pytest.mark.parametrize(
    ("column", "words"),
    [("revoked_at", "失効しています"), ("blocked_at", "使用を止めています"), ("accepted_at", "利用開始の確認")],
)
def test_use_01_is_asked_of_the_register_at_the_moment_of_signing(signed, column, words):
    answer = signed.station.ask("GET", f"{signed.path}/standing")
    assert answer.status_code == 200
    standing.require_standing(signed.leaf, answer.data)
    value = None if column == "accepted_at" else clock.now()
    Certificate.update({column: value}).where(Certificate.id == signed.row.id).execute()
    with pytest.raises(Complaint, match=words):
        standing.require_standing(signed.leaf, signed.station.ask("GET", f"{signed.path}/standing").data)


# The command, over HTTP


@pytest.fixture
def intranet(address, monkeypatch):
    monkeypatch.setitem(letters._house, "url", address)
    return letters.url("").rstrip("/")


@pytest.fixture
def pc(intranet, browser, sato, signed, tmp_path, monkeypatch):
    """佐藤's PC, paired; the certificate and the program that another tool has signed."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    begun = pairing.begin(intranet, device.key())
    browser.sign_in_as(sato).press("/stations/pair", {"code": begun.user_code})
    browser.press(f"/stations/pairings/{begun.pairing}", {"number": begun.match_number})
    pairing.finish(begun, device.key(), sleep=lambda _: None)
    (tmp_path / "leaf.pem").write_bytes(ca.pem(signed.leaf))
    (tmp_path / "keisoku.exe").write_bytes(signed.data)
    return tmp_path


def recorded(pc, *more):
    words = ["--certificate", pc / "leaf.pem", "-o", pc / "out", "--release", "1.0"]
    return main([*map(str, ["sign", "--record", pc / "keisoku.exe", *words, *more])])


def test_the_command_sends_its_record_and_says_so_and_a_second_time_changes_nothing(pc, capsys):
    assert recorded(pc, "--station") == 0
    assert "しるしに登録しました" in capsys.readouterr().out
    assert SignatureRecord.get().release == "1.0"
    assert main(["send", str(pc / "out" / "keisoku.exe.signing.json")]) == 0
    assert "すでに登録されています" in capsys.readouterr().out and SignatureRecord.select().count() == 1


def test_an_answer_that_is_lost_is_asked_for_once_more_and_registers_nothing_twice(pc, capsys, monkeypatch):
    post, lost = http.Server.post, []

    def losing(server, path, *more):
        answer = post(server, path, *more)
        if not lost:
            lost.append(path)
            raise http.Unreachable("unreachable", "lost")
        return answer

    monkeypatch.setattr(http.Server, "post", losing)
    assert recorded(pc, "--station") == 0 and len(lost) == 1
    assert "すでに登録されています" in capsys.readouterr().out and SignatureRecord.select().count() == 1


def test_without_the_network_the_record_stays_and_the_command_says_how_to_send_it_later(pc, capsys, monkeypatch):
    def unreachable(*_):
        raise http.Unreachable("unreachable", "ConnectionRefusedError")

    with monkeypatch.context() as patch:
        patch.setattr(http.Server, "post", unreachable)
        assert recorded(pc, "--station") == 1
    told = capsys.readouterr().err
    assert "署名は済んでいます" in told and "python -m tokens send" in told and not SignatureRecord.select().exists()
    assert main(["send", str(pc / "out" / "keisoku.exe.signing.json")]) == 0 and SignatureRecord.select().count() == 1


def test_a_pc_that_is_not_paired_is_told_before_anything_is_signed(tmp_path, signed, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    (tmp_path / "leaf.pem").write_bytes(ca.pem(signed.leaf))
    (tmp_path / "keisoku.exe").write_bytes(signed.data)
    assert recorded(tmp_path, "--station") == 1 and "ペアリングしていません" in capsys.readouterr().err
    assert not (tmp_path / "out" / "keisoku.exe.signing.json").exists()


def test_a_revoked_certificate_asks_for_no_pin_and_signs_nothing(pc, signed, capsys, monkeypatch):
    """USE-01 through the station, with a program that is not signed yet."""
    Certificate.update(revoked_at=clock.now() - timedelta(hours=1)).where(Certificate.id == signed.row.id).execute()
    monkeypatch.setattr("tokens.commands.at.opened", lambda *_: pytest.fail("a token was opened"))
    (pc / "new.exe").write_bytes(b"MZ" + bytes(200))
    words = ["--certificate", pc / "leaf.pem", "-o", pc / "signed", "--station"]
    assert main([*map(str, ["sign", pc / "new.exe", *words])]) == 1
    assert "この証明書は失効しています。署名しません。" in capsys.readouterr().err
    assert not list((pc / "signed").iterdir())


def test_with_two_pairings_the_command_asks_which(pc, capsys):
    device.pair(device.Pairing("https://other.example", "9", "佐藤", protocol.armoured(bytes(32))))
    assert recorded(pc, "--station") == 1 and "2つ以上" in capsys.readouterr().err
    assert sending.sender("https://other.example").server.origin == "https://other.example"
