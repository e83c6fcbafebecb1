"""Four eyes and the other promises of the register, kept by the acts and, past the acts, by the database itself."""

import pytest
from peewee import IntegrityError

from tests.cases import again
from webapp import clock, demo
from webapp.acts import examination, revocations, sealing
from webapp.errors import NotYourAct
from webapp.register import (
    Application,
    Certificate,
    Content,
    Event,
    IdentityCheck,
    Institution,
    PersonRole,
    Revocation,
    database,
)

pytestmark = pytest.mark.both_databases


def past_the_acts(application, **columns):
    """An UPDATE by somebody who has the database before them: it must be refused and leave everything as it was."""
    before = list(Application.select().where(Application.id == application.id).tuples())
    with pytest.raises(IntegrityError), database.atomic():
        Application.update(**columns).where(Application.id == application.id).execute()
    assert list(Application.select().where(Application.id == application.id).tuples()) == before


def run(*statements):
    """SQL that must be refused whole."""
    with pytest.raises(IntegrityError), database.atomic():
        for statement in statements:
            database.execute_sql(statement)


def test_nobody_examines_or_identifies_what_they_applied_for(case, by, yamamoto):
    application = case.submitted("山本")
    for act, arguments in (
        (examination.examine, ()),
        (examination.send_back, ("いいえ",)),
        (examination.inquire, ("なぜですか",)),
        (examination.check_identity, ("identity", "confirmed", "対面・職員証", clock.today().isoformat(), "")),
    ):
        with pytest.raises(NotYourAct) as refusal:
            act(application, by(yamamoto), *arguments)
        assert "ご自身が申請した" in refusal.value.message and "ほかの登録担当者" in refusal.value.advice
    assert again(application).stage == "submitted"


def test_nobody_examines_what_names_them_as_subscriber(case, by, sato, suzuki):
    application = case.identified("佐藤")
    PersonRole.create(person=sato, role="officer", title="", since_on=demo.SINCE)
    with pytest.raises(NotYourAct):
        examination.examine(application, by(sato))
    past_the_acts(application, examiner=sato)
    Application.update(applicant=suzuki).where(Application.id == application.id).execute()
    past_the_acts(application, examiner=sato)  # still the 利用管理者
    past_the_acts(application, examiner=suzuki)  # now the applicant


def test_nobody_attests_the_stamp_on_what_they_applied_for(case, by, yamamoto):
    application = case.examined("山本", "鈴木")
    with pytest.raises(NotYourAct):
        sealing.stamp(application, by(yamamoto), None, list(sealing.ATTESTED))
    past_the_acts(application, attester=yamamoto)


def test_the_database_knows_the_examiner_is_another_person(case, sato, suzuki):
    application = case.submitted()
    PersonRole.create(person=sato, role="officer", title="", since_on=demo.SINCE)
    past_the_acts(application, examiner=sato)
    past_the_acts(application, examiner=sato, stage="examined")
    Application.update(examiner=suzuki).where(Application.id == application.id).execute()


def test_the_database_lets_only_officers_examine_and_attest(case, tanaka, ito, takahashi):
    application = case.submitted()
    for person in (tanaka, ito, takahashi):
        past_the_acts(application, examiner=person)
        past_the_acts(application, attester=person)


def test_the_database_lets_only_heads_seal(case, suzuki, ito, sato):
    application = case.examined()
    for person in (suzuki, ito, sato):
        past_the_acts(application, sealer=person)
        past_the_acts(application, sealer=person, stage="sealed")


def test_the_database_lets_officers_seal_a_revocation_but_nobody_else(case, suzuki, ito, sato):
    application = case.revocation("examined")
    for person in (ito, sato):
        past_the_acts(application, sealer=person)
    Application.update(sealer=suzuki).where(Application.id == application.id).execute()


