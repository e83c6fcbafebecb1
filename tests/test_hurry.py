"""The 24 hours of a compromised key: whoever can still send the application is told before they are over."""

from datetime import timedelta

from tests.cases import letters_to, unguarded
from webapp import clock
from webapp.acts import dispatch, examination, sealing
from webapp.worker import turn


def subjects(mail):
    return [letter.subject for letter in letters_to(mail)]


def work(settings):
    while turn(settings):
        pass


def test_four_hours_before_the_end_everybody_who_can_act_is_told_once(case, settings):
    case.emergency()
    clock.move(timedelta(hours=16))  # noticed three hours before it was begun
    work(settings)
    assert not any("期限が迫っています" in subject for subject in subjects("suzuki@shinsei.example"))
    clock.move(timedelta(hours=18))
    work(settings)
    work(settings)
    for name in ("sato", "suzuki", "yamamoto"):
        assert sum("期限が迫っています" in subject for subject in subjects(f"{name}@shinsei.example")) == 1


def test_what_was_sent_in_time_needs_no_hurry(case, settings, by, suzuki):
    application = case.emergency()
    examination.examine(application, by(suzuki))
    with unguarded():
        sealing.seal(application, by(suzuki), "s.pdf", case.signed(application, "suzuki@shinsei.example"))
    dispatch.dispatch_by_hand(application, by(suzuki), True)
    clock.move(timedelta(hours=18))
    work(settings)
    assert not any("期限が迫っています" in subject for subject in subjects("suzuki@shinsei.example"))
