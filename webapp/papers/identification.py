"""Which certificate is in this file? (seed 1-4, コード署名用証明書情報取得手順: the serial for 失効申請書 and 更新.)

Certificates as files, bundles, and things signed with one: programs, scripts, catalogs, PDFs, JARs, and ZIPs of these.
A certificate is only named here; no signature is verified. Call it through guard.run: everything comes from outside.
"""

from cryptography import x509

from webapp.errors import Unreadable
from webapp.papers import archived, armour, key, signed_data, signed_pdf, signed_program, unpacking
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.identified import Found, Identification, once, ordered, refuse_too_many

__all__ = ["LARGEST", "Found", "Identification", "PrivateKeyPasted", "identify"]

LARGEST = 20 * 1024 * 1024
MAX_TEXT = 2 * 1024 * 1024  # PEM files; a hundred certificates are some 200 kB
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def identify(data, name):
    """The Identification of `data` (bytes; `name` is the file's name, for the sentences only).

    PrivateKeyPasted when a private key, a PKCS#12 file or a Java key store is given: nothing of it may be kept.
    Unreadable, with what the file is and what to do, for all that names no certificate.
    """
    if len(data) > LARGEST:
        raise Unreadable(
            "ファイルが大きすぎます。20MBまで調べられます。",
            "大きなプログラムは、Windowsのファイルのプロパティ(「デジタル署名」タブ)で証明書を表示し、証明書を"
            "ファイルに保存してから選択してください。",
        )
    if not data.strip():
        raise Unreadable("ファイルの中身が空です。", "証明書のファイルか、署名済みのファイルを選択してください。")
    return _identify(data, name, 1, None)


def _identify(data, name, depth, budget):
    if unpacking.is_zip(data):
        return archived.identify(data, _identify, depth, budget)
    if data.startswith(b"%PDF-"):
        return signed_pdf.identify(data)
    if signed_program.is_program(data):
        return signed_program.identify_program(data)
    if signed_program.is_script(data):
        return signed_program.identify_script(data)
    _refuse_by_name(data, name)
    if armour.shape(data) == armour.PKCS7:
        return signed_data.identify(data)
    return _from_text(data)


def _refuse_by_name(data, name):
    if data.startswith(_OLE):
        raise Unreadable(
            "これはWindowsインストーラー(.msi)か古いOfficeの文書です。この形式の署名は読み取れません。",
            "ファイルのプロパティの「デジタル署名」タブで証明書を表示し、ファイルに保存してから選択してください。",
        )
    if data.startswith(armour.KEYSTORES):
        raise _key_store(
            "Javaのキーストア(.jks)", "keytool -exportcert -rfc -keystore 名前.jks -alias 別名 -file cert.pem"
        )
    if name.lower().endswith((".ps1", ".psm1", ".psd1")):
        raise Unreadable(
            "このスクリプトには署名ブロックがありません。",
            "署名済み(末尾に「# SIG # Begin signature block」がある)スクリプトを選択してください。",
        )


def _from_text(data):
    """PEM, one or many, with whatever text is around it; or one DER object."""
    if len(data) > MAX_TEXT:
        raise Unreadable(
            "対応していない種類のファイルか、証明書のファイルとしては大きすぎるファイルです。",
            "証明書のファイル(2MBまで)か、署名されたプログラム、スクリプト、JAR、PDFを選択してください。",
        )
    try:
        blocks = armour.blocks(data, MAX_TEXT)
    except PrivateKeyPasted:
        raise _private_key(data) from None
    bundled = [signed_data.identify(block.der) for block in blocks if block.kind == armour.PKCS7]
    ders = [block.der for block in blocks if block.kind == armour.CERTIFICATE]
    others = [_described(block) for block in blocks if block.kind not in (armour.PKCS7, armour.CERTIFICATE)]
    if not ders and len(bundled) == 1:
        return bundled[0]
    if not ders and not bundled:
        raise Unreadable(*others[0])
    found, notes = ordered(ders)
    found = once((*found, *(each for bundle in bundled for each in bundle.found)))
    refuse_too_many(found)
    if not found:
        raise _broken()
    notes = (*notes, *(note for bundle in bundled for note in bundle.notes), *(sentence for sentence, _ in others[:5]))
    return Identification(_kind(data, ders), found, notes, any(bundle.is_signed for bundle in bundled))


def _kind(data, ders):
    if armour.shape(data) != armour.UNKNOWN:
        return "証明書のファイル(DER形式)"
    return "証明書のファイル(PEM形式)" if len(ders) == 1 else f"証明書{len(ders)}枚のファイル(PEM形式)"


def _described(block):
    """(what this block is, what to do) for one that is no certificate."""
    if block.kind == armour.CSR and _is_revocation_list(block.der):
        return (
            "失効リスト(CRL)が入っています。失効した証明書の番号の一覧で、証明書そのものではありません。",
            "証明書のファイル(.cer、.pem、.p7b)か、署名済みのファイルを選択してください。",
        )
    if block.kind == armour.CSR:
        return (
            "CSR(証明書発行要求)が入っています。発行前のものなので、シリアル番号はまだありません。",
            "発行された証明書のファイルか、署名済みのファイルを選択してください。申請の番号や管理名称からも探せます。",
        )
    if block.kind == armour.PUBLIC_KEY:
        return (
            "公開鍵だけのファイルです。シリアル番号は、公開鍵ではなく証明書に書かれています。",
            "証明書のファイルか、署名済みのファイルを選択してください。",
        )
    return (
        "証明書として読み取れないものが入っています。",
        "証明書のファイル(.cer、.pem、.p7b)か、署名済みのファイルを選択してください。",
    )


def _is_revocation_list(der):
    try:
        x509.load_der_x509_crl(der)
    except key.MALFORMED:
        return False
    return True


def _private_key(data):
    if armour.shape(data) == armour.PKCS12:
        return _key_store("PKCS#12のファイル(.p12、.pfx)", "openssl pkcs12 -in 名前.p12 -nokeys -clcerts -out cert.pem")
    return PrivateKeyPasted(
        "秘密鍵が含まれています。秘密鍵は誰にも渡してはいけないものです。受け取った内容は保存も記録もしていません。",
        "この秘密鍵はもう使わず、対応する証明書の失効が必要かどうかを、すぐに登録担当者に相談してください。"
        "調べるには、証明書のファイルだけを選択してください。",
    )


def _key_store(what, command):
    return PrivateKeyPasted(
        f"これは{what}です。秘密鍵が含まれているため、開かずに破棄しました。保存も記録もしていません。",
        f"証明書だけを取り出して選択してください。コマンド: {command} "
        "パスワードが推測されやすいものの場合は、鍵の扱いを登録担当者に相談してください。",
    )


def _broken():
    return Unreadable(
        "証明書を読み取れません。壊れているか、証明書の規格に合っていません。",
        "証明書のファイルを入手し直してください。確認のコマンド: openssl x509 -in cert.cer -noout -text",
    )
