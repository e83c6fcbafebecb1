"""`bin/fuzz [READER…] [--inputs N] [--seconds S] [--seed X] [--processes N]`: reads spoilt files, each process confined as a
guarded child is; prints a line for each reader and saves what failed under seeds/. Ends with 1 if anything failed."""

import argparse
import contextlib
import hashlib
import logging
import multiprocessing
import os
import random
import secrets
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz.inputs import specimens, spoilt
from tests.fuzz.property import Failed, tried
from tests.fuzz.readers import READERS
from webapp.papers.confine import leave_network

SEEDS = Path(__file__).parent / "seeds"
CHEAP, HEAVY, MEGABYTES = 100_000, 10_000, 2048
MOST_SAVED, LARGEST_SAVED = 5, 60_000


def main(words=None):
    asked = _asked(words)
    print(f"種: {asked.seed}")
    print(f"{'reader':18}{'inputs':>9}{'seconds':>9}{'accepted':>10}{'refused':>9}{'failures':>9}")
    failures = 0
    for name in asked.readers or READERS:
        failures += _read(name, asked)
    return 1 if failures else 0


def _asked(words):
    parser = argparse.ArgumentParser(prog="bin/fuzz", description="壊したファイルを読み取り機能に読ませます。")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"どれか: {', '.join(READERS)}")
    parser.add_argument("--inputs", type=int, help=f"入力の数({CHEAP:,}、重いものは{HEAVY:,})")
    parser.add_argument("--seconds", type=float, default=3600, help="1つの読み取り機能にかける時間の上限")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="乱数の種(同じ種なら同じ入力)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="並べて動かすプロセスの数")
    asked = parser.parse_args(words)
    if unknown := set(asked.readers) - set(READERS):
        parser.error(f"ない名前です: {', '.join(sorted(unknown))}")
    return asked


def _read(name, asked):
    count, begun = asked.inputs or (HEAVY if READERS[name].is_heavy else CHEAP), time.monotonic()
    specimens(name)  # made once, before the processes part
    context, ends = multiprocessing.get_context("fork"), []
    for number in range(asked.processes):
        ours, theirs = context.Pipe(duplex=False)
        share = count // asked.processes + (number < count % asked.processes)
        told = (name, share, asked.seconds, f"{asked.seed} {name} {number}", theirs)
        process = context.Process(target=_part, args=told)
        process.start()
        theirs.close()
        ends.append((process, ours))
    total, failed = Counter(), {}
    for process, ours in ends:
        try:
            part, found = ours.recv()
        except EOFError:
            part, found = Counter(failures=1), {f"the process died ({process.exitcode})": b""}
        process.join()
        total += part
        failed |= found
    seconds = time.monotonic() - begun
    inputs = total["accepted"] + total["refused"] + total["failures"]
    row = (f"{inputs:>9,}", f"{seconds:>9.1f}", *(f"{total[each]:>{size},}" for each, size in (("accepted", 10), ("refused", 9), ("failures", 9))))  # fmt: skip
    print(f"{name:18}{''.join(row)}", flush=True)
    for what, data in failed.items():
        print(f"    {what[:300]}\n    {saved(name, data)}")
    return total["failures"]


def _part(name, count, seconds, seed, answers):
    """One process: what libraries print goes nowhere; no network; a bound on memory."""
    import resource

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    logging.disable()
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    leave_network()
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 2**20,) * 2)
    chosen, total, failed, ends = random.Random(seed), Counter(), {}, time.monotonic() + seconds
    while count > 0 and time.monotonic() < ends:
        count -= 1
        try:
            total[tried(name, READERS[name], spoilt(name, chosen))] += 1
        except Failed as failure:
            total["failures"] += 1
            if len(failed) < MOST_SAVED or failure.what in failed:
                failed[failure.what] = min(failed.get(failure.what, failure.data), failure.data, key=len)
    with contextlib.closing(answers):
        answers.send((total, failed))


def saved(name, data):
    """Where an input that failed is kept, or why it is not."""
    if not data or len(data) > LARGEST_SAVED or b"PRIVATE KEY" in data:
        return f"({len(data):,} bytes, not saved)"
    path = SEEDS / name / f"{hashlib.sha256(data).hexdigest()[:16]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path.relative_to(Path.cwd()))


if __name__ == "__main__":
    sys.exit(main())
