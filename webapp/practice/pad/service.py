"""The pad of one practice reader as a running thing: module, socket and page."""

import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from webapp.practice.cards.reader import LONGEST_SOCKET
from webapp.practice.pad import module
from webapp.practice.pad.pad import SECONDS, Pad
from webapp.practice.pad.pages import make_app

HOST = "127.0.0.1"
OPENSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"


class _Quiet(WSGIRequestHandler):
    """No line for each key."""

    def log_request(self, code="-", size="-"):
        pass


class PadService:
    """The pad of the reader in `folder` with its page on loopback (port 0 takes a free one), and `module`, the path of the PKCS#11
    module that asks it, over `behind`. Raises OSError, NoCompiler."""

    def __init__(self, folder, port=0, behind=OPENSC, reader_url="", seconds=SECONDS):
        folder = Path(folder).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reader, place = folder / "run" / "pcscd" / "pcscd.comm", folder / "pad.sock"
        if len(str(place)) > LONGEST_SOCKET:
            raise OSError(0, f"{place}: too long a path for a socket")
        places = {"PAD_SOCKET": place, "READER": reader, "BEHIND": behind, "SCRIPT": folder / "habits"}
        self.module = module.build(folder / "reader-with-pad.so", **places)
        self.pad = Pad(place, seconds)
        self._server = make_server(HOST, port, make_app(self.pad, reader_url), True, request_handler=_Quiet)
        self.url = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="practice-pad-page")

    def start(self):
        self._thread.start()

    def close(self):
        """Stops the page and the pad; who waits for an answer gets none."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.pad.close()
