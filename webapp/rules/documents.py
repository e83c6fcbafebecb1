"""AGR-01, ATT-01, ATT-02: the documents agreed to, and the packet (seed 1-1, 1-1-5, 1-3-3)."""

from webapp.rules import ERROR, Finding, rule
from webapp.rules.verbs import ON_DISPATCH

LABELS = {"csr": "CSR", "xlsx": "申請書(Excel)", "pdf": "捺印・署名済みPDF"}


@rule(
    "AGR-01",
    (ERROR,),
    "発行申請の前に、認証局の3つの文書を承認し、版と日時を記録する。",
    "文書を読み、承認する。",
    "手順 1-1",
    issue=("submit",),
)
def agr_01(documents, agreed):
    """`documents`: {number: name} to agree to, `agreed`: the numbers of those agreed to."""
    left = [name for number, name in documents.items() if number not in agreed]
    if not left:
        return []
    return [Finding("AGR-01", ERROR, "consent", f"次の文書を承認してください: {'、'.join(left)}。")]


@rule(
    "ATT-01",
    (ERROR,),
    "送付物は、発行ではCSR・Excel・PDFのちょうど3点、失効ではExcel・PDFのちょうど2点である。",
    "足りない書類を作り、それだけを送る。",
    "手順 1-1-5・1-3-3",
    issue=ON_DISPATCH,
    revoke=ON_DISPATCH,
)
def att_01(enclosed, expected):
    """`enclosed`: {"csr", "xlsx" or "pdf": size in bytes} as a list of pairs, `expected`: what belongs there."""
    kinds = sorted(kind for kind, _ in enclosed)
    if kinds != sorted(expected):
        wanted = "、".join(LABELS[kind] for kind in expected)
        sentence = f"送付物が{len(expected)}点そろっていません(現在{len(enclosed)}点)。"
        return [Finding("ATT-01", ERROR, "packet", sentence, f"{wanted}の{len(expected)}点だけにしてください。")]
    empty = [LABELS[kind] for kind, size in enclosed if not size]
    sentence = f"{'、'.join(empty)}の中身が空です。"
    return [Finding("ATT-01", ERROR, "packet", sentence, "書類を作り直してください。")] if empty else []


@rule(
    "ATT-02",
    (ERROR,),
    "Excel・PDF・台帳の値が一致する(審査したファイルのハッシュと照合番号で結ばれる)。",
    "しるしが作成した申請書を変更せずに使い、捺印・署名からやり直す。",
    "手順 1-1-5(domain.md §17)",
    issue=ON_DISPATCH,
    revoke=ON_DISPATCH,
)
def att_02(examined, leaving):
    """`examined` and `leaving`: {"xlsx", "pdf": SHA-256 in hex} of the papers as they were examined, and of the Excel and
    the frozen bytes of the sealed PDF that are to be sent."""
    return [
        Finding(
            "ATT-02",
            ERROR,
            "packet",
            f"送付する{LABELS[kind]}が、審査したものではありません。",
            "申請の画面で作成された書類を変更せずに使い、捺印・署名の手順からやり直してください。",
        )
        for kind in ("xlsx", "pdf")
        if leaving[kind] != examined[kind]
    ]
