"""A real Dovecot on loopback: a configuration, certificate and mailboxes of its own in a temporary folder, stopped afterwards.

with Dovecot() as server:
    server.deliver(mail_bytes)
    server.at() -> what keys/imap.json says
"""

import base64
import hashlib
import hmac
import imaplib
import ipaddress
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests import ca

USER, PASSWORD = "shirushi-desk", "Mailbox-Secret-9"
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
instance_name = {name}
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2
mail_location = maildir:{folder}/mail/%u
mail_uid = {owner}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {plain_port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox 窓口 {{
    auto = create
  }}
}}
"""
OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


class Dovecot:
    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.tls_port, self.plain_port = _free_port(), _free_port()
        self.secret = os.urandom(32)
        self._write()
        words = ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]
        with (self.folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors)
        self._wait()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self):
        is_root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid())
        owner = pwd.getpwnam("nobody") if is_root else me
        mail, keys = self.folder / "mail", self.folder / "keys"
        mail.mkdir()
        os.chown(mail, owner.pw_uid, owner.pw_gid)
        for place in (keys / "default/HS256", keys / "shared/default/HS256"):
            place.mkdir(parents=True)
            (place / "default").write_text(base64.b64encode(self.secret).decode())
        (self.folder / "users").write_text(f"{USER}:{PASSWORD}\n")
        (self.folder / "oauth2.conf").write_text(OAUTH2.format(folder=self.folder))
        _certificate(self.folder)
        values = {
            "folder": self.folder,
            "name": self.folder.name,
            "owner": owner.pw_uid,
            "group": owner.pw_gid,
            "internal": "dovecot" if is_root else me.pw_name,
            "internal_group": "dovecot" if is_root else str(me.pw_gid),
            "login": "dovenull" if is_root else me.pw_name,
            "plain_port": self.plain_port,
            "tls_port": self.tls_port,
        }
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(**values))

    def _wait(self):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                with self.session():
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"{(self.folder / 'errors').read_text()}\n{self.log()}")

    def log(self):
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def session(self):
        """A client of the tests' own, signed in."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        client = imaplib.IMAP4_SSL("127.0.0.1", self.tls_port, ssl_context=context, timeout=10)
        client.login(USER, PASSWORD)
        return client

    def deliver(self, data, folder="INBOX", flags=""):
        """Hand a mail over as the mail system would; `data` is the mail with CRLF."""
        with self.session() as client:
            kind, answer = client.append(folder, flags, None, data)
            assert kind == "OK", answer

    def flags(self, folder="INBOX"):
        """The flags of every mail, in order."""
        with self.session() as client:
            client.select(folder, readonly=True)
            _, answer = client.uid("FETCH", "1:*", "(FLAGS)")
            return [line.decode() for line in answer if line]

    def at(self, **changes):
        """What imap.json says."""
        found = {"host": "127.0.0.1", "port": self.tls_port, "security": "tls", "user": USER, "password": PASSWORD}
        return found | {"folder": "INBOX", "ca": str(self.folder / "ca.pem")} | changes

    def token(self, user=USER, minutes=10):
        """An access token (JWT, HS256) that this server believes, as an identity provider would issue it."""
        now = datetime.now(UTC)
        ends = int((now + timedelta(minutes=minutes)).timestamp())
        claims = {"sub": user, "iat": int(now.timestamp()) - 5000, "exp": ends, "iss": "idp.example"}
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{_url(hmac.new(self.secret, signed.encode(), hashlib.sha256).digest())}"


def _part(value):
    return _url(json.dumps(value).encode())


def _url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _certificate(folder):
    """A CA of its own (ca.pem) and a certificate for 127.0.0.1 (server.pem, server.key)."""
    authority, key, now = ca.new_key(), ca.new_key(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test mail CA")])
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])

    def made(subject, public_key, extension):
        builder = x509.CertificateBuilder(name, subject, public_key, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        return builder.add_extension(extension, critical=False).sign(authority, hashes.SHA256())

    root = made(name, authority.public_key(), x509.BasicConstraints(ca=True, path_length=None))
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    (folder / "ca.pem").write_bytes(ca.pem(root))
    (folder / "server.pem").write_bytes(ca.pem(made(server, key.public_key(), hosts)))
    kind = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *kind))
