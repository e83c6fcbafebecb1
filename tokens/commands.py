"""What `python -m tokens …` does, a function each. Every one prints what it did and raises Complaint or TokenError."""

import secrets
import ssl
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tokens import certificates, proof, softhsm
from tokens.client import proof_of
from tokens.errors import TokenError, named
from tokens.names import name_of
from tokens.terminal import Complaint, allows_last_try, new_pin, pin_of, say
from tokens.worker import TokenWorker

JAPAN = timezone(timedelta(hours=9))
SECONDS = 180  # a card makes an RSA-4096 key in a minute or two
LARGEST_PDF = 20_000_000
CONDITIONS = {
    "USER_PIN_LOCKED": "PINがロックされています",
    "USER_PIN_FINAL_TRY": "PINの入力は最後の1回です",
    "USER_PIN_COUNT_LOW": "直前にPINの誤りがありました",
    "USER_PIN_TO_BE_CHANGED": "PINが初期値のままです",
    "WRITE_PROTECTED": "書き込みできません",
}


def list_tokens(options):
    """The tokens that are present, and the certificates on them; with --pem also as a file. Asks for no PIN."""
    output = options.pem and _free(options.pem)
    with TokenWorker(options.module) as worker:
        found = worker.call("tokens", timeout=SECONDS)["tokens"]
    if not found:
        say("トークンは見つかりませんでした。カードやUSBトークンが挿してあるかをお確かめください。")
    for token in found:
        say(f"トークン「{token['label']}」 製造番号 {token['serial']}({token['manufacturer']} / {token['model']})")
        condition = next((CONDITIONS[flag] for flag in CONDITIONS if flag in token["flags"]), "使用できます")
        say(f"  状態: {condition}")
        for stored in token["certificates"]:
            _tell(stored)
    if options.pem:
        ders = [stored["der"] for token in found for stored in token["certificates"]]
        _write(output, b"".join(pem.encode("ascii") for pem in map(ssl.DER_cert_to_PEM_cert, ders)))
        say(f"証明書{len(ders)}枚を{output}に書き出しました。")


def _tell(stored):
    """A certificate on a token: whose, and its serial in both notations. A card may hold what is none."""
    try:
        certificate = x509.load_der_x509_certificate(stored["der"])
        until = certificate.not_valid_after_utc.astimezone(JAPAN).date().isoformat()
        say(f"  証明書: {certificates.common_name(certificate)}({until}まで) ID {stored['cka_id'].hex()}")
        say(f"    シリアル番号(16進): {certificates.serial_hex(certificate)}")
        say(f"    シリアル番号(10進): {certificate.serial_number}")
    except ValueError:
        say(f"  証明書: 読み取れません ID {stored['cka_id'].hex()}")
    say(f"    SHA-256: {sha256(stored['der']).hexdigest()}")


def csr(options):
    """A key on the token and its request, as PEM. The key's identifier is written down before the key is made, so
    that a second try after an interruption finds the same key."""
    subject = [_pair(each) for each in options.subject]
    _possible(subject)
    output = _free(options.output)
    cka_id = _identifier(output)
    made = _with_pin(
        options, "make_key", cka_id=cka_id, label=options.label, algorithm=options.algorithm, subject=subject
    )
    request = x509.load_der_x509_csr(made["csr_der"])
    _write(output, request.public_bytes(Encoding.PEM))
    say(f"鍵を用意し、CSRを{output}に書き出しました。")
    say(f"  主体者: {request.subject.rfc4514_string()}")
    say(f"  公開鍵(SHA-256): {made['spki_sha256'].hex()}", f"  トークンでの識別子: {cka_id.hex()}")
    kept = made["attributes"]["NEVER_EXTRACTABLE"] and not made["attributes"]["EXTRACTABLE"]
    say(f"  秘密鍵の取り出し: {'できません(トークンの申告)' if kept else 'できないことを確認できませんでした'}")


def install(options):
    """Write a certificate beside its key, and its chain."""
    leaf, chain = _one_of(options.certificate)
    for path in options.chain:
        chain += _certificates(path)
    done = _with_pin(
        options,
        "install",
        certificate_der=certificates.der(leaf),
        chain_ders=[certificates.der(each) for each in chain],
    )
    say("証明書をトークンに格納し、読み戻して一致を確認しました。", f"  証明書: {_described(leaf)}")
    say(f"  トークン: {done['token']['label']} 識別子 {done['cka_id'].hex()} 中間証明書など {len(chain)}枚")


def prove(options):
    """A proof that the key of a certificate is at hand."""
    challenge, output = _challenge(options.challenge), _free(options.output)
    leaf, _ = _one_of(options.certificate)
    der = certificates.der(leaf)
    made = _with_pin(options, "prove", certificate_der=der, challenge=challenge)
    shown = proof_of(made, der, challenge)
    proof.check(shown, challenge, der)
    _write(output, proof.to_text(shown).encode("ascii"))
    say(f"鍵を持っていることの証明を{output}に書き出しました。", f"  証明書: {_described(leaf)}")


