"""A real time-stamp authority on loopback: `openssl ts -reply` behind HTTP (RFC 3161 §3.4), with a certificate of tests/ca.py."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import ca

CONFIGURATION = """
[tsa]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
clock_precision_digits = 0
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class TimeStampAuthority:
    """`url` answers timestamp queries while the context is entered. `spoil(bytes)` may change each answer."""

    def __init__(self, folder, authority, **changes):
        self.folder, self.authority, self.spoil, self.asked = folder, authority, lambda answer: answer, 0
        key = rsa.generate_private_key(65537, 2048)
        rule = {"usages": ("digital_signature",), "purposes": (ca.Purpose.TIME_STAMPING,), "purposes_critical": True}
        rule |= {"mails": (), "policies": ()}
        made = authority.certificate(key.public_key(), (("CN", "Practice TSA"),), **(rule | changes))
        (folder / "tsa.pem").write_bytes(ca.pem(made))
        (folder / "chain.pem").write_bytes(ca.pem(authority.issuing))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "tsa.key").write_bytes(private)
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01\n")

    def answer(self, query):
        """The TimeStampResp (DER) of openssl to a TimeStampReq (DER)."""
        self.asked += 1
        (self.folder / "query.tsq").write_bytes(query)
        words = (
            "openssl ts -reply -config tsa.cnf -section tsa -queryfile query.tsq -signer tsa.pem -inkey tsa.key".split()
        )
        words += ["-chain", "chain.pem", "-out", "answer.tsr"]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)
        return self.spoil((self.folder / "answer.tsr").read_bytes())

    def __enter__(self):
        authority = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self):
                body = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Desk)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *fault):
        self.server.shutdown()
        self.server.server_close()
