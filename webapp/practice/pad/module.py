"""Makes the PKCS#11 module of stand_in.c. The demo's has its places compiled in, so that its path alone leads to reader and pad."""

import json
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("stand_in.c")
COMPILERS = {
    "tcc": ["-shared", "-nostdinc", "-nostdlib"],
    "gcc": ["-shared", "-fPIC", "-O1", "-w", "-nostdinc"],
    "cc": ["-shared", "-fPIC", "-O1", "-w", "-nostdinc"],
}


class NoCompiler(Exception):
    """Neither tcc nor gcc is installed."""


def build(path, **places):
    """Compile the module to `path`. `places` (SCRIPT, LOG, BEHIND, PAD_SOCKET, READER) are paths; what is not given comes from
    the environment. Raises NoCompiler."""
    compiler = next(filter(shutil.which, COMPILERS), None)
    if compiler is None:
        raise NoCompiler
    compiled_in = [f"-D{name}={json.dumps(str(value), ensure_ascii=False)}" for name, value in places.items()]
    whole = Path(path).with_name(Path(path).name + ".new")
    command = [compiler, *COMPILERS[compiler], *compiled_in, str(SOURCE), "-o", str(whole)]
    subprocess.run(command, check=True)
    whole.replace(path)
    return Path(path)
