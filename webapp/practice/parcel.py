"""The ZIP that the desk sends: the certificates, encrypted with the password of the form."""

import io

import pyzipper
from pyzipper.zipfile_aes import AESZipInfo

from webapp.practice import zipcrypto


class _Cp932Info(AESZipInfo):
    """Names as Japanese Windows writes them: CP932 without the UTF-8 flag."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("cp932"), self.flag_bits


class _Cp932Zip(pyzipper.AESZipFile):
    zipinfo_cls = _Cp932Info


def pack(members, password: str, now, encryption="aes", names="cp932") -> bytes:
    """An encrypted ZIP of `members` ((name, ASCII name, data), …). `encryption` is "aes" or "zipcrypto", `names` "cp932"
    or "ascii". Raises ValueError for another word."""
    chosen = [(_chosen(name, plain, names), data) for name, plain, data in members]
    if encryption == "aes":
        return _aes(chosen, password.encode(), now)
    if encryption == "zipcrypto":
        return zipcrypto.write([(name.encode("cp932"), 0, data) for name, data in chosen], password.encode(), now)
    raise ValueError(f"unknown ZIP encryption {encryption!r}")


def _chosen(name, plain, names):
    return {"cp932": name, "ascii": plain}[names]


def _aes(members, password, now):
    target = io.BytesIO()
    with _Cp932Zip(target, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as parcel:
        parcel.setpassword(password)
        for name, data in members:
            info = _Cp932Info(name, now.timetuple()[:6])
            info.compress_type = pyzipper.ZIP_DEFLATED
            parcel.writestr(info, data)
    return target.getvalue()
