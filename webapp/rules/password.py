"""PWD-01: パスワード(証明書取得時用), the password of the ZIP that the CA sends (domain.md §9, CSBR §9.6.3 (2))."""

from webapp.papers.password import LOOK_ALIKES, classes_of
from webapp.rules import ERROR, Finding, rule

MIN_LENGTH = 16


@rule(
    "PWD-01",
    (ERROR,),
    "パスワード(証明書取得時用)は16文字以上、英大文字・英小文字・数字・記号を含み、見分けにくい文字を含まず、使い回さない。",
    "「新しいパスワードを作る」で作り直す。",
    "CSBR §9.6.3 (2)(domain.md §9)",
    issue=("submit",),
)
def judge(password, *, reused=False):
    """Findings about a password; the sentences never contain it. `reused`: it stood in another application."""
    complaints = [
        (len(password) < MIN_LENGTH, f"{len(password)}文字です。{MIN_LENGTH}文字以上にしてください。"),
        (not (password.isascii() and password.isprintable()), "半角の英数字と記号以外の文字があります。"),
        (password != password.strip(), "先頭または末尾に空白があります。"),
        (len(classes_of(password)) < 4, "英大文字、英小文字、数字、記号の4種類がそろっていません。"),
        (any(each in LOOK_ALIKES for each in password), f"見分けにくい文字({' '.join(LOOK_ALIKES)})があります。"),
        (password[:1] in ("=", "+", "-", "@", "'"), "先頭の記号のため、Excelで数式などとして扱われます。"),
        (reused, "ほかの申請で使われています。"),
    ]
    advice = "「新しいパスワードを作る」で作り直してください。"
    return [
        Finding("PWD-01", ERROR, "zip_password", f"パスワード(証明書取得時用): {complaint}", advice)
        for holds, complaint in complaints
        if holds
    ]
