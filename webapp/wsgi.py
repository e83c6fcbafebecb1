"""What gunicorn serves: `gunicorn webapp.wsgi:app`, with the options in the environment (webapp/settings.py)."""

from webapp.app import create_app
from webapp.settings import Settings

app = create_app(Settings.from_environment())
