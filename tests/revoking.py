"""What the tests of 失効 type into its pages."""

from datetime import timedelta

from webapp import clock
from webapp.register import Application


def ask(browser, certificate, **form):
    return browser.press(f"/certificates/{certificate.id}/revocation", form)


def moment(name, at):
    local = at.astimezone(clock.JST)
    return {f"{name}_on": local.date().isoformat(), f"{name}_time": f"{local:%H:%M}"}


def compromise(**changes):
    """A form that says that the key is compromised since two hours."""
    form = {"reason": "1", "comment": "トークンを紛失したため"}
    form |= moment("compromised", clock.now() - timedelta(hours=2)) | moment("noticed", clock.now())
    return form | changes


def opened():
    return Application.select().where(Application.kind == "revoke").count()
