"""`python -m tokens sign`: programs signed over PKCS#11, and the record for the 署名簿."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms, core, tsp  # noqa: F401 - tsp teaches cms the attribute signing_certificate_v2

from tests import ca
from tests.signed_files import program
from tests.stamping import INDIRECT, Stamper, signature_of, stamped, value_of
from tokens import signing_record
from tokens.__main__ import main
from tokens.errors import TokenError
from tokens.to_be_signed import check_program_attributes
from webapp.papers import timestamp

SUBJECT = ["--subject", "C=JP", "--subject", "O=Shinsei University", "--subject", "CN=Shinsei University"]
AUTHORITY = ca.Authority()
KEY = ca.new_key()
LEAF = AUTHORITY.code_signing(KEY.public_key())


def refused(capsys, *arguments, status=1):
    """What the command says when it refuses in this process."""
    assert main(["sign", *map(str, arguments)]) == status
    told = capsys.readouterr()
    assert told.err.startswith("できませんでした: ")
    return told.err


@pytest.fixture
def leaf(tmp_path):
    """The path of a code-signing certificate, by a key that is on no token."""
    path = tmp_path / "leaf.pem"
    path.write_bytes(ca.pem(LEAF))
    return path


def put(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def made(folder, name):
    return signing_record.from_bytes((folder / f"{name}.signing.json").read_bytes())


# The record alone


def test_what_another_tool_signed_is_written_down(tmp_path, leaf, capsys):
    signature = signature_of(KEY, LEAF, said_at=datetime(2026, 11, 1, 1, 2, 3, tzinfo=UTC))
    at = datetime.now(UTC).replace(microsecond=0)
    data = program(stamped(signature, Stamper().token(value_of(signature), at)))
    path, before = put(tmp_path, "計測.exe", data), put(tmp_path, "plain.exe", b"MZ plain")
    words = [
        "--certificate",
        leaf,
        "-o",
        tmp_path / "out",
        "--release",
        "1.2",
        "--before",
        before,
        "--tool",
        "signtool",
    ]
    assert main(["sign", "--record", str(path), *map(str, words)]) == 0
    told = capsys.readouterr().out
    assert hashlib.sha256(data).hexdigest() in told and "タイムスタンプ: " in told and "ご注意" not in told
    record = made(tmp_path / "out", "計測.exe")
    assert (record.name, record.release, record.tool) == ("計測.exe", "1.2", "signtool")
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert record.sha256_before == hashlib.sha256(b"MZ plain").hexdigest()
    assert record.signed_at == datetime(2026, 11, 1, 1, 2, 3, tzinfo=UTC)
    assert timestamp.read(record.signature, ca.der(LEAF)).timestamp.at == at
    assert not (tmp_path / "out" / "計測.exe").exists()


def test_a_record_is_canonical_and_comes_back_as_it_was(tmp_path, leaf):
    path = put(tmp_path, "a.bin", b"x")
    assert main(["sign", "--record", str(path), "--certificate", str(leaf), "-o", str(tmp_path)]) == 0
    data = (tmp_path / "a.bin.signing.json").read_bytes()
    told = json.loads(data)
    assert data == json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert signing_record.to_bytes(signing_record.from_bytes(data)) == data and told["signature"] is None


@pytest.mark.parametrize(
    "data, words",
    [(program(signature_of(KEY, LEAF).dump()), "タイムスタンプがありません"), (b"#!/bin/sh", "署名を取り出せない")],
)
def test_what_no_time_stamp_protects_is_told_plainly(tmp_path, leaf, capsys, data, words):
    path = put(tmp_path, "a.exe", data)
    assert main(["sign", "--record", str(path), "--certificate", str(leaf), "-o", str(tmp_path / "out")]) == 0
    assert words in capsys.readouterr().out


def test_a_program_of_another_certificate_and_a_second_record_are_refused(tmp_path, leaf, capsys):
    other = ca.Authority().code_signing(KEY.public_key())
    path = put(tmp_path, "a.exe", program(signature_of(KEY, other).dump()))
    words = ["--record", path, "--certificate", leaf, "-o", tmp_path / "out"]
    assert "この証明書で署名されていません" in refused(capsys, *words)
    put(tmp_path / "out", "a.exe.signing.json", b"")
    assert "すでにあります" in refused(capsys, *words)


# USE-01: refused before any PIN is asked for


def standing(folder, **changes):
    name = LEAF.issuer.public_bytes()
    told = {
        "kind": "shirushi.standing/1",
        "serial": f"{LEAF.serial_number:x}".zfill((LEAF.serial_number.bit_length() + 7) // 8 * 2),
        "issuer_sha256": hashlib.sha256(name).hexdigest(),
        "at": datetime.now(UTC).isoformat(),
        "not_after": LEAF.not_valid_after_utc.isoformat(),
        "accepted": True,
        "revoked": False,
        "blocked": False,
    }
    return put(folder, "standing.json", json.dumps(told | changes).encode())


OLD = (datetime.now(UTC) - timedelta(hours=25)).isoformat()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"revoked": True}, "失効しています。署名しません"),
        ({"blocked": True}, "危殆化のため使用を止めています"),
        ({"accepted": False}, "利用開始の確認が済んでいません"),
        ({"serial": "0a"}, "別の証明書の状態"),
        ({"issuer_sha256": "0" * 64}, "別の証明書の状態"),
        ({"at": OLD}, "24時間以内のものではありません"),
        ({"at": "2999-01-01T00:00:00+00:00"}, "24時間以内のものではありません"),
        ({"at": "2026-11-23T00:00:00"}, "読み取れません"),
        ({"at": None}, "読み取れません"),
        ({"revoked": "no"}, "読み取れません"),
        ({"kind": "other"}, "読み取れません"),
    ],
)
def test_the_standing_of_the_register_is_obeyed(tmp_path, leaf, capsys, changes, words):
    path = put(tmp_path, "a.exe", b"MZ")
    given = ["--certificate", leaf, "-o", tmp_path / "out", "--standing", standing(tmp_path, **changes)]
    assert words in refused(capsys, path, *given) and not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"not_before": datetime.now(UTC) - timedelta(days=500), "days": 400}, "終わっています。署名しません"),
        ({"not_before": datetime.now(UTC) + timedelta(days=1)}, "まだ始まっていません"),
        ({"purposes": ()}, "コード署名用の証明書ではありません"),
    ],
)
def test_a_certificate_that_cannot_sign_now_is_refused(tmp_path, capsys, changes, words):
    path = put(tmp_path, "leaf.pem", ca.pem(AUTHORITY.code_signing(KEY.public_key(), **changes)))
    given = ["--certificate", path, "-o", tmp_path / "out"]
    assert words in refused(capsys, put(tmp_path, "a.exe", b"MZ"), *given)


@pytest.mark.parametrize(
    "names, words",
    [
        (["a.msi"], "このコマンドでは署名できません"),
        (["a.exe", "b.jar"], "分けて署名してください"),
        (["missing.exe"], "開けません"),
        (["a.exe", "sub/a.exe"], "同じ名前"),
        (["taken.exe"], "すでにあります"),
    ],
)
def test_files_that_cannot_be_signed_are_told_before_a_pin_is_asked(tmp_path, leaf, capsys, names, words):
    (tmp_path / "sub").mkdir()
    for name, data in (
        ("a.msi", b"\xd0\xcf"),
        ("a.exe", b"MZ"),
        ("b.jar", b"PK"),
        ("sub/a.exe", b"MZ"),
        ("taken.exe", b"MZ"),
    ):
        put(tmp_path, name, data)
    (tmp_path / "out").mkdir()
    put(tmp_path / "out", "taken.exe", b"")
    assert words in refused(capsys, *(tmp_path / name for name in names), "--certificate", leaf, "-o", tmp_path / "out")


@pytest.mark.parametrize(
    "told", [b"", b"[]", b"{" * 9, b'{"kind":"shirushi.signing-record/1"}', b"\xff", b"x" * 2_000_000]
)
def test_what_is_no_record_is_a_value_error(told):
    with pytest.raises(ValueError):  # noqa: PT011 - its words are for nobody
        signing_record.from_bytes(told)


# What the token's worker signs


def attributes(**changes):
    """Signed attributes as tokens/authenticode.py makes them, with some replaced or (None) left out."""
    found = {
        "content_type": [INDIRECT],
        "message_digest": [b"d" * 32],
        "signing_time": [cms.Time({"utc_time": core.UTCTime(datetime.now(UTC).replace(microsecond=0))})],
    } | changes
    return cms.CMSAttributes([{"type": name, "values": values} for name, values in found.items() if values]).dump()


def test_only_the_attributes_of_a_program_are_signed_as_such():
    check_program_attributes(attributes())
    mail = {"content_type": ["data"]}
    named = {"signing_certificate_v2": [{"certs": [{"cert_hash": b"h" * 32}]}]}
    wrong = [mail, {"message_digest": [b"d" * 20]}, {"message_digest": None}, {"content_type": None}, named]
    for data in (
        *(attributes(**changes) for changes in wrong),
        b"",
        b"shirushi",
        attributes()[:-1],
        attributes() + b"x",
    ):
        with pytest.raises(TokenError) as refusal:
            check_program_attributes(data)
        assert refusal.value.code == "bytes_refused"
