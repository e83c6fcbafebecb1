"""Searching as one types; what becomes of the words is in words.py, the lists themselves are in listing.py."""

from webapp.register.words import conditions, serials

__all__ = ["conditions", "serials"]
