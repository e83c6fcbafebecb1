"""The 署名簿 through a paired station: how a certificate stands before it signs (USE-01), and the record of what it signed
afterwards. Each is a request signed by the device's key; a record that has arrived before is not registered again."""

import hashlib
from dataclasses import dataclass

from tokens import certificates
from tokens.station import device, http, protocol
from tokens.station.refusals import Refusal

REGISTERED, REGISTERED_BEFORE = "registered", "registered_before"
TRIES = 2
LARGEST_STANDING = 10_000


@dataclass(frozen=True)
class Sender:
    """This PC as a station of one server."""

    server: http.Server
    owner: str

    def standing(self, certificate):
        """The file (bytes) that says how this certificate stands now. Raises TokenError."""
        return self.server.get(f"{_path(certificate)}/standing", LARGEST_STANDING)

    def send(self, certificate, record):
        """Have a signing record (bytes) registered: REGISTERED, or REGISTERED_BEFORE. Raises TokenError. An answer that was
        lost is asked for once more, which registers nothing twice."""
        for tried in range(1, TRIES + 1):
            try:
                self.server.post(f"{_path(certificate)}/signatures", record, http.RESULT_SECONDS)
                return REGISTERED
            except http.Unreachable:
                if tried == TRIES:
                    raise
            except http.ServerRefused as error:
                if error.code != REGISTERED_BEFORE:
                    raise
                return REGISTERED_BEFORE


def sender(origin=""):
    """The Sender for the server at `origin`; with "" the only one that this PC is paired with. Raises Refusal not_paired,
    several_pairings."""
    found = device.pairings()
    if origin:
        wanted = protocol.origin_of(origin)
        found = [each for each in found if each.origin == wanted]
    if not found:
        raise Refusal("not_paired", origin)
    if len(found) > 1:
        raise Refusal("several_pairings")
    return Sender(http.Server(found[0].origin, found[0].station, device.key()), found[0].owner)


def _path(certificate):
    issuer = hashlib.sha256(certificate.issuer.public_bytes()).hexdigest()
    return f"/station/certificates/{issuer}/{certificates.serial_hex(certificate)}"
