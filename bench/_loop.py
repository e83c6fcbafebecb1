"""The loops that bench/tokend.py and bench/stations.py compare with, in a process that holds the module:
`python -m bench._loop MODULE`.

A line of tokens/wire.py in, {"way": "prove" | "bare", "calls", "given"}; a line out, {"seconds"}.
"""

import sys
import time

import pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass

from tokens import wire
from tokens.proof import to_be_signed
from tokens.token_worker.__main__ import Conversation


def prove(conversation, calls, given):
    """What the token worker does for each request of tokend, without the request."""
    began = time.perf_counter()
    for _ in range(calls):
        answer = conversation.answer({"op": "prove", "args": given})
        if "ok" not in answer:
            raise RuntimeError(answer["code"])
    return time.perf_counter() - began


def bare(conversation, calls, given):
    """python-pkcs11 alone: one login for all, nothing checked."""
    data = to_be_signed(given["challenge"], given["certificate_der"])
    library = pkcs11.lib(conversation.path)
    with library.get_token(token_label=given["token"]).open(user_pin=given["pin"]) as session:
        key = next(iter(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})))
        began = time.perf_counter()
        for _ in range(calls):
            key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS)
        return time.perf_counter() - began


def main():
    conversation = Conversation(sys.argv[1], None, None)
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = wire.unpack(line)
        seconds = {"prove": prove, "bare": bare}[asked["way"]](conversation, asked["calls"], asked["given"])
        sys.stdout.buffer.write(wire.pack({"seconds": seconds}))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
