"""Moduli with planted weaknesses (CSR-05)."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from webapp.rules import weak_keys


def _is_prime(number):
    return all(number % small for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31)) and pow(2, number - 1, number) == 1


def _prime_from(start, step=2):
    while not _is_prime(start):
        start += step
    return start


def close_prime_modulus(bits):
    """The product of two neighbouring primes."""
    first = _prime_from(secrets.randbits(bits // 2) | (3 << bits // 2 - 2) | 1)
    return first * _prime_from(first + 2)


def _roca_prime():
    """k·M + (65537**a mod M), M the product of the primes up to 167, as the faulty library chose its primes."""
    primorial = 2
    for prime in weak_keys._ROCA_PRIMES:
        primorial *= prime
    residue = pow(65537, secrets.randbits(64), primorial)
    return _prime_from((secrets.randbits(60) | 1 << 59) * primorial + residue, primorial)


@pytest.fixture(scope="module")
def sound():
    return rsa.generate_private_key(65537, 2048).public_key().public_numbers().n


def test_a_sound_modulus_has_none_of_the_weaknesses(sound):
    assert weak_keys.small_factor(sound) is None
    assert weak_keys.close_primes(sound) is None
    assert not weak_keys.has_roca_fingerprint(sound)


@pytest.mark.parametrize("factor", [2, 3, 751])
def test_a_small_factor_is_found(sound, factor):
    assert weak_keys.small_factor(sound * factor) == factor


def test_a_factor_above_the_limit_is_not_looked_for(sound):
    assert weak_keys.small_factor(sound * 757) is None


def test_close_primes_are_found_with_both_factors():
    modulus = close_prime_modulus(1024)
    p, q = weak_keys.close_primes(modulus)
    assert p * q == modulus and 1 < p < q


def test_a_square_is_found():
    prime = _prime_from(secrets.randbits(512) | 1 << 511 | 1)
    assert weak_keys.close_primes(prime * prime) == (prime, prime)


def test_primes_that_are_not_so_close_are_out_of_reach():
    first = _prime_from(secrets.randbits(512) | 3 << 510 | 1)
    assert weak_keys.close_primes(first * _prime_from(first + 2**300 + 1 - 1)) is None


def test_the_roca_fingerprint_is_found():
    assert weak_keys.has_roca_fingerprint(_roca_prime() * _roca_prime())


def test_it_looks_at_the_38_primes_of_the_paper():
    assert len(weak_keys._ROCA_PRIMES) == 38 and weak_keys._ROCA_PRIMES[-1] == 167
