"""The post office of the practice world: SMTP with STARTTLS and login, on loopback. It relays nothing; it files."""

import datetime
import hmac
import ipaddress
import json
import logging
import secrets
import smtplib
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from webapp.practice.folder import write_secret, write_whole

HOST = "127.0.0.1"
USER = "shirushi"


def open_post(folder, port, take) -> Controller:
    """Starts the post office in a thread of its own and returns its controller (`.port`, `.stop()`).

    `take(raw bytes, [recipients])` is called for every mail. Writes smtp.json (mode 0600: host, port, user, password, ca)
    and smtp-ca.pem, the certificate to trust. `port` 0 takes a free one.
    """
    logging.getLogger("mail.log").setLevel(
        logging.ERROR
    )  # aiosmtpd warns at every login of its own deprecated attribute
    password = _password(folder)
    controller = _Post(
        _Handler(take),
        hostname=HOST,
        port=port,
        tls_context=_tls(folder),
        require_starttls=True,
        auth_required=True,
        authenticator=lambda *call: _login(password, call[-1]),
        ident="practice desk",
    )
    controller.start()
    _tell(folder, controller.port, password)
    return controller


def post(folder, raw: bytes, sender, recipients):
    """Hands a mail to the post office of `folder`, as any mailer would: STARTTLS, login, DATA. Raises OSError or
    smtplib.SMTPException."""
    at = json.loads((folder / "smtp.json").read_text())
    with smtplib.SMTP(at["host"], at["port"], timeout=30) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=at["ca"]))
        smtp.login(at["user"], at["password"])
        smtp.sendmail(sender, recipients, raw)


class _Post(Controller):
    """Also takes port 0, and tells the port it got before it is first called upon."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Handler:
    def __init__(self, take):
        self.take = take

    async def handle_DATA(self, server, session, envelope):
        self.take(envelope.original_content, list(envelope.rcpt_tos))
        return "250 Message accepted for delivery"


def _login(password, login):
    right = isinstance(login, LoginPassword) and hmac.compare_digest(login.password, password.encode())
    return AuthResult(success=right and login.login == USER.encode(), handled=False)


def _password(folder):
    path = folder / "smtp.json"
    return json.loads(path.read_text())["password"] if path.exists() else secrets.token_urlsafe(24)


def _tell(folder, port, password):
    facts = {"host": HOST, "port": port, "user": USER, "password": password, "ca": str(folder / "smtp-ca.pem")}
    write_secret(folder / "smtp.json", json.dumps(facts, indent=2).encode())


def _tls(folder):
    certificate, key = folder / "smtp-ca.pem", folder / "smtp-key.pem"
    if not (certificate.exists() and key.exists()):
        _make_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _make_certificate(certificate, key_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Practice (練習) SMTP")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    write_secret(key_path, key.private_bytes(serialization.Encoding.PEM, form, plain))
    write_whole(certificate, signed.public_bytes(serialization.Encoding.PEM))
