"""What a signing station and its server agree on. Pure: no file, no socket, no clock of its own.

Instants are whole seconds since 1970 (UTC), keys raw Ed25519 (RFC 8032) public keys of 32 bytes, signatures base64. Payloads and
results are the values of payloads.py, codes stand in codes.py. Everything refused is a Refusal (code, message, advice).
"""

import base64
import binascii
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tokens.station import payloads
from tokens.station.refusals import Refusal
from tokens.token_key import verify as verify_token_signature

VERSION = 1
SKEW_SECONDS = 120
LIFE_SECONDS = 600
REQUEST = b"SHIRUSHI-STATION-REQUEST-v1\n"
PAIRING = b"SHIRUSHI-STATION-PAIRING-v1\0"
ENVELOPE = b"SHIRUSHI-STATION-ENVELOPE-v1\0"
SIGN_IN = b"SHIRUSHI-SIGN-IN-v1\0"
HEADERS = ("Station", "Station-Time", "Station-Nonce", "Station-Signature")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OUTCOMES = ("done", "rejected", "failed")
AT_ONCE = {"wait": False}  # asked with this, the question what there is to do is not held open


# JSON


def canonical(value):
    """Plain values -> JSON as UTF-8 bytes, keys sorted, no spaces. Raises Refusal malformed for a float or another kind."""
    try:
        return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed", "JSON") from error


def strict(text):
    """Canonical JSON (text or bytes) -> its value; whatever is not canonical (a key twice, spaces, another order) is refused."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    value = plain(data)
    if canonical(value) != data:
        raise Refusal("malformed", "not canonical")
    return value


def plain(data):
    """Any JSON (bytes) -> its value, without floats. Raises Refusal malformed."""
    try:
        return json.loads(data.decode("utf-8"), parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed", "JSON") from error


def _no_number(text):
    raise ValueError(text)


def _plain(value):
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _plain(each) for name, each in value.items()}
    raise ValueError(type(value).__name__)


# Keys and origins


def raw(public_key):
    """The 32 bytes of an Ed25519 public key object, or of a private one's public half."""
    public_key = public_key.public_key() if hasattr(public_key, "public_key") else public_key
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def armoured(data):
    return base64.b64encode(data).decode("ascii")


def unarmoured(text, length=None):
    """base64 -> bytes, of `length` if one is given. Raises Refusal malformed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Refusal("malformed", "base64") from error
    if length is not None and len(data) != length:
        raise Refusal("malformed", "length")
    return data


def fingerprint(public):
    """How the raw device key is shown for comparing: eight groups of four hex digits."""
    digits = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(digits[start : start + 4] for start in range(0, 32, 4))


def origin_of(url):
    """The origin ("https://host" or "https://host:port", lower case, no default port) of an address.
    Raises Refusal bad_address, and insecure_address for plain HTTP to anywhere but this computer."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise Refusal("bad_address") from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or not host.isascii():
        raise Refusal("bad_address", parts.scheme)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Refusal("insecure_address", host)
    host = f"[{host}]" if ":" in host else host
    usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")


# Signed requests


def request_bytes(method, target, body, origin, time, nonce):
    """What the device key signs; `target` is the path with its query, `nonce` 32 lower-case hex digits."""
    words = [method.upper(), target, hashlib.sha256(body).hexdigest(), origin, str(time), nonce]
    return REQUEST + "\n".join(words).encode("utf-8")


def request_headers(device_key, station, method, target, body, origin, now):
    """The four headers of a request, with a fresh nonce."""
    nonce = secrets.token_hex(16)
    signature = device_key.sign(request_bytes(method, target, body, origin, int(now), nonce))
    return dict(zip(HEADERS, (station, str(int(now)), nonce, armoured(signature)), strict=True))


def check_request(headers, device_public, method, target, body, origin, now):
    """The nonce of a request whose headers (anything with .get) hold. That it was never used before, the caller keeps.
    Raises Refusal malformed, clock, signature."""
    time, nonce, signature = (headers.get(name) or "" for name in HEADERS[1:])
    if not re.fullmatch(r"[0-9]{1,12}", time) or not re.fullmatch(r"[0-9a-f]{32}", nonce):
        raise Refusal("malformed", "headers")
    verify(device_public, request_bytes(method, target, body, origin, int(time), nonce), signature)
    if abs(int(time) - now) > SKEW_SECONDS:
        raise Refusal("clock", f"{int(time) - int(now)} s")
    return nonce


def pairing_signature(device_key, pairing):
    """The signature (base64) of a poll for the pairing with this id."""
    return armoured(device_key.sign(PAIRING + pairing.encode("utf-8")))


def check_pairing(device_public, pairing, signature):
    """Raises Refusal signature unless the device key made it for this pairing."""
    verify(device_public, PAIRING + pairing.encode("utf-8"), signature)


