"""The daily round of reminders in a register of a thousand to a million certificates: the first that was ever made, and
that of the day after, which is what a day costs.

`bin/bench watching --certificates 100000` goes no further than that.
"""

import shutil
import time
from datetime import timedelta

import bench
from bench import Measured, measurement, register_data
from webapp import clock, register
from webapp.acts import watching as acts
from webapp.register import content, database
from webapp.settings import Settings

SIZES = (1_000, 10_000, 100_000, 1_000_000)
WORKING = register_data.KEPT / "reminded"


@measurement
def watching():
    smallest = None
    for size in [size for size in SIZES if size <= bench.limits["certificates"]]:
        shutil.rmtree(WORKING, ignore_errors=True)
        settings = Settings(data=register_data.copied(size, WORKING))
        content.unlock(settings.content_key_file)
        register.bind(settings.database)
        with database.connection_context():
            first, _ = _round(0)
            seconds, watch = _round(1)
        clock.move(timedelta(0))
        smallest = smallest or (size, seconds)
        yield Measured(f"初めての確認({size:,}枚)", first, "秒")
        yield Measured(f"毎日の確認({size:,}枚)", seconds, "秒", seconds / smallest[1], f"{smallest[0]:,}枚のとき")
        yield Measured(f"毎日の確認で書いたメール({size:,}枚)", watch.letters, "通")
    shutil.rmtree(WORKING, ignore_errors=True)


def _round(days):
    """(seconds, its Watch) of the round after so many days."""
    clock.move(timedelta(days=days))
    begun = time.perf_counter()
    watch = acts.make_round(hour=0)
    return time.perf_counter() - begun, watch
