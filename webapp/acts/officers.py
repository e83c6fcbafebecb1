"""What only a 登録担当者 does with the register as a whole."""

from webapp.errors import NotYourAct
from webapp.procedure import ROLE_LABELS, Role


def require_officer(who, deed):
    """Raise NotYourAct unless this person is an officer today; `deed` names the act (「棚卸しを始める」)."""
    if who.person is None or Role.OFFICER not in who.person.roles():
        raise NotYourAct(f"「{deed}」は{ROLE_LABELS[Role.OFFICER]}が行う操作です。", "担当の方に連絡してください。")
