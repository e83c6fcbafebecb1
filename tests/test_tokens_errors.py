"""Every return value of PKCS#11 in words: its own sentence, and what to do."""

import re
from pathlib import Path

import pkcs11
import pytest

from tokens import errors, return_values

HEADER = (Path(pkcs11.__file__).parent / "_pkcs11.pxd").read_text()
KNOWN = sorted(set(re.findall(r"^\s+(CKR_\w+)", HEADER, re.MULTILINE)) - {"CKR_OK"})
MAPPED = re.findall(r"rv == (CKR_\w+):\s+exc = (\w+)\((?:\"([^\"]*)\")?\)", HEADER)


def test_the_header_of_python_pkcs11_names_them():
    assert len(KNOWN) > 90 and len(MAPPED) > 70


@pytest.mark.parametrize("name", KNOWN)
def test_a_return_value_has_a_sentence_and_advice(name):
    error = errors.of_return_value(name)
    assert error.detail == name and error.message == return_values.said(name)[1]
    assert error.message.endswith(("。", "。)")) and error.advice.endswith("。")


def test_no_two_return_values_share_a_sentence():
    sentences = [sentence for _, sentence, _ in return_values.SAID.values()]
    assert len(set(sentences)) == len(sentences)
    assert {code for code, _, _ in return_values.SAID.values()} <= errors.SENTENCES.keys()


@pytest.mark.parametrize("name, kind, text", MAPPED, ids=[each[0] for each in MAPPED])
def test_what_python_pkcs11_raises_leads_back_to_its_return_value(name, kind, text):
    error = getattr(pkcs11.exceptions, kind)(*([text] if text else []))
    assert errors.translated(error).detail == name


@pytest.mark.parametrize("name", ["CKR_FUNCTION_FAILED", "CKR_GENERAL_ERROR", "CKR_DEVICE_ERROR", "CKR_VENDOR_DEFINED"])
def test_a_failed_function_is_never_called_a_wrong_pin(name):
    error = errors.of_return_value(name)
    assert error.code == "function_failed" and "PINの誤りではありません" in error.message


def test_an_unknown_return_value_is_no_wrong_pin_either():
    for value in (0xCE534351, 0x7777):
        error = errors.of_return_value(return_values.name_of(value))
        assert error.code == "function_failed" and f"{value:#x}" in error.detail
        assert "PINの誤りではありません" in error.message
    assert errors.translated(pkcs11.PKCS11Error("Unmapped error code 0x1b")).detail == "CKR_ACTION_PROHIBITED"


def test_already_logged_in_is_not_taken_for_a_right_pin():
    error = errors.translated(pkcs11.UserAlreadyLoggedIn())
    assert error.code == "login_state" and "PINは確かめられていません" in error.message


def test_every_error_says_what_happened_and_what_to_do():
    assert set(errors.OWN.values()) <= errors.SENTENCES.keys()
    for code, (message, advice) in errors.SENTENCES.items():
        assert message.endswith(("。", "。)")) and advice.endswith("。"), code
