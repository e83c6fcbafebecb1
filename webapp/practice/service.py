"""The whole practice desk as one running thing: post office, page, and, if wished, hands that do everything at once."""

import json
import logging
import socket
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

from tokens.errors import TokenError
from webapp.practice.card_reader import CardReader
from webapp.practice.cases import OutOfTurn
from webapp.practice.desk import Desk
from webapp.practice.folder import write_whole
from webapp.practice.mailbox import addresses_of, header, parse
from webapp.practice.pages import make_app
from webapp.practice.post import HOST, open_post, post
from webapp.practice.tools import ToolFailed

log = logging.getLogger("practice")


class _Quiet(WSGIRequestHandler):
    """Leaves the list of fetched pages out of the log."""

    def log_request(self, code="-", size="-"):
        pass


class Service:
    """Opens the desk of the folder `data` on loopback; port 0 takes a free one. `automatic` carries every case to its
    end as soon as its mail arrives; the smartcard in the file `card` lies in a reader, whose PIN
    pad (webapp/practice/pad/) has its page at `pad_url`, if it has one. Writes address.json (url,
    smtp_port). Raises OSError if a port is taken, ReaderFailed."""

    def __init__(self, data, smtp_port=0, port=0, automatic=False, card=None, pad_url=""):
        self.automatic = automatic
        self._socket = socket.create_server((HOST, port))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.desk = Desk(data, self.url, send=self.send)
        self.reader = CardReader(self.desk.folder / "reader", card) if card else None
        app = make_app(self.desk, automatic, self.reader, pad_url)
        self.server = make_server(HOST, 0, app, True, 1, _Quiet, fd=self._socket.fileno())
        self.post = open_post(self.desk.folder, smtp_port, self.take)
        self.smtp_port = self.post.port
        address = {"url": self.url, "smtp_port": self.smtp_port}
        write_whole(self.desk.folder / "address.json", json.dumps(address).encode())

    def start(self):
        """Serves in a thread; in automatic mode first takes up what lies on the desk."""
        self._thread = threading.Thread(target=self.server.serve_forever, name="practice-pages")
        self._thread.start()
        if self.automatic:
            for case in reversed(self.desk.cases.all()):
                self._set_off(case)

    def take(self, raw, recipients):
        """A mail from the post office."""
        case = self.desk.receive(raw, recipients)
        if case and self.automatic:
            self._set_off(case)

    def send(self, raw):
        """Posts an answer of the desk through the post office, and says under which number it arrived."""
        message = parse(raw)
        post(self.desk.folder, raw, self.desk.settings.address, addresses_of(message))
        return self.desk.mailbox.with_message_id(header(message, "Message-ID")).id

    def close(self):
        """Stops everything; in reverse order."""
        self.post.stop()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
        self._socket.close()
        if self.reader:
            self.reader.close()
        self.desk.close()

    def _set_off(self, case):
        threading.Thread(target=self._carry, args=(case,), name=f"practice-case-{case.id}", daemon=True).start()

    def _carry(self, case):
        try:
            self.desk.carry(case)
        except (ToolFailed, TokenError, OutOfTurn) as error:
            log.error("case %s stays where it is: %s", case.id, error)
