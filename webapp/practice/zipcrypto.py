"""Writes a ZIP in the old PKWARE encryption (APPNOTE 6.1), which the standard library only reads.

Old Windows opens nothing else, so a delivery may come like this. It is weak and used here for training only.
"""

import os
import struct
import zlib

_CRC = [0] * 256
for _i in range(256):
    _c = _i
    for _ in range(8):
        _c = (_c >> 1) ^ (0xEDB88320 if _c & 1 else 0)
    _CRC[_i] = _c


class _Keys:
    def __init__(self, password: bytes):
        self.k0, self.k1, self.k2 = 0x12345678, 0x23456789, 0x34567890
        for byte in password:
            self._feed(byte)

    def _feed(self, byte):
        self.k0 = (self.k0 >> 8) ^ _CRC[(self.k0 ^ byte) & 0xFF]
        self.k1 = ((self.k1 + (self.k0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self.k2 = (self.k2 >> 8) ^ _CRC[(self.k2 ^ (self.k1 >> 24)) & 0xFF]

    def encrypt(self, data: bytes) -> bytes:
        sealed = bytearray()
        for byte in data:
            mask = (self.k2 | 2) & 0xFFFF
            sealed.append(byte ^ ((mask * (mask ^ 1) >> 8) & 0xFF))
            self._feed(byte)
        return bytes(sealed)


def write(members, password: bytes, date_time) -> bytes:
    """A ZIP of `members` ((raw name bytes, flag bits, data), …), each encrypted with `password`; `date_time` a datetime."""
    body, directory = b"", b""
    for name, flags, data in members:
        local, central = _member(name, flags, data, password, date_time, len(body))
        body, directory = body + local, directory + central
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + end


def _member(name, flags, data, password, when, offset):
    crc = zlib.crc32(data)
    packed = zlib.compress(data, 9, -15)
    sealed = _Keys(password).encrypt(os.urandom(11) + bytes([crc >> 24]) + packed)
    clock = (
        when.hour << 11 | when.minute << 5 | when.second // 2,
        (when.year - 1980) << 9 | when.month << 5 | when.day,
    )
    common = struct.pack("<4H3L2H", flags | 1, 8, *clock, crc, len(sealed), len(data), len(name), 0)
    local = struct.pack("<4sH", b"PK\3\4", 20) + common + name + sealed
    central = struct.pack("<4s2H", b"PK\1\2", 20, 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, offset) + name
    return local, central
