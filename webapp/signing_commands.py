"""Ready commands for signing with one certificate: values in, text out. Nothing in them asks for a PIN on the line."""

import hashlib

TIMESTAMP = "http://timestamp.example"  # the institution's own timestamp service goes here


def commands(certificate, number):
    """[(tool, explanation, command), …] for a register row: its SHA-1 thumbprint is what Windows looks it up by."""
    chain = f"{number}-chain.pem"
    label = certificate.key_pair.token_label if certificate.key_pair else "トークンのラベル"
    key = certificate.key_pair.cka_id if certificate.key_pair else ""
    uri = f"pkcs11:token={_escaped(label)}" + (f";id={_percent(key)}" if key else "") + ";type=private"
    return [
        (
            "python -m tokens sign(署名ステーションのパソコン)",
            "EXE・DLL・SYS・JARに署名します。署名の前に証明書の状態を確かめ、署名した記録を署名簿に登録します。PINは実行中に尋ねられます。",
            f"python -m tokens sign 配布物.exe --certificate {chain} --timestamp {TIMESTAMP} -o 署名済み --station",
        ),
        (
            "signtool(Windows)",
            "EXE・DLL・MSIなどに署名します。トークンのドライバーを入れたWindowsで実行します。PINはドライバーの画面で入力します。",
            f"signtool sign /sha1 {_thumbprint(certificate)} /fd SHA256 /tr {TIMESTAMP} /td SHA256 配布物.exe",
        ),
        (
            "osslsigncode(Linux・Mac)",
            "Windows用の配布物に、PKCS#11のトークンで署名します。PINは実行中に尋ねられます。",
            f"osslsigncode sign -pkcs11module /path/to/pkcs11-module.so -key '{uri}' -certs {chain} "
            f"-h sha256 -ts {TIMESTAMP} -in 配布物.exe -out 署名済み.exe",
        ),
        (
            "jarsigner(Java)",
            "JARに署名します。pkcs11.cfg には name と library(モジュールの場所)を書きます。PINは実行中に尋ねられます。",
            "jarsigner -keystore NONE -storetype PKCS11 -addprovider SunPKCS11 -providerArg pkcs11.cfg "
            f"-certchain {chain} -sigalg {_sigalg(certificate)} -digestalg SHA-256 -tsa {TIMESTAMP} 配布物.jar '{_alias(certificate)}'",
        ),
    ]


def _thumbprint(certificate):
    return hashlib.sha1(certificate.content.bytes(), usedforsecurity=False).hexdigest().upper()


def _sigalg(certificate):
    algorithm = certificate.key_pair.algorithm if certificate.key_pair else "RSA"
    return "SHA256withRSA" if algorithm.startswith("RSA") else "SHA256withECDSA"


def _alias(certificate):
    return certificate.key_pair.label if certificate.key_pair else "証明書のラベル"


def _escaped(text):
    return "".join(
        c if c.isascii() and c.isalnum() or c in "-_." else "".join(f"%{b:02X}" for b in c.encode()) for c in text
    )


def _percent(hexadecimal):
    return "".join(f"%{hexadecimal[i : i + 2].upper()}" for i in range(0, len(hexadecimal), 2))
