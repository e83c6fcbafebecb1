"""What a PDF must be before a station has it sealed, and after."""

from io import BytesIO

import pytest
from ca import Authority, der, new_key
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from stationed import MAIL, NUMBER, form

from tokens import sealing
from tokens.errors import TokenError
from tokens.station import document, pictures
from tokens.station.refusals import Refusal

Name, Text, Dict, Array = generic.pdf_name, generic.pdf_string, generic.DictionaryObject, generic.ArrayObject


@pytest.fixture(scope="module")
def authority():
    return Authority()


def refused(act, *arguments, **named):
    with pytest.raises(TokenError) as caught:
        act(*arguments, **named)
    assert caught.value.message.endswith("。") and caught.value.advice.endswith("。")
    return caught.value.code


# The PDF


def changed(act, pdf=None):
    """A form in which `act(writer)` changed something."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf or form()))
    act(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def at_root(name, value, indirect=False):
    def act(writer):
        writer.root[Name(name)] = writer.add_object(value) if indirect else value
        writer.update_root()

    return act


def lying_around(value):
    """An object that no page leads to, for a later revision to pick up."""
    return lambda writer: writer.add_object(value)


SCRIPT = Dict({Name("/S"): Name("/JavaScript"), Name("/JS"): Text("app.alert(1)")})
ACTIVE = {
    "a script at opening": at_root("/OpenAction", SCRIPT),
    "a script at opening, told elsewhere": at_root("/OpenAction", SCRIPT, indirect=True),
    "any action at opening": at_root(
        "/OpenAction", Dict({Name("/S"): Name("/Named"), Name("/N"): Name("/Print")}), True
    ),
    "actions on events": at_root("/AA", Dict({Name("/WC"): SCRIPT})),
    "named scripts": at_root("/Names", Dict({Name("/JavaScript"): Dict()})),
    "embedded files": at_root("/Names", Dict({Name("/EmbeddedFiles"): Dict()})),
    "associated files": at_root("/AF", Array()),
    "layers": at_root("/OCProperties", Dict({Name("/OCGs"): Array()})),
    "a portfolio": at_root("/Collection", Dict()),
    "a link that starts a program": lying_around(Dict({Name("/S"): Name("/Launch")})),
    "a script that lies around": lying_around(SCRIPT),
    "a layer that lies around": lying_around(Dict({Name("/Type"): Name("/OCG")})),
}


@pytest.mark.parametrize("what", ACTIVE)
def test_a_pdf_that_does_or_hides_something_is_refused(what):
    assert refused(document.check, changed(ACTIVE[what]), "Seal") == "pdf_active"


def test_a_pdf_may_say_which_page_opens_first():
    page = Array([generic.NumberObject(0), Name("/Fit")])
    document.check(changed(at_root("/OpenAction", page)), "Seal")
    document.check(form(), "Seal")


def test_a_pdf_with_a_third_revision_is_refused():
    twice = changed(at_root("/Lang", Text("ja")), changed(at_root("/Lang", Text("ja-JP"))))
    assert refused(document.check, twice, "Seal") == "pdf_active"


def test_the_pdf_has_the_field_and_no_other():
    def another(writer):
        append_signature_field(writer, SigFieldSpec("Other", box=(10, 10, 90, 90)))

    assert refused(document.check, form(), "Other") == "pdf_field"
    assert refused(document.check, changed(another), "Seal") == "pdf_field"
    assert (
        refused(document.check, changed(at_root("/AcroForm", Dict({Name("/Fields"): Array()}))), "Seal") == "pdf_field"
    )
    assert refused(document.check, changed(at_root("/AcroForm", Dict())), "Seal") == "pdf_field"
    assert refused(document.check, changed(at_root("/AcroForm", generic.NullObject())), "Seal") in (
        "pdf_field",
        "pdf_unreadable",
    )


def test_a_pdf_that_is_signed_already_is_refused(authority):
    key = new_key()
    certificate = der(authority.smime(key.public_key(), MAIL))
    signed = sealing.seal(form(), certificate, [], lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))
    assert refused(document.check, signed, "Seal") == "pdf_signed"
    document.check_sealed(signed, form(), "Seal", certificate)
    for other in (signed + b"\n%", signed[:-300], changed(at_root("/Lang", Text("ja")), signed), form()):
        assert refused(document.check_sealed, other, form(), "Seal", certificate) == "not_sealed"
    assert refused(document.check_sealed, signed, form(), "Other", certificate) == "not_sealed"
    assert refused(document.check_sealed, signed, form(), "Seal", der(authority.issuing)) == "not_sealed"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"PK\3\4", b"\0" * 1000])
def test_what_is_no_pdf_is_refused(data):
    assert refused(document.check, data, "Seal") == "pdf_unreadable"


def test_an_encrypted_pdf_is_refused():
    writer = copy_into_new_writer(PdfFileReader(BytesIO(form())))
    handler = StandardSecurityHandler.build_from_pw("owner", "")
    writer.security_handler, writer._encrypt = handler, writer.add_object(handler.as_pdf_object())
    output = BytesIO()
    writer.write(output)
    assert refused(document.check, output.getvalue(), "Seal") in ("pdf_unreadable", "pdf_field")


def test_a_pdf_cut_or_bent_anywhere_is_refused_or_whole():
    """No exception but a sentence, wherever a byte is lost."""
    whole = form()
    for at in range(0, len(whole), 37):
        for bent in (whole[:at], whole[:at] + b"\xff" + whole[at + 1 :], whole[:at] + whole[at + 3 :]):
            try:
                document.check(bent, "Seal")
            except Refusal:
                pass


def test_the_pages_are_drawn_and_read():
    drawn = pictures.of(form())
    assert (drawn.count, len(drawn.pictures)) == (1, 1) and NUMBER in drawn.text
    assert pictures.of(b"no PDF at all") == pictures.Pages(0)


def test_without_pdfium_poppler_draws(monkeypatch):
    monkeypatch.setattr(pictures, "_child", lambda pdf: None)
    drawn = pictures.of(form())
    assert drawn.pictures[0].startswith(b"\x89PNG") and NUMBER in drawn.text
