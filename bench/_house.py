"""A furnished demo house that trusts the CAs of the tests, for what pages and stations are measured with."""

from tests import ca, cases
from webapp import demo, register
from webapp.register import TrustAnchor, content, database


def furnished(settings):
    """Open the register of these Settings, furnish it, and return the cases.Authorities that it trusts."""
    content.unlock(settings.content_key_file)
    register.bind(settings.database)
    register.migrate()
    authorities = cases.Authorities(ca)
    database.connect()
    demo.furnish()
    for use, roots, others in authorities.anchors():
        for der, is_root in [*((der, True) for der in roots), *((der, False) for der in others)]:
            TrustAnchor.create(use=use, name="測定用", der=der, is_root=is_root, since_on=demo.SINCE)
    return authorities
