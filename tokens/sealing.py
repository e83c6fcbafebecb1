"""The institution's seal as an electronic signature: a PAdES B-B approval signature in the field that waits for it.

The raw signature comes from outside (a card, a station): what is signed are the CMS signed attributes over the
digest of the whole document, never the document's bytes handed over as a bare digest.
"""

import asyncio
from dataclasses import dataclass
from io import BytesIO

from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import StaticStampStyle

from tokens import stamp
from tokens.cms import HASH, checked, finished, signer_of
from tokens.errors import named

ROOM = 32768  # hex digits: for the signature, and a time stamp with its chain


def seal(pdf, signing_certificate, chain, sign, *, field="Seal", name_lines=(), reason=""):
    """`pdf` (bytes) with one more revision: a signature in its empty field, and its visible mark there: `name_lines` (資格,
    氏名; none: no mark), today's date of Japan and the first digits of the certificate's SHA-256.

    `signing_certificate` and each of `chain` are DER. `sign(signed_attributes_der) -> signature` is called once, and
    returns RSASSA-PKCS1-v1_5 or DER ECDSA with SHA-256. A lock that the field carries (/Lock) takes effect.
    Raises TokenError: seal_unreadable, seal_no_field, font_missing, signature_wrong, and whatever `sign` raises.
    """
    begun = begin(pdf, signing_certificate, chain, field=field, name_lines=name_lines, reason=reason)
    return begun.signed_with(sign(begun.attributes))


@dataclass(frozen=True)
class Begun:
    """A seal that lacks its signature: `attributes` (DER) are what is to be signed."""

    signer: object
    signed_attributes: object
    prepared: object
    unfinished: BytesIO

    @property
    def attributes(self):
        return self.signed_attributes.dump()

    def signed_with(self, signature):
        """The sealed PDF (bytes). Raises TokenError signature_wrong unless the signature is one over `attributes`."""
        checked(self.signer.signing_cert.dump(), signature, self.attributes)
        made = asyncio.run(finished(self.signer, self.signed_attributes, signature))
        self.prepared.fill_with_cms(self.unfinished, made)
        return self.unfinished.getvalue()


def begin(pdf, signing_certificate, chain, *, field="Seal", name_lines=(), reason=""):
    """As `seal`, up to the signature: a Begun, for several that are to be signed within one login."""
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        width, height = _box(writer, field)
    except PdfError as error:
        raise named("seal_unreadable", type(error).__name__) from error
    signer = signer_of(signing_certificate, chain)
    style = _style(stamp.lines_of(name_lines, signing_certificate), width, height)
    try:
        prepared, unfinished, attributes = asyncio.run(_prepared(writer, signer, style, field, reason))
    except (PdfError, SigningError) as error:  # a document that forbids the signature
        raise named("seal_unreadable", type(error).__name__) from error
    return Begun(signer, attributes, prepared, unfinished)


def _box(writer, field):
    """Width and height of the empty signature field, in points."""
    for name, value, reference in enumerate_sig_fields(writer.prev, filled_status=False):
        if name == field and value is None:
            entry = reference.get_object()
            entry = entry if "/Rect" in entry else entry["/Kids"][0]  # field and widget are one, or parent and child
            left, bottom, right, top = map(float, entry["/Rect"])
            return abs(right - left), abs(top - bottom)
    raise named("seal_no_field", field)


def _style(lines, width, height):
    if not lines or not width or not height:
        return StaticStampStyle(border_width=0)
    try:
        picture = stamp.draw(lines, width, height)
    except OSError as error:
        raise named("font_missing") from error
    whole = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, margins=Margins())
    return StaticStampStyle(border_width=0, background=PdfImage(picture), background_layout=whole)


async def _prepared(writer, signer, style, field, reason):
    """(digest and byte range, the unfinished document, signed attributes)."""
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm=HASH,
        subfilter=SigSeedSubFilter.PADES,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        reason=reason or None,
    )
    pdf_signer = PdfSigner(metadata, signer, stamp_style=style)
    certificates = [signer.signing_cert, *signer.cert_registry]
    length = 2 * sum(len(each.dump()) for each in certificates) + ROOM
    prepared, _, output = await pdf_signer.async_digest_doc_for_signing(
        writer, existing_fields_only=True, bytes_reserved=length
    )
    attributes = await signer.signed_attrs(prepared.document_digest, HASH, use_pades=True)
    return prepared, output, attributes
