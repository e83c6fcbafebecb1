"""Making this PC a station of a server: a code goes to the browser, a number comes to it, and both keys are pinned."""

import getpass
import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from tokens.station import codes, device, http, protocol
from tokens.station.refusals import Refusal

SLOWER_SECONDS = 5


@dataclass(frozen=True)
class Begun:
    """A pairing that a person must now confirm in the browser. `match_number` is typed there, `user_code` too."""

    pairing: str
    origin: str
    user_code: str
    match_number: str
    fingerprint: str
    job_key: str
    interval: int
    until: float


def begin(url, key):
    """Ask the server at `url` for a pairing with the device `key`. Raises TokenError."""
    origin = protocol.origin_of(url)
    asked = {
        "device_key": protocol.armoured(protocol.raw(key)),
        "host": _line(platform.node()),
        "user": _line(_user()),
        "version": _version(),
    }
    answer = http.Server(origin).post("/station/pairings", asked)
    try:
        protocol.unarmoured(answer["job_key"], 32)
        number, code = codes.digits(answer["match_number"]), codes.user_code(answer["user_code"])
        told, life, pause = str(answer["origin"]), int(answer["expires_in"]), int(answer["interval"])
        id_, job_key = str(answer["pairing"]), answer["job_key"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refusal("malformed", "pairing") from error
    if told != origin:
        raise Refusal("other_origin_told", told[:100])
    shown = protocol.fingerprint(protocol.raw(key))
    return Begun(id_, origin, code, number, shown, job_key, min(max(pause, 1), 60), time.time() + min(life, 600))


def finish(begun, key, sleep=time.sleep):
    """Wait until the person has confirmed; the device.Pairing, remembered. Raises Refusal pairing_denied,
    pairing_expired, and TokenError."""
    pause = begun.interval
    while time.time() < begun.until:
        sleep(pause)
        signature = protocol.pairing_signature(key, begun.pairing)
        try:
            answer = http.Server(begun.origin).post(f"/station/pairings/{begun.pairing}/poll", {"signature": signature})
        except http.Unreachable:
            continue
        state = answer.get("state")
        if state == "paired":
            return _kept(begun, answer)
        if state in ("denied", "expired"):
            raise Refusal(f"pairing_{state}")
        pause += SLOWER_SECONDS if state == "slow_down" else 0
    raise Refusal("pairing_expired")


def _kept(begun, answer):
    station, owner = answer.get("station"), answer.get("owner")
    if not (
        isinstance(station, str) and station.isascii() and station.isprintable() and station and isinstance(owner, str)
    ):
        raise Refusal("malformed", "paired")
    made = device.Pairing(begun.origin, station, owner, begun.job_key, one_pin=answer.get("one_pin") is True)
    device.pair(made)
    return made


def _user():
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "-"


def _version():
    try:
        return version("shirushi")
    except PackageNotFoundError:
        return "-"


def _line(text):
    return "".join(each for each in text if each.isprintable())[:80] or "-"
