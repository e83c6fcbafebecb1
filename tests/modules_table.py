"""What each PKCS#11 module can and cannot do, found out by doing it: `python -m tests.modules_table` runs every module and
writes the table into docs/stations.md. tests/test_cards_table.py runs them again and compares."""

import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography import x509

from tests import cards, opencryptoki, softhsm
from tests.cards import outcome
from tokens import public_keys
from tokens.errors import TokenError, named

PAGE = Path(__file__).resolve().parent.parent / "docs" / "stations.md"
BEGIN, END = "<!-- modules: begin -->", "<!-- modules: end -->"
SUBJECT = [["C", "JP"], ["CN", "Renshu"]]
ALGORITHMS = ("RSA-3072", "RSA-4096", "P-256", "P-384")
FLAGS = {"USER_PIN_COUNT_LOW": "残りわずか", "USER_PIN_FINAL_TRY": "最後の1回", "USER_PIN_LOCKED": "ロック"}
SIGN_COMMANDS = {"piv": 0x87, "isoapplet": 0x2A}


@dataclass
class Bench:
    """A module with a token in it. `worker()` and `spied(log)` are TokenWorkers, `token` the name they find it by, `certificates`
    the certificates (DER) of its keys. `card` is None where nothing can be pulled, `unlock` where nothing locks."""

    worker: object
    spied: object
    token: str
    pin: str
    certificates: list = field(default_factory=list)
    card: cards.VirtualCard | None = None
    unlock: object = None


@contextmanager
def on_softhsm(factory, folder):
    token = softhsm.make_token(folder / "softhsm", "renshu")
    bench = Bench(token.worker, lambda log: token.spied(log).worker(), token.label, token.pin)
    yield with_key(bench, factory)


@contextmanager
def on_opencryptoki(factory, folder):
    with opencryptoki.Token(folder / "opencryptoki") as token:
        yield with_key(Bench(token.worker, token.spied, token.label, token.pin, unlock=token.unlock), factory)


@contextmanager
def on_card(kind, factory, _folder):
    card = factory.card(kind).insert()
    certificates = list(card.certificates.values())
    yield Bench(card.worker, card.spied, card.serial, card.pin, certificates, card, lambda: unlock(card))
    factory.empty()


MODULES = {  # heading of the column -> the bench of (factory, folder)
    "SoftHSM2": on_softhsm,
    "OpenSC、PIVカード": partial(on_card, "opensc-piv"),
    "OpenSC、IsoAppletカード": partial(on_card, "opensc-isoapplet"),
    "ykcs11、PIVカード": partial(on_card, "ykcs11-piv"),
    "openCryptoki": on_opencryptoki,
}


def with_key(bench, factory):
    """The bench with a key of its own and our certificate for it."""
    with bench.worker() as worker:
        wanted = {"cka_id": b"k", "label": "key", "algorithm": "RSA-3072", "subject": SUBJECT}
        made = worker.call("make_key", token=bench.token, pin=bench.pin, **wanted)
        der = factory.certify(x509.load_der_x509_csr(made["csr_der"]).public_key())
    bench.certificates.append(der)
    return bench


def unlock(card):
    """With the PUK, by the program that comes with the module."""
    if card.kind.card == "piv":
        card.run("yubico-piv-tool", "-r", card.kind.reader, "-a", "unblock-pin", "-P", card.puk, "-N", card.pin)
    else:
        card.run("pkcs15-tool", "--unblock-pin", "--puk", card.puk, "--new-pin", card.pin)


# The rows


def makes(bench, algorithm):
    """What comes of asking for a new key."""
    with bench.worker() as worker:
        wanted = {"token": bench.token, "pin": bench.pin, "label": "new", "subject": SUBJECT}
        return said(outcome(worker.call, "make_key", cka_id=algorithm.encode(), algorithm=algorithm, **wanted))


def requests_for_old_key(bench):
    """A request for each key that was there before."""
    cells = []
    with bench.worker() as worker:
        for der in bench.certificates:
            wanted = {"spki": public_keys.spki(public_keys.of_certificate(der)), "subject": SUBJECT}
            result = outcome(worker.call, "request", token=bench.token, pin=bench.pin, **wanted)
            cells.append(f"{algorithm_of(der)}: {said(result)}")
    return "<br>".join(sorted(cells))


def installs(bench, certify):
    """A first certificate for the key, then another for the same key."""
    issued = bench.certificates[0]
    another = certify(x509.load_der_x509_certificate(issued).public_key())
    with bench.worker() as worker:
        if issued in _certificates(worker, bench):
            issued = certify(x509.load_der_x509_certificate(issued).public_key())
        wanted = {"token": bench.token, "pin": bench.pin}
        return [said(outcome(worker.call, "install", certificate_der=der, **wanted)) for der in (issued, another)]


def _certificates(worker, bench):
    (token,) = [each for each in worker.call("tokens")["tokens"] if _is(each, bench.token)]
    return [each["der"] for each in token["certificates"]]


def proves(bench):
    """The mechanism each key signs with."""
    cells = []
    with bench.worker() as worker:
        for der in bench.certificates:
            asked = {"token": bench.token, "pin": bench.pin, "certificate_der": der, "challenge": bytes(32)}
            try:
                cells.append(f"{algorithm_of(der)}: {worker.call('prove', **asked)['mechanism']}")
            except TokenError as error:
                cells.append(f"{algorithm_of(der)}: {said(error.code)}")
    return "<br>".join(sorted(cells))


