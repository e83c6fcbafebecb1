"""What in a profile contradicts something else in it, where each value by itself is sound."""

from contextlib import suppress
from urllib.parse import urlsplit

from webapp.profiles.kinds import PRACTICE
from webapp.profiles.profile import Profile

MAILED = {"issue": ("csr", "xlsx"), "revoke": ("xlsx",)}  # what the packet of a mail holds, beside the sealed PDF


class Unsound(AttributeError):
    """A value that is missing or wrong by itself was to be compared with others."""


class Sound:
    """`values` of a profile that is still being checked; to look at one of the `faulty` keys is Unsound."""

    def __init__(self, values, faulty):
        self._values = {key: value for key, value in values.items() if key not in faulty}

    def __getattr__(self, name):
        if isinstance(derived := getattr(Profile, name, None), property):
            return derived.fget(self)
        if name not in self._values:
            raise Unsound(name)
        return self._values[name]


def disagreements(values):
    """(key, sentence, advice) for each contradiction between the values of a Sound. A rule ends where it would look at what
    is wrong by itself."""
    for rule in (_seal, _attachments, _dispatch, _keys, _subject, _fixed, _validity, _practice, _status, _documents):
        with suppress(Unsound):
            yield from rule(values)


def exposures(values):
    """The same for what would be told to everybody on the way. Kept versions of a profile may still say so."""
    with suppress(Unsound):
        if values.portal_address.lower().startswith("http://"):
            yield (
                "portal_address",
                f"「{values.portal_address}」への接続は暗号化されません。",
                "申請の内容とパスワードを入力するため、https:// で始まるアドレスを書いてください。",
            )


def _seal(profile):
    if profile.wants_seal and not profile.seal_roles:
        yield "seal_roles", "捺印・署名する人がありません。", '[seal_roles] を書くか、seal = "none" にしてください。'
    if not profile.wants_seal and profile.seal_roles:
        yield (
            "seal_roles",
            '捺印・署名が不要(seal = "none")なのに、捺印・署名する人があります。',
            "どちらかを取り除いてください。",
        )


def _attachments(profile):
    for kind, parts in profile.attachments.items():
        if not profile.wants_seal and "pdf" in parts:
            sentence = "捺印・署名が不要なのに、捺印・署名済みPDF(pdf)を添付することになっています。"
            yield "attachments", sentence, f"{kind} から pdf を取り除いてください。"
        if profile.wants_seal and "pdf" not in parts:
            sentence = "捺印・署名をするのに、そのPDF(pdf)を添付しないことになっています。"
            yield "attachments", sentence, f"{kind} に pdf を加えてください。"
        mailed = MAILED[kind] + (("pdf",) if profile.wants_seal else ())
        if profile.dispatch == "mail" and set(parts) - {"pdf"} != set(MAILED[kind]):
            yield (
                "attachments",
                f"メールで送付する書類({kind})は決まっています。",
                f"{'、'.join(mailed)} を書いてください。",
            )
    if "csr" in profile.attachments["revoke"]:
        yield "attachments", "失効の申請にCSRはありません。", "revoke から csr を取り除いてください。"


def _dispatch(profile):
    if profile.dispatch == "mail":
        if not profile.recipients:
            yield "recipients", "メールで送付するのに、宛先がありません。", "recipients に宛先を書いてください。"
        for key in ("portal_address", "portal_fields"):
            if getattr(profile, key):
                yield (
                    key,
                    "メールで送付するのに、ポータルの設定があります。",
                    '取り除くか、dispatch = "portal" にしてください。',
                )
        return
    if not profile.portal_address:
        yield "portal_address", "ポータルのアドレスがありません。", "portal_address を書いてください。"
    for kind, words in (("issue", "発行"), ("revoke", "失効")):
        if not any(each.of == kind for each in profile.portal_fields):
            yield (
                "portal_fields",
                f"{words}の入力欄がありません。",
                f'of = "{kind}" の [[portal_fields]] を書いてください。',
            )
    for key in ("recipients", "copies"):
        if getattr(profile, key):
            yield key, "ポータルで申請するのに、メールの宛先があります。", "取り除いてください。"


def _keys(profile):
    for each in profile.offered_keys:
        family, _, size = each.partition("-")
        if family == "RSA" and int(size) < profile.rsa_min_bits:
            yield (
                "offered_keys",
                f"{each}は、rsa_min_bits({profile.rsa_min_bits})より短い鍵です。",
                "どちらかを直してください。",
            )
        if family == "P" and each not in profile.curves:
            yield "offered_keys", f"{each}が curves にありません。", "curves に加えるか、取り除いてください。"


def _subject(profile):
    if both := set(profile.required_attributes) & set(profile.forbidden_attributes):
        yield (
            "forbidden_attributes",
            f"必要な項目にもある項目({'、'.join(sorted(both))})です。",
            "どちらかから取り除いてください。",
        )


def _fixed(profile):
    if loose := set(profile.fixed_attributes) & set(profile.forbidden_attributes):
        yield "fixed_attributes", f"使えない項目({'、'.join(sorted(loose))})です。", "どちらかから取り除いてください。"


def _validity(profile):
    days = [each.issued_from for each in profile.validity]
    if len(set(days)) < len(days):
        yield "validity", "同じ日(issued_from)からの上限が2つあります。", "1つにしてください。"
    for each in profile.validity:
        if bool(each.days) == bool(each.months):
            yield (
                "validity",
                f"{each.issued_from}からの上限に、days か months のどちらか1つがありません。",
                "どちらか1つだけを1以上で書いてください。",
            )


def _practice(profile):
    for key in ("status_hosts", "crl_addresses", "ocsp_addresses", "seal_status_hosts", "seal_crl_addresses"):
        if not profile.practice and any(PRACTICE in each for each in getattr(profile, key)):
            yield key, "{practice} は、練習用の窓口のことです。", "本番では、認証局の実際のホストを書いてください。"


def _status(profile):
    for key, hosts in (
        ("crl_addresses", profile.status_hosts),
        ("ocsp_addresses", profile.status_hosts),
        ("seal_crl_addresses", profile.seal_status_hosts),
    ):
        listed = {each.lower() for each in hosts}
        for url in getattr(profile, key):
            if not _places(url) & listed:
                yield key, f"「{url}」のホストは、尋ねてよいホストにありません。", "ホストの一覧に加えてください。"


def _places(url):
    if url.startswith(PRACTICE):
        return {PRACTICE}
    parts = urlsplit(url.lower())
    own = {"http": 80, "https": 443}[parts.scheme]
    port = own if parts.port is None else parts.port
    return {f"{parts.hostname}:{port}"} | ({parts.hostname} if port == own else set())


def _documents(profile):
    keys = [each.key for each in profile.documents]
    if len(set(keys)) < len(keys):
        yield "documents", "同じ key の文書が2つあります。", "文書ごとに違う key にしてください。"
