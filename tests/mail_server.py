"""A small real mail server for tests: one socket, STARTTLS, login, and answers that a test can change.

with MailServer(settings.data / "practice") as server:   # writes smtp.json there
    server.answers["BODY"] = None                         # take the letter and hang up without a word
"""

import base64
import contextlib
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shirushi", "a password for the mail server"
ANSWERS = {
    "EHLO": "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "BODY": "250 2.0.0 Ok: queued as 4711",
    "QUIT": "221 bye",
}


class MailServer:
    """`letters` are the bytes of every letter whose end was seen; `talk` the commands, without what AUTH said."""

    def __init__(self, folder):
        self.folder, self.answers, self.letters, self.talk, self.tried = folder, dict(ANSWERS), [], [], []

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.context = _certified(self.folder)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()
        self.tell(self.listening.getsockname()[1])
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()

    def tell(self, port, **changes):
        """Write how to reach the server, as an installation has it."""
        told = {"host": "127.0.0.1", "port": port, "user": USER, "password": PASSWORD, "ca": "mail-ca.pem"} | changes
        (self.folder / "smtp.json").write_text(json.dumps(told))

    def _listen(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                self._serve(connection)
            connection.close()

    def _serve(self, plain):
        plain.settimeout(10)
        connection = plain
        plain.sendall(b"220 mail.example\r\n")
        stream = connection.makefile("rb")
        try:
            while line := stream.readline():
                verb = line.split(b" ")[0].strip().decode().upper()
                self.talk.append("AUTH" if verb == "AUTH" else line.strip().decode())
                if verb == "AUTH":
                    self.tried.append(base64.b64decode(line.split()[2]).split(b"\0")[1:])
                if not self._answer(connection, verb):
                    return
                if verb == "STARTTLS":
                    stream.close()
                    connection = self.context.wrap_socket(connection, server_side=True)
                    stream = connection.makefile("rb")
                if verb == "DATA" and self.answers["DATA"].startswith("354"):
                    self.letters.append(_letter(stream))
                    if not self._answer(connection, "BODY"):
                        return
        finally:
            stream.close()
            connection.close()

    def _answer(self, connection, verb):
        answer = self.answers.get(verb, "502 what?")
        if answer is not None:
            connection.sendall(answer.encode() + b"\r\n")
        return answer is not None


def _letter(stream):
    lines = []
    while (line := stream.readline()) != b".\r\n":
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


def _certified(folder):
    """A server-side TLS context with a certificate of its own, left in mail-ca.pem for those who are to trust it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )
    (folder / "mail-ca.pem").write_bytes(certificate)
    pem = folder / "mail-key.pem"
    pem.write_bytes(certificate + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
