"""What was found in a file when somebody asks which certificate it carries: values shared by the readers of the formats."""

from dataclasses import dataclass

from webapp.errors import Unreadable
from webapp.papers import certificate

MOST = 100  # certificates in one file
SIGNER, CHAIN, OTHER, ALONE = "signer", "chain", "other", "alone"


@dataclass(frozen=True)
class Found:
    """One certificate: `der` its bytes, `part` signer, chain (of an issuer above), other (of a time-stamp authority,
    say) or alone (the file is no signature, and this is its end entity), `how` a sentence about where it was."""

    der: bytes
    part: str
    how: str

    @property
    def certificate(self):
        """The Certificate in `der` (papers.certificate)."""
        return certificate.read(self.der)


@dataclass(frozen=True)
class Identification:
    """`kind` names the file in words; `found` the certificates, each once, whoever signed first and the chain after;
    `notes` sentences about what was odd or not looked at; `is_signed` whether the file is something signed, whose
    signature nobody has verified here."""

    kind: str
    found: tuple[Found, ...]
    notes: tuple[str, ...] = ()
    is_signed: bool = False


def ordered(ders, signers=(), where="ファイル"):
    """(tuple of Found, notes) for the certificates `ders` that lie together in one place, called `where` in the
    sentences: those in `signers` with their chains first, then the others. Without signers, each end entity with its
    chain. What cannot be read is left out, with a note."""
    ders, signers = list(dict.fromkeys(ders)), list(dict.fromkeys(signers))
    refuse_too_many(ders)
    read, notes = _read(ders)
    ends = [each for each in read if each.der in signers] if signers else _ends(read)
    found = []
    for end in ends:
        first, *above = certificate.path(end, read)
        found.append(_first(first, bool(signers), where))
        found += [Found(each.der, CHAIN, f"「{_called(end)}」の上位の認証局の証明書です。") for each in above]
    rest = f"{where}に一緒に入っていた証明書です。署名者のものではありません(タイムスタンプ局など)。"
    found += [Found(each.der, OTHER, rest) for each in read]
    return once(found), notes


def once(found):
    """The Found without repetitions, each where it came first."""
    kept = {}
    for each in found:
        kept.setdefault(each.der, each)
    return tuple(kept.values())


def refuse_too_many(ders):
    """Raise Unreadable for more certificates than anybody can look at."""
    if len(ders) > MOST:
        raise Unreadable(
            f"証明書が{len(ders)}枚入っています。一度に調べられるのは{MOST}枚までです。",
            "調べたい証明書だけのファイルを選択してください。",
        )


def _first(end, is_signer, where):
    if is_signer:
        return Found(end.der, SIGNER, f"{where}に署名した人(署名者)の証明書です。")
    kind = "認証局の証明書" if end.extensions.is_ca else "利用者の証明書"
    return Found(end.der, ALONE, f"{where}に入っていた{kind}です。")


def _called(end):
    return end.subject.get("CN") or str(end.subject)


def _read(ders):
    read = []
    for der in ders:
        try:
            read.append(certificate.read(der))
        except Unreadable:
            continue
    broken = len(ders) - len(read)
    return read, (f"このほかに、壊れていて読み取れない証明書が{broken}枚ありました。",) if broken else ()


def _ends(read):
    """Those that issue none of the others, people's before authorities'."""
    ends = [each for each in read if not any(_is_above(each, other) for other in read if other is not each)]
    return sorted(ends, key=lambda each: each.extensions.is_ca)


def _is_above(issuer, other):
    return issuer.subject == other.issuer and certificate.issued(issuer, other)
