"""The few calls of a PKCS#11 module that python-pkcs11 0.10 cannot make as a token needs them.

Login with a NULL PIN although the token's flag is missing, login for one signature at a PIN pad (its `reaffirm_credentials` takes
text only), exactly one C_Sign (it calls twice, and ends what is unfinished with C_SignFinal, which signs a partial message),
a change of PIN at a PIN pad, making a token of a blank one, and the exact return value of all of them. The module is the one that python-pkcs11 has loaded and
initialised; handles are its `session.handle` and `key.handle`. PKCS#11 v2.40 §5.
"""

import ctypes
import sys

from tokens import return_values

SECURITY_OFFICER, USER, CONTEXT_SPECIFIC = 0, 1, 2
LONGEST_SIGNATURE = 1024  # bytes: RSA-8192
FUNCTIONS = 68
LABEL_BYTES = 32
INIT_TOKEN, INIT_PIN, SET_PIN, LOGIN, LOGOUT, SIGN_INIT, SIGN = (
    9,
    10,
    11,
    18,
    19,
    42,
    43,
)  # places in CK_FUNCTION_LIST (pkcs11f.h)

Ulong, Text = ctypes.c_ulong, ctypes.c_char_p


class FunctionList(ctypes.Structure):
    """CK_FUNCTION_LIST."""

    _pack_ = 1 if sys.platform == "win32" else 0
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * FUNCTIONS))


class Mechanism(ctypes.Structure):
    """CK_MECHANISM without a parameter."""

    _pack_ = 1 if sys.platform == "win32" else 0
    _fields_ = (("mechanism", Ulong), ("parameter", ctypes.c_void_p), ("length", Ulong))


class ReturnValue(Exception):
    """A call that returned something else than CKR_OK; `name` is its CKR_ name."""

    def __init__(self, value):
        super().__init__(return_values.name_of(value))
        self.name = return_values.name_of(value)


class Cryptoki:
    """The functions of the module at `path`. Every method raises ReturnValue."""

    def __init__(self, path):
        functions = ctypes.POINTER(FunctionList)()
        self._module = ctypes.CDLL(path)
        _done(self._module.C_GetFunctionList(ctypes.byref(functions)))
        self._functions = functions.contents.functions

    def login(self, session, pin, user_type=USER):
        """One C_Login. `pin` is text, or None for a reader that asks itself (NULL)."""
        self._call(LOGIN, [Ulong, Ulong, Text, Ulong], session, user_type, *_text(pin))

    def logout(self, session):
        self._call(LOGOUT, [Ulong], session)

    def init_token(self, slot, officer_pin, label):
        """C_InitToken, which erases what is there; `label` of at most LABEL_BYTES is padded with spaces."""
        padded = label.encode("utf-8").ljust(LABEL_BYTES)
        self._call(INIT_TOKEN, [Ulong, Text, Ulong, Text], slot, *_text(officer_pin), padded)

    def init_pin(self, session, pin):
        """One C_InitPIN, where the officer is logged in."""
        self._call(INIT_PIN, [Ulong, Text, Ulong], session, *_text(pin))

    def set_pin(self, session, old, new):
        """One C_SetPIN; both None: the reader asks for all of them."""
        self._call(SET_PIN, [Ulong, Text, Ulong, Text, Ulong], session, *_text(old), *_text(new))

    def start_signing(self, session, key, mechanism):
        """C_SignInit with a mechanism (its number) that needs no parameter."""
        wanted = Mechanism(int(mechanism), None, 0)
        self._call(SIGN_INIT, [Ulong, ctypes.POINTER(Mechanism), Ulong], session, ctypes.byref(wanted), key)

    def sign(self, session, data):
        """One C_Sign over `data` (bytes): the signature as the token gives it."""
        signature, length = ctypes.create_string_buffer(LONGEST_SIGNATURE), Ulong(LONGEST_SIGNATURE)
        kinds = [Ulong, Text, Ulong, ctypes.c_void_p, ctypes.POINTER(Ulong)]
        self._call(SIGN, kinds, session, data, len(data), signature, ctypes.byref(length))
        return signature.raw[: length.value]

    def _call(self, place, kinds, *arguments):
        _done(ctypes.CFUNCTYPE(Ulong, *kinds)(self._functions[place])(*arguments))


def _text(pin):
    """(CK_UTF8CHAR_PTR, CK_ULONG): NULL and 0 for None, never an empty text."""
    data = pin.encode("utf-8") if pin is not None else None
    return data, len(data or b"")


def _done(value):
    value &= 0xFFFFFFFF
    if value:
        raise ReturnValue(value)
