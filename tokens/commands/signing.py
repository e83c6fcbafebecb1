"""Seals on PDFs and signatures on mails."""

from hashlib import sha256

from cryptography import x509

from tokens import certificates
from tokens.commands import arguments, at, files
from tokens.errors import named
from tokens.terminal import Complaint, say


def register(acts):
    seal_ = arguments.act(acts, "seal", seal, "申請書のPDFに電子署名します。")
    seal_.add_argument("pdf", help="捺印・署名用のPDF")
    arguments.signer(seal_, "署名したPDFの書き出し先")
    seal_.add_argument("--field", default="Seal", help="署名欄の名前")
    seal_.add_argument("--name", action="append", help="印影に入れる資格と氏名。順に繰り返し指定(氏名が最後)")
    seal_.add_argument("--reason", default="", help="署名の理由")

    smime_ = arguments.act(acts, "smime", smime, "メールのファイルに署名します(S/MIME)。")
    smime_.add_argument("message", help="差出人・宛先・件名のあるメールのファイル(.eml)")
    arguments.signer(smime_, "署名したメールの書き出し先")


def seal(options):
    """The head's electronic signature on the form's PDF."""
    from tokens import sealing  # pyHanko takes a second to load; only this command and the next need it

    def sealed(pdf, certificate, chain, sign):
        lines = options.name or [certificates.common_name(certificate)]
        der = certificates.der(certificate)
        return sealing.seal(pdf, der, chain, sign, field=options.field, name_lines=lines, reason=options.reason)

    output, data = _signed(options, options.pdf, "PDFに電子署名", sealed)
    say(f"電子署名したPDFを{output}に書き出しました。", f"  SHA-256: {sha256(data).hexdigest()}")


def smime(options):
    """A signed mail (S/MIME) from a mail file; headers are repeated inside what is signed."""
    from tokens import smime as mail

    def signed(message, certificate, chain, sign):
        return mail.signed(message, certificates.der(certificate), chain, sign)

    output, data = _signed(options, options.message, "メールに署名", signed)
    say(f"署名したメールを{output}に書き出しました。", f"  SHA-256: {sha256(data).hexdigest()}")
    say("  送信するまで、内容を書き換えないでください。")


def _signed(options, path, what, make):
    """(output path, what was written): `make(data, certificate, chain, sign)` with one signature of the card."""
    data, output = files.read(path), files.free(options.output)
    with at.opened(options) as (worker, token):
        certificate, chain = _signing_certificate(options, token)
        say(f"次の{what}します。", f"  ファイル: {path}({len(data):,}バイト)")
        say(f"  SHA-256: {sha256(data).hexdigest()}", f"  証明書: {files.described(certificate)}")
        der = certificates.der(certificate)

        def sign(signed_attributes):
            arguments = {"certificate_der": der, "signed_attributes_der": signed_attributes}
            return at.asked(options, worker, token, "sign_attributes", **arguments)["signature"]

        made = make(data, certificate, [certificates.der(each) for each in chain], sign)
    files.write(output, made)
    return output, made


def _signing_certificate(options, token):
    """(certificate, chain) to sign with: the one given, or the only fitting one on the token."""
    stored = [x509.load_der_x509_certificate(each["der"]) for each in token["certificates"]]
    if options.certificate:
        certificate, chain = files.one_of(options.certificate)
        return certificate, chain or certificates.chain_of(certificate, stored)
    fitting = certificates.for_sealing(stored)
    if not fitting:
        raise named("no_certificate")
    if len(fitting) > 1:
        names = "、".join(files.described(each) for each in fitting)
        raise Complaint(f"署名に使える証明書が{len(fitting)}枚あります: {names}", "--certificateで指定してください。")
    return fitting[0], certificates.chain_of(fitting[0], stored)
