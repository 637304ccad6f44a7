"""For each framework its own losses and other peers beside ours, on the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from benchmarks.pairs import Pair
from benchmarks.workloads import Workload

NAMES = ("numpy", "torch", "jax", "tensorflow")


def pairs_of(framework: str) -> Callable[[Workload], Iterator[Pair]]:
    """The pairs of a workload; imports the framework."""
    module: Any = import_module(f"benchmarks.frameworks.{framework}")
    function: Callable[[Workload], Iterator[Pair]] = module.pairs
    return function
