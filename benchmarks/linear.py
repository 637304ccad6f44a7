"""A linear layer and its cross-entropy, value and all gradients: ``python -m benchmarks.linear``.

Time by rounds of all ways in turn, in one process; peak memory beyond inputs and gradients by the
operating system, each in a process of its own. Linux.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.memory import in_a_process, peak_of

SIZES = {"1024 × 256 × 32,000": (1024, 256, 32_000), "4096 × 512 × 50,257": (4096, 512, 50_257)}
ROUNDS = 5
Job = Callable[..., Any]


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

    return {name: partial(both, loss) for name, loss in ways.items()}


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


def main() -> None:
    """Prints the table."""
    print("| framework | tokens × width × vocabulary | | seconds | here / it | MB | here / it |")
    print("|---|---|---|---|---|---|---|")
    for framework in FRAMEWORKS:
        for size in SIZES:
            seconds = times(framework, size)
            held = {name: memory(framework, size, name) for name in seconds}
            for name in seconds:
                ratios = seconds["here"] / seconds[name], held["here"] / max(1, held[name])
                print(
                    f"| {framework} | {size} | {name} | {seconds[name]:.2f} | {ratios[0]:.2f} "
                    f"| {held[name] / 2**20:.0f} | {ratios[1]:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(peak_of(jobs(*sys.argv[1:3])[sys.argv[3]]))
    else:
        main()
