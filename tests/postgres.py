"""A PostgreSQL server for the tests alone: in a temporary folder, on a socket there, gone afterwards.

    with Server() as server:
        url = server.new_database()  # postgresql://…, empty

PostgreSQL refuses to run as root; root lends it to the unprivileged user that Debian's package made for it.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

# Nothing here must survive a crash; that is what makes it quick.
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=40"


class Server:
    """A cluster of the newest PostgreSQL installed (Debian's packages), from __enter__ to __exit__."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has 107 bytes at most
        self.numbers = count(1)
        _lend(self.folder)
        try:
            self._run(
                "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"
            )
            self._run(
                "pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}", f"--options={self._options()}"
            )
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *_):
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")
        shutil.rmtree(self.folder)

    def new_database(self, like="template1"):
        """The URL of a new database: an empty one, or a copy of another, given by its URL, that nobody has open."""
        name = f"test_{next(self.numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_name(like)}")
        return self._url(name)

    def _url(self, database):
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"

    def _options(self):
        return f"-c listen_addresses= -c unix_socket_directories={self.folder} {QUICK}"

    def _run(self, program, *arguments):
        command = [*_borrowed(), str(_binaries() / program), f"--pgdata={self.folder / 'data'}", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout.decode('utf-8', 'replace')[-1000:]}")


def _name(url):
    return url.partition("?")[0].rpartition("/")[2]


def _binaries():
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    return max(versions, key=lambda path: int(path.parent.name))


def _borrowed():
    """How to run a program as the user of the cluster: root steps down, others stay who they are."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _lend(folder):
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
