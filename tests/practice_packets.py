"""What an applicant would send to the practice desk, made without LibreOffice: CSR, form, sealed PDF, the mail round them."""

import io
from email.message import EmailMessage

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.papers_people import PASSWORD, issue_form
from webapp.papers.form_values import printed
from webapp.papers.issue_form import fill

DESK = "certs@desk.practice.example"
HEAD = "tanaka@shinsei.example"
OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
}
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
__all__ = ["DESK", "HEAD", "PASSWORD", "csr", "form_pdf", "issue_form", "letter", "packet", "scan", "sealed", "sheet"]


def csr(subject=None, key=None) -> bytes:
    """A CSR (PEM) for `subject` ((short, value), …), else that of the form."""
    pairs = subject or issue_form().subject
    name = x509.Name([x509.NameAttribute(OIDS[short], value) for short, value in pairs])
    key = key or ec.generate_private_key(ec.SECP256R1())
    return x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256()).public_bytes(PEM)


def sheet(**changes) -> bytes:
    """The form in Excel, with `changes` to its values."""
    return fill(issue_form(**changes))


def form_pdf(**changes) -> bytes:
    """A PDF whose text is the values of the form. Japanese in a font whose codes are UTF-16 (no glyphs, but readable)."""
    lines = [line for text in printed(issue_form(**changes)).values() for line in text.splitlines()]
    return text_pdf(lines)


def text_pdf(lines) -> bytes:
    shown = "".join(
        f"BT /F 9 Tf 40 {810 - 18 * i} Td <{t.encode('utf-16-be').hex()}> Tj ET\n" for i, t in enumerate(lines)
    )
    cmap = "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap"
    return pdf_file(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        stream(shown),
        "<</Type/Font/Subtype/Type0/BaseFont/Any/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode 7 0 R>>",
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/Any/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        "/FontDescriptor 8 0 R/DW 1000>>",
        stream(cmap),
        "<</Type/FontDescriptor/FontName/Any/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700"
        "/StemV 80>>",
    )


def scan() -> bytes:
    """A page that is nothing but a picture."""
    picture = "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
    return pdf_file(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
        stream("q 595 0 0 842 0 0 cm /I Do Q"),
        picture + "stream\nx\nendstream",
    )


def stream(text):
    return f"<</Length {len(text)}>>stream\n{text}\nendstream"


def pdf_file(*objects) -> bytes:
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + end.encode()


def sealed(pdf, certificate, key, issuer, field="Seal") -> bytes:
    """`pdf` signed by pyHanko (PAdES B-B) with a certificate and key of cryptography."""
    private = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    store = SimpleCertificateStore.from_certs([asn1_x509.Certificate.load(issuer.public_bytes(DER))])
    signer = signers.SimpleSigner(
        asn1_x509.Certificate.load(certificate.public_bytes(DER)), asn1_keys.PrivateKeyInfo.load(private), store
    )
    wish = signers.PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    return signers.PdfSigner(wish, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf))).getvalue()


def packet(pdf, **changes) -> list:
    """The three files of an issue packet as (name, data); `changes` replace the data of "xlsx" or "csr"."""
    xlsx, request = changes.get("xlsx") or sheet(), changes.get("csr") or csr()
    return [
        ("shinsei_CS-2026-0012_application.xlsx", xlsx),
        ("shinsei_CS-2026-0012_signed.pdf", pdf),
        ("shinsei_CS-2026-0012.csr", request),
    ]


def letter(files, sender="suzuki@shinsei.example", to=DESK) -> EmailMessage:
    """A mail to the desk with these (name, data) files."""
    message = EmailMessage()
    message["From"], message["To"] = f"鈴木 花子 <{sender}>", to
    message["Subject"], message["Message-ID"] = "コード署名用証明書 発行申請", "<one@shinsei.example>"
    message.set_content("申請書類をお送りします。\n")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message
