"""The time stamp that the institution's time-stamp authority sets on what a station has signed (B-T; RFC 3161 §3.4)."""

from webapp import asking
from webapp.acts import ca_profiles
from webapp.errors import Refused
from webapp.papers import guard
from webapp.register import TrustAnchor
from webapp.rules.status_addresses import place_of

SECONDS = 10
MOST = 65_536  # bytes of an answer
QUERY = "application/timestamp-query"
NOBODY = "タイムスタンプ局から時刻の証明を受け取れなかったため、B-Bです({why})"


def stamped(pdf):
    """(the PDF with a time stamp on its signature, "") where the profile names an authority, else or when that gives none, the
    PDF as it is and a sentence saying why ("" where none is wanted). Asks the network: never within a transaction."""
    address = ca_profiles.here().stamp_address
    if not address:
        return pdf, ""
    try:
        asked = guard.run("webapp.papers.signature_stamp:question", pdf)
        given = {"data": asked, "content_type": QUERY, "limit": MOST, "seconds": SECONDS}
        answer = asking.fetch(address, (place_of(address),), **given)
        known = TrustAnchor.trusted_for("timestamp")
        return guard.run("webapp.papers.signature_stamp:stamped", pdf, asked, answer, *known), ""
    except Refused as nothing:
        return pdf, NOBODY.format(why=nothing.message)
