"""The desk's own check of a packet, whole: papers, form, CSR, seal. Nothing here uses the house's code."""

from dataclasses import dataclass

from webapp.practice import form as forms
from webapp.practice.checks import FAULT, GOOD, Finding, papers, request, seal
from webapp.practice.packet import ISSUE, NAMES, WANTED, missing


@dataclass(frozen=True)
class Registers:
    """What the desk compares with: the institution of its settings; `known(spki)`: certified before; `find(serial
    text)`: the row of the certificate of that serial, or None; `anchor`: PEM file of the S/MIME authority."""

    institution: object
    known: object
    find: object
    anchor: object


def examine(packet, registers) -> tuple[Finding, ...]:
    """All findings on a packet, in the order in which a clerk looks."""
    form = read_form(packet)
    found = [_count(packet)]
    if form is None:
        found += [Finding(FAULT, "申請書(Excel)を読み取れません。", "python-calamine")] if packet.files["xlsx"] else []
        form = forms.Form()
    elif form.is_strange:
        found += papers.examine_strange(form) + _request(packet, form, registers)
    else:
        found += papers.examine_form(form, registers.institution)
        found += _issue(packet, form, registers) if packet.kind == ISSUE else _revocation(form, registers)
    return (*found, *_seal(packet, form, registers))


def read_form(packet) -> forms.Form | None:
    """The values of the packet's form, or None if there is none to read."""
    if not packet.files["xlsx"]:
        return None
    try:
        return forms.read(packet.files["xlsx"].data)
    except forms.Illegible:
        return None


def _count(packet):
    absent, wanted = missing(packet), len(WANTED[packet.kind])
    if absent:
        return Finding(FAULT, f"添付に足りないものがあります: {'、'.join(NAMES[kind] for kind in absent)}")
    if packet.strange:
        return Finding(
            FAULT, f"添付に余分なファイルがあります: {'、'.join(packet.strange)}。{wanted}点だけを送ってください。"
        )
    return Finding(GOOD, f"添付は{wanted}点そろっています。")


def _issue(packet, form, registers):
    return papers.examine_issue(form, registers.institution) + _request(packet, form, registers)


def _request(packet, form, registers):
    if not packet.files["csr"]:
        return []
    asked = request.read(packet.files["csr"].data)
    is_comparable = asked and not form.is_strange
    found = request.examine(asked, registers.known)
    return found + (papers.examine_subject(form, asked.subject) if is_comparable else [])


def _revocation(form, registers):
    return [_target(form["serial"], registers.find), *papers.examine_revocation(form)]


def _target(serial, find):
    if not serial:
        return Finding(FAULT, "「失効対象証明書シリアル番号」が記入されていません。")
    row = find(serial)
    if row is None:
        fault = f"失効対象証明書シリアル番号({serial})の証明書は、この認証局から発行されていません。"
        return Finding(FAULT, f"{fault}証明書に表示されている番号を記入してください。")
    if row["revoked_at"]:
        return Finding(FAULT, f"失効対象証明書シリアル番号({serial})の証明書は、すでに失効しています。")
    return Finding(GOOD, f"失効対象証明書シリアル番号 {serial} は、有効な証明書のものです。")


def _seal(packet, form, registers):
    if not packet.files["pdf"]:
        return []
    found = seal.examine(packet.files["pdf"].data, registers.anchor, *_sealers(packet, form, registers.institution))
    text = papers.examine_text(form, found.text) if found.mails and not form.is_strange else []
    return [*found.findings, *text]


def _sealers(packet, form, institution):
    """(addresses, whose they are): for 失効 the seed lets the 登録担当者 seal as well (1-3-2)."""
    if packet.kind == ISSUE or not institution.seal_mails:
        return institution.seal_mails, "機関責任者"
    return (*institution.seal_mails, form["officer_mail"]), "機関責任者または登録担当者"
