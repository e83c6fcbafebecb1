"""The application as tests use it."""

import tempfile

from jinja2 import FileSystemBytecodeCache

from tests.reading_client import ReadingClient
from webapp.app import create_app

COMPILED = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="shirushi-templates-"))


def make_app(settings):
    """A house with a client that reads; templates are compiled once for all tests."""
    app = create_app(settings)
    app.testing, app.test_client_class = True, ReadingClient
    app.jinja_env.bytecode_cache = COMPILED
    return app
