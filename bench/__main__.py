"""`python -m bench [NAME…]`: runs the measurements, prints them as a table and then as JSON lines."""

import argparse
import json
import sys
import unicodedata
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from bench import MEASUREMENTS, limits

HEADINGS = ("測定", "値", "単位", "比", "何に対して")


def main(words=None):
    """Returns the exit code."""
    files = Path(__file__).parent.glob("[!_]*.py")
    names = sorted(path.stem for path in files if "@measurement" in path.read_text("utf-8"))
    parser = argparse.ArgumentParser(prog="bin/bench", description="測定して、表と JSON の行で示します。")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"どれか: {', '.join(names)}")
    parser.add_argument(
        "--certificates", type=int, default=1_000_000, metavar="N", help="register で測る台帳の、いちばん大きな枚数"
    )
    asked = parser.parse_args(words)
    chosen, limits["certificates"] = asked.names or names, asked.certificates
    if unknown := set(chosen) - set(names):
        parser.error(f"ない名前です: {', '.join(sorted(unknown))}(あるもの: {', '.join(names)})")
    for name in chosen:
        import_module(f"bench.{name}")
    results = [result for name in chosen for function in MEASUREMENTS[name] for result in function()]
    print_table(results)
    for result in results:
        print(json.dumps(asdict(result), ensure_ascii=False))
    return 0


def print_table(results):
    rows = [HEADINGS, *map(_row, results)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        print("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()


def _row(result):
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
    return result.name, f"{result.value:.4g}", result.unit, ratio, result.against


def _width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "FW" else 1 for character in text)


if __name__ == "__main__":
    sys.exit(main())
