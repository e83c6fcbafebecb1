"""What `flask` finds when it is typed in this folder: `flask profiles check FILE` needs no data and no settings. What
gunicorn serves is webapp/wsgi.py."""

import click
from flask import Flask

from webapp import commands

app = Flask("shirushi")


@app.cli.command(
    "profiles",
    help="認証局のプロファイルを確かめ(check)、加え(add)、一覧にします(list)。",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
)
@click.argument("words", nargs=-1)
def profiles(words):
    """The same as `python -m webapp.commands profiles …`."""
    raise SystemExit(commands.main(["profiles", *words]))
