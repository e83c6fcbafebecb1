"""What is known of the S/MIME signature of a mail that came. Judged (mail_judgement), never demanded: the desk's mails may come
without."""

from dataclasses import dataclass

GOOD, UNKNOWN, BROKEN = "good", "unknown", "broken"
SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
ENVELOPE_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")


@dataclass(frozen=True)
class MailSignature:
    """`state` good (intact, and its certificate chains to an anchor), unknown (intact, by whom is not known) or broken;
    `mails` of the certificate, lower-case; `sentence` says it in Japanese."""

    state: str
    sentence: str
    mails: tuple[str, ...] = ()
    issuer: str = ""
    serial_hex: str = ""
