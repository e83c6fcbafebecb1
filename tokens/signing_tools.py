"""The programs that sign programs: osslsigncode (Authenticode) and jarsigner (JAR).

No PIN stands in a command line, an environment or a file: osslsigncode gets none at all, jarsigner reads it from a pipe.
"""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tokens import certificates, program_signature
from tokens.terminal import Complaint

SECONDS = 300
OSSLSIGNCODE, JARSIGNER = "osslsigncode", "jarsigner"
ADVICE = {
    OSSLSIGNCODE: "apt-get install osslsigncode などで入れてください。",
    JARSIGNER: "JDK(例: openjdk-17-jdk-headless)に入っています。JDKを入れてください。",
}
_DIGEST = re.compile(r"^(?:Current|Calculated) message digest *: *([0-9A-F]+)", re.MULTILINE)


def version(tool):
    """The name and version of a tool in one line. Raises Complaint if it is not on this computer."""
    told = _run(tool, "--version" if tool == OSSLSIGNCODE else "-version")
    line = (told.stdout or told.stderr).strip().partition("\n")[0].partition(",")[0]
    return line if tool in line else f"{tool} {line}".strip()


def digested(program, folder):
    """A SignedData (DER) over the digest of a Windows program, made with a key that is thrown away. `program` and `folder`
    (for files of the moment, mode 0700) are Paths. Raises Complaint."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    kept, certificate, made = (folder / name for name in ("throwaway.key", "throwaway.pem", "digested"))
    kept.write_bytes(pem)
    certificate.write_bytes(_throwaway(key).public_bytes(Encoding.PEM))
    done = _run(OSSLSIGNCODE, "sign", "-h", "sha256", "-certs", certificate, "-key", kept, "-in", program, "-out", made)
    found = program_signature.signed_data(made.read_bytes()) if made.exists() else None
    if found is None:
        raise _failed(OSSLSIGNCODE, done)
    for path in (kept, certificate, made):
        path.unlink()
    return found


def attach(program, signed_data, output, folder):
    """Write `program` with the SignedData (DER) to `output`. osslsigncode also judges the chain by this computer's anchors,
    which is not asked here: the digest is compared instead. Raises Complaint."""
    block = folder / "signature.pem"
    block.write_bytes(program_signature.pem(signed_data))
    done = _run(OSSLSIGNCODE, "attach-signature", "-h", "sha256", "-sigin", block, "-in", program, "-out", output)
    if not output.exists() or program_signature.signed_data(output.read_bytes()) != signed_data:
        raise _failed(OSSLSIGNCODE, done)
    digests = _DIGEST.findall(_run(OSSLSIGNCODE, "verify", "-in", output).stdout)
    if len(digests) != 2 or digests[0] != digests[1]:
        raise _failed(OSSLSIGNCODE, done)


def stamp(program, url, output):
    """Write a signed Windows program with a time stamp of the service at `url` to `output`. Raises Complaint."""
    done = _run(OSSLSIGNCODE, "add", "-h", "sha256", "-ts", url, "-in", program, "-out", output)
    if done.returncode or not output.exists():
        raise _failed(OSSLSIGNCODE, done, "タイムスタンプ局のアドレスと、ネットワークをお確かめください。")


def sign_jar(jar, output, configuration, alias, certificate, chain, pin, url=""):
    """Sign a JAR with the key under `alias` on the token that `configuration` (Path, SunPKCS11) names. `pin` is None where
    the reader asks for it; `chain` a PEM file or None; `url` a time-stamp service or "". Raises Complaint."""
    if os.name == "nt":
        raise Complaint(
            "Windowsでは、このコマンドでJARに署名できません。",
            "jarsignerで署名してから、sign --record を使ってください。",
        )
    is_rsa = isinstance(certificate.public_key(), rsa.RSAPublicKey)
    words = ["-keystore", "NONE", "-storetype", "PKCS11", "-addprovider", "SunPKCS11", "-providerArg", configuration]
    words += ["-digestalg", "SHA-256", "-sigalg", "SHA256withRSA" if is_rsa else "SHA256withECDSA"]
    words += ["-certchain", chain] if chain else []
    words += ["-tsa", url] if url else []
    reading, writing = os.pipe()
    try:
        os.write(writing, (pin or "").encode() + b"\n")  # far less than a pipe holds
        os.close(writing)
        words += ["-storepass:file", f"/dev/fd/{reading}"] if pin is not None else ["-protected"]
        done = _run(JARSIGNER, *words, "-signedjar", output, jar, alias, pass_fds=[reading])
    finally:
        os.close(reading)
    found = program_signature.signed_data(output.read_bytes()) if output.exists() else None
    if done.returncode or found is None or certificates.der(certificate) not in found:
        raise _failed(JARSIGNER, done, "トークンの中の証明書の名前と、証明書のファイルをお確かめください。")


def _run(tool, *words, **more):
    path = shutil.which(tool)
    if path is None:
        raise Complaint(f"{tool}が見つかりません。", ADVICE[tool])
    try:
        return subprocess.run(
            [path, *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            **more,
        )
    except subprocess.TimeoutExpired:
        raise Complaint(f"{tool}が{SECONDS}秒たっても終わりません。", "ネットワークをお確かめください。") from None


def _failed(tool, done, advice="ファイルが壊れていないか、署名できる種類のファイルかをお確かめください。"):
    said = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return Complaint(f"{tool}で署名できませんでした。", f"{advice}({tool}の表示: {' / '.join(said[-3:])[:300]})")


def _throwaway(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "thrown away")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5))
    purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING])
    builder = builder.not_valid_after(now + timedelta(hours=1)).add_extension(purposes, critical=False)
    return builder.sign(key, hashes.SHA256())