def logins_of_a_signature(bench, folder):
    """How many C_Login one signature takes, for each key: two where the key asks again."""
    cells = []
    for number, der in enumerate(bench.certificates):
        log = folder / f"spy-{number}.log"
        with bench.spied(log) as worker:
            asked = {"token": bench.token, "pin": bench.pin, "certificate_der": der, "challenge": bytes(32)}
            outcome(worker.call, "prove", **asked)
        cells.append(f"{algorithm_of(der)}: {'求める' if softhsm.logins(log) == 2 else '求めない'}")
        log.unlink()
    return "<br>".join(sorted(cells))


def checks_itself(bench):
    """The signature of a key made for the moment."""
    with bench.worker() as worker:
        return said(outcome(worker.call, "self_check", token=bench.token, pin=bench.pin, nonce=bytes(32)))


def misses(bench):
    """What the module says after one, two and three wrong PINs, then to the right one."""
    wrong = "".join(reversed(bench.pin))
    cells = []
    with bench.worker() as worker:
        for _ in range(3):
            _login(worker, bench, wrong)
            flags = next(each for each in worker.call("tokens")["tokens"] if _is(each, bench.token))["flags"]
            cells.append(next((word for flag, word in reversed(FLAGS.items()) if flag in flags), "旗なし"))
        right = said(_login(worker, bench, bench.pin))
    return f"{' → '.join(cells)}<br>その後の正しいPIN: {right}"


def unlocks(bench):
    """The security officer's or the PUK's way back, by the module's own programs."""
    if bench.unlock is None:
        return "ロックしない"
    bench.unlock()
    with bench.worker() as worker:
        return said(_login(worker, bench, bench.pin))


def pulled(bench):
    """What is said when the card is pulled while it signs; and whether the next signature works after reinsertion."""
    if bench.card is None:
        return "抜き差しなし"
    bench.card.reader.pull_at(SIGN_COMMANDS[bench.card.kind.card], False)
    with bench.worker() as worker:
        result = _login(worker, bench, bench.pin)
        bench.card.insert()
        return f"{said(result)}<br>挿し直した後: {said(_login(worker, bench, bench.pin))}"


def blank(bench, factory):
    """What a card without anything on it is listed as."""
    if bench.card is None:
        return "抜き差しなし"
    name = next(name for name, kind in cards.KINDS.items() if kind == bench.card.kind)
    empty = factory.blank(name)
    bench.card.swap(empty)
    there = "not recognized" if empty.kind.card == "isoapplet" else empty.serial
    empty.wait(lambda: there in empty.tool("-L", check=False))
    with bench.worker() as worker:
        listed = worker.call("tokens")["tokens"]
    bench.card.insert()
    return "証明書のないトークンとして一覧に出る" if listed else "一覧に出ない"


def _login(worker, bench, pin):
    """The outcome of a proof with that PIN."""
    asked = {"certificate_der": bench.certificates[0], "challenge": bytes(32), "final_try": True}
    return outcome(worker.call, "prove", token=bench.token, pin=pin, **asked)


def _is(listed, token):
    return token in (listed["label"], listed["serial"])


def algorithm_of(der):
    return public_keys.algorithm(public_keys.of_certificate(der))


def said(code):
    """An outcome in words: what a person would be told."""
    return "できる" if code == "ok" else f"できない({named(code).message.rstrip('。')})"


def column(bench, factory, folder):
    """{row: cell} of one module. Its PIN is locked and unlocked on the way."""
    cells = {f"鍵の作成 {algorithm}": makes(bench, algorithm) for algorithm in ALGORITHMS}
    cells["前からある鍵のCSR"] = requests_for_old_key(bench)
    cells["証明書の書き込みと読み戻し"], cells["同じ鍵の2枚目の証明書"] = installs(bench, factory.certify)
    cells["署名(選ばれる方式)"] = proves(bench)
    cells["署名のたびのPIN"] = logins_of_a_signature(bench, folder)
    cells["使い捨ての鍵での動作確認"] = checks_itself(bench)
    cells["署名の途中で抜く"] = pulled(bench)
    cells["何も入っていないカード"] = blank(bench, factory)
    cells["PINを3回間違える"] = misses(bench)
    cells["ロックの解除(付属のプログラムで)"] = unlocks(bench)
    return cells


# The page


def columns(names=MODULES):
    """{module: {row: cell}} of these modules, by running them."""
    with tempfile.TemporaryDirectory() as folder:
        factory = cards.Factory(Path(folder))
        try:
            return {name: _column(name, factory, Path(folder)) for name in names}
        finally:
            factory.close()


def _column(name, factory, folder):
    with MODULES[name](factory, folder) as bench:
        return column(bench, factory, folder)


def written(found):
    """The table in Markdown."""
    rows = list(next(iter(found.values())))
    lines = ["| | " + " | ".join(found) + " |", "|---" * (len(found) + 1) + "|"]
    lines += ["| " + " | ".join([row, *(found[name][row] for name in found)]) + " |" for row in rows]
    return "\n".join(lines)


def committed():
    """{module: {row: cell}} as the page says."""
    between = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0].strip()
    heading, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in between.splitlines()]
    return {name: {row[0]: row[column] for row in rows} for column, name in enumerate(heading) if column}


def main():
    page = PAGE.read_text("utf-8")
    table = f"{BEGIN}\n{written(columns())}\n{END}"
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: table, page, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