def test_an_emergency_is_reviewed_by_somebody_who_took_no_part(case, by, suzuki, yamamoto, sato, ito):
    application = case.emergency(officer="鈴木")
    with pytest.raises(NotYourAct):
        revocations.review_emergency(application, by(suzuki), "見ました。")
    for person in (suzuki, ito, sato):
        past_the_acts(application, reviewer=person)
    Application.update(examiner=suzuki, sealer=suzuki, attester=suzuki).where(
        Application.id == application.id
    ).execute()
    past_the_acts(application, reviewer=suzuki)
    revocations.review_emergency(again(application), by(yamamoto), "見ました。")
    past_the_acts(application, sealer=yamamoto)  # nor does the reviewer take a part afterwards
    past_the_acts(application, attester=yamamoto)


def test_only_an_emergency_is_done_alone_or_reviewed(case, suzuki, yamamoto):
    application = revocations.open_revocation(Certificate.of(case.in_use()), case.who("鈴木"), 5, "")
    past_the_acts(application, examiner=suzuki)
    past_the_acts(application, attester=suzuki)
    past_the_acts(application, reviewer=yamamoto)
    past_the_acts(case.draft(), is_emergency=True)


def test_a_certificate_has_one_revocation_and_a_revocation_one_certificate(case):
    application = case.to_revoke()
    past_the_acts(application, target=None)
    values = Application.select().where(Application.id == application.id).dicts().get()
    with pytest.raises(IntegrityError), database.atomic():
        Application.insert(
            **{name: value for name, value in values.items() if name != "id"} | {"number": "CS-2026-9998"}
        ).execute()
    for wrong in ({"reason": 6}, {"reason": 1}, {"reason": 0, "comment": ""}):
        with pytest.raises(IntegrityError), database.atomic():
            Revocation.update(**wrong).where(Revocation.application == application).execute()


def test_a_row_cannot_be_born_with_a_wrong_examiner_either(case, ito):
    application = case.submitted()
    values = Application.select().where(Application.id == application.id).dicts().get()
    values |= {"id": None, "number": "CS-2026-9999", "examiner": ito.id}
    with pytest.raises(IntegrityError), database.atomic():
        Application.insert(**{name: value for name, value in values.items() if name != "id"}).execute()


def test_no_stage_is_reached_without_examiner_and_sealer(case):
    application = case.submitted()
    for stage in ("examined", "sealed", "sent", "delivered", "installed", "in_use", "refused"):
        past_the_acts(application, stage=stage)
    examined = case.examined()
    for stage in ("sealed", "sent", "delivered", "installed", "in_use", "refused"):
        past_the_acts(examined, stage=stage)


def test_a_stage_outside_the_table_is_refused(case):
    application = case.submitted()
    for stage in ("approved", "", "Draft", "completed"):
        past_the_acts(application, stage=stage)
    past_the_acts(application, kind="revocation")


def test_an_identity_check_about_oneself_is_refused(case, suzuki):
    application = case.submitted()
    with pytest.raises(IntegrityError), database.atomic():
        IdentityCheck.create(
            application=application,
            about=suzuki,
            officer=suzuki,
            aspect="identity",
            result="confirmed",
            method="対面・職員証",
            checked_on=clock.today(),
            note="",
            at=clock.now(),
        )


def test_events_are_neither_changed_nor_deleted(case):
    case.draft()
    rows = list(Event.select().order_by(Event.seq).tuples())
    run("UPDATE event SET act = 'nothing'")
    run("UPDATE event SET address = '' WHERE seq = 1")
    run("DELETE FROM event_particulars", "DELETE FROM event")
    run(f"DELETE FROM event WHERE seq = {rows[-1][0]}")
    assert list(Event.select().order_by(Event.seq).tuples()) == rows


def test_contents_are_never_changed(case):
    case.draft()
    run("UPDATE content SET size = 0")
    assert Content.select().where(Content.size == 0).count() == 0


def test_a_demo_stays_a_demo_and_there_is_one_institution(house):
    run("UPDATE institution SET environment = 'real'")
    run("DELETE FROM institution")
    values = Institution.select().dicts().get() | {"id": 2}
    with pytest.raises(IntegrityError), database.atomic():
        Institution.insert(**values).execute()
    assert Institution.here().is_practice
