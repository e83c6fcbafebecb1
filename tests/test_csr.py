"""Reading a CSR, and everything else that people paste for one."""

import base64
import subprocess
import traceback

import ca
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from openssl import new_key, openssl, request

from webapp.errors import Unreadable
from webapp.papers import csr

DN = "/C=JP/ST=Tokyo/L=Chiyoda-ku/O=Practice University/CN=Practice University"
KEY = ca.new_key()
PEM = ca.pem(ca.csr(KEY))


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def _exported(key, form, password=None):
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


def _body(pem):
    return b"".join(pem.splitlines(keepends=True)[1:-1])


def _refusal(data):
    with pytest.raises(Unreadable) as caught:
        csr.read(data)
    return caught.value


@pytest.mark.parametrize("given", [PEM, PEM.decode(), ca.der(ca.csr(KEY))], ids=["PEM", "text", "DER"])
def test_it_reads_what_is_in_a_csr(given):
    read = csr.read(given)
    assert read.subject.values == ca.SUBJECT
    assert (read.key.algorithm, read.key.bits, read.key.curve, str(read.key)) == ("EC", 256, "P-256", "P-256")
    assert (read.signature_hash, read.extensions, read.attributes) == ("SHA-256", (), ())
    assert not read.challenge_password and not read.san_mails
    csr.check_signature(read)


def test_it_agrees_with_openssl_about_key_and_text():
    read = csr.read(PEM)
    assert openssl("req", "-pubkey", "-noout", given=read.pem.encode()) == KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert openssl("req", "-outform", "DER", given=PEM) == read.der
    public_key = openssl("pkey", "-pubin", "-outform", "DER", given=openssl("req", "-pubkey", "-noout", given=PEM))
    assert openssl("dgst", "-sha256", "-r", given=public_key).decode().startswith(read.spki_sha256)


def test_it_reads_an_rsa_csr_of_openssl_with_all_that_openssl_adds(tmp_path):
    key = new_key(tmp_path, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    config = (
        "[req]\ndistinguished_name=dn\nattributes=attr\nreq_extensions=ext\nprompt=no\n[dn]\nC=JP\nO=Practice\n"
        "[attr]\nchallengePassword=secret\n[ext]\nsubjectAltName=email:sato@practice.example\nkeyUsage=digitalSignature\n"
    )
    (tmp_path / "req.cnf").write_text(config)
    read = csr.read(openssl("req", "-new", "-sha1", "-config", str(tmp_path / "req.cnf"), "-key", str(key)))
    assert (read.key.algorithm, read.key.bits, read.key.exponent, str(read.key)) == ("RSA", 2048, 65537, "RSA-2048")
    assert read.signature_hash == "SHA-1"
    assert read.challenge_password and read.san_mails == ("sato@practice.example",)
    assert read.extensions == ("subjectAltName", "keyUsage")
    assert "challengePassword" in read.attributes


@pytest.mark.parametrize(
    ("options", "key", "hash"),
    [
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1", "SHA-256"),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "P-521", "SHA-256"),
        (["-algorithm", "ED25519"], "Ed25519", ""),
    ],
)
def test_it_names_the_kind_of_key(tmp_path, options, key, hash):
    read = csr.read(request(new_key(tmp_path, *options), DN))
    assert (str(read.key), read.signature_hash) == (key, hash)
    csr.check_signature(read)


@pytest.mark.parametrize(
    "changed",
    [
        lambda pem: b"\xef\xbb\xbf" + pem,
        lambda pem: pem.decode().encode("utf-16"),
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: b"> " + pem.replace(b"\n", b"\n> "),
        lambda pem: b"Certificate Request:\n    Data:\n" + pem,
        lambda pem: pem.replace(b"BEGIN C", b"BEGIN NEW C").replace(b"END C", b"END NEW C"),
        lambda pem: b"-----BEGIN CERTIFICATE REQUEST-----" + _body(pem).replace(b"\n", b" ") + pem.splitlines()[-1],
    ],
    ids=["byte order mark", "UTF-16", "CRLF", "quoted in a mail", "with -text", "NEW", "in one line"],
)
def test_it_forgives_what_editors_and_mails_do_to_the_text(changed):
    assert csr.read(changed(PEM)).sha256 == csr.read(PEM).sha256


def test_it_finds_a_signature_that_does_not_fit():
    der = bytearray(ca.der(ca.csr(KEY)))
    der[der.index(b"Tokyo")] = ord("B")
    with pytest.raises(csr.BrokenSignature, match="自己署名"):
        csr.check_signature(csr.read(bytes(der)))


def _private_keys(rsa_key):
    traditional, pkcs8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8
    openssh, putty = (
        serialization.PrivateFormat.OpenSSH,
        b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n",
    )
    der = KEY.private_bytes(serialization.Encoding.DER, traditional, serialization.NoEncryption())
    pkcs8_der = openssl("pkcs8", "-topk8", "-outform", "DER", "-passout", "pass:x", given=_exported(KEY, pkcs8))
    return {
        "PKCS#1": _exported(rsa_key, traditional),
        "PKCS#1 encrypted": _exported(rsa_key, traditional, b"secret"),
        "PKCS#8": _exported(rsa_key, pkcs8),
        "PKCS#8 encrypted": _exported(rsa_key, pkcs8, b"secret"),
        "EC": _exported(KEY, traditional),
        "Ed25519": _exported(ed25519.Ed25519PrivateKey.generate(), pkcs8),
        "OpenSSH": _exported(KEY, openssh),
        "PuTTY": putty + base64.b64encode(der),
        "JWK": b'{"kty": "EC", "crv": "P-256", "d": "' + base64.b64encode(der) + b'"}',
        "DER": der,
        "encrypted DER": pkcs8_der,
        "PKCS#12": pkcs12.serialize_key_and_certificates(b"x", KEY, None, None, serialization.NoEncryption()),
        "beside a CSR": PEM + _exported(KEY, pkcs8),
        "labelled as a CSR": b"-----BEGIN CERTIFICATE REQUEST-----\n%b-----END CERTIFICATE REQUEST-----\n"
        % _body(_exported(KEY, pkcs8)),
        "without its lines": _body(_exported(rsa_key, traditional)),
        "the first half only": _body(_exported(rsa_key, pkcs8))[:400],
        "lower-case lines": _exported(KEY, pkcs8).replace(b"PRIVATE KEY", b"private key"),
        "Java keystore": b"\xfe\xed\xfe\xed\x00\x00\x00\x02" + der,
        "in UTF-16": _exported(KEY, pkcs8).decode().encode("utf-16"),
    }


def test_it_refuses_a_private_key_pasted_for_a_csr_and_never_shows_it(rsa_key):
    for kind, pasted in _private_keys(rsa_key).items():
        with pytest.raises(csr.PrivateKeyPasted) as caught:
            csr.read(pasted)
        refusal = caught.value
        assert "使わないでください" in refusal.advice, kind
        assert refusal.__cause__ is None and refusal.__context__ is None, kind
        shown = "".join(traceback.format_exception(refusal)) + repr(refusal) + refusal.message + refusal.advice
        for line in [each for each in pasted.split(b"\n") if len(each) > 20 and b"CERTIFICATE" not in each]:
            assert line.decode("latin-1").strip() not in shown, kind


def test_a_key_of_ssh_keygen_counts_as_a_private_key(tmp_path):
    path = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "secret", "-f", str(path)], check=True)
    with pytest.raises(csr.PrivateKeyPasted):
        csr.read(path.read_bytes())
    assert "SSHの公開鍵" in _refusal(path.with_suffix(".pub").read_bytes()).message