def verify(public, data, signature, code="signature"):
    """Raises the Refusal of `code` unless `signature` (base64) is one over `data` by the raw public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(unarmoured(signature, 64), data)
    except (InvalidSignature, ValueError, Refusal) as error:
        raise Refusal(code) from error


# Envelopes


@dataclass(frozen=True)
class Envelope:
    """A job as the server signs it. `payload` is a value of payloads.ASKED[type]; `display` {"title", "lines" [(label,
    value), …]}: what the server says of it, shown as its word."""

    job: str
    type: str
    origin: str
    station: str
    owner: str
    requested_by: str
    created_at: int
    expires_at: int
    nonce: str
    payload: payloads.Values
    display: dict


def envelope(payload, *, job, origin, station, owner, requested_by, title, now, lines=(), seconds=LIFE_SECONDS):
    """A new Envelope with a fresh nonce, for a payload (a value of payloads.ASKED)."""
    (kind,) = (name for name, asked in payloads.ASKED.items() if isinstance(payload, asked))
    display = {"title": title, "lines": tuple((label, value) for label, value in lines)}
    times = {"created_at": int(now), "expires_at": int(now) + seconds}
    words = {"job": job, "origin": origin, "station": station, "owner": owner, "requested_by": requested_by}
    return Envelope(type=kind, nonce=secrets.token_hex(32), payload=payload, display=display, **words, **times)


def signed(made, job_key):
    """(canonical JSON text, signature in base64) of an Envelope, signed by the server's private job key."""
    values = {"v": VERSION, **vars(made), "payload": payloads.written(made.payload)}
    text = canonical(values)
    return text.decode("utf-8"), armoured(job_key.sign(ENVELOPE + text))


def opened(text, signature, job_public, *, origin, station, now):
    """The Envelope in `text`, if the pinned job key signed it for this origin and station and it has not expired. That its nonce
    is new, the caller keeps. Raises Refusal foreign_key, malformed, unknown_field, unknown_type, other_origin,
    other_station, expired, too_long."""
    verify(job_public, ENVELOPE + text.encode("utf-8", "replace"), signature, "foreign_key")
    made = _read(strict(text))
    if made.origin != origin:
        raise Refusal("other_origin", made.origin)
    if made.station != station:
        raise Refusal("other_station")
    if not made.created_at - SKEW_SECONDS <= now < made.expires_at:
        raise Refusal("expired")
    if made.expires_at - made.created_at > LIFE_SECONDS:
        raise Refusal("too_long")
    return made


def _read(values):
    names = {*Envelope.__dataclass_fields__, "v"}
    if not isinstance(values, dict) or names - values.keys():
        raise Refusal("malformed", "envelope")
    if unknown := sorted(values.keys() - names):
        raise Refusal("unknown_field", f"{unknown[0]!r:.60}")
    if values.pop("v") != VERSION or not isinstance(values["type"], str) or values["type"] not in payloads.ASKED:
        raise Refusal("unknown_type", f"{values['type']!r:.60}")
    try:
        words = {name: payloads.text(values[name]) for name in ("job", "origin", "station", "owner", "requested_by")}
        times = {name: _instant(values[name]) for name in ("created_at", "expires_at")}
        nonce = payloads.hex_32(values["nonce"])
    except ValueError as error:
        raise Refusal("malformed", "envelope") from error
    payload = payloads.read(payloads.ASKED[values["type"]], values["payload"])
    display = payloads.read(Display, values["display"])
    return Envelope(type=values["type"], nonce=nonce, payload=payload, display=vars(display), **words, **times)


@dataclass(frozen=True)
class Display(payloads.Values):
    title: str
    lines: tuple[tuple[str, str], ...]
    READ = {"title": payloads.text, "lines": payloads.listed(payloads.pair)}


def _instant(value):
    if type(value) is not int or value < 0:
        raise ValueError("instant")
    return value


# Results and signing in


def result(outcome, value=None, reason=""):
    """The body (JSON bytes) of a result: `value` one of payloads.RESULTS if the outcome is "done", else a `reason` (Japanese)."""
    if outcome == "done":
        return canonical({"outcome": outcome, "result": payloads.written(value)})
    return canonical({"outcome": outcome, "reason": reason})


def result_read(kind, body):
    """(outcome, the value of payloads.RESULTS[kind] or None, reason) of such a body. Raises Refusal malformed, unknown_field."""
    values = plain(body)
    if not isinstance(values, dict) or values.get("outcome") not in OUTCOMES:
        raise Refusal("malformed", "outcome")
    wanted = {"outcome", "result" if values["outcome"] == "done" else "reason"}
    if values.keys() != wanted:
        raise Refusal("unknown_field" if values.keys() - wanted else "malformed", "result")
    if values["outcome"] == "done":
        return "done", payloads.read(payloads.RESULTS[kind], values["result"]), ""
    try:
        return values["outcome"], None, payloads.text(values["reason"])
    except ValueError as error:
        raise Refusal("malformed", "reason") from error


def sign_in_bytes(origin, nonce, session_bind, station):
    """What a card signs to sign a person in. `nonce` (the envelope's) and `session_bind` are 64 hex digits. All parts have
    fixed lengths; the beginning is "S" (0x53), so it is neither CMS signed attributes (0x31) nor a request (0x30). Raises
    Refusal malformed."""
    try:
        payloads.hex_32(nonce), payloads.hex_32(session_bind)
    except ValueError as error:
        raise Refusal("malformed", "hex") from error
    digests = [hashlib.sha256(each).digest() for each in (origin.encode(), bytes.fromhex(nonce), station.encode())]
    return SIGN_IN + digests[0] + digests[1] + bytes.fromhex(session_bind) + digests[2]


def check_sign_in(certificate_der, signature, origin, nonce, session_bind, station):
    """Raises Refusal signature unless the certificate's key made `signature` (bytes) for exactly this. Whose certificate it is and
    whether it is trusted, the caller asks."""
    data = sign_in_bytes(origin, nonce, session_bind, station)
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
        verify_token_signature(key, signature, data, hashes.SHA256())
    except (ValueError, AttributeError, TypeError, InvalidSignature) as error:
        raise Refusal("signature") from error
