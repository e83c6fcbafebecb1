"""LibreOffice as a function: our own filled sheet in, PDF out (seed 1-1-4: 「記入済み発行申請書(Excel)をPDFで保存します」).

Only workbooks that we filled ourselves come here, some on a blank of the CA that an officer uploaded; so macros are off,
linked pictures are not fetched, and the process has no network where the kernel permits that.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from webapp.errors import Unreadable
from webapp.papers.confine import leave_network

SECONDS = 90
# Not tagged: a signer that adds its own field to a tagged PDF rewrites the structure tree, which a seal must not do.
_PDF = {
    "UseTaggedPDF": False,
    "ExportBookmarks": False,
    "ExportFormFields": False,
    "ExportNotes": False,
    "EmbedStandardFonts": True,
}
_FILTER = "pdf:calc_pdf_Export:" + json.dumps(
    {key: {"type": "boolean", "value": str(value).lower()} for key, value in _PDF.items()}
)
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel"
 oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>1</value></prop></item>
</oor:items>
"""


def to_pdf(xlsx: bytes, work: Path | None = None, *, seconds: float = SECONDS) -> bytes:
    """The workbook's pages as PDF bytes, by `soffice` with a profile of its own under `work` (made there, used again
    by the next call, locked meanwhile; without `work` in a temporary folder). Raises Unreadable when LibreOffice
    fails or takes longer than `seconds`; its whole process group is killed then."""
    with contextlib.ExitStack() as stack:
        base = work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="office-")))
        stack.enter_context(_alone(base))
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="form-", dir=base)))
        (room / "form.xlsx").write_bytes(xlsx)
        _convert(_profile(base), room, seconds)
        return _result(room / "form.pdf")


@contextlib.contextmanager
def _alone(base: Path):
    """Two soffice processes cannot share a profile: one at a time, whatever process or thread asks. What a killed
    one left behind carries a password and goes first."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(base / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in base.glob("form-*"):
            shutil.rmtree(left)
        yield


def _profile(base: Path) -> Path:
    profile = base / "profile"
    settings = profile / "user" / "registrymodifications.xcu"
    if not settings.exists():
        settings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.write_text(_SETTINGS, encoding="utf-8")
    return profile


def _convert(profile: Path, room: Path, seconds: float) -> None:
    command = ["soffice", f"-env:UserInstallation={profile.resolve().as_uri()}", "--headless", "--norestore"]
    command += ["--convert-to", _FILTER, "--outdir", str(room), str(room / "form.xlsx")]
    environment = {key: os.environ[key] for key in ("PATH", "LANG", "FONTCONFIG_FILE") if key in os.environ}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=room, env=environment | {"HOME": str(room)}, stdin=quiet, stdout=quiet, stderr=quiet,
        start_new_session=True, preexec_fn=leave_network,
    ) as office:  # fmt: skip
        try:
            office.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Unreadable(
                f"申請書のPDFを作る処理が{seconds:g}秒以内に終わらなかったため、中止しました。",
                "しばらくしてからもう一度お試しください。",
            ) from None
        finally:
            _kill_group(office)


def _kill_group(office: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(office.pid, signal.SIGKILL)


def _result(pdf: Path) -> bytes:
    if not pdf.exists():
        raise Unreadable(
            "申請書のPDFを作れませんでした。",
            "登録された様式がExcelで開けることを確認し、もう一度お試しください。",
        )
    return pdf.read_bytes()
