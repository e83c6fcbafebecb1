"""The web application: its rooms wired together."""

from datetime import timedelta, timezone

from flask import Flask
from htmx_flask import Htmx
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from webapp import errors_shown, gate, pages, profile_commands, register
from webapp.acts import job_key, letters
from webapp.settings import Settings


class RowNumber(IntegerConverter):
    """A row's number in an address: what no table can hold leads nowhere (404)."""

    regex = r"\d{1,18}"


def create_app(settings: Settings):
    """Wire the rooms together; nothing is connected to and nothing is loaded but code and the content key."""
    app = Flask("webapp", root_path=str(pages.HOME), template_folder="templates", static_folder="static")
    app.config.update(MAX_CONTENT_LENGTH=24 * 1024 * 1024, MAX_FORM_MEMORY_SIZE=1024 * 1024)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters["int"] = RowNumber
    Htmx(app)
    move_in(app, settings)
    gate.guard(app)
    errors_shown.show(app)
    pages.furnish(app, timezone(timedelta(hours=9)))
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    profile_commands.offer(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)
    return app


def move_in(app, settings):
    """Point the application at the register, the content key and the addresses of one installation."""
    app.config["SHIRUSHI"] = settings
    register.bind(settings.database)
    register.content.unlock(settings.content_key_file)
    letters.settle_house(settings.sender, settings.public_url)
    job_key.settle(settings.job_key_file)


def _blueprints():
    from webapp.routes import BLUEPRINTS

    return BLUEPRINTS