def _pkcs7():
    authority = ca.Authority()
    return pkcs7.serialize_certificates([authority.root], serialization.Encoding.PEM)


PUBLIC_KEY = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (b"", "内容が空です"),
        ("  \r\n", "内容が空です"),
        (b"A" * 70_000, "大きすぎます"),
        (lambda: ca.pem(ca.Authority().root), "これは証明書です"),
        (lambda: ca.der(ca.Authority().root), "これは証明書です"),
        (_pkcs7, "PKCS#7"),
        (PUBLIC_KEY, "公開鍵だけ"),
        (_body(PEM), "そろっていません"),
        (PEM.replace(b"-----END CERTIFICATE REQUEST-----", b""), "そろっていません"),
        (PEM.replace(b"-----BEGIN CERTIFICATE REQUEST-----", b""), "そろっていません"),
        (PEM.replace(b"-----", "―――".encode()), "そろっていません"),
        (PEM.replace(b"MII", b"M*I"), "Base64"),
        (PEM[:90] + PEM[91:], "Base64"),
        (PEM[:120] + PEM[124:], "中身を読み取れません"),
        (PEM + PEM, "2件"),
        ("こんにちは", "読み取れません"),
        (b"PK\x03\x04" + bytes(50), "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\xff" * 40, "読み取れません"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----", "読み取れません"),
    ],
)
def test_it_says_what_came_instead_of_a_csr(given, sentence):
    refusal = _refusal(given() if callable(given) else given)
    assert sentence in refusal.message
    assert refusal.advice.endswith(("。", "。)", "-text"))


def test_it_does_not_take_two_attributes_in_one_step_of_the_name(tmp_path):
    key = new_key(tmp_path, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    assert "1つの階層" in _refusal(request(key, "/C=JP/O=Practice+CN=Practice")).message


def test_it_refuses_a_key_that_nobody_can_read(tmp_path):
    options = ["-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
    explicit = request(new_key(tmp_path, "-algorithm", "EC", *options), DN)
    try:
        assert str(csr.read(explicit).key) == "P-256"
    except Unreadable as unreadable:
        assert "公開鍵を読み取れません" in unreadable.message


def test_every_cut_and_every_flipped_byte_is_read_or_refused_in_a_sentence():
    der = ca.der(ca.csr(KEY))
    for place in range(len(der)):
        flipped = bytearray(der)
        flipped[place] ^= 0x55
        for damaged in (der[:place], bytes(flipped)):
            try:
                csr.check_signature(csr.read(damaged))
            except Unreadable as refusal:
                assert refusal.message


def test_a_csr_for_another_curve_has_another_fingerprint():
    other = csr.read(ca.pem(ca.csr(ca.new_key(ec.SECP384R1()))))
    assert other.key.curve == "P-384" and other.spki_sha256 != csr.read(PEM).spki_sha256


@pytest.mark.filterwarnings("ignore:Attribute's length")
def test_it_reads_a_country_of_three_letters_so_that_a_rule_can_speak():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "JPN", _validate=False)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(KEY, ca.hashes.SHA256())
    assert csr.read(ca.pem(made)).subject.get("C") == "JPN"


def test_a_name_of_a_strange_string_type_is_refused():
    der = ca.der(ca.csr(KEY)).replace(b"\x0c\x05Tokyo", b"\x03\x05\x00okyo")
    assert "中身を読み取れません" in _refusal(der).message