def seal(options):
    """The head's electronic signature on the form's PDF."""
    from tokens import sealing  # pyHanko takes a second to load; only this command needs it

    pdf, output = _read(options.pdf), _free(options.output)
    with TokenWorker(options.module) as worker:
        token = _chosen(worker, options)
        certificate, chain = _signing_certificate(options, token)
        say("次のPDFに電子署名します。", f"  ファイル: {options.pdf}({len(pdf):,}バイト)")
        say(f"  SHA-256: {sha256(pdf).hexdigest()}", f"  証明書: {_described(certificate)}")
        pin = pin_of(options, token["flags"])
        der = certificates.der(certificate)

        def sign(signed_attributes):
            arguments = {"certificate_der": der, "signed_attributes_der": signed_attributes}
            return _called(options, worker, token, pin, "sign_attributes", **arguments)["signature"]

        today = datetime.now(UTC).astimezone(JAPAN).date().isoformat()
        lines = options.name or [certificates.common_name(certificate), today]
        chain = [certificates.der(each) for each in chain]
        sealed = sealing.seal(pdf, der, chain, sign, field=options.field, name_lines=lines, reason=options.reason)
    _write(output, sealed)
    say(f"電子署名したPDFを{output}に書き出しました。", f"  SHA-256: {sha256(sealed).hexdigest()}")


def init_softhsm(options):
    """A software token for practice."""
    label = options.token or "練習カード"
    env = softhsm.make_token(options.directory, label, new_pin(options), options.module)
    say(f"練習用のトークン「{label}」を作りました。")
    say("使う前に、次の行を端末で実行してください。", f"export SOFTHSM2_CONF={env['SOFTHSM2_CONF']}")


# Token and PIN


def _with_pin(options, op, **arguments):
    """One operation with the PIN, on the chosen token."""
    with TokenWorker(options.module) as worker:
        token = _chosen(worker, options)
        return _called(options, worker, token, pin_of(options, token["flags"]), op, **arguments)


def _called(options, worker, token, pin, op, **arguments):
    """Exactly one login, unless the token stands before its last try and the person agrees to take it."""
    known = {"timeout": SECONDS, "token": token["serial"] or token["label"], "pin": pin, **arguments}
    try:
        return worker.call(op, **known)
    except TokenError as error:
        if error.code != "pin_final_try" or not allows_last_try(options):
            raise
    return worker.call(op, **known, final_try=True)


def _chosen(worker, options):
    """The token named by --token (label or serial), or the only one there."""
    present = worker.call("tokens", timeout=SECONDS)["tokens"]
    found = [each for each in present if options.token in (None, each["label"], each["serial"])]
    if len(found) != 1:
        raise named("token_ambiguous" if found else "token_missing")
    return found[0]


def _signing_certificate(options, token):
    """(certificate, chain) to seal with: the one given, or the only fitting one on the token."""
    stored = [x509.load_der_x509_certificate(each["der"]) for each in token["certificates"]]
    if options.certificate:
        certificate, chain = _one_of(options.certificate)
        return certificate, chain or certificates.chain_of(certificate, stored)
    fitting = certificates.for_sealing(stored)
    if not fitting:
        raise named("no_certificate")
    if len(fitting) > 1:
        names = "、".join(_described(each) for each in fitting)
        raise Complaint(f"署名に使える証明書が{len(fitting)}枚あります: {names}", "--certificateで指定してください。")
    return fitting[0], certificates.chain_of(fitting[0], stored)


# Options and files


def _pair(text):
    short, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise Complaint(f"主体者の項目「{text}」を読み取れません。", "--subject O=… のように指定してください。")
    return [short.strip(), value.strip()]


def _possible(subject):
    try:
        name_of(subject)
    except ValueError as error:
        raise Complaint("主体者の項目の名前または長さが正しくありません。", "Cは2文字、CNは64文字までです。") from error


def _challenge(text):
    try:
        challenge = bytes.fromhex(text)
    except ValueError:
        challenge = b""
    if len(challenge) != 32:
        raise Complaint("確認番号は16進数64文字です。", "画面に表示された確認番号を、そのまま写してください。")
    return challenge


def _identifier(output):
    """The CKA_ID for this output file: written beside it, and read again at a second try."""
    note = Path(f"{output}.keyid")
    if not note.exists():
        _write(note, secrets.token_hex(20).encode("ascii"))
    try:
        return bytes.fromhex(_read(note).decode("ascii"))
    except ValueError as error:
        raise Complaint(
            f"{note}を読み取れません。", "鍵をまだ作っていなければ、このファイルを消してください。"
        ) from error


def _certificates(path):
    try:
        return certificates.read(path)
    except OSError as error:
        raise Complaint(f"{path}を開けません。", "ファイルの名前と場所をお確かめください。") from error
    except ValueError as error:
        raise Complaint(
            f"{path}は証明書のファイルではありません。", "PEMまたはDER形式の証明書を指定してください。"
        ) from error


def _one_of(path):
    try:
        return certificates.leaf_and_chain(_certificates(path))
    except ValueError as error:
        advice = "利用者の証明書1枚と、その中間証明書だけを含むファイルを指定してください。"
        raise Complaint(f"{path}から証明書を1枚に決められません。", advice) from error


def _read(path):
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_PDF + 1)
    except OSError as error:
        raise Complaint(f"{path}を開けません。", "ファイルの名前と場所をお確かめください。") from error
    if len(data) > LARGEST_PDF:
        raise Complaint(f"{path}が大きすぎます。", "20MBまでのファイルを指定してください。")
    return data


def _free(path):
    """The path of a file that is not there yet: nothing is overwritten, and no PIN asked in vain."""
    if Path(path).exists():
        raise Complaint(f"{path}はすでにあります。", "別の名前を指定するか、古いファイルを移動してください。")
    return Path(path)


def _write(path, data):
    try:
        with open(path, "xb") as file:
            file.write(data)
    except OSError as error:
        raise Complaint(f"{path}に書き込めません。", "書き込み先のフォルダーと空き容量をお確かめください。") from error


def _described(certificate):
    until = certificate.not_valid_after_utc.astimezone(JAPAN).date().isoformat()
    return f"{certificates.common_name(certificate)}({until}まで、シリアル番号 {certificate.serial_number:x})"
