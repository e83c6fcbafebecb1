"""What the tests of bad input share: bringing a file, looking for secrets everywhere, seeing that nothing moved."""

import io

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.cases import again
from webapp.register import Content, database, verify_chain


def attached(data, name="file"):
    """A form with one file."""
    return {"file": (io.BytesIO(data), name)}


def stands(application, stage):
    """Nothing moved on, nothing half-written, and the chain holds."""
    verify_chain()
    return again(application).stage == stage


def secrets_of(key):
    """What must not be found anywhere: lines of the PEM, the DER, the secret number."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, [*pem.splitlines()[1:-1], key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())]


def everything_kept(settings):
    """Every row of every table and every byte under the data folder."""
    rows = [repr(database.execute_sql(f'SELECT * FROM "{name}"').fetchall()).encode() for name in database.get_tables()]
    raw = [bytes(row.stored) for row in Content.select()]
    return b"".join(rows + raw + [path.read_bytes() for path in settings.data.rglob("*") if path.is_file()])
