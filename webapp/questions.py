"""What the operator is asked when a real installation is made, at the terminal."""

from dataclasses import dataclass

from webapp.errors import Incomplete


@dataclass(frozen=True)
class Question:
    """`name` is the answer's name in a file, `label` what is asked; an empty answer means `default`, or the answer
    given to the question `like`."""

    name: str
    label: str
    hint: str = ""
    default: str = ""
    like: str = ""


QUESTIONS = (
    Question("formal_name", "機関の正式名称", "法人の名称から。例: 国立大学法人○○大学"),
    Question("org_code", "機関コード", "添付ファイル名の先頭。半角の英小文字と数字。例: shinsei"),
    Question("postal_code", "本部の郵便番号", "例: 100-0001"),
    Question("head_office", "本部所在地", "利用機関を登録したときの住所"),
    Question("switchboard", "代表電話番号", "第三者の資料に載っている番号"),
    Question("switchboard_checked_on", "資料への掲載を確認した日", "例: 2026-11-22。まだなら空"),
    Question("country", "主体者DN 国(C)", default="JP"),
    Question("state", "主体者DN 都道府県(ST)", "登録値。例: Tokyo"),
    Question("locality", "主体者DN 市区町村(L)", "登録値。例: Chiyoda-ku"),
    Question("organization", "主体者DN 組織名(O)", "登録した英語表記"),
    Question("common_name", "主体者DN コモンネーム(CN)", "法人の英語名称", like="organization"),
    Question("profile", "認証局のプロファイル", default="upki-v2.4"),
    Question("officer_hours", "登録担当者が電話に出られる時間帯", default="平日 9時から17時"),
    Question("token_label", "サーバーから使うトークンのラベル", "使わない場合は空"),
    Question("administrator_name", "最初の管理者の氏名"),
    Question("administrator_mail", "管理者のメールアドレス"),
    Question("administrator_phone", "管理者の電話番号", "空でもかまいません"),
    Question("administrator_department", "管理者の所属", "例: 情報基盤センター"),
    Question("login", "管理者のログイン名", "半角の英小文字と数字"),
)


def ask(check):
    """{name: answer}: every question, and again those that `check(answers)` refuses with Incomplete."""
    answers, wanted = {}, {question.name for question in QUESTIONS}
    while wanted:
        for question in QUESTIONS:
            if question.name in wanted:
                answers[question.name] = _answer(question, answers)
        wanted = _refused(check, answers)
    return answers


def _answer(question, answers):
    default = question.default or answers.get(question.like, "")
    hint = f"({question.hint})" if question.hint else ""
    shown = f" [{default}]" if default else ""
    return input(f"{question.label}{hint}{shown}: ").strip() or default


def _refused(check, answers):
    try:
        check(answers)
    except Incomplete as refusal:
        print("\n次の項目を、もう一度入力してください。")
        for sentence in refusal.fields.values():
            print(f"・{sentence}")
        return set(refusal.fields)
    return set()
