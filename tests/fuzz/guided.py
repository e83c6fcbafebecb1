"""`bin/fuzz --guided [READER…] [--seconds S]`: runs guided by coverage (atheris, libFuzzer), each reader in a process of its own,
beginning with its specimens and what once failed. Prints a line for each reader, and saves what failed under seeds/. Ends with 1
if anything failed."""

import argparse
import logging
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

SECONDS, LONGEST = 90, 20_000  # seconds for each reader; bytes of an input
DONE = re.compile(r"Done (\d+) runs")
COVERED = re.compile(r"DONE\s+cov: (\d+)")


def main(words=None):
    from tests.fuzz.readers import READERS

    parser = argparse.ArgumentParser(
        prog="bin/fuzz --guided", description="読み取り機能を、通った道筋を見ながら試します。"
    )
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"どれか: {', '.join(READERS)}")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"1つの読み取り機能にかける秒数({SECONDS})")
    asked = parser.parse_args(words)
    if unknown := set(asked.readers) - set(READERS):
        parser.error(f"ない名前です: {', '.join(sorted(unknown))}")
    print(f"{'reader':18}{'inputs':>9}{'branches':>10}{'failures':>10}")
    return 1 if sum([_told(name, asked.seconds) for name in asked.readers or READERS]) else 0


def _told(name, seconds):
    """Run one reader in a process of its own; print its line; the number of its failures."""
    command = [sys.executable, "-m", "tests.fuzz.guided", "--one", name, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    runs, covered = DONE.search(done.stderr), COVERED.search(done.stderr)
    failures = [line for line in done.stdout.splitlines() if line.startswith("    ")]
    if runs is None:
        failures.append(f"    the process ended with {done.returncode}: {done.stderr[-300:]!r}")
    print(
        f"{name:18}{int(runs[1]) if runs else 0:>9,}{covered[1] if covered else '-':>10}{len(failures):>10}", flush=True
    )
    for line in failures:
        print(line)
    return len(failures)


def _one(name, seconds):
    import atheris

    with atheris.instrument_imports(include=["webapp", "tokens"]):
        from tests.fuzz.readers import READERS
    from tests.fuzz.__main__ import SEEDS, saved
    from tests.fuzz.inputs import specimens
    from tests.fuzz.property import Failed, tried
    from webapp.papers.confine import leave_network

    logging.disable()
    warnings.simplefilter("ignore")
    reader, seen = READERS[name], set()

    def attempt(data):
        try:
            tried(name, reader, reader.finish(data))
        except Failed as failure:
            if failure.what not in seen:
                seen.add(failure.what)
                print(f"    {failure.what[:300]} {saved(name, failure.data)}", flush=True)

    with tempfile.TemporaryDirectory() as corpus:
        kept = [path.read_bytes() for path in (SEEDS / name).glob("*.bin")]
        for number, data in enumerate([*specimens(name), *kept]):
            Path(corpus, str(number)).write_bytes(data)
        leave_network()
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-rss_limit_mb=4096", "-timeout=60"]
        atheris.Setup([sys.argv[0], corpus, *options], attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(_one(*sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main())
