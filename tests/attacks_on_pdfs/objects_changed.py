"""Changes of objects, made before the signature, in its revision, in that of a dragged field, or after it."""

from pyhanko.pdf_utils import generic

from tests import papers_seals as hand
from tests.papers_seals import Name, Number, Text, changed, first_page, sign

DOCUMENT = {"changed_before", "changed_after", "unreadable", "not_on_seal_spot", "two_signatures", "no_signature"}
Dict, Array = generic.DictionaryObject, generic.ArrayObject


def _four(world, changes):
    for name, change in changes:
        yield f"{name}-before", lambda c=change: sign(changed(world.frozen, c), world.head), DOCUMENT
        yield f"{name}-within", lambda c=change: world.signed(c), DOCUMENT
        yield f"{name}-dragged", lambda c=change: world.dragged_with(c), DOCUMENT
        yield f"{name}-after", lambda c=change: changed(world.sealed, c), DOCUMENT
        yield f"{name}-after-dragged", lambda c=change: changed(world.dragged, c), DOCUMENT


def _annotation(kind, box, **more):
    """An annotation of a kind that paints its box white with words over it."""

    def change(writer):
        width, height = box[2] - box[0], box[3] - box[1]
        drawn = f"1 g 0 0 {width} {height} re f 0 g BT /F1 12 Tf 4 {height - 14} Td (ANY AMOUNT) Tj ET".encode()
        form = {Name("/Type"): Name("/XObject"), Name("/Subtype"): Name("/Form")}
        form |= {Name("/BBox"): Array(map(Number, (0, 0, width, height)))}
        form |= {Name("/Resources"): first_page(writer)["/Resources"]}
        look = writer.add_object(generic.StreamObject(form, stream_data=drawn))
        note = {Name("/Type"): Name("/Annot"), Name("/Subtype"): Name(kind), Name("/F"): Number(4)}
        note |= {Name("/Rect"): Array(map(Number, box)), Name("/Contents"): Text("ANY AMOUNT")}
        note |= {Name("/AP"): Dict({Name("/N"): look})}
        note |= {Name(f"/{key}"): value for key, value in more.items()}
        page = first_page(writer)
        page["/Annots"].append(writer.add_object(Dict(note)))
        writer.update_container(page["/Annots"])

    return change


BOXES = {"over-text": (60, 740, 400, 790), "over-seal": (470, 460, 540, 530), "whole": (0, 0, 595, 842)}


def annotations(world):
    kinds = ("/FreeText", "/Stamp", "/Square", "/Highlight", "/Redact", "/Ink")
    return _four(world, [(f"{k[1:]}-{b}", _annotation(k, box)) for k in kinds for b, box in BOXES.items()][:8])


def _page(place, count=1):
    def change(writer):
        for _ in range(count):
            page = Dict({Name("/Type"): Name("/Page"), Name("/MediaBox"): first_page(writer)["/MediaBox"]})
            writer.insert_page(page, after=place)

    return change


def _set_page(key, value):
    def change(writer):
        first_page(writer)[Name(key)] = value
        writer.update_container(first_page(writer))

    return change


def _other_page(writer):
    """The signed page taken out of the tree, another one in its place."""
    page = Dict({Name("/Type"): Name("/Page"), Name("/MediaBox"): first_page(writer)["/MediaBox"]})
    page[Name("/Parent")] = writer.root.raw_get("/Pages")
    writer.root["/Pages"][Name("/Kids")] = Array([writer.add_object(page)])
    writer.update_container(writer.root["/Pages"])


def pages(world):
    box = Array(map(Number, (0, 0, 100, 100)))
    changes = [("added-last", _page(0)), ("added-three", _page(0, 3))]
    changes += [("cropped", _set_page("/CropBox", box)), ("turned", _set_page("/Rotate", Number(180)))]
    yield from _four(world, changes)
    for name, pdf in world.all:
        yield f"removed-after-{name}", lambda p=pdf: changed(p, _other_page), DOCUMENT


def _font(key, value):
    def change(writer):
        first_page(writer)["/Resources"]["/Font"]["/F1"][Name(key)] = value
        writer.mark_update(first_page(writer)["/Resources"]["/Font"].raw_get("/F1"))

    return change


def fonts(world):
    shifted = Dict({Name("/Type"): Name("/Encoding"), Name("/Differences"): Array([Number(48), Name("/nine")])})
    changes = [("courier", _font("/BaseFont", Name("/Courier"))), ("digits", _font("/Encoding", shifted))]
    changes += [("type3", _font("/Subtype", Name("/Type3"))), ("widths", _font("/Widths", Array([Number(0)])))]
    changes += [("to-unicode", _font("/ToUnicode", Name("/Identity-H")))]
    return _four(world, changes)


def _info(key):
    def change(writer):
        writer.trailer["/Info"][Name(key)] = Text("another")
        writer.update_container(writer.trailer["/Info"])

    return change


def metadata(world):
    return _four(world, [(key[1:], _info(key)) for key in ("/Title", "/Author", "/Subject", "/Keywords", "/Creator")])


def _root(key, value):
    def change(writer):
        writer.root[Name(key)] = value() if callable(value) else value
        writer.update_root()

    return change


def _script():
    return Dict({Name("/S"): Name("/JavaScript"), Name("/JS"): Text("app.alert('x')")})


def _named(kind):
    def change(writer):
        names = Array([Text("a"), writer.add_object(_script())])
        writer.root[Name("/Names")] = Dict({Name(kind): Dict({Name("/Names"): names})})
        writer.update_root()

    return change


def attachments(world):
    def spec(writer):
        writer.add_object(Dict({Name("/Type"): Name("/Filespec"), Name("/F"): Text("a.exe")}))

    clip = _annotation("/FileAttachment", BOXES["over-text"])
    changes = [("orphan", hand.attach_file), ("named", _named("/EmbeddedFiles")), ("clip", clip), ("spec", spec)]
    return _four(world, [*changes, ("associated", _root("/AF", Array))])


def scripts(world):
    action = {"open-action": "/OpenAction", "additional": "/AA"}
    changes = [(name, _root(key, _script)) for name, key in action.items()]
    changes += [("named", hand.named_script), ("page", _set_page("/AA", Dict({Name("/O"): _script()})))]
    return _four(world, [*changes, ("link", _annotation("/Link", BOXES["whole"], A=_script()))])


def saved_again(world):
    """Incremental saving: a further revision with whatever is in it."""
    changes = [hand.add_annotation, hand.replace_content, hand.swap_content, hand.text_field, hand.hide_layer]
    return _four(world, [(each.__name__.replace("_", "-"), each) for each in changes])


FAMILIES = {
    "incremental-saving": saved_again, "annotations": annotations, "pages": pages, "fonts": fonts, "metadata": metadata,
    "attachments": attachments, "javascript": scripts,
}  # fmt: skip
