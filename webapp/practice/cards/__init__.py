"""Practice smartcards: a PIV card and an IsoApplet card made of Python, in a virtual reader of the real PC/SC.

What talks to them is unmodified: pcscd, vsmartcard's reader driver, and a PKCS#11 module (OpenSC, Yubico's ykcs11). The
cards themselves are for practice and tests: their keys lie in a file, and protect nothing.
"""
