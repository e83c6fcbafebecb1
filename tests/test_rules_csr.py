"""CSR-01 … CSR-08 (domain.md §5, §18), with CSRs of the real openssl."""

import shlex
import subprocess
from dataclasses import replace

import ca
import pytest
from asked import asked
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from openssl import new_key, openssl, request

from webapp import profiles
from webapp.papers import csr as papers
from webapp.papers.subject import Subject
from webapp.rules import ERROR, WARNING
from webapp.rules import csr as rules

UPKI = profiles.load("upki-v2.4")
REGISTERED = Subject(ca.SUBJECT)
DN = "/C=JP/ST=Tokyo/L=Chiyoda-ku/O=Practice University/CN=Practice University"
GOOD = papers.read(ca.pem(ca.csr(ca.new_key())))


@pytest.fixture(scope="session")
def rsa_3072(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rsa")
    return new_key(folder, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")


def _judged(csr, known=()):
    subjects = {"subject": csr.subject, "registered": REGISTERED, "form_subject": REGISTERED}
    return asked("DN", "CSR", csr=csr, profile=UPKI, known=known, **subjects)


def _found(pem):
    return [(each.id, each.severity, each.field) for each in _judged(papers.read(pem))]


def _made(folder, *options):
    return request(new_key(folder, *options), DN)


def test_a_good_csr_is_without_findings(rsa_3072):
    assert _found(request(rsa_3072, DN)) == []
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        assert _found(ca.pem(ca.csr(ca.new_key(curve)))) == []


def test_a_good_csr_in_der_is_as_good(rsa_3072):
    assert _found(request(rsa_3072, DN, "-outform", "DER")) == []


def test_rsa_2048_is_too_short(tmp_path):
    pem = _made(tmp_path, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    assert _found(pem) == [("CSR-02", ERROR, "key")]
    assert "2048ビット" in _judged(papers.read(pem))[0].sentence


def test_a_length_that_is_no_multiple_of_eight_is_refused():
    odd = replace(GOOD, key=replace(GOOD.key, algorithm="RSA", bits=3073, curve="", modulus=2**3073, exponent=65537))
    assert "8の倍数" in rules.csr_02(odd, UPKI)[0].sentence


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1"),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"], "secp224r1"),
        (["-algorithm", "ED25519"], "Ed25519"),
    ],
)
def test_other_curves_and_kinds_are_refused(tmp_path, options, word):
    csr = papers.read(_made(tmp_path, *options))
    [finding] = rules.csr_02(csr, UPKI)
    assert word in finding.sentence and "P-256、P-384、P-521" in finding.sentence


def test_an_ed25519_csr_has_no_hash_to_accept(tmp_path):
    assert ("CSR-04", ERROR, "signature") in _found(_made(tmp_path, "-algorithm", "ED25519"))


def test_a_small_exponent_is_a_warning_and_an_even_one_an_error(tmp_path):
    options = ["-pkeyopt", "rsa_keygen_bits:3072", "-pkeyopt", "rsa_keygen_pubexp:3"]
    csr = papers.read(_made(tmp_path, "-algorithm", "RSA", *options))
    assert [(each.id, each.severity) for each in _judged(csr)] == [("CSR-03", WARNING)]
    for unfit in (1, 2, 65536):
        assert rules.csr_03(replace(csr, key=replace(csr.key, exponent=unfit)))[0].severity == ERROR


def test_a_sha_1_signature_is_refused(rsa_3072):
    assert _found(request(rsa_3072, DN, "-sha1")) == [("CSR-04", ERROR, "signature")]


@pytest.mark.parametrize("hash", ["-sha384", "-sha512"])
def test_longer_hashes_are_fine(rsa_3072, hash):
    assert _found(request(rsa_3072, DN, hash)) == []


def test_a_broken_self_signature_is_found(rsa_3072):
    der = bytearray(request(rsa_3072, DN, "-outform", "DER"))
    der[-1] ^= 1
    assert _found(bytes(der)) == [("CSR-01", ERROR, "signature")]


