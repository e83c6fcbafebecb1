"""1-1-4: what the code on a scanned page says beside the version that was examined."""

from webapp.errors import Refused
from webapp.papers import guard
from webapp.register import ApplicationForm


def tie(application, pdf):
    """(page number, or None without a readable mark) of a scan (PDF bytes) of the examined version. Raises Refused for a
    page of another application, of another version, or with other values."""
    pages = guard.run("webapp.papers.scan_mark:look", pdf, seconds=60, megabytes=1024)
    marked = [(number, page.mark) for number, page in enumerate(pages, 1) if page.mark]
    form = ApplicationForm.current(application)
    for _, mark in marked:
        _refuse_another(application, form, mark)
    return marked[0][0] if marked else None


def _refuse_another(application, form, mark):
    again = f"第{form.version}版を印刷して捺印してください。"
    if mark.number != application.number.upper():
        raise Refused(f"別の申請({mark.number})の申請書です。", f"{application.number}の{again}")
    if mark.version != form.version:
        raise Refused(f"第{mark.version}版です。審査したのは第{form.version}版です。", again)
    if mark.mark != form.mark.lower():
        raise Refused("番号と版は同じですが、照合番号が審査した申請書と違います。", f"画面から保存した{again}")


def point(application, page, who, words):
    """The line of the report: tied by the code, or compared by a person, with what that person wrote."""
    if page:
        return [
            f"審査した第{application.version}版と同じ印刷物です。",
            "適合",
            f"{page}ページ目の二次元コードで確認しました。",
        ]
    told = f"{who.person.name}さんが、照合番号を目で見比べました。" + (f"「{words}」" if words else "")
    return ["照合用の二次元コードは読み取れませんでした。", "目視", told]
