"""The whole house as real processes on loopback, in a fresh folder: practice desk, tokend, worker and web.

with World(folder) as world:
    world.url, world.practice_url   where the pages answer
    world.data                      the folder of the installation (as var/demo)
    world.people["sato"].name       the demo's people, by their keys
"""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tokens.client import Tokend
from tokens.errors import TokenError
from webapp import demo

HOME = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60
GRACE_SECONDS = 8


class WorldFailed(Exception):
    """A process ended or never answered; the message names it and shows the end of its log."""


@dataclass(frozen=True)
class Someone:
    """One of the demo's people."""

    key: str
    name: str
    role: str
    mail: str


class World:
    """A context manager. `automatic`: the practice desk carries every case to its end by itself, else by its buttons.
    Logs lie in folder/log. Raises WorldFailed when the house does not come up."""

    def __init__(self, folder, automatic=True):
        self.folder = Path(folder).resolve()
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.automatic = automatic
        self.people = {row[0]: Someone(row[0], row[1], row[2], demo.mail_of(row[0])) for row in demo.PEOPLE}
        self._processes = {}

    def __enter__(self):
        self.log.mkdir(parents=True)
        web, desk, self.smtp_port = _free_ports(3)
        self.url, self.practice_url = f"http://{HOST}:{web}", f"http://{HOST}:{desk}"
        self._commands = self._written_commands(web, desk)
        try:
            self._make_data()
            for name in self._commands:
                self.start(name)
            self._wait()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, name):
        """Start one of practice, tokend, worker, web; again after `stop`. Returns at once."""
        with (self.log / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self._commands[name]],
                **self._surroundings(),
                stdout=log,
                stderr=log,
            )

    def stop(self, name):
        """End one of the processes as a service manager would; killed when it takes too long."""
        process = self._processes.pop(name)
        process.terminate()
        _end(process, time.monotonic() + GRACE_SECONDS)

    def close(self):
        """End all, the latest first."""
        ending = [self._processes.pop(name) for name in reversed(list(self._processes))]
        for process in ending:
            process.terminate()
        end = time.monotonic() + GRACE_SECONDS
        for process in ending:
            _end(process, end)

    def environment(self):
        """What the processes of the house find in their environment (Settings.from_environment reads it)."""
        foreign = ("SHIRUSHI_", "DATABASE_URL", "TOKEND_SOCKET", "SOFTHSM2_CONF")
        own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return own | {
            "SHIRUSHI_DATA": str(self.data),
            "SHIRUSHI_PUBLIC_URL": self.url,
            "SHIRUSHI_PRACTICE_URL": self.practice_url,
            "SHIRUSHI_SENDER_MAIL": "shirushi@shinsei.example",
            "SHIRUSHI_WORK_SECONDS": "0.2",
            "PYTHONUNBUFFERED": "1",
        }

    def _written_commands(self, web, desk):
        python = [sys.executable, "-m"]
        practice = [*python, "webapp.practice", "--data", self.data / "practice", "--port", desk]
        practice += ["--smtp-port", self.smtp_port, *(["--automatic"] if self.automatic else [])]
        gunicorn = [*python, "gunicorn", "webapp.wsgi:app", "--bind", f"{HOST}:{web}", "--worker-class", "gthread"]
        gunicorn += ["--workers", 1, "--threads", 4, "--graceful-timeout", 2, "--no-control-socket"]
        commands = {
            "practice": practice,
            "tokend": [*python, "tokens.tokend", "--config", self.data / "tokend.toml"],
            "worker": [*python, "webapp.commands", "worker"],
            "web": gunicorn,
        }
        return {name: [str(word) for word in words] for name, words in commands.items()}

    def _make_data(self):
        command = [sys.executable, "-m", "webapp.demo", "--data", str(self.data), "--practice-url", self.practice_url]
        with (self.log / "demo.log").open("wb") as log:
            done = subprocess.run(command, **self._surroundings(), stdout=log, stderr=log)
        if done.returncode:
            raise WorldFailed(self._told("demo", f"ended with {done.returncode}"))

    def _surroundings(self):
        return {"cwd": HOME, "env": self.environment(), "stdin": subprocess.DEVNULL, "umask": 0o077}

    def _wait(self):
        """Until each answers. The worker has nothing to answer with; it must be alive."""
        answers = {
            "practice": lambda: _says_200(self.practice_url + "/"),
            "tokend": lambda: _has_token(self.data / "tokend.sock"),
            "web": lambda: _says_200(self.url + "/health"),
        }
        end = time.monotonic() + PATIENCE_SECONDS
        for name, answer in answers.items():
            while not answer():
                self._demand_life()
                if time.monotonic() > end:
                    raise WorldFailed(self._told(name, "does not answer"))
                time.sleep(0.05)
        self._demand_life()

    def _demand_life(self):
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise WorldFailed(self._told(name, f"ended with {process.returncode}"))

    def _told(self, name, what):
        path = self.log / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-12:]
        return "\n    ".join([f"{name} {what}; the end of {path}:", *lines])


def _free_ports(count):
    """Ports nobody listens on; all held until the last is found, so that they differ."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def _says_200(url):
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _has_token(path):
    try:
        return bool(Tokend(str(path), seconds=10).tokens())
    except TokenError:
        return False


def _end(process, at):
    try:
        process.wait(max(0.1, at - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
