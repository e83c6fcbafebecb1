"""Where the world may be asked whether a certificate is revoked: the CA profile's hosts, and nowhere else."""

from dataclasses import dataclass
from urllib.parse import urlsplit

PRACTICE = "{practice}"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Addresses:
    """`hosts` may be asked ("host" or "host:port"); `crls` and `ocsps` are URLs at them, the best first."""

    hosts: tuple[str, ...]
    crls: tuple[str, ...]
    ocsps: tuple[str, ...]


def addresses_for(certificate, profile, practice_url=""):
    """The Addresses for a papers Certificate: its own distribution points and responders as far as the profile lists
    their hosts, else those of the profile.

    `{practice}` in a profile is where the practice desk answers at present (`practice_url`, from the settings); an
    entry with it is left out while that is not known.
    """
    hosts = _resolved(profile.status_hosts, urlsplit(practice_url).netloc)
    crls = [url for url in certificate.extensions.crl_urls if is_listed(url, hosts)]
    ocsps = [url for url in certificate.extensions.ocsp_urls if is_listed(url, hosts)]
    return Addresses(
        hosts=hosts,
        crls=tuple(crls) or _resolved(profile.crl_addresses, practice_url),
        ocsps=tuple(ocsps) or _resolved(profile.ocsp_addresses, practice_url),
    )


def kept_addresses(profile, practice_url=""):
    """The Addresses of the CRLs of persons' certificates: those that the profile names, at hosts that it lists."""
    hosts = _resolved(profile.seal_status_hosts, urlsplit(practice_url).netloc)
    crls = tuple(url for url in _resolved(profile.seal_crl_addresses, practice_url) if is_listed(url, hosts))
    return Addresses(hosts=hosts, crls=crls, ocsps=())


def is_listed(url, hosts):
    """Whether `url` is plain http or https to a place in `hosts`: "host" means the scheme's own port, "host:port" that
    port (an IPv6 address in brackets). Without a name and a password in it."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return False
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    own = _PORTS[parts.scheme]
    named = {f"{host}:{own if port is None else port}"} | ({host} if port in (None, own) else set())
    return bool(named & {each.lower() for each in hosts})


def place_of(url):
    """ "host" or "host:port" of a URL, as lists of hosts write it."""
    return urlsplit(url).netloc


def _resolved(entries, practice):
    return tuple(each.replace(PRACTICE, practice) for each in entries if practice or PRACTICE not in each)
