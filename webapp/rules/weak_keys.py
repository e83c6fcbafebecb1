"""RSA moduli that can be factored: small factors (CSBR §6.1.6), close primes by Fermat (TLS BR §6.1.1.3 (5)), and the
ROCA fingerprint of Infineon's library (CVE-2017-15361; Nemec et al., CCS 2017)."""

from math import isqrt

FERMAT_ROUNDS = 100
_GENERATOR = 65537


def _primes_below(limit):
    return [n for n in range(2, limit) if all(n % p for p in range(2, isqrt(n) + 1))]


_SMALL_PRIMES = _primes_below(752)
_ROCA_PRIMES = _primes_below(168)[1:]  # 3 … 167


def _subgroup(prime):
    return frozenset(pow(_GENERATOR, exponent, prime) for exponent in range(prime - 1))


_ROCA_RESIDUES = [(prime, _subgroup(prime)) for prime in _ROCA_PRIMES]


def small_factor(modulus):
    """The smallest prime factor up to 751, or None."""
    return next((prime for prime in _SMALL_PRIMES if modulus % prime == 0), None)


def close_primes(modulus, rounds=FERMAT_ROUNDS):
    """The two factors found by Fermat's method within `rounds` steps, or None. Finds a square as well."""
    start = isqrt(modulus - 1) + 1
    for a in range(start, start + rounds):
        b = isqrt(a * a - modulus)
        if b * b == a * a - modulus:
            return a - b, a + b
    return None


def has_roca_fingerprint(modulus):
    """Whether the modulus is a power of 65537 modulo every prime from 3 to 167, as keys made by the faulty library
    are; a random modulus is so with a chance below 2**-26."""
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES)
