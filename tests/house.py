"""The application as tests use it: built once, then moved into the installation of each test."""

from tests.reading_client import ReadingClient
from webapp.app import create_app, move_in

_built = []


def make_app(settings):
    """The house of `settings`, with a client that reads."""
    if not _built:
        _built.append(create_app(settings))
    app = _built[0]
    app.testing, app.test_client_class = True, ReadingClient
    move_in(app, settings)
    return app
