"""Signing test PDFs with pyHanko, as a station, as Acrobat and as a forger would."""

import io
from datetime import UTC, datetime

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests import ca
from tests.papers_pdf import SPOT

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
MAIL = "tanaka@shinsei.example"
Name, Number, Text = generic.NameObject, generic.NumberObject, generic.pdf_string


class Head:
    """A person with a key and a certificate of an authority (or one of their own making)."""

    def __init__(self, authority, key=None, certificate=None, embed=()):
        self.key = key or ca.new_key()
        self.certificate = certificate or authority.smime(self.key.public_key(), MAIL)
        self.embed = embed

    def signer(self):
        """A pyHanko signer with the certificate and the DER certificates of `embed` in its CMS."""
        store = SimpleCertificateStore()
        store.register_multiple(asn1_x509.Certificate.load(der) for der in self.embed)
        private = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        certificate = asn1_x509.Certificate.load(ca.der(self.certificate))
        return signers.SimpleSigner(certificate, keys.PrivateKeyInfo.load(private), store)


def sign(
    pdf,
    head,
    *,
    field="Seal",
    box=None,
    page=0,
    pades=False,
    certify=False,
    hash="sha256",
    before=None,
    strict=True,
    room=None,
):
    """`pdf` (bytes or a writer) signed by `head` in an existing field, or in a new one if `box` is given; `before`
    gets the writer first and may change things in the same revision; `room` is for how many hex digits (default: just enough)."""
    writer = _writer(pdf, strict)
    if before:
        before(writer)
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=hash,
        certify=certify,
        subfilter=fields.SigSeedSubFilter.PADES if pades else fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
    )
    spec = box and fields.SigFieldSpec(field, on_page=page, box=box)
    out = signers.PdfSigner(metadata, head.signer(), new_field_spec=spec).sign_pdf(writer, bytes_reserved=room)
    return out.getvalue()


def like_acrobat(pdf, head, box=(440, 450, 560, 540), **how):
    """A new field dragged over 印, with the default resources that Acrobat writes into the AcroForm."""

    def resources(writer):
        form = writer.root["/AcroForm"]
        font = {Name("/Type"): Name("/Font"), Name("/Subtype"): Name("/Type1"), Name("/BaseFont"): Name("/Helvetica")}
        packed = writer.prepare_object_stream() if writer.stream_xrefs else None
        helvetica = writer.add_object(generic.DictionaryObject(font), obj_stream=packed)
        fonts = generic.DictionaryObject({Name("/Helv"): helvetica})
        form[Name("/DR")] = generic.DictionaryObject({Name("/Font"): fonts})
        form[Name("/DA")] = Text("/Helv 0 Tf 0 g ")
        writer.update_container(form)

    return sign(pdf, head, field="Signature1", box=box, before=resources, **how)


def changed(pdf, change):
    """`pdf` with one more revision in which `change(writer)` happens."""
    writer = _writer(pdf)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def add_annotation(writer):
    """A visible note on the page: 「ANY AMOUNT」."""
    note = {
        Name("/Type"): Name("/Annot"),
        Name("/Subtype"): Name("/FreeText"),
        Name("/Contents"): Text("ANY AMOUNT"),
        Name("/DA"): Text("/Helv 12 Tf"),
        Name("/Rect"): generic.ArrayObject([Number(x) for x in (100, 600, 300, 640)]),
        Name("/F"): Number(4),
    }
    page = first_page(writer)
    page["/Annots"].append(writer.add_object(generic.DictionaryObject(note)))
    writer.update_container(page["/Annots"])


def replace_content(writer):
    """The page's content stream redefined."""
    content = first_page(writer)["/Contents"]
    content._data = b"BT /F1 12 Tf 72 760 Td (Application CS-2026-9999) Tj ET"
    content._encoded_data = None
    writer.mark_update(first_page(writer).raw_get("/Contents"))


def swap_content(writer):
    """The page pointed at another content stream."""
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 72 760 Td (another) Tj ET")
    first_page(writer)[Name("/Contents")] = writer.add_object(stream)
    writer.update_container(first_page(writer))


def replace_font(writer):
    """The font that draws the page redefined (a letter may look like another)."""
    first_page(writer)["/Resources"]["/Font"]["/F1"][Name("/BaseFont")] = Name("/Courier")
    writer.mark_update(first_page(writer)["/Resources"]["/Font"].raw_get("/F1"))


def add_page(writer):
    """A second page."""
    page = generic.DictionaryObject({Name("/Type"): Name("/Page"), Name("/MediaBox"): first_page(writer)["/MediaBox"]})
    writer.insert_page(page)


def open_action(writer):
    """JavaScript that runs when the document opens."""
    action = {Name("/S"): Name("/JavaScript"), Name("/JS"): Text("app.alert('x')")}
    writer.root[Name("/OpenAction")] = generic.DictionaryObject(action)
    writer.update_root()


def named_script(writer):
    """JavaScript in the catalogue of names, hidden behind a reference."""
    action = {Name("/S"): Name("/JavaScript"), Name("/JS"): Text("app.alert('x')")}
    names = generic.ArrayObject([Text("a"), writer.add_object(generic.DictionaryObject(action))])
    tree = generic.DictionaryObject({Name("/Names"): names})
    writer.root[Name("/Names")] = generic.DictionaryObject({Name("/JavaScript"): tree})
    writer.update_root()


def attach_file(writer):
    """An orphan embedded file, waiting."""
    stream = generic.StreamObject({Name("/Type"): Name("/EmbeddedFile")}, stream_data=b"MZ")
    writer.add_object(stream)


def hide_layer(writer):
    """Optional content properties: layers that can be switched."""
    writer.root[Name("/OCProperties")] = generic.DictionaryObject({Name("/OCGs"): generic.ArrayObject()})
    writer.update_root()


def move_seal(writer):
    """Our own field moved elsewhere on the page."""
    field = writer.root["/AcroForm"]["/Fields"][0]
    field[Name("/Rect")] = generic.ArrayObject([Number(x) for x in (10, 10, 60, 60)])
    writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(0))


def text_field(writer):
    """A text field with an appearance, over the page."""
    field = {
        Name("/Type"): Name("/Annot"),
        Name("/Subtype"): Name("/Widget"),
        Name("/FT"): Name("/Tx"),
        Name("/T"): Text("number"),
        Name("/V"): Text("CS-2026-9999"),
        Name("/Rect"): generic.ArrayObject([Number(x) for x in (72, 750, 300, 780)]),
        Name("/F"): Number(4),
    }
    reference = writer.add_object(generic.DictionaryObject(field))
    for array in (writer.root["/AcroForm"]["/Fields"], first_page(writer)["/Annots"]):
        array.append(reference)
        writer.update_container(array)


def change_title(writer):
    """The document's title."""
    writer.trailer["/Info"][Name("/Title")] = Text("another")
    writer.update_container(writer.trailer["/Info"])


def share_signature(writer):
    """A second field over 印 that refers to the signature of the first."""
    value = writer.root["/AcroForm"]["/Fields"][0].raw_get("/V")
    fields.append_signature_field(writer, fields.SigFieldSpec("Second", on_page=0, box=SPOT))
    second = writer.root["/AcroForm"]["/Fields"][-1]
    second[Name("/V")] = value
    writer.update_container(second)


def first_page(writer):
    """The first page's dictionary."""
    return writer.root["/Pages"]["/Kids"][0]


def _writer(pdf, strict=True):
    return IncrementalPdfFileWriter(io.BytesIO(pdf), strict=strict)
