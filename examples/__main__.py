"""Runs every example, each in a process of its own: ``python examples --quick``."""

from __future__ import annotations

import subprocess
import sys
import time

from page import EXAMPLES, SCRIPTS

for name in SCRIPTS:
    began = time.perf_counter()
    subprocess.run([sys.executable, str(EXAMPLES / f"{name}.py"), *sys.argv[1:]], check=True)
    print(f"{name}: {time.perf_counter() - began:.0f} s\n", flush=True)
