"""鍵の使用: a key on the institution's token is used by its own 利用管理者 alone, whatever the profile says; where the profile
asks for a second person in place of the presence that a card would show, by one press of theirs for each use, too."""

from webapp import clock
from webapp.acts import ca_profiles, letters, performing, require_now
from webapp.errors import NotYourAct, Overtaken, Refused
from webapp.mails import key_use as mails
from webapp.register import IN_THE_WAY, Certificate, KeyUse, database


def lies_on_token(application):
    """Whether the certificate's key lies on the institution's token."""
    certificate = Certificate.of(application)
    return certificate is not None and certificate.key_pair_id is not None


def needs_second_person(application):
    """Whether the certificate's key lies on the institution's token, and the profile asks for a second person."""
    return lies_on_token(application) and ca_profiles.of(application).second_person


def user_of(application):
    """The person whose key it is."""
    return application.subscriber or application.applicant


def tell_officers(application):
    """Within the act after which the use of a key waits for an approval: whoever may approve it gets a letter."""
    if needs_second_person(application):
        others = [person for person in letters.officers() if person not in letters.people_of(application)]
        letters.notify(mails.awaits_approval, application, others, user_of(application).name)


def approve_key_use(application, who):
    """Allow the person whose key it is one use of it, and tell them. Raises NotYourAct for their own key, Refused where no
    approval is asked for, Overtaken when one waits to be used already."""
    require_now("approve_key_use", application, who)
    if not needs_second_person(application):
        raise Refused("この鍵の使用には、2人目の承認は必要ありません。", "証明書の格納に進んでください。")
    user = user_of(application)
    with performing("approve_key_use", application, who, {"asked_by": user.id}):
        try:
            with database.atomic():
                KeyUse.create(application=application, asked_by=user, approved_by=who.person, approved_at=clock.now())
        except IN_THE_WAY:
            raise Overtaken("鍵の使用は、すでに承認されています。", "画面を開き直してください。") from None
        letters.notify(mails.approved, application, [user], who.person.name)


def require_allowed(application, who):
    """The KeyUse to spend, or None where none is asked for. Raises NotYourAct unless it is their own key, Refused while
    nobody else has approved."""
    user = user_of(application)
    if lies_on_token(application) and who.person != user:
        raise NotYourAct(f"この鍵を使えるのは、{user.name}さんだけです。", "ご本人に操作を依頼してください。")
    if not needs_second_person(application):
        return None
    approval = KeyUse.open_of(application)
    if approval is None or approval.asked_by != user:
        raise Refused("鍵の使用が、まだ承認されていません。", "ほかの登録担当者に、鍵の使用の承認を依頼してください。")
    return approval


def spend(approval):
    """Within the act that used the key: the approval is good for nothing more."""
    if approval is not None and not approval.spend(clock.now()):
        raise Overtaken("この承認は、すでに使われています。", "もう一度、承認を依頼してください。")
