"""What is wrong between a person and a card: reader, service, module, card, PIN, keys, certificates, each a finding.

Nothing here asks for a PIN or changes anything. Where one card works, what is wrong with others keeps nobody from working: the drivers
of cards that are not here are "使っていない", other cards are "注意".
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from tokens import certificates, misses, public_keys, readers
from tokens.errors import TokenError
from tokens.pin_entry import MISSES_BEFORE_LAST, NAMES
from tokens.worker import TokenWorker

WELL, TAKE_CARE, WRONG, UNUSED = "良好", "注意", "異常", "使っていない"
NOT_NEEDED = "ほかのモジュールでカードを使えるので、このままで差し支えありません。"
SECONDS = 30
SOON = timedelta(days=60)
WANTED = {"RSA-3072", "RSA-4096"}


@dataclass(frozen=True)
class Finding:
    """`result` WELL, TAKE_CARE, WRONG or UNUSED; `sentence` says what, `advice` what to do ("" where nothing). What is WRONG is
    only `otherwise` where a card works in another way."""

    result: str
    sentence: str
    advice: str = ""
    otherwise: str = TAKE_CARE


def examine(modules, now=None):
    """[Finding, …] for the modules (tokens.modules.Found) of this computer."""
    now = now or datetime.now(UTC)
    findings = list(_readers())
    if not modules:
        advice = "カードやトークンに付属のソフトウェア、またはOpenSCを入れてください。別の場所にあれば--moduleで指定してください。"
        findings.append(Finding(WRONG, "PKCS#11モジュール(ドライバー)が見つかりません。", advice))
    shown, works = 0, False
    for module in modules:
        told, tokens = _module(module)
        findings += told
        shown += len(tokens)
        for token in tokens:
            about = [*_pin(token), *_abilities(token), *_certificates(token, now)]
            findings += about
            works = works or WRONG not in {each.result for each in about}
    if modules and not shown:
        advice = (
            "カードを奥まで挿し、表裏を確かめてください。カードの製造元のモジュールが入っているかもお確かめください。"
        )
        findings.append(Finding(WRONG, "使えるトークンが見つかりません。", advice))
    return [_eased(each) for each in findings] if works else findings


def _eased(finding):
    if finding.result != WRONG:
        return finding
    return replace(
        finding, result=finding.otherwise, advice=NOT_NEEDED if finding.otherwise == UNUSED else finding.advice
    )


# Readers and modules


def _readers():
    try:
        found = readers.readers()
    except readers.NoService as error:
        if error.missing:
            sentence, advice = (
                "カードリーダーを扱うサービス(PC/SC)が入っていません。",
                "ICカードを使うときは、Debianではpcscdを入れてください。",
            )
        else:
            sentence, advice = (
                "カードリーダーを扱うサービス(PC/SC)が動いていません。",
                "ICカードを使うときは、Linuxでは「systemctl start pcscd.socket」、WindowsではSmart Cardサービスを始めてください。",
            )
        yield Finding(TAKE_CARE, sentence, advice)
        return
    if not found:
        advice = "ICカードを使うときは、リーダーをつなぎ直し、ドライバーが入っているかをお確かめください。"
        yield Finding(TAKE_CARE, "カードリーダーが見つかりません。", advice)
    for reader in found:
        if reader.card == "mute":
            yield Finding(
                WRONG,
                f"リーダー「{reader.name}」のカードが応答しません。",
                "カードの表裏と向きを確かめ、端子を拭いて挿し直してください。",
            )
        elif reader.card == "absent":
            yield Finding(
                TAKE_CARE, f"リーダー「{reader.name}」にカードが入っていません。", "カードを奥まで挿してください。"
            )
        else:
            yield Finding(WELL, f"リーダー「{reader.name}」にカードが入っています。")


def _module(module):
    """(findings, tokens as operation "show" tells them)."""
    try:
        with TokenWorker(module.path) as worker:
            told = worker.call("describe", timeout=SECONDS)
            named = [slot["token"] for slot in told["slots"] if slot["token"]]
            tokens = [_shown(worker, names) for names in named]
    except TokenError as error:
        sentence = f"モジュール {module.name} が使えません。{error.message}"
        return [Finding(WRONG, sentence, error.advice, UNUSED)], []
    findings = [
        Finding(WELL, f"モジュール {module.name}({told['description']} 版 {told['version']})を読み込めました。")
    ]
    blank = [slot for slot in told["slots"] if slot["problem"] == "token_unreadable"]
    for slot in blank:
        sentence = f"差し込み口「{slot['description']}」のカードを、モジュール {module.name} では読めません。"
        findings.append(Finding(TAKE_CARE, sentence, "カードの製造元のモジュールを使うか、初期設定をしてください。"))
    for failure in [token for token in tokens if isinstance(token, Finding)]:
        findings.append(failure)
    return findings, [token for token in tokens if not isinstance(token, Finding)]


def _shown(worker, names):
    try:
        return worker.call("show", timeout=SECONDS, token=names)
    except TokenError as error:
        return Finding(WRONG, f"トークン「{names['label']}」を読めません。{error.message}", error.advice)


# A token


def _pin(token):
    name, flags = f"トークン「{token['label']}」", token["flags"]
    missed = misses.count({each: token[each] for each in NAMES})
    if "USER_PIN_LOCKED" in flags:
        yield Finding(
            WRONG, f"{name}のPINがロックされています。", "トークンの管理者に、PUKなどによる解除を依頼してください。"
        )
    elif "USER_PIN_INITIALIZED" not in flags and "LOGIN_REQUIRED" in flags:
        yield Finding(WRONG, f"{name}に利用者のPINがありません。", "付属のソフトウェアで初期設定をしてください。")
    elif "USER_PIN_TO_BE_CHANGED" in flags:
        advice = "「python -m tokens change-pin」でPINを変更してください。"
        yield Finding(WRONG, f"{name}のPINが初期値のままです。", advice)
    elif "USER_PIN_FINAL_TRY" in flags or missed >= MISSES_BEFORE_LAST:
        advice = "PINを書き留めたものなどで確かめるまで、入力しないでください。"
        yield Finding(TAKE_CARE, f"{name}は、次にPINを間違えるとロックされるおそれがあります。", advice)
    elif "USER_PIN_COUNT_LOW" in flags or missed:
        yield Finding(TAKE_CARE, f"{name}では、前にPINの誤りがありました。", "次は、確かめてから入力してください。")
    else:
        yield Finding(WELL, f"{name}は、PINを入力できる状態です。残りの回数は、知らせないトークンもあります。")
    if "PROTECTED_AUTHENTICATION_PATH" in flags:
        yield Finding(WELL, f"{name}のPINは、カードリーダーのPINパッドで入力します。")


def _abilities(token):
    name = f"トークン「{token['label']}」"
    if "WRITE_PROTECTED" in token["flags"]:
        yield Finding(
            TAKE_CARE, f"{name}は書き込み禁止です。", "鍵の作成と証明書の格納には、書き込み保護の解除が要ります。"
        )
    if WANTED & set(token["makes"]):
        yield Finding(WELL, f"{name}は、コード署名に使える鍵({'、'.join(token['makes'])})を作れます。")
    else:
        advice = "コード署名の鍵には、RSA 3072ビット以上を作れるトークンが要ります。署名だけに使うなら、このままで差し支えありません。"
        yield Finding(TAKE_CARE, f"{name}は、RSA 3072ビット以上の鍵を作れません。", advice)


def _certificates(token, now):
    name = f"トークン「{token['label']}」"
    if not token["certificates"]:
        yield Finding(TAKE_CARE, f"{name}に証明書がありません。", "「python -m tokens install」で格納できます。")
    keys = {sha256(spki).digest() for spki in token["public_keys"]}
    held = [_certificate(name, stored["der"], keys, now) for stored in token["certificates"]]
    one_is_good = any(told and WRONG not in {each.result for each in told} for told in held)
    for told in held:
        yield from (
            map(_eased, told) if one_is_good else told
        )  # an old one beside its successor keeps nobody from working


def _certificate(name, der, keys, now):
    """[Finding, …] on one certificate; none on an authority's."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        advice = "付属のソフトウェアで、その証明書を確かめてください。"
        return [Finding(WRONG, f"{name}に、読めない証明書があります。", advice)]
    if certificates.is_authority(certificate):
        return []
    whose = f"証明書「{certificates.common_name(certificate)}」"
    if sha256(public_keys.spki(key)).digest() in keys:
        beside = Finding(WELL, f"{whose}と対になる公開鍵が、同じトークンにあります。")
    else:
        advice = "鍵を持っていることは、「python -m tokens prove」で確かめられます(PINが要ります)。"
        beside = Finding(TAKE_CARE, f"{whose}の鍵がトークンにあるかは、PINなしではわかりません。", advice)
    return [_term(certificate, whose, now), beside]


def _term(certificate, whose, now):
    start = certificate.not_valid_before_utc.astimezone(certificates.JAPAN)
    end = certificate.not_valid_after_utc.astimezone(certificates.JAPAN)
    if end < now:
        return Finding(
            WRONG, f"{whose}は有効期限({end:%Y-%m-%d})が切れています。", "新しい証明書の発行を申請してください。"
        )
    if start > now:
        return Finding(
            WRONG, f"{whose}は、まだ有効ではありません({start:%Y-%m-%d}から)。", "パソコンの日付をお確かめください。"
        )
    if end - now < SOON:
        return Finding(
            TAKE_CARE, f"{whose}の有効期限({end:%Y-%m-%d})が近づいています。", "更新の手続きを始めてください。"
        )
    return Finding(WELL, f"{whose}は{end:%Y-%m-%d}まで有効です。")
