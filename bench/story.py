"""The whole procedure without a browser (bin/story) against its limit of one minute."""

import subprocess
import sys
import time

from bench import Measured, measurement
from webapp.pages import HOME

LIMIT = 60


@measurement
def story():
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "tests.story"], cwd=HOME, check=True, stdout=subprocess.DEVNULL)
    taken = time.monotonic() - began
    yield Measured("新規発行の全体(bin/story)", taken, "秒", taken / LIMIT, "上限 60 秒")
