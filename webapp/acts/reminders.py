"""Asking many people for the same thing: one letter each, written by the worker, never twice within three days."""

from datetime import timedelta

from peewee import Value

from webapp import clock
