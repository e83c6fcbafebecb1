"""What is there: modules, tokens, certificates. Asks for no PIN."""

import ssl
from hashlib import sha256

from cryptography import x509

from tokens import certificates, misses, modules, public_keys
from tokens.commands import arguments, at, files
from tokens.errors import TokenError
from tokens.pin_entry import NAMES
from tokens.terminal import say
from tokens.worker import TokenWorker

CONDITIONS = {
    "USER_PIN_LOCKED": "PINがロックされています",
    "USER_PIN_FINAL_TRY": "PINの入力は最後の1回です",
    "USER_PIN_COUNT_LOW": "直前にPINの誤りがありました",
    "USER_PIN_TO_BE_CHANGED": "PINが初期値のままです",
    "WRITE_PROTECTED": "書き込みできません",
}
PROBLEMS = {
    "not_initialised": "初期設定の済んでいないトークンがあります",
    "token_removed": "カードが入っていません",
    "token_unreadable": "このモジュールでは読めないカードがあります",
}


def register(acts):
    arguments.act(acts, "modules", list_modules, "このパソコンにあるPKCS#11モジュールを一覧にします。", pin=False)
    listing = arguments.act(acts, "list", list_tokens, "挿してあるトークンと証明書を一覧にします。", pin=False)
    listing.add_argument(
        "--pem", metavar="ファイル", help="証明書の書き出し先(PEM)。シリアル番号を調べる画面で選べます"
    )
    arguments.token(arguments.act(acts, "show", show, "トークン1つの中身と、使える方式を表示します。", pin=False))


def list_modules(options):
    """The PKCS#11 modules of this computer, and what each says of itself."""
    found = modules.found()
    if not found:
        say("PKCS#11モジュールは、いつもの場所に見つかりませんでした。")
        say("  → トークンに付属のソフトウェアを入れてください。別の場所にあれば、--moduleに場所を書けます。")
    for module in found:
        say(f"{module.name}: {module.what}", f"  場所: {module.path}")
        try:
            with TokenWorker(module.path) as worker:
                told = worker.call("describe", timeout=at.LOOKING_SECONDS)
        except TokenError as error:
            say(f"  使えません: {error.message}", f"  → {error.advice}")
            continue
        say(f"  {told['description']}({told['manufacturer']})版 {told['version']}")
        for slot in told["slots"]:
            there = slot["token"] and f"トークン「{slot['token']['label']}」 製造番号 {slot['token']['serial']}"
            say(
                f"  差し込み口「{slot['description']}」: {there or PROBLEMS.get(slot['problem'], 'カードを読めません')}"
            )


def list_tokens(options):
    """The tokens that are present, and the certificates on them; with --pem also as a file."""
    output = options.pem and files.free(options.pem)
    found = [token for path in at.candidates(options) for token in _present(path, options)]
    if not found:
        say("トークンは見つかりませんでした。カードやUSBトークンが挿してあるかをお確かめください。")
    for token in found:
        _tell_token(token)
        for stored in token["certificates"]:
            _tell_certificate(stored)
    if options.pem:
        ders = [stored["der"] for token in found for stored in token["certificates"]]
        files.write(output, b"".join(pem.encode("ascii") for pem in map(ssl.DER_cert_to_PEM_cert, ders)))
        say(f"証明書{len(ders)}枚を{output}に書き出しました。")


def show(options):
    """Everything of one token that it tells without a PIN."""
    with at.opened(options) as (worker, token):
        told = worker.call("show", timeout=at.LOOKING_SECONDS, token={name: token[name] for name in NAMES})
    _tell_token(told)
    missed = misses.count(told)
    if missed:
        say(f"  このパソコンで続けて間違えた回数: {missed}回")
    say(f"  PINの入力: {'カードリーダー' if 'PROTECTED_AUTHENTICATION_PATH' in told['flags'] else 'パソコン'}")
    say(f"  作れる鍵: {'、'.join(told['makes']) or 'なし'}", f"  方式: {' '.join(told['mechanisms'])}")
    for stored in told["certificates"]:
        _tell_certificate(stored)
    for spki in told["public_keys"]:
        say(f"  公開鍵: {public_keys.algorithm(public_keys.of_spki(spki))} SHA-256 {sha256(spki).hexdigest()}")


def _present(path, options):
    """The tokens that a module shows; of several modules, one that cannot be used does not hide the others."""
    try:
        with TokenWorker(path) as worker:
            return worker.call("tokens", timeout=at.LOOKING_SECONDS)["tokens"]
    except TokenError as error:
        if options.module:
            raise
        say(f"モジュール {path} は使えません: {error.message}")
        return []


def _tell_token(token):
    say(f"トークン「{token['label']}」 製造番号 {token['serial']}({token['manufacturer']} / {token['model']})")
    condition = next((CONDITIONS[flag] for flag in CONDITIONS if flag in token["flags"]), "使用できます")
    say(f"  状態: {condition}")


def _tell_certificate(stored):
    """A certificate on a token: whose, and its serial in both notations. A card may hold what is none."""
    try:
        certificate = x509.load_der_x509_certificate(stored["der"])
        until = certificate.not_valid_after_utc.astimezone(files.JAPAN).date().isoformat()
        say(f"  証明書: {certificates.common_name(certificate)}({until}まで) ID {stored['cka_id'].hex()}")
        say(f"    シリアル番号(16進): {certificates.serial_hex(certificate)}")
        say(f"    シリアル番号(10進): {certificate.serial_number}")
    except ValueError:
        say(f"  証明書: 読み取れません ID {stored['cka_id'].hex()}")
    say(f"    SHA-256: {sha256(stored['der']).hexdigest()}")
