"""What the practice desk knows beforehand: its address, its habits, and the institution as registered with it."""

import json
from dataclasses import asdict, dataclass, field

from webapp.practice.folder import write_whole

DESK = "certs@desk.practice.example"


@dataclass(frozen=True)
class Institution:
    """The 利用機関 as registered. An empty value is not checked."""

    name: str = "学校法人申請学園 申請大学"
    address: str = ""
    subject: dict = field(
        default_factory=dict
    )  # short name -> value that the DN must carry, for example {"L": "Bunkyo-ku"}
    seal_mails: tuple = ()  # mail addresses whose S/MIME certificates may seal


@dataclass(frozen=True)
class Settings:
    """`zip_encryption` is "aes" or "zipcrypto"; `member_names` "cp932" (as Japanese Windows writes them) or "ascii".
    A revocation appears in the CRL and in OCSP `publish_after_minutes` after it was done."""

    address: str = DESK
    zip_encryption: str = "aes"
    member_names: str = "cp932"
    publish_after_minutes: int = 0
    institution: Institution = Institution()


def load(folder) -> Settings:
    """Reads desk.json; writes it with the defaults if it is not there, so that a person can edit it."""
    path = folder / "desk.json"
    if not path.exists():
        save(folder, Settings())
    values = json.loads(path.read_text("utf-8"))
    institution = values.pop("institution", {})
    institution["seal_mails"] = tuple(institution.get("seal_mails", ()))
    return Settings(institution=Institution(**institution), **values)


def save(folder, settings: Settings):
    """Writes desk.json."""
    write_whole(folder / "desk.json", json.dumps(asdict(settings), ensure_ascii=False, indent=2).encode())
