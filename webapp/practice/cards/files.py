"""The file system of an IsoApplet card (ISO/IEC 7816-4 §7): folders (DF) and files (EF) under 3F00, with rights."""

from webapp.practice.cards.apdu import (
    ALREADY_THERE,
    NO_FILE_CHOSEN,
    NO_SPACE,
    NOT_ALLOWED,
    NOT_FOUND,
    OUTSIDE,
    WRONG_DATA,
    Refusal,
)
from webapp.practice.cards.tlv import inside, tlv

ROOT_ID = "3f00"
FOLDER, FILE = 0x38, 0x01  # file descriptor bytes
PIN_NEEDED = 0x90  # a right given to who has verified the PIN; 00 is given to everybody, FF to nobody
# Which byte of the eight security attributes (tag 86) rules what.
CREATE_FOLDER, CREATE_FILE, UPDATE, READ = 5, 6, 6, 7


def fresh():
    """The files of an empty card: a path ("", "5015", "5015/4401") -> what is there."""
    return {"": _entry(ROOT_ID, True)}


def _entry(file_id, is_folder, rights=b"", name=b"", data=b""):
    return {"id": file_id, "folder": is_folder, "rights": rights.hex(), "name": name.hex(), "data": data.hex()}


class Files:
    """The files of a Memory. `may_pass()` says whether the PIN need not be asked for now."""

    def __init__(self, memory, may_pass):
        self._memory, self._all, self._may_pass = memory, memory.values["files"], may_pass
        self.chosen = ""

    def choose_name(self, name):
        """By DF name."""
        self.chosen = self._first(path for path, each in self._all.items() if each["name"] == name.hex() and name)

    def choose(self, ids, beginning):
        """By a path of two-byte ids: from the root, from the folder chosen ("here"), or by one id "near" it."""
        steps = [ids[start : start + 2].hex() for start in range(0, len(ids), 2)]
        here = self._folder()
        if beginning == "near" and len(steps) == 1:
            near = [_join(here, steps[0]), _join(_above(here), steps[0])]
            candidates = [""] if steps[0] == ROOT_ID else near
        else:
            if steps[:1] == [ROOT_ID]:
                del steps[0]
            candidates = [_join("" if beginning == "root" else here, *steps)]
        self.chosen = self._first(path for path in candidates if path in self._all)

    def describe(self):
        """The file control information of what is chosen."""
        found = self._all[self.chosen]
        parts = [
            tlv(0x81, (len(found["data"]) // 2).to_bytes(2, "big")),
            tlv(0x82, bytes([FOLDER if found["folder"] else FILE])),
            tlv(0x83, bytes.fromhex(found["id"])),
        ]
        parts += [tlv(0x84, bytes.fromhex(found["name"]))] if found["name"] else []
        parts += [tlv(0x86, bytes.fromhex(found["rights"]))] if found["rights"] else []
        return tlv(0x6F, *parts, tlv(0x8A, b"\x05"))

    def create(self, template):
        """A new folder or file from its description (tag 6F), chosen at once; 3F00 only gets its rights."""
        given = inside(0x6F, template)
        if not {0x82, 0x83} <= given.keys():
            raise Refusal(WRONG_DATA)
        is_folder, file_id = given[0x82][0] & FOLDER == FOLDER, given[0x83].hex()
        self._demand(self._folder(), CREATE_FOLDER if is_folder else CREATE_FILE)
        path = "" if file_id == ROOT_ID else _join(self._folder(), file_id)
        if path and path in self._all:
            raise Refusal(ALREADY_THERE)
        size = int.from_bytes(given.get(0x81, given.get(0x80, b"\x00")), "big")
        made = _entry(file_id, is_folder, given.get(0x86, b""), given.get(0x84, b""), b"" if is_folder else bytes(size))
        self._all[path], self.chosen = made, path
        self._memory.save()

    def delete(self, ids):
        """What is chosen, or the named file beside it, with all that is in it."""
        path = _join(self._folder(), ids.hex()) if ids else self.chosen
        if path not in self._all or not path:
            raise Refusal(NOT_FOUND)
        for each in [each for each in self._all if each == path or each.startswith(path + "/")]:
            del self._all[each]
        self.chosen = _above(path)
        self._memory.save()

    def read(self, offset, size):
        """Bytes of the chosen file."""
        data = self._content(READ)
        if offset > len(data):
            raise Refusal(OUTSIDE)
        return data[offset : offset + size]

    def update(self, offset, data):
        """Overwrite bytes of the chosen file."""
        before = self._content(UPDATE)
        if offset + len(data) > len(before):
            raise Refusal(NO_SPACE)
        self._all[self.chosen]["data"] = (before[:offset] + data + before[offset + len(data) :]).hex()
        self._memory.save()

    def _content(self, right):
        if self._all[self.chosen]["folder"]:
            raise Refusal(NO_FILE_CHOSEN)
        self._demand(self.chosen, right)
        return bytes.fromhex(self._all[self.chosen]["data"])

    def _demand(self, path, right):
        rights = bytes.fromhex(self._all[path]["rights"])
        needed = rights[right] if len(rights) == 8 else 0
        if needed and not (needed == PIN_NEEDED and self._may_pass()):
            raise Refusal(NOT_ALLOWED)

    def _folder(self):
        return self.chosen if self._all[self.chosen]["folder"] else _above(self.chosen)

    @staticmethod
    def _first(paths):
        for path in paths:
            return path
        raise Refusal(NOT_FOUND)


def _join(folder, *ids):
    return "/".join([*([folder] if folder else []), *ids])


def _above(path):
    return path.rpartition("/")[0]
