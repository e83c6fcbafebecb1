"""An IMAP server that follows a script, for what no honest server does: it lies, stops, strips and refers."""

import socket
import ssl
import threading


class Scripted:
    """Answers on 127.0.0.1. `talk(line) -> bytes` gets each command line and returns what is sent; None hangs up. `greeting`
    is sent first. `heard` collects the lines; `bytes_heard` all that came."""

    def __init__(self, talk, greeting=b"* OK ready\r\n", context=None):
        self.talk, self.greeting, self.context, self.heard = talk, greeting, context, []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self.listening.close()
        self.thread.join(5)

    def _serve(self):
        try:
            while True:
                client, _ = self.listening.accept()
                with client:
                    self._answer(client)
        except (OSError, ssl.SSLError):
            return

    def _answer(self, client):
        try:
            client.settimeout(5)
            client.sendall(self.greeting)
            with client.makefile("rb") as lines:
                for line in lines:
                    self.heard.append(line)
                    said = self.talk(line)
                    if said is None:
                        return
                    client.sendall(said)
        except (OSError, ssl.SSLError):
            return


def honest(mails, **instead):
    """How an honest server talks that holds `mails` (bytes, UIDs from 1), but for what `instead` says of a verb."""

    def talk(line):
        tag, _, rest = line.rstrip(b"\r\n").partition(b" ")
        words = rest.split(b" ")
        verb = (words[1] if words[0].upper() == b"UID" else words[0]).decode("ascii", "replace").lower()
        what = "size" if verb == "fetch" and b"RFC822.SIZE" in rest else verb
        if what in instead:
            said = instead[what]
            return said(tag, rest) if callable(said) else said
        return _said(tag, what, rest, mails)

    return talk


def _said(tag, verb, rest, mails):
    done = tag + b" OK done\r\n"
    if verb == "capability":
        return b"* CAPABILITY IMAP4rev1\r\n" + done
    if verb == "select":
        return b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" % len(mails) + done
    if verb == "search":
        return b"* SEARCH " + b" ".join(b"%d" % (n + 1) for n in range(len(mails))) + b"\r\n" + done
    if verb in ("size", "fetch"):
        uid = int(rest.split(b" ")[2])
        data = mails[uid - 1]
        if verb == "size":
            return b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, uid, len(data)) + done
        return b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, uid, len(data), data) + done
    return done
