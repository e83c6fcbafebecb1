"""Reading a mail that came from outside, in a guarded child, its signature judged by the registered anchors."""

from webapp import clock
from webapp.papers import guard, received_mail
from webapp.register import TrustAnchor


def read(data):
    """The ReceivedMail (papers/received_mail.py) in the bytes of an .eml or .msg; its S/MIME signature is judged by the CA
    certificates registered 「電子署名の確認」. Raises Unreadable."""
    roots, others = TrustAnchor.trusted_for("seal")
    limits = {"seconds": received_mail.SECONDS, "megabytes": received_mail.MEGABYTES}
    return guard.run("webapp.papers.received_mail:read", data, roots, others, clock.now(), **limits)
