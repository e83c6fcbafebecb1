"""What signing stations ask and tell, as JSON: each request signed by the device's own key (tokens/station/protocol.py), no
cookie. Every refusal is {"error", "message", "advice"} under a status of its own."""

import time
from threading import BoundedSemaphore

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from tokens import signing_record
from tokens.station import payloads, protocol
from tokens.station.refusals import Refusal
from webapp.acts import Who, signatures, station_jobs, station_lists, stations
from webapp.errors import Refused
from webapp.register import OUTAGES, row_number

bp = Blueprint("station_api", __name__, url_prefix="/station")

SMALL, LARGE = 16 * 1024, payloads.LARGEST * 4 // 3 + 64 * 1024  # bytes of a body; a result may be a whole PDF
HELD, PAUSE = 25, 0.5  # seconds for which a question is held open at most, and between two looks
STATUSES = {"signature": 401, "clock": 401, "replayed": 409}
_waits = BoundedSemaphore(4)  # questions held open in this process; the threads are needed for people


@bp.post("/pairings")
def begin():
    given = _given({"device_key", "host", "user", "version"})
    begun = stations.begin_pairing(given["device_key"], given["host"], given["user"], given["version"], _address())
    said = {
        "pairing": str(begun.pairing.id),
        "user_code": begun.user_code,
        "match_number": begun.number,
        "expires_in": int(stations.LIFE.total_seconds()),
        "interval": int(stations.INTERVAL.total_seconds()),
        "origin": stations.origin(),
        "job_key": stations.job_public(),
    }
    return _json(said, 201)


@bp.post("/pairings/<int:number>/poll")
def poll(number):
    state, station = stations.poll(number, _given({"signature"})["signature"])
    pinned = {"one_pin": station_lists.one_pin()}
    return _json({"state": state} | ({"station": str(station.id), "owner": station.owner} | pinned if station else {}))


@bp.post("/jobs")
def jobs():
    """What waits for the station's owner; the question is held open for a while when there is nothing, unless it is asked to be
    answered at once."""
    station = _station()
    found = station_jobs.offered(station)
    at_once = request.get_data() == protocol.canonical(protocol.AT_ONCE)
    if not found and not at_once and _waits.acquire(blocking=False):
        try:
            found = _wait_for(station)
        finally:
            _waits.release()
    return _json({"jobs": [_row(job) for job in found]})


def _wait_for(station):
    end, found = time.monotonic() + HELD, []
    while not found and time.monotonic() < end:
        time.sleep(PAUSE)
        found = station_jobs.offered(station)
    return found


def _row(job):
    return {
        "id": job.handle,
        "type": job.kind,
        "title": job.title,
        "requester": station_jobs.requester(job),
        "expires_at": int(job.expires_at.timestamp()),
    }


@bp.post("/jobs/<handle>/claim")
def claim(handle):
    station = _station()
    text, signature = station_jobs.claim(station, handle, _given({"code"})["code"], _address())
    return _json({"envelope": text, "signature": signature})


@bp.get("/jobs/<handle>/document")
def document(handle):
    return _document(station_jobs.document(_station(), handle))


@bp.get("/jobs/<handle>/documents/<int:place>")
def document_of_list(handle, place):
    return _document(station_jobs.document_of_list(_station(), handle, place))


def _document(data):
    return Response(data, mimetype="application/octet-stream", headers={"Cache-Control": "private, no-store"})


@bp.post("/jobs/<handle>/result")
def result(handle):
    station = _station(LARGE)
    return _json({"state": station_jobs.take(station, handle, request.get_data(), _address())})


@bp.post("/jobs/<handle>/documents/<int:place>/result")
def result_of_list(handle, place):
    station = _station(LARGE)
    return _json({"state": station_jobs.take_of_list(station, handle, place, request.get_data(), _address())})


@bp.get("/certificates/<issuer>/<serial>/standing")
def standing(issuer, serial):
    """How a certificate of the station's owner stands, before it signs a program."""
    station = _station()
    return _json(signatures.standing(signatures.find_for(station.person, issuer, serial)))


@bp.post("/certificates/<issuer>/<serial>/signatures")
def register_signature(issuer, serial):
    """The record of what was signed on this PC, for the 署名簿."""
    station = _station(signing_record.LARGEST)
    certificate = signatures.find_for(station.person, issuer, serial)
    who = Who(station.person, _address())
    row = signatures.register_file(certificate, who, "record.json", request.get_data(), station=station.id)
    return _json({"state": "registered", "stamp": row.standing, "warning": row.warning}, 201)


def _station(largest=SMALL):
    """The station whose signed request this is, let through once. Who is unknown or revoked is told before any body is read."""
    request.max_content_length = largest
    station = stations.recognised(row_number(request.headers.get("Station", "")))
    target = request.full_path if request.query_string else request.path
    stations.admit(station, request.headers, request.method, target, request.get_data(), _address())
    return station


def _given(names):
    """The JSON object of this request with these fields, each a text. Raises Refusal malformed."""
    request.max_content_length = SMALL
    values = protocol.plain(request.get_data())
    if not isinstance(values, dict) or values.keys() != names:
        raise Refusal("malformed", "fields")
    try:
        return {name: payloads.text(value) for name, value in values.items()}
    except ValueError as error:
        raise Refusal("malformed", "text") from error


def _address():
    return request.remote_addr or ""


def _json(values, status=200):
    response = Response(protocol.canonical(values), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _told(code, status, message, advice=""):
    return _json({"error": code, "message": message, "advice": advice}, status)


@bp.errorhandler(Refusal)
def _refusal(error):
    return _told(error.code, STATUSES.get(error.code, 400), error.message, error.advice)


@bp.errorhandler(Refused)
def _refused(error):
    return _told(getattr(error, "code", "refused"), error.status, error.message, error.advice)


@bp.errorhandler(HTTPException)
def _http(error):
    sentence = "送られた内容が大きすぎます。" if error.code == 413 else "この操作はできません。"
    return _told("http", error.code or 400, sentence)


def _outage(_error):
    return _told("busy", 503, "台帳に接続できません。", "少し待ってから、もう一度お試しください。")


for outage in OUTAGES:
    bp.register_error_handler(outage, _outage)
