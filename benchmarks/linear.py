"""A linear layer and its cross-entropy, value and all gradients: ``python -m benchmarks.linear``.

Time by rounds of all ways in turn, in one process; peak memory beyond inputs and gradients by the
operating system, each in a process of its own. Linux.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.memory import in_a_process, peak_of
from benchmarks.targets import Target, verdict

SIZES = {"1024 × 256 × 32,000": (1024, 256, 32_000), "4096 × 512 × 50,257": (4096, 512, 50_257)}
ROUNDS = 3
OURS = "here"
PRODUCTS = "its three products alone"
CHUNK = 512
"""Items whose products are made together."""
TARGETS = {
    "unchunked": (Target(1.2, 0.9), Target(0.3, 0.15)),
    "PyTorch's chunks": (Target(0.5, 0.4), Target(1.0, 1.0)),
    PRODUCTS: (None, None),
}
"""Of time and of memory, by what it is compared with. No way can be faster than the products."""
Job = Callable[..., Any]
Row = dict[str, Any]


def torch_jobs(hidden: np.ndarray, weight: np.ndarray, labels: np.ndarray) -> dict[str, Job]:
    """PyTorch, eager."""
    import torch
    import torch.nn.functional as F  # noqa: N812  # as everyone names it

    from wce_core import losses

    h, w = (torch.from_numpy(each).requires_grad_() for each in (hidden, weight))
    y = torch.from_numpy(labels)
    options = torch.nn.LinearCrossEntropyOptions()
    ways: dict[str, Job] = {
        "here": lambda: losses.linear_cross_entropy(h, w, y),
        "unchunked": lambda: F.cross_entropy(F.linear(h, w), y),
        "PyTorch's chunks": lambda: F.linear_cross_entropy(h, w, y, options=options),
    }

    def both(loss: Job) -> Any:
        return torch.autograd.grad(loss(), (h, w))

    def products() -> Any:
        to_weight, layer, states = torch.zeros_like(w), w.detach(), h.detach()
        to_hidden = []
        for start in range(0, len(states), CHUNK):
            rows = states[start : start + CHUNK]
            logits = rows @ layer.T
            to_hidden.append(logits @ layer)
            to_weight.addmm_(logits.T, rows)
        return torch.cat(to_hidden), to_weight

    return {name: partial(both, loss) for name, loss in ways.items()} | {PRODUCTS: products}


def jax_jobs(hidden: np.ndarray, weight: np.ndarray, labels: np.ndarray) -> dict[str, Job]:
    """JAX, jitted."""
    import jax
    import jax.numpy as jnp
    import optax

    from wce_core import losses

    h, w, y = map(jnp.asarray, (hidden, weight, labels))
    label_loss = optax.softmax_cross_entropy_with_integer_labels
    ways: dict[str, Any] = {
        "here": lambda h, w: losses.linear_cross_entropy(h, w, y),
        "unchunked": lambda h, w: label_loss(h @ w.T, y).mean(),
    }

    def run(both: Job) -> Any:
        return jax.tree.map(lambda each: each.block_until_ready(), both(h, w))

    both = {name: jax.jit(jax.value_and_grad(f, argnums=(0, 1))) for name, f in ways.items()}
    return {name: partial(run, each) for name, each in both.items()}


FRAMEWORKS = {"torch": torch_jobs, "jax": jax_jobs}


def jobs(framework: str, size: str) -> dict[str, Job]:
    """Each way by its name."""
    items, width, classes = SIZES[size]
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((items, width), np.float32)
    weight = rng.standard_normal((classes, width), np.float32) / np.float32(width**0.5)
    return FRAMEWORKS[framework](hidden, weight, rng.integers(0, classes, items))


def times(framework: str, size: str) -> dict[str, float]:
    """Median seconds of each way."""
    own = jobs(framework, size)
    found: dict[str, list[float]] = {name: [] for name in own}
    for job in own.values():
        job()
    for _ in range(ROUNDS):
        for name, job in own.items():
            start = time.perf_counter()
            job()
            found[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in found.items()}


def memory(framework: str, size: str, name: str) -> int:
    """Bytes beyond inputs and gradients, in a process of its own."""
    items, width, classes = SIZES[size]
    return in_a_process("benchmarks.linear", framework, size, name) - 4 * width * (items + classes)


def rows(framework: str) -> list[Row]:
    """What this library takes beside each other way, of each size."""
    return [row for size in SIZES for row in _beside(framework, size)]


def _beside(framework: str, size: str) -> list[Row]:
    seconds = times(framework, size)
    held = {name: memory(framework, size, name) for name in seconds}
    return [
        {
            "framework": framework,
            "size": size,
            "peer": name,
            "ours": seconds[OURS],
            "theirs": own,
            "time": seconds[OURS] / own,
            "our_memory": held[OURS],
            "their_memory": held[name],
            "memory": held[OURS] / max(1, held[name]),
            "verdicts": [
                verdict(target, ratio)
                for target, ratio in zip(
                    TARGETS[name],
                    (seconds[OURS] / own, held[OURS] / max(1, held[name])),
                    strict=True,
                )
            ],
        }
        for name, own in seconds.items()
        if name != OURS
    ]


def in_processes(frameworks: Iterable[str]) -> list[Row]:
    """The rows of those of the frameworks that are compared, each in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.linear", "--json", "--framework"]
    outputs = (
        subprocess.run([*command, name], capture_output=True, check=True).stdout
        for name in frameworks
        if name in FRAMEWORKS
    )
    return [row for output in outputs for row in json.loads(output.splitlines()[-1])]


def main() -> None:
    """The table; of one framework its rows as JSON; of one way its peak memory."""
    from benchmarks import report

    parser = argparse.ArgumentParser(prog="python -m benchmarks.linear", description=__doc__)
    parser.add_argument("--framework", choices=FRAMEWORKS, action="append")
    parser.add_argument("--output", type=Path, help="folder of benchmarks.md: its section")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    frameworks = options.framework or list(FRAMEWORKS)
    if options.json:
        print(json.dumps([row for name in frameworks for row in rows(name)]))
    else:
        console = Console()
        wide = console if console.is_terminal else Console(width=200)
        found = in_processes(frameworks)
        report.show_layers(wide, found)
        if options.output:
            report.write(options.output, (), [report.layers_section(found)])


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in FRAMEWORKS:
        print(peak_of(jobs(*sys.argv[1:3])[sys.argv[3]]))
    else:
        main()
