"""送付物: what leaves for the desk, checked whole before it may (seed 1-1-5: CSR, 発行申請書(Excel), sealed PDF; rules
ATT-01 and ATT-02)."""

import re
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from webapp.errors import Refused, Unreadable
from webapp.papers import csr as csrs
from webapp.papers import form_reader
from webapp.papers.form_values import LABELS, SUBJECT_ROWS, IssueForm, mark_of
from webapp.papers.seal_report import Point

ISSUE = "issue"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF_TYPE, CSR_TYPE = "application/pdf", "application/pkcs10"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


@dataclass(frozen=True)
class PacketFile:
    """One attachment: an ASCII name, its media type, its bytes."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Packet:
    """The attachments of one letter to the desk; `kind` is "issue"."""

    kind: str
    org_code: str
    number: str
    files: tuple[PacketFile, ...]


class PacketRefused(Refused):
    """The packet may not leave; `code` is the rule that it breaks (ATT-01, ATT-02, CSR-07)."""

    def __init__(self, code: str, message: str, advice: str):
        super().__init__(message, advice)
        self.code = code


def issue_packet(
    org_code: str, number: str, csr_der: bytes, xlsx: bytes, sealed_pdf: bytes, *, scanned: bool = False
) -> Packet:
    """The three attachments of an application for issue, named `{org}_{number}_application.xlsx`, `_signed.pdf` (or
    `_scan.pdf` if `scanned`) and `.csr` (PEM). Raises Refused if a name would not be plain ASCII."""
    stem = _stem(org_code, number)
    pem = x509.load_der_x509_csr(csr_der).public_bytes(Encoding.PEM)
    files = (
        PacketFile(f"{stem}_application.xlsx", XLSX_TYPE, xlsx),
        PacketFile(f"{stem}_{'scan' if scanned else 'signed'}.pdf", PDF_TYPE, sealed_pdf),
        PacketFile(f"{stem}.csr", CSR_TYPE, pem),
    )
    return Packet(ISSUE, org_code, number, files)


def check(
    packet: Packet,
    expected: IssueForm,
    frozen_pdf: bytes,
    *,
    accepted_scan: bytes | None = None,
    spki_sha256: str = "",
) -> list[Point]:
    """The last look at the whole packet against the register: `expected` values, `frozen_pdf` or the scan that the
    officer accepted, and the CSR's key (hex SHA-256 of its SPKI, if given). Raises PacketRefused with its rule."""
    xlsx, pdf, csr = _three(packet)
    _check_sheet(xlsx.data, expected)
    how = _check_pdf(pdf, frozen_pdf, accepted_scan)
    _check_csr(csr.data, expected, spki_sha256)
    names = "、".join(file.name for file in packet.files)
    return [
        Point("送付物は、発行申請書(Excel)・捺印または署名済みのPDF・CSRの3点です。", detail=names),
        Point("発行申請書(Excel)の値は、申請の内容と一致します。", detail=f"照合番号 {mark_of(expected)}"),
        Point(how),
        Point("CSRの主体者DNは、発行申請書と一致します。"),
    ]


def _stem(org_code: str, number: str) -> str:
    for part in (org_code, number):
        if not _SAFE.fullmatch(part):
            raise Refused(
                f"「{part}」は添付ファイルの名前に使えません。",
                "英数字とハイフンだけの機関コードと申請番号にしてください。",
            )
    return f"{org_code}_{number}"


def _three(packet: Packet) -> list[PacketFile]:
    """Sheet, PDF, CSR: exactly these, by name (ATT-01)."""
    stem = _stem(packet.org_code, packet.number)
    endings = (("_application.xlsx",), ("_signed.pdf", "_scan.pdf"), (".csr",))
    found = [[f for f in packet.files if f.name in {stem + end for end in ends}] for ends in endings]
    if packet.kind != ISSUE or len(packet.files) != 3 or any(len(files) != 1 for files in found):
        raise PacketRefused(
            "ATT-01",
            f"送付物が3点そろっていません(現在{len(packet.files)}点)。",
            "発行申請書(Excel)、捺印または署名済みのPDF、CSRの3点だけにしてください。",
        )
    if empty := [file.name for (file,) in found if not file.data]:
        raise PacketRefused("ATT-01", f"{'、'.join(empty)}の中身が空です。", "書類を作り直してください。")
    return [file for (file,) in found]


def _check_sheet(xlsx: bytes, expected: IssueForm) -> None:
    try:
        values = form_reader.read(xlsx)
    except Unreadable as unreadable:
        raise PacketRefused("ATT-02", unreadable.message, "発行申請書を作り直してください。") from unreadable
    wanted = vars(replace(expected, mark=expected.mark or mark_of(expected)))
    wanted = wanted | {"subject": sorted(expected.subject, key=lambda pair: SUBJECT_ROWS.index(pair[0]))}
    if different := [key for key, value in wanted.items() if values[key] != value]:
        raise PacketRefused(
            "ATT-02",
            f"発行申請書(Excel)の値が、申請の内容と一致しません: {'、'.join(map(_label, different))}",
            "申請の画面で作成された発行申請書を、変更せずに使用してください。",
        )


def _label(key: str) -> str:
    if key == "subject":
        return "主体者DN"
    return next("・".join(dict.fromkeys(names)) for names, other in LABELS.items() if other == key)


def _check_pdf(pdf: PacketFile, frozen: bytes, accepted_scan: bytes | None) -> str:
    if pdf.name.endswith("_scan.pdf") and accepted_scan and pdf.data == accepted_scan:
        return "PDFは、登録担当者が印影を確認したスキャンです。"
    if pdf.name.endswith("_signed.pdf") and pdf.data.startswith(frozen) and len(pdf.data) > len(frozen):
        return "PDFは、審査した発行申請書に電子署名をしたものです。"
    raise PacketRefused(
        "ATT-02",
        "捺印または署名済みのPDFが、審査した発行申請書のものではありません。",
        "捺印・署名の手順からやり直してください。",
    )


def _check_csr(pem: bytes, expected: IssueForm, spki_sha256: str) -> None:
    try:
        csr = csrs.read(pem)
        csrs.check_signature(csr)
    except Unreadable as unreadable:
        raise PacketRefused("ATT-02", unreadable.message, "CSRを登録し直してください。") from unreadable
    if csr.subject.values != tuple(expected.subject):
        raise PacketRefused(
            "CSR-07",
            f"CSRの主体者DN({csr.subject})が、発行申請書と一致しません。",
            "発行申請書と同じ主体者DNでCSRを作り直してください。",
        )
    if spki_sha256 and csr.spki_sha256 != spki_sha256:
        raise PacketRefused(
            "ATT-02", "CSRの公開鍵が、審査したCSRのものではありません。", "審査したCSRを添付してください。"
        )
