"""Shadow attacks (Mainka et al. 2021): what is signed holds a second content; what is shown changes after."""

from pyhanko.pdf_utils import generic

from tests import papers_seals as hand
from tests.attacks_on_pdfs.objects_changed import DOCUMENT, Array, Dict, _annotation, _font, _set_page
from tests.papers_seals import Name, Number, changed, first_page, sign

BOX = (60, 740, 400, 790)


def _stream(words):
    return generic.StreamObject(stream_data=f"BT /F1 12 Tf 72 760 Td ({words}) Tj ET".encode())


def _orphan(words):
    return lambda writer: writer.add_object(_stream(words)) and None


def _point_to(words):
    def change(writer):
        first_page(writer)[Name("/Contents")] = writer.add_object(_stream(words))
        writer.update_container(first_page(writer))

    return change


def _catalogue(writer):
    """A second catalogue and page tree, at which the trailer does not point yet."""
    page = Dict({Name("/Type"): Name("/Page"), Name("/MediaBox"): first_page(writer)["/MediaBox"]})
    tree = Dict(
        {Name("/Type"): Name("/Pages"), Name("/Count"): Number(1), Name("/Kids"): Array([writer.add_object(page)])}
    )
    writer.add_object(Dict({Name("/Type"): Name("/Catalog"), Name("/Pages"): writer.add_object(tree)}))


PREPARED = {
    "overlay": _annotation("/Stamp", BOX), "layer": hand.hide_layer, "orphan": _orphan("ANY AMOUNT"),
    "catalogue": _catalogue, "field": hand.text_field,
}  # fmt: skip
AFTER = {
    "content": hand.replace_content, "pointer": _point_to("ANY AMOUNT"), "font": _font("/BaseFont", Name("/Courier")),
    "crop": _set_page("/CropBox", Array(map(Number, (0, 0, 9, 9)))),
}  # fmt: skip


def hide(world):
    """Something covers the text when it is signed, and is taken away after."""
    for name, prepare in PREPARED.items():
        for later, change in AFTER.items():
            yield f"{name}-{later}", lambda p=prepare, c=change: changed(world.signed(p), c), DOCUMENT


def replace(world):
    """The look of something that is signed is replaced after."""
    for name, good in world.all[:2]:
        for later, change in AFTER.items():
            yield f"{name}-{later}", lambda g=good, c=change: changed(g, c), DOCUMENT
            for twice, again in list(AFTER.items())[:2]:
                yield f"{name}-{later}-{twice}", lambda g=good, c=change, a=again: changed(changed(g, c), a), DOCUMENT


def hide_and_replace(world):
    """A second document lies hidden in what is signed; after, the file points at it."""
    for name, prepare in PREPARED.items():
        for later, change in AFTER.items():
            both = lambda p=prepare, c=change: changed(sign(changed(world.frozen, p), world.head), c)  # noqa: E731
            yield f"{name}-{later}", both, DOCUMENT


def certification(world):
    """Certified in place of signed, and the EAA and SSA attacks: annotations or a signature added to what is certified."""
    certified = lambda: world.signed(certify=True)  # noqa: E731
    yield "certified", certified, DOCUMENT
    yield "certified-pades", lambda: world.signed(certify=True, pades=True), DOCUMENT
    kinds = ("/FreeText", "/Stamp", "/Redact", "/Ink", "/Square", "/Line", "/Highlight", "/Underline", "/Popup")
    for kind in kinds:
        yield f"eaa-{kind[1:]}", lambda k=kind: changed(certified(), _annotation(k, BOX)), DOCUMENT
        yield f"approved-{kind[1:]}", lambda k=kind: changed(world.sealed, _annotation(k, BOX)), DOCUMENT
    for add in (hand.text_field, hand.share_signature):
        yield f"ssa-{add.__name__}", lambda a=add: changed(certified(), a), DOCUMENT

    def permissions(writer):
        value = writer.root["/AcroForm"]["/Fields"][0]
        writer.root[Name("/Perms")] = Dict({Name("/DocMDP"): value.raw_get("/V") if "/V" in value else Dict()})
        writer.update_root()

    yield "perms-after", lambda: changed(world.sealed, permissions), DOCUMENT
    yield "perms-within", lambda: world.signed(permissions), DOCUMENT


FAMILIES = {
    "shadow-hide": hide, "shadow-replace": replace, "shadow-hide-and-replace": hide_and_replace,
    "certification": certification,
}  # fmt: skip
