"""Runs every example, each in a process of its own: ``python examples --quick --jobs 2``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from page import EXAMPLES, SCRIPTS


def run(name: str) -> str:
    """What there is to print when an example has ended: beside others it prints nothing before."""
    began = time.perf_counter()
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *options]
    kept = subprocess.PIPE if arguments.jobs > 1 else None
    done = subprocess.run(command, stdout=kept, stderr=kept, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stdout or ''}{done.stderr or ''}")
    return f"{done.stdout or ''}{name}: {time.perf_counter() - began:.0f} s\n"


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--jobs", type=int, default=1, help="how many run at once")
arguments, options = parser.parse_known_args()
with ThreadPoolExecutor(arguments.jobs) as pool:
    for printed in pool.map(run, SCRIPTS):
        print(printed, flush=True)