def test_a_weak_key_is_found():
    from test_rules_weak_keys import close_prime_modulus

    key = replace(GOOD.key, algorithm="RSA", bits=3072, curve="", modulus=close_prime_modulus(1024), exponent=65537)
    [finding] = rules.csr_05(replace(GOOD, key=key))
    assert (finding.id, finding.severity) == ("CSR-05", ERROR) and "フェルマー" in finding.sentence


def test_a_key_used_before_is_refused_with_where():
    known = ["CS-2025-0003 の証明書(シリアル番号 0a1b)", "申請 CS-2026-0007"]
    findings = _judged(GOOD, known)
    assert [each.id for each in findings] == ["CSR-06", "CSR-06"]
    assert "CS-2025-0003 の証明書(シリアル番号 0a1b)" in findings[0].sentence


def test_openssls_default_city_is_found(rsa_3072):
    found = _found(request(rsa_3072, DN.replace("Chiyoda-ku", "Default City")))
    assert found == [("DN-02", ERROR, "L"), ("DN-04", ERROR, "L"), ("CSR-07", ERROR, "subject")]


def test_an_ou_is_found(rsa_3072):
    found = _found(request(rsa_3072, DN.replace("/CN", "/OU=Lab/CN")))
    assert found == [("DN-05", ERROR, "OU"), ("CSR-07", ERROR, "subject")]


def test_another_order_is_another_subject():
    csr = papers.read(ca.pem(ca.csr(ca.new_key(), tuple(reversed(ca.SUBJECT)))))
    [finding] = _judged(csr)
    assert finding.id == "CSR-07" and "値は発行申請書と同じですが、項目の順序が違います" in finding.sentence
    assert "(CSRは CN→O→L→ST→C、発行申請書は C→ST→L→O→CN)" in finding.sentence


def test_two_values_of_one_name_that_have_changed_places_are_shown_as_they_stand():
    first, last = (Subject((("C", "JP"), ("OU", one), ("OU", two))) for one, two in (("A", "B"), ("B", "A")))
    [finding] = rules.csr_07(replace(GOOD, subject=first), last)
    assert "「OU=B, OU=A, C=JP」" in finding.sentence and "「OU=A, OU=B, C=JP」" in finding.sentence


def test_the_proposed_command_makes_the_right_subject(rsa_3072, tmp_path):
    odd = Subject((("C", "JP"), ("ST", "Tokyo"), ("L", "Chiyoda-ku"), ("O", "A+B, C=D/E 'F'"), ("CN", "F\\G")))
    words = shlex.split(rules.openssl_command(odd))
    subprocess.run(
        [str(rsa_3072) if each == "key.pem" else each for each in words],
        cwd=tmp_path,
        check=True,
    )
    made = papers.read((tmp_path / "request.csr").read_bytes())
    assert made.subject == odd


def test_mail_addresses_and_a_challenge_password_are_warned_about(rsa_3072, tmp_path):
    config = "[req]\ndistinguished_name=dn\nprompt=no\nattributes=attr\n[dn]\n" + "\n".join(
        f"{k}={v}" for k, v in ca.SUBJECT
    )
    (tmp_path / "req.cnf").write_text(config + "\n[attr]\nchallengePassword=hunter2\n")
    pem = openssl("req", "-new", "-utf8", "-config", str(tmp_path / "req.cnf"), "-key", str(rsa_3072))
    assert _found(pem) == [("CSR-08", WARNING, "attributes")]
    mail = x509.SubjectAlternativeName([x509.RFC822Name("sato@practice.example")])
    csr = papers.read(ca.pem(ca.csr(ca.new_key(), extensions=[mail])))
    assert "sato@practice.example" in rules.csr_08(csr)[0].sentence


def test_every_finding_says_what_to_do(rsa_3072):
    pem = request(rsa_3072, "/C=US/L=Default City/O=-/OU=x/CN=y", "-sha1")
    for finding in _judged(papers.read(pem), ["申請 CS-2026-0007"]):
        assert finding.sentence.endswith("。") and finding.advice
