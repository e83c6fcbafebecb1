"""`python -m tokens.token_worker MODULE`: messages of tokens/wire.py on stdin and stdout, one operation at a time.

An operation (login, work, logout) runs alone among the processes of this person. After any error of the module the process ends,
because a failed signature may leave an open operation behind; the parent starts the next one. While it works it may ask its parent
for a further PIN: {"ask": …} is answered by {"pin": …}. A PIN comes in a message and stays in this process.
"""

import os
import sys

import pkcs11

from tokens import wire
from tokens.cryptoki import ReturnValue
from tokens.errors import TokenError, named, of_return_value, translated
from tokens.folders import alone
from tokens.process import leave_no_core
from tokens.token_worker.operations import OPERATIONS
from tokens.token_worker.sessions import Login, Module, ModuleFailed, perhaps_gone


def main():
    leave_no_core()
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a module that prints must not speak into our answers
    answers.write(wire.pack({"ok": "ready"}))  # all imported; from here the parent's clock runs
    conversation = Conversation(sys.argv[1], sys.stdin.buffer, answers)
    for line in iter(sys.stdin.buffer.readline, b""):
        answer = conversation.answer(wire.unpack(line))
        answers.write(wire.pack(answer))
        if answer.get("last"):
            return


class Conversation:
    """The module at `path`, loaded with the first message, and the two pipes to the parent."""

    def __init__(self, path, questions, answers):
        self.path = path
        self.questions, self.answers = questions, answers
        self.module = None

    def answer(self, message):
        """{"ok": …, "last"}, or {"code", "detail", "last"}; `last` if the module is no longer to be trusted, as after what
        failed when part of it was done."""
        try:
            with alone(f"{self.path} {os.environ.get('SOFTHSM2_CONF', '')}"):
                self.module = self.module or Module(self.path)
                done = self._done(message)
                return {"ok": done, "last": bool(done.get("failed"))}
        except ModuleFailed as failure:
            return _failed(failure.error, last=True)
        except TokenError as error:  # our own refusal: sessions are closed, the module is sound
            return _failed(error, last=False)
        except pkcs11.PKCS11Error as error:
            error = translated(error)
            return _failed(perhaps_gone(self.module, error) if self.module else error, last=True)
        except ReturnValue as error:
            return _failed(of_return_value(error.name), last=True)

    def _done(self, message):
        operation = OPERATIONS.get(message.get("op"))
        if operation is None:
            raise named("bad_request", "operation")
        arguments = dict(message["args"])
        if "pin" not in arguments:
            return operation(self.module, **arguments)
        given = {name: arguments.pop(name) for name in Login.GIVEN if name in arguments}
        login = Login(**given, ask=self._asked if message.get("asks") else None)
        return operation(self.module, login=login, **arguments)

    def _asked(self, question):
        """The PIN (None: the reader's pad asks) from the parent."""
        self.answers.write(wire.pack({"ask": question}))
        reply = wire.unpack(self.questions.readline() or b"{}")
        if "pin" not in reply:
            raise named(reply.get("code", "pin_not_given"), reply.get("detail", ""))
        return reply["pin"]


def _failed(error, last):
    return {"code": error.code, "detail": error.detail, "last": last}


if __name__ == "__main__":
    main()
