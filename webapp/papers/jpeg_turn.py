"""A JPEG to be shown turned, without drawing it anew: the orientation that every viewer obeys (Exif 2.32, tag 0x0112)."""

import struct

_ORIENTATION = {90: 6, 180: 3, 270: 8}
TURNS = (0, *_ORIENTATION)


def turned(jpeg: bytes, degrees: int) -> bytes:
    """A JPEG of ours (without Exif) so marked that it is shown turned clockwise by 0, 90, 180 or 270 degrees."""
    if not degrees:
        return jpeg
    directory = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, _ORIENTATION[degrees], 0, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + directory
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
