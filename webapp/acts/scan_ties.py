"""1-1-4: what the code on a scanned page says beside the version that was examined."""

from webapp.errors import Refused
from webapp.register import ApplicationForm, Paper


def refuse_missing_pages(application, found):
    """Raise Refused where a scan has fewer pages than the examined version: what leaves must be whole (seed 1-1-4)."""
    wanted = len(Paper.pictures(application, is_masked=False))
    if found < wanted:
        raise Refused(
            f"スキャンのページが足りません(審査した第{application.version}版は{wanted}ページ、スキャンは{found}ページ)。",
            "捺印した申請書のすべてのページを、1つのファイルにスキャンしてください。",
        )


def tie(application, pages):
    """(page number, or None without a readable mark) of the pages of a scan (papers.scan_mark.Page) of the examined
    version. Raises Refused for a page of another application, of another version, or with other values."""
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


def result(version, page):
    """(sentence, detail) of what the code said: `page` is where it was read, None: nowhere."""
    if page:
        return f"審査した第{version}版と同じ印刷物です。", f"{page}ページ目の二次元コードで確認しました。"
    return "照合用の二次元コードは読み取れませんでした。", ""


def point(scan, who, words):
    """The line of the report: tied by the code, or compared by a person, with what that person wrote."""
    sentence, detail = result(scan.version, scan.mark_on_page)
    if scan.mark_on_page:
        return [sentence, "適合", detail]
    return [sentence, "目視", f"{who.person.name}さんが、審査した第{scan.version}版と目で見比べました。「{words}」"]
