"""What an applicant sends: the files of one mail, each known by its kind."""

import re
from dataclasses import dataclass
from pathlib import PurePath

ISSUE = "issue"
REVOCATION = "revocation"
WANTED = {ISSUE: ("xlsx", "pdf", "csr"), REVOCATION: ("xlsx", "pdf")}
NAMES = {"xlsx": "申請書(Excel)", "pdf": "捺印・署名済みの申請書(PDF)", "csr": "CSR"}
_SUFFIXES = {".xlsx": "xlsx", ".pdf": "pdf", ".csr": "csr", ".pem": "csr", ".p10": "csr"}


@dataclass(frozen=True)
class Packet:
    """`kind` ISSUE or REVOCATION; `files` attachment by kind ("xlsx", "pdf", "csr") or None; `names` all names as sent;
    `strange` those that belong to no wanted kind or come twice."""

    kind: str
    files: dict
    names: tuple
    strange: tuple

    @property
    def number(self):
        """The applicant's own number, from the file name of the form (`{org}_{number}_application.xlsx`, for 失効
        `_revocation.xlsx`), or ""."""
        form = self.files["xlsx"]
        found = re.fullmatch(r"(?:[^_]+_)?(.+)_(?:application|revocation)\.xlsx", form.name) if form else None
        return found[1] if found else ""


def sort(attachments, kind) -> Packet:
    """The attachments of a mail, by kind."""
    files, strange = dict.fromkeys(("xlsx", "pdf", "csr")), []
    for attachment in attachments:
        sort_of = _SUFFIXES.get(PurePath(attachment.name).suffix.lower())
        if sort_of not in WANTED[kind] or files[sort_of]:
            strange.append(attachment.name)
        else:
            files[sort_of] = attachment
    return Packet(kind, files, tuple(a.name for a in attachments), tuple(strange))


def missing(packet) -> list[str]:
    """The kinds that should be there and are not."""
    return [kind for kind in WANTED[packet.kind] if not packet.files[kind]]
