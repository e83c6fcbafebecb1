"""The loops that bench/tokend.py compares with, in a process that holds the module: `python -m bench._loop MODULE`.

A line of tokens/wire.py in, {"way": "prove" | "bare", "calls", "given"}; a line out, {"seconds"}.
"""

import sys
import time

import pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass

from tokens import token_worker, wire
from tokens.proof import to_be_signed


def prove(library, calls, given):
    """What the token worker does for each request of tokend, without the request."""
    began = time.perf_counter()
    for _ in range(calls):
        token_worker.prove(library, **given)
    return time.perf_counter() - began


def bare(library, calls, given):
    """python-pkcs11 alone: one login for all, nothing checked."""
    data = to_be_signed(given["challenge"], given["certificate_der"])
    with library.get_token(token_label=given["token"]).open(user_pin=given["pin"]) as session:
        key = next(iter(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})))
        began = time.perf_counter()
        for _ in range(calls):
            key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS)
        return time.perf_counter() - began


def main():
    library = pkcs11.lib(sys.argv[1])
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = wire.unpack(line)
        seconds = {"prove": prove, "bare": bare}[asked["way"]](library, asked["calls"], asked["given"])
        sys.stdout.buffer.write(wire.pack({"seconds": seconds}))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
