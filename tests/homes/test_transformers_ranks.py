"""Trainer, accelerate and torchmetrics on several processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RANKS = Path(__file__).with_name("torch_trainer_ranks.py")


def test_two_ranks() -> None:
    """Every function of torch_trainer_ranks.py."""
    done = subprocess.run([sys.executable, str(RANKS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed") == 2
