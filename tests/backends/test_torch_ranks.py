"""Parts over processes, and classes over processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rank_cases import EVERY
from torch_denominators import PIECES

from wce_core import LossParts, losses, metrics

CHECKS = Path(__file__).with_name("torch_denominators.py")
X, Y = torch.zeros(2, 3), torch.tensor([0, 2])


@pytest.mark.parametrize("piece", PIECES if EVERY else [None], ids=lambda name: name or "all")
def test_denominators_over_ranks(piece: str | None) -> None:
    """Every check of torch_denominators.py, in eight processes; none of them waits for ever."""
    done = subprocess.run(
        [sys.executable, str(CHECKS), *([piece] if piece else [])],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600 if EVERY else 500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed") == 8


def test_without_a_process_group() -> None:
    parts = losses.cross_entropy(X, Y, reduction="parts")
    with pytest.raises(
        RuntimeError, match=r"call torch.distributed.init_process_group\(...\) first"
    ):
        parts.all_reduce()
    with pytest.raises(RuntimeError, match="init_process_group"):
        metrics.outcomes(X, Y).all_reduce()


def test_of_another_framework() -> None:
    parts = losses.cross_entropy(X, Y, reduction="parts")
    with pytest.raises(TypeError, match=r"psum\(\) of torch arrays; use all_reduce\(group\)"):
        parts.psum("devices")
    with pytest.raises(TypeError, match="that hold no arrays belong to no framework"):
        LossParts.zero().all_reduce()


@pytest.mark.parametrize("factor", [0, -2, float("inf"), True, "4"])
def test_a_factor_that_is_no_number_of_ranks(factor: object) -> None:
    parts = losses.cross_entropy(X, Y, reduction="parts")
    with pytest.raises(
        (TypeError, ValueError), match="averaged_over is .*; expected the number of"
    ):
        parts.all_reduce(averaged_over=factor)
