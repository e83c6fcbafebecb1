"""What a public key must be, for a CSR (CSR-02, -03, -05) and for a certificate (CRT-09) alike."""

from webapp.rules import weak_keys


def size_complaint(key, profile):
    """What is wrong with kind and size of a PublicKey as a sentence, or "" (CSBR §6.1.5.1)."""
    if key.algorithm == "RSA":
        return _rsa_complaint(key, profile)
    if key.algorithm == "EC":
        return "" if key.curve in profile.curves else f"楕円曲線が「{key.curve}」です。{_accepted(profile)}"
    return f"鍵の種類が「{key}」です。{_accepted(profile)}"


def exponent_is_unfit(key):
    """Whether an RSA public exponent is even or below 3 (CSBR §6.1.6, SHALL)."""
    return key.algorithm == "RSA" and (key.exponent < 3 or key.exponent % 2 == 0)


def exponent_is_small(key):
    """Whether an RSA public exponent is allowed but below 65537 (CSBR §6.1.6, SHOULD)."""
    return key.algorithm == "RSA" and not exponent_is_unfit(key) and key.exponent < 65537


def weakness(key):
    """Why an RSA key can be broken, as a sentence, or ""."""
    if key.algorithm != "RSA":
        return ""
    if factor := weak_keys.small_factor(key.modulus):
        return f"RSAの法(モジュラス)が{factor}で割り切れます。素数の積として正しく作られていない鍵です。"
    if weak_keys.close_primes(key.modulus):
        return "RSAの2つの素数が近すぎるため、公開鍵から秘密鍵を計算できます(フェルマー法)。"
    if weak_keys.has_roca_fingerprint(key.modulus):
        return "欠陥のある部品で作られた鍵の特徴があります(ROCA、CVE-2017-15361)。秘密鍵を計算されるおそれがあります。"
    return ""


def _rsa_complaint(key, profile):
    if key.bits < profile.rsa_min_bits:
        return f"RSAの鍵長が{key.bits}ビットです。{_accepted(profile)}"
    if key.bits % 8:
        return f"RSAの鍵長が{key.bits}ビットで、8の倍数ではありません。{_accepted(profile)}"
    return ""


def _accepted(profile):
    return f"使えるのは、RSA {profile.rsa_min_bits}ビット以上、またはECDSA({'、'.join(profile.curves)})です。"
