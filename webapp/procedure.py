"""手続き: the procedure of the seed as data. Buttons, guards, step navigation, permission tests and docs/procedure.md
all read this one table. Nothing here does anything."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    ISSUE = "issue"
    REVOKE = "revoke"


class Role(StrEnum):
    SUBSCRIBER = "subscriber"
    OFFICER = "officer"
    HEAD = "head"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    APPLICANT = "applicant"  # not held but taken: whoever filed this application or is named in it as 利用管理者
    SYSTEM = "system"  # the worker, for what the world outside has answered


class Stage(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    EXAMINED = "examined"
    SEALED = "sealed"
    SENT = "sent"
    DELIVERED = "delivered"
    INSTALLED = "installed"
    IN_USE = "in_use"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


ROLE_LABELS = {
    Role.SUBSCRIBER: "利用管理者",
    Role.OFFICER: "登録担当者",
    Role.HEAD: "機関責任者",
    Role.AUDITOR: "監査担当者",
    Role.ADMINISTRATOR: "管理者",
    Role.APPLICANT: "申請した人・利用管理者本人",
    Role.SYSTEM: "しるし（自動）",
}
KIND_LABELS = {Kind.ISSUE: "発行", Kind.REVOKE: "失効"}

# What somebody wants of a certificate (seed 1, 手続きの種別), and what the form calls it.
OCCASION_LABELS = {
    "first": "新規",
    "other_dn": "新規",
    "continue": "更新",
    "other_content": "更新",
    "reissue": "更新",
    "revoke": "失効",
}

# The line that every application walks along, and where it may leave it.
_FIRST = (Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED, Stage.SENT)
STEPS = {
    Kind.ISSUE: (*_FIRST, Stage.DELIVERED, Stage.INSTALLED, Stage.IN_USE),
    Kind.REVOKE: (*_FIRST, Stage.COMPLETED, Stage.CONFIRMED),
}
ENDS = {kind: (steps[-1], Stage.WITHDRAWN, Stage.REFUSED) for kind, steps in STEPS.items()}
STAGES = {kind: (*steps, Stage.WITHDRAWN, Stage.REFUSED) for kind, steps in STEPS.items()}
_FIRST_LABELS = ("下書き", "提出", "審査", "捺印・署名", "送付")
STEP_LABELS = {
    Kind.ISSUE: (*_FIRST_LABELS, "証明書受領", "格納", "利用中"),
    Kind.REVOKE: (*_FIRST_LABELS, "完了通知", "失効確認"),
}
STAGE_LABELS = {
    Stage.DRAFT: "下書き",
    Stage.SUBMITTED: "提出済",
    Stage.EXAMINED: "審査済",
    Stage.SEALED: "捺印・署名済",
    Stage.SENT: "送付済",
    Stage.DELIVERED: "証明書受領",
    Stage.INSTALLED: "格納済",
    Stage.IN_USE: "利用中",
    Stage.COMPLETED: "完了通知受領",
    Stage.CONFIRMED: "失効確認済",
    Stage.WITHDRAWN: "取り下げ",
    Stage.REFUSED: "却下",
}
# Who has to do something while an application stands at a stage. Nobody in the house: the CA, or nobody at all.
TURNS = {
    Stage.DRAFT: (Role.APPLICANT,),
    Stage.SUBMITTED: (Role.OFFICER,),
    Stage.EXAMINED: (Role.HEAD, Role.OFFICER),
    Stage.SEALED: (Role.OFFICER,),
    Stage.SENT: (),
    Stage.DELIVERED: (Role.APPLICANT, Role.OFFICER),
    Stage.INSTALLED: (Role.APPLICANT,),
    Stage.IN_USE: (),
    Stage.COMPLETED: (Role.SYSTEM,),
    Stage.CONFIRMED: (),
    Stage.WITHDRAWN: (),
    Stage.REFUSED: (),
}
WAITING_LABELS = {
    Stage.DRAFT: "利用管理者の入力待ち",
    Stage.SUBMITTED: "登録担当者の審査待ち",
    Stage.EXAMINED: "機関責任者の捺印・署名待ち",
    Stage.SEALED: "登録担当者の送付待ち",
    Stage.SENT: "認証局で審査中",
    Stage.DELIVERED: "証明書の格納待ち",
    Stage.INSTALLED: "利用管理者の確認待ち",
    Stage.IN_USE: "利用中",
    Stage.COMPLETED: "CRL・OCSPで失効を確認中",
    Stage.CONFIRMED: "失効確認済",
    Stage.WITHDRAWN: "取り下げ",
    Stage.REFUSED: "却下",
}


@dataclass(frozen=True)
class Act:
    """One thing that somebody may do: the same word as function, as event and, as a noun, in the URL."""

    verb: str
    noun: str
    label: str  # the button
    since: tuple  # the stages in which it may be done
    to: Stage | None  # the stage it leads to; None: the application stays where it is
    by: tuple  # the roles that may do it
    section: str  # where the seed says so
    never: tuple = ()  # the roles that may not, whatever else they hold
    alone: bool = False  # in an emergency `never` is set aside: one officer may do all, and is reviewed afterwards


_D, _S, _E, _P, _T = Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED, Stage.SENT
_OPEN = (_D, _S, _E, _P, _T)
_APPLICANT, _OFFICER, _HEAD, _SYSTEM = Role.APPLICANT, Role.OFFICER, Role.HEAD, Role.SYSTEM

PROCEDURES = {
    Kind.ISSUE: (
        Act("describe", "description", "入力内容を保存する", (_D,), None, (_APPLICANT,), "1-1-2"),
        Act("make_key", "key", "トークンに鍵ペアを生成する", (_D,), None, (_APPLICANT,), "1-1-1"),
        Act("attach_csr", "csr", "このCSRを登録する", (_D,), None, (_APPLICANT,), "1-1-1"),
        Act(
            "note_key_protection",
            "key_protection",
            "鍵の保護を記録する",
            (_D, _S, _E, _P),
            None,
            (_APPLICANT, _OFFICER),
            "1-1-1",
        ),
        Act("consent", "consent", "3つの文書を承認する", (_D,), None, (_APPLICANT,), "1-1"),
        Act("submit", "submission", "提出する", (_D,), _S, (_APPLICANT,), "1-1-2"),
        Act(
            "show_password",
            "password",
            "パスワードを表示する",
            (*_OPEN, Stage.DELIVERED),
            None,
            (_APPLICANT, _OFFICER),
            "1-1-2",
        ),
        Act("check_identity", "identity", "確認結果を記録する", (_S,), None, (_OFFICER,), "1-1-3", (_APPLICANT,)),
        Act("replace_form_pdf", "form_pdf", "このPDFに差し替える", (_S,), None, (_OFFICER,), "1-1-4", (_APPLICANT,)),
        Act("inquire", "inquiry", "照会・保留にする", (_S,), None, (_OFFICER,), "1-1-3", (_APPLICANT,)),
        Act("answer", "answer", "照会に回答する", (_S,), None, (_APPLICANT,), "1-1-3"),
        Act("examine", "examination", "審査を完了する", (_S,), _E, (_OFFICER,), "1-1-3", (_APPLICANT,)),
        Act(
            "accept_warning",
            "warning_acceptance",
            "理由を付けて了承する",
            (_S, _E, _P),
            None,
            (_OFFICER,),
            "1-1-3",
            (_APPLICANT,),
        ),
        Act("send_back", "return", "差し戻す", (_S, _E, _P), _D, (_OFFICER,), "1-1-3", (_APPLICANT,)),
        Act("seal", "seal", "署名済みPDFを登録する", (_E,), _P, (_HEAD, _OFFICER), "1-1-4"),
        Act("stamp", "stamp", "捺印済みの書面を登録する", (_E,), _P, (_OFFICER,), "1-1-4", (_APPLICANT,)),
        Act("dispatch", "dispatch", "サービス窓口へ送付する", (_P,), None, (_OFFICER,), "1-1-5"),
        Act("post", "posting", "送信の完了を記録する", (_P,), _T, (_SYSTEM,), "1-1-5"),
        Act("dispatch_by_hand", "hand_dispatch", "自分のメールソフトで送付した", (_P,), _T, (_OFFICER,), "1-1-5"),
        Act("confirm_posting", "posting_confirmation", "届いていたことを記録する", (_P,), _T, (_OFFICER,), "1-1-5"),
        Act("repost", "reposting", "同じメールをもう一度送る", (_P,), None, (_OFFICER,), "1-1-5"),
        Act("note_review", "review", "審査開始日を記録する", (_T,), None, (_OFFICER,), "1-1-6"),
        Act("note_call", "call", "電話を記録する", (_T,), None, (_OFFICER,), "1-1-6"),
        Act("reopen", "correction", "内容を直して出し直す", (_T,), _D, (_OFFICER,), "1-1-6", (_APPLICANT,)),
        Act("redo_dispatch", "redispatch", "内容は変えずに送り直す", (_T,), _P, (_OFFICER,), "1-1-6"),
        Act("refuse", "refusal", "認証局による却下を記録する", (_T,), Stage.REFUSED, (_OFFICER,), "1-1-6"),
        Act("withdraw", "withdrawal", "申請を取り下げる", _OPEN, Stage.WITHDRAWN, (_APPLICANT, _OFFICER), "1-1"),
        Act("take_delivery", "delivery", "証明書を受け取る", (_T,), Stage.DELIVERED, (_OFFICER, _APPLICANT), "1-1-6"),
        Act(
            "approve_key_use",
            "key_use",
            "鍵の使用を承認する",
            (Stage.DELIVERED,),
            None,
            (_OFFICER,),
            "1-1-6",
            (_APPLICANT,),
        ),
        Act(
            "install",
            "installation",
            "トークンに格納し、動作を確認する",
            (Stage.DELIVERED,),
            Stage.INSTALLED,
            (_OFFICER, _APPLICANT),
            "1-1-6",
        ),
        Act(
            "hand_out",
            "handover",
            "証明書を引き渡したことを記録する",
            (Stage.DELIVERED,),
            Stage.INSTALLED,
            (_OFFICER, _APPLICANT),
            "1-1-6",
        ),
        Act(
            "prove",
            "proof",
            "動作確認の結果を登録する",
            (Stage.DELIVERED, Stage.INSTALLED, Stage.IN_USE),
            None,
            (_OFFICER, _APPLICANT),
            "1-1-6",
        ),
        Act(
            "accept",
            "acceptance",
            "内容を確認し、利用を始める",
            (Stage.INSTALLED,),
            Stage.IN_USE,
            (_APPLICANT,),
            "1-1-6",
        ),
        Act(
            "accept_for",
            "proxy_acceptance",
            "代わりに内容を確認し、利用を始める",
            (Stage.INSTALLED,),
            Stage.IN_USE,
            (_OFFICER,),
            "1-1-6",
        ),
    ),
    Kind.REVOKE: (
        Act("give_reason", "reason", "失効の理由を保存する", (_D,), None, (_APPLICANT,), "1-3-1"),
        Act("submit", "submission", "提出する", (_D,), _S, (_APPLICANT,), "1-3-1"),
        Act("check_identity", "identity", "確認結果を記録する", (_S,), None, (_OFFICER,), "1-3-2", (_APPLICANT,)),
        Act("replace_form_pdf", "form_pdf", "このPDFに差し替える", (_S,), None, (_OFFICER,), "1-3-2", (_APPLICANT,)),
        Act("inquire", "inquiry", "照会・保留にする", (_S,), None, (_OFFICER,), "1-3-2", (_APPLICANT,)),
        Act("answer", "answer", "照会に回答する", (_S,), None, (_APPLICANT,), "1-3-2"),
        Act("examine", "examination", "審査を完了する", (_S,), _E, (_OFFICER,), "1-3-2", (_APPLICANT,), alone=True),
        Act(
            "accept_warning",
            "warning_acceptance",
            "理由を付けて了承する",
            (_S, _E, _P),
            None,
            (_OFFICER,),
            "1-3-2",
            (_APPLICANT,),
        ),
        Act("send_back", "return", "差し戻す", (_S, _E, _P), _D, (_OFFICER,), "1-3-2", (_APPLICANT,), alone=True),
        Act("seal", "seal", "署名済みPDFを登録する", (_E,), _P, (_HEAD, _OFFICER), "1-3-2"),
        Act("stamp", "stamp", "捺印済みの書面を登録する", (_E,), _P, (_OFFICER,), "1-3-2", (_APPLICANT,), alone=True),
        Act("dispatch", "dispatch", "サービス窓口へ送付する", (_P,), None, (_OFFICER,), "1-3-3"),
        Act("post", "posting", "送信の完了を記録する", (_P,), _T, (_SYSTEM,), "1-3-3"),
        Act("dispatch_by_hand", "hand_dispatch", "自分のメールソフトで送付した", (_P,), _T, (_OFFICER,), "1-3-3"),
        Act("confirm_posting", "posting_confirmation", "届いていたことを記録する", (_P,), _T, (_OFFICER,), "1-3-3"),
        Act("repost", "reposting", "同じメールをもう一度送る", (_P,), None, (_OFFICER,), "1-3-3"),
        Act("reopen", "correction", "内容を直して出し直す", (_T,), _D, (_OFFICER,), "1-3-3", (_APPLICANT,), alone=True),
        Act("redo_dispatch", "redispatch", "内容は変えずに送り直す", (_T,), _P, (_OFFICER,), "1-3-3"),
        Act("refuse", "refusal", "認証局による却下を記録する", (_T,), Stage.REFUSED, (_OFFICER,), "1-3-4"),
        Act("withdraw", "withdrawal", "申請を取り下げる", _OPEN, Stage.WITHDRAWN, (_APPLICANT, _OFFICER), "1-3"),
        Act(
            "note_completion",
            "completion",
            "失効完了通知を記録する",
            (_T,),
            Stage.COMPLETED,
            (_OFFICER, _APPLICANT),
            "1-3-4",
        ),
        Act(
            "ask_status",
            "status_question",
            "CRL・OCSPをいま確認する",
            (Stage.COMPLETED,),
            None,
            (_OFFICER, _APPLICANT),
            "1-3-4",
        ),
        Act("confirm", "confirmation", "失効を確認する", (Stage.COMPLETED,), Stage.CONFIRMED, (_SYSTEM,), "1-3-4"),
        Act(
            "confirm_by_word",
            "word_confirmation",
            "理由を書いて失効確認済みにする",
            (Stage.COMPLETED,),
            Stage.CONFIRMED,
            (_OFFICER,),
            "1-3-4",
        ),
        Act(
            "review_emergency",
            "emergency_review",
            "事後確認を記録する",
            (_S, _E, _P, _T, Stage.COMPLETED, Stage.CONFIRMED),
            None,
            (_OFFICER, _HEAD),
            "1-3",
            (_APPLICANT,),
        ),
    ),
}


def find_act(kind, verb):
    """The act called `verb` in the procedure of a kind; KeyError where the procedure knows none."""
    for act in PROCEDURES[kind]:
        if act.verb == verb:
            return act
    raise KeyError(f"{verb} is no act of {kind}")


def stands_at(stage, wants_seal):
    """The stage that counts for what may be done: where the CA profile wants no seal, an examined application counts as
    sealed. So nobody can seal it, and whatever may be done to a sealed one may be done to it."""
    return Stage.SEALED if stage == Stage.EXAMINED and not wants_seal else stage


def stages_of(act, wants_seal):
    """The stages, as the register has them, at which an act may be done."""
    return [
        stage for stage in Stage if stands_at(stage, wants_seal) in act.since and (wants_seal or stage != Stage.SEALED)
    ]


def leads_to(act, wants_seal):
    """The stage to which an act leads, or None: nothing is called sealed where no seal is wanted."""
    return Stage.EXAMINED if act.to == Stage.SEALED and not wants_seal else act.to


def acts_open_to(kind, stage, roles, is_emergency=False):
    """The acts that somebody holding these roles may do at this stage, in the order of the procedure."""
    held = set(roles)
    return [
        act
        for act in PROCEDURES[kind]
        if stage in act.since and held.intersection(act.by) and not is_kept_from(act, held, is_emergency)
    ]


def is_kept_from(act, roles, is_emergency):
    """Whether one of these roles rules the act out, whatever else they allow."""
    return bool(set(roles) & set(act.never)) and not (act.alone and is_emergency)
