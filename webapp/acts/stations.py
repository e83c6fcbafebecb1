"""署名ステーション: pairing a device to a person in the shape of RFC 8628, with a number to compare and a key that the device
keeps; recognising its requests; revoking it."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokens.station import codes, protocol
from tokens.station.refusals import Refusal
from webapp import clock
from webapp.acts import job_key, letters
from webapp.errors import Incomplete, Overtaken, Refused, Unseen
from webapp.procedure import Role
from webapp.register import IN_THE_WAY, Event, Pairing, PairingMiss, Station, StationJob, StationNonce, database
from webapp.register.stations import OPEN

LIFE, INTERVAL = timedelta(minutes=10), timedelta(seconds=5)
MISSES = 5  # wrong codes of one person within LIFE
MOST_HERE, MOST_ANYWHERE = 10, 200  # pairings begun within LIFE, from one address and in all
LONGEST = 120  # characters of what a device says of itself
SEEN_EVERY = timedelta(seconds=30)
NONCES_KEPT = timedelta(seconds=3 * protocol.SKEW_SECONDS)


class StationRefused(Refused):
    """A refusal to a device: `code` is the word for programs."""

    def __init__(self, code, status, message, advice=""):
        super().__init__(message, advice)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Begun:
    """A pairing with the codes that only the device shows."""

    pairing: Pairing
    user_code: str
    number: str


def origin():
    """How stations and browsers reach us; part of whatever is signed."""
    return protocol.origin_of(letters.url(""))


def begin_pairing(device_key, host, os_user, version, address):
    """A device asks to be paired; `device_key` is its raw public key (base64), the rest is what it says of itself. Returns
    Begun. Raises Refusal malformed, StationRefused too_many."""
    try:
        Ed25519PublicKey.from_public_bytes(protocol.unarmoured(device_key, 32))
    except ValueError as error:
        raise Refusal("malformed", "key") from error
    now = clock.now()
    few_here = Pairing.begun_since(now - LIFE, address) < MOST_HERE
    if not few_here or Pairing.begun_since(now - LIFE) >= MOST_ANYWHERE:
        sentence = "ペアリングの申し込みが続いたため、しばらく受け付けません。"
        raise StationRefused("too_many", 429, sentence, "10分ほど待ってから、もう一度お試しください。")
    user_code, number = codes.new_user_code(), codes.new_digits()
    pairing = Pairing.create(
        device_key=device_key,
        host=host[:LONGEST],
        os_user=os_user[:LONGEST],
        version=version[:LONGEST],
        address=address,
        user_code_hash=codes.hashed(user_code, "pairing"),
        number_hash=codes.hashed(number, "number"),
        state="pending",
        begun_at=now,
        expires_at=now + LIFE,
    )
    return Begun(pairing, user_code, number)


def poll(number, signature):
    """(state, Station or None) of a pairing for its own device: pending, slow_down, denied, expired, paired. Raises Refusal
    signature, also where there is no such pairing."""
    pairing = Pairing.get_or_none(Pairing.id == number)
    if pairing is None:
        raise Refusal("signature", "no pairing")
    protocol.check_pairing(protocol.unarmoured(pairing.device_key), str(pairing.id), signature)
    if pairing.state != "pending":
        return pairing.state, pairing.station
    now = clock.now()
    if pairing.expires_at <= now:
        return "expired", None
    is_early = pairing.polled_at is not None and now - pairing.polled_at < INTERVAL - timedelta(seconds=1)
    Pairing.update(polled_at=now).where(Pairing.id == pairing.id).execute()
    return ("slow_down" if is_early else "pending"), None


def find_pairing(who, typed):
    """The pairing whose user code was typed, from now on this person's to decide. Raises Incomplete, Refused after too many
    wrong codes."""
    _refuse_guessing(who)
    try:
        pairing = Pairing.under(codes.hashed(codes.user_code(typed), "pairing"))
    except Refusal:
        pairing = None
    mine = (Pairing.id == pairing.id) & (Pairing.person.is_null() | (Pairing.person == who.person)) if pairing else None
    if pairing is None or not Pairing.update(person=who.person).where(mine).execute():
        _miss(who)
        sentence = "このコードのペアリングはありません。10分を過ぎると、コードは使えなくなります。"
        raise Incomplete(
            "コードを確認してください。",
            "署名ステーションに表示されているコードを入力してください。",
            {"code": sentence},
        )
    return pairing


def own_pairing(who, number):
    """An open pairing whose code this person has typed. Raises Unseen."""
    pairing = Pairing.get_or_none((Pairing.id == number) & (Pairing.person == who.person))
    if pairing is None or not pairing.is_open:
        raise Unseen("ペアリングの申し込みが見つかりません。", "署名ステーションで、はじめからやり直してください。")
    return pairing


def confirm(who, pairing, typed):
    """Pair the device to this person, who typed the number that it shows; returns the Station. Raises Incomplete, Refused."""
    _refuse_guessing(who)
    try:
        is_right = codes.is_code(codes.digits(typed), "number", pairing.number_hash)
    except Refusal:
        is_right = False
    if not is_right:
        _miss(who)
        sentence = "署名ステーションに表示されている6桁の番号と一致しません。"
        raise Incomplete(
            "番号を確認してください。", "目の前の署名ステーションの番号を入力してください。", {"number": sentence}
        )
    try:
        with database.atomic():
            return _paired(who, pairing)
    except IN_THE_WAY:
        raise Refused(
            "この端末は、すでにペアリングされています。", "前のペアリングを解除してから、もう一度お試しください。"
        ) from None


def _paired(who, pairing):
    now = clock.now()
    station = Station.create(
        person=who.person,
        owner=who.person.name,
        device_key=pairing.device_key,
        host=pairing.host,
        os_user=pairing.os_user,
        version=pairing.version,
        paired_at=now,
        seen_at=now,
        address=pairing.address,
    )
    is_there = (Pairing.id == pairing.id) & (Pairing.state == "pending") & (Pairing.expires_at > now)
    if not Pairing.update(state="paired", station=station).where(is_there).execute():
        raise Overtaken("このペアリングは、もう終わっています。", "署名ステーションで、はじめからやり直してください。")
    told = {"fingerprint": fingerprint(station), "address": pairing.address}
    Event.write("pair_station", station, who.person, who.address, told, _described(pairing))
    return station


def deny(who, pairing):
    """Refuse a device that this person does not know."""
    with database.atomic():
        is_there = (Pairing.id == pairing.id) & (Pairing.state == "pending")
        if not Pairing.update(state="denied").where(is_there).execute():
            raise Overtaken("このペアリングは、もう終わっています。", "署名ステーションの一覧を確認してください。")
        told = {"fingerprint": fingerprint(pairing), "address": pairing.address}
        Event.write("deny_station", pairing, who.person, who.address, told, _described(pairing))


def revoke(who, number):
    """End a station of one's own, or as an administrator anybody's; what it has in hand ends with it. Returns the Station.
    Raises Unseen, Overtaken."""
    station = Station.get_or_none(Station.id == number)
    if station is None or (station.person != who.person and Role.ADMINISTRATOR not in who.person.roles()):
        raise Unseen("署名ステーションが見つかりません。", "一覧から選び直してください。")
    with database.atomic():
        if not end(station, who.person, who.address):
            raise Overtaken("このペアリングは、すでに解除されています。", "一覧を確認してください。")
    return station


def end(station, person, address):
    """End a station in the caller's transaction; `person` None: by itself, since its owner has left (the row then names the
    owner). False if it had ended before."""
    now = clock.now()
    is_there = (Station.id == station.id) & Station.revoked_at.is_null()
    if not Station.update(revoked_at=now, revoked_by=person or station.person).where(is_there).execute():
        return False
    in_hand = (StationJob.station == station) & StationJob.state.in_(OPEN)
    StationJob.update(state="cancelled", ended_at=now).where(in_hand).execute()
    Event.write("revoke_station", station, person, address, {"fingerprint": fingerprint(station)})
    return True


def fingerprint(row):
    """How the device key of a Station or Pairing is shown for comparing."""
    return protocol.fingerprint(protocol.unarmoured(row.device_key))


def recognised(number):
    """The station that a request says it comes from, nothing verified yet. Raises Refusal signature, StationRefused revoked."""
    station = Station.get_or_none(Station.id == number) if number is not None else None
    if station is None:
        raise Refusal("signature", "no station")
    if station.revoked_at is not None:
        sentence = "この署名ステーションのペアリングは解除されています。"
        raise StationRefused("revoked", 403, sentence, "使い続けるときは、もう一度ペアリングしてください。")
    return station


def admit(station, headers, method, target, body, address):
    """Let a signed request of a station pass, once, and note that the station was seen. Raises Refusal malformed, clock,
    signature, replayed."""
    now = clock.now()
    public = protocol.unarmoured(station.device_key)
    nonce = protocol.check_request(headers, public, method, target, body, origin(), now.timestamp())
    with database.atomic():
        if not StationNonce.take(station, nonce, now, NONCES_KEPT):
            raise Refusal("replayed")
        if now - station.seen_at > SEEN_EVERY or station.address != address:
            Station.update(seen_at=now, address=address).where(Station.id == station.id).execute()


def job_public():
    """The public job key (base64), which devices pin."""
    return protocol.armoured(protocol.raw(job_key.key()))


def _refuse_guessing(who):
    lately = (PairingMiss.person == who.person) & (PairingMiss.at > clock.now() - LIFE)
    if PairingMiss.select().where(lately).count() >= MISSES:
        raise Refused(
            "コードや番号の間違いが続いたため、しばらく受け付けません。",
            "10分ほど待ってから、もう一度お試しください。",
        )


def _miss(who):
    PairingMiss.create(person=who.person, at=clock.now())


def _described(row):
    return {"host": row.host, "os_user": row.os_user}
