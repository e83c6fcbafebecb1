"""What is handed out to a station: tokens/ of this very repository as a wheel (PEP 427), made in memory without any build tool,
and the list of what it needs, with hashes."""

import base64
import hashlib
import io
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
LIST = "requirements-station.txt"
_LEFT_OUT = {"__pycache__"}
_DATE = (2026, 1, 1, 0, 0, 0)  # of every file in it: the same sources give the same bytes


@dataclass(frozen=True)
class Package:
    """A wheel: its file name, bytes and SHA-256; `listed`: the list of what it needs, for pip's --require-hashes."""

    name: str
    data: bytes
    sha256: str
    list_name: str
    listed: bytes


@cache
def package():
    """The Package of the sources as they lie here; made once in a process."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    files = {path.relative_to(HOME).as_posix(): path.read_bytes() for path in _sources()}
    info = f"{project['name']}-{project['version']}.dist-info"
    files[f"{info}/METADATA"] = _metadata(project).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: shirushi\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = _opener(project).encode()
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    data = _zipped(files)
    name = f"{project['name']}-{project['version']}-py3-none-any.whl"
    return Package(name, data, hashlib.sha256(data).hexdigest(), LIST, (HOME / LIST).read_bytes())


def _sources():
    found = (path for path in sorted((HOME / "tokens").rglob("*")) if path.is_file())
    return [path for path in found if not _LEFT_OUT & set(path.relative_to(HOME).parts)]


def _metadata(project):
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {needed}" for needed in project["dependencies"]]
    return "\n".join(lines) + "\n"


def _opener(project):
    """The program for a menu or an icon, which opens the station's window."""
    return "[gui_scripts]\n" + "".join(f"{name} = {place}\n" for name, place in project["gui-scripts"].items())


def _record(files, own):
    lines = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    return ("\n".join([*lines, f"{own},,"]) + "\n").encode()


def _digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
