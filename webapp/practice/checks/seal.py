"""The sealed PDF: its signature as pdfsig and openssl see it, or a scan that a person has to look at (domain.md §16)."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from webapp.practice.checks import FAULT, LOOK, Finding, judged
from webapp.practice.tools import run


@dataclass(frozen=True)
class Seal:
    """What was found in a PDF: findings, the text of its pages, the signer's mail addresses (none for a scan)."""

    findings: tuple
    text: str = ""
    mails: tuple = ()


def examine(pdf: bytes, anchor: Path, mails=(), whose="機関責任者") -> Seal:
    """Looks at a sealed PDF. `anchor` is the PEM file of the S/MIME authority; `mails` the addresses that may seal
    (none: any), and `whose` they are."""
    with tempfile.TemporaryDirectory(prefix="seal-") as folder:
        path = Path(folder) / "sealed.pdf"
        path.write_bytes(pdf)
        return _Desk(path, anchor, {mail.lower() for mail in mails}, whose).look()


class _Desk:
    """One PDF on the desk, in a folder of its own."""

    def __init__(self, path, anchor, mails, whose):
        self.path, self.anchor, self.mails, self.whose = path, anchor, mails, whose
        self.folder = path.parent

    def look(self):
        flowing, raw = self._run("pdftotext", self.path, "-"), self._run("pdftotext", "-raw", self.path, "-")
        text = f"{flowing.text}\n{raw.text}"  # what wraps in the one order may stand together in the other
        if flowing.code:
            return Seal((Finding(FAULT, "PDFを開けません。壊れているか、暗号化されています。", "pdftotext"),))
        report = self._run("pdfsig", "-nocert", self.path).text
        signatures = re.split(r"^Signature #\d+:$", report, flags=re.MULTILINE)[1:]
        signed = [part for part in signatures if "Signature Validation" in part]
        if not signed:
            return Seal(tuple(self._scan(text)), text)
        return self._signed(signed, text)

    def _scan(self, text):
        if text.strip():
            fault = "PDFに電子署名も捺印も見当たりません。捺印してスキャンするか、S/MIME証明書で電子署名してください。"
            return [Finding(FAULT, fault, "pdfsig")]
        pages = self._run("pdfimages", "-list", self.path).text.splitlines()[2:]
        if not pages:
            return [Finding(FAULT, "PDFに何も写っていません。捺印した申請書をスキャンし直してください。", "pdfimages")]
        return [Finding(LOOK, "電子署名のないスキャン画像です。印影と記載は窓口の担当者が目で確認します。", "pdfsig")]

    def _signed(self, signatures, text):
        one = judged(
            len(signatures) == 1,
            "電子署名は1つです。",
            f"電子署名が{len(signatures)}つあります。1つにしてください。",
            "pdfsig",
        )
        last = signatures[-1]
        valid = "Signature is Valid" in last
        whole = "- Total document signed" in last
        findings = [
            one,
            judged(
                valid,
                "電子署名は正しい署名です。",
                "電子署名を検証できません。PDFが署名の後に変わっています。",
                "pdfsig",
            ),
            judged(whole, "電子署名は文書全体に及んでいます。", "電子署名の後に文書へ追加があります。", "pdfsig"),
        ]
        if not (valid and whole):
            return Seal(tuple(findings), text)
        chain, mails = self._chain(last, len(signatures) - 1)
        return Seal((*findings, *chain), text, mails)

    def _chain(self, report, index):
        """openssl checks the CMS over the signed ranges again, with the chain, and names the signer."""
        cms, content = self._dump(index), self._content(report)
        signer, trust = self.folder / "signer.pem", ("-CAfile", self.anchor, "-purpose", "any")
        command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", cms, "-content", content)
        verified = self._run(*command, *trust, "-signer", signer, "-out", "/dev/null")
        fault = "署名した証明書が、登録されたS/MIME認証局から発行された有効な証明書ではありません。"
        trusted = judged(
            verified.code == 0, "署名した証明書は、登録されたS/MIME認証局のものです。", fault, "openssl cms"
        )
        if verified.code:
            return [trusted], ()
        mails = tuple(self._run("openssl", "x509", "-in", signer, "-noout", "-email").text.split())
        return [trusted, self._purpose(signer), self._who(mails)], mails

    def _purpose(self, signer):
        listing = self._run("openssl", "x509", "-in", signer, "-noout", "-ext", "extendedKeyUsage").text
        fault = "署名した証明書はS/MIME証明書ではありません(クライアント証明書では署名できません)。"
        return judged("E-mail Protection" in listing, "署名した証明書はS/MIME証明書です。", fault, "openssl x509")

    def _who(self, mails):
        shown = "、".join(mails) or "なし"
        if not self.mails:
            return Finding(
                LOOK, f"署名者のメールアドレスは {shown} です。{self.whose}のものか確認してください。", "openssl x509"
            )
        known = self.mails.intersection(mail.lower() for mail in mails)
        good = f"署名者のメールアドレス {shown} は、登録された{self.whose}のものです。"
        return judged(
            known,
            good,
            f"署名者のメールアドレス {shown} は、登録された{self.whose}のものではありません。",
            "openssl x509",
        )

    def _dump(self, index):
        self._run("pdfsig", "-nocert", "-dump", self.path)
        return self.folder / f"{self.path.name}.sig{index}"

    def _content(self, report):
        data = self.path.read_bytes()
        ranges = re.findall(r"\[(\d+) - (\d+)\]", report)
        content = self.folder / "signed-ranges"
        content.write_bytes(b"".join(data[int(start) : int(end)] for start, end in ranges))
        return content

    def _run(self, *command):
        return run(*command, folder=self.folder)
