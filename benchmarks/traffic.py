"""What an eager PyTorch call launches and moves: ``python -m benchmarks.traffic``.

Operations are counted on the meta device, whose tensors have no numbers: a call there takes the way
of an accelerator without a compiler, and each operation that would be a kernel is seen. It moves
its inputs and outputs, each once; views launch nothing. Compiled programs are made for the CPU, and
what their kernels read and write is Inductor's own count. Sizes are those of float32 predictions.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
import torch.nn.functional as F  # noqa: N812  # everyone's name for it
from rich import box
from rich.console import Console
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.table import Section, table
from benchmarks.targets import MOVED, verdict
from wce_core import losses
from wce_core.torch import compile_calls

SHAPES = ((4096, 1000), (8192, 128_256))
Step = Callable[[torch.Tensor], torch.Tensor]


class Traffic(NamedTuple):
    """Kernels launched, and bytes read and written."""

    kernels: int
    moved: int


class Counter(TorchDispatchMode):
    """Counts the operations that run under it."""

    kernels = moved = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run it, and add up what it reads and writes."""
        del types
        result = func(*args, **(kwargs or {}))
        if not func.is_view and func not in FREE:
            given = {name: each for name, each in (kwargs or {}).items() if name != "out"}
            own = [each for each in tree_leaves((args, given)) if isinstance(each, torch.Tensor)]
            made = [each for each in tree_leaves(result) if isinstance(each, torch.Tensor)]
            read = 0 if func in WRITING else sum(map(_bytes, own))
            self.kernels += 1
            self.moved += read + sum(map(_bytes, made))
        return result


ATEN = torch.ops.aten
FREE = (ATEN.empty.memory_format, ATEN.empty_like.default, ATEN.detach.default)
"""They launch nothing."""
WRITING = (ATEN.zeros_like.default, ATEN.ones_like.default, ATEN.full_like.default)
"""They read none of what they are given."""


def _bytes(tensor: torch.Tensor) -> int:
    """Of the elements that are there: what is expanded is read once."""
    sizes = zip(tensor.shape, tensor.stride(), strict=True)
    return prod(n for n, stride in sizes if stride) * tensor.element_size()


def traffic_of(loss: Step, predictions: torch.Tensor) -> Traffic:
    """Of value and gradient."""
    own = predictions.detach().requires_grad_()
    with Counter() as counter:
        torch.autograd.backward(loss(own))
    return Traffic(counter.kernels, counter.moved)


def compiled_traffic_of(loss: Step, predictions: torch.Tensor) -> Traffic:
    """The same of the programs that it is compiled to, on the CPU."""
    from torch._inductor import metrics

    own = predictions.detach().requires_grad_()
    metrics.reset()
    with _counting(), compile_calls("always"):
        torch.autograd.backward(loss(own))
    return Traffic(metrics.generated_kernel_count, metrics.num_bytes_accessed)


@contextmanager
def _counting() -> Iterator[None]:
    """Inductor counts what it compiles, and counts bytes where somebody logs them.

    Sums are those of an accelerator; on the CPU they are taken in pieces.
    """
    import array_api_compat.torch as standard
    from torch._inductor import compile_fx, config

    from wce_backends.torch import namespace

    log = logging.Logger("bytes", logging.INFO)
    log.addHandler(logging.NullHandler())
    caches = config.patch(fx_graph_cache=False, compile_threads=1)
    sums = patch.object(namespace, "sum", standard.sum)
    with caches, sums, patch.object(compile_fx, "inductor_metrics_log", log):
        yield


def calls(shape: tuple[int, int], device: str) -> Iterator[tuple[str, Step, Step]]:
    """What is counted: its name, ours and PyTorch's own."""
    labels = torch.zeros(shape[0], dtype=torch.int64, device=device)
    weights, masses = torch.ones(shape[1], device=device), torch.ones(shape, device=device)
    for precision in ("native", "exact"):
        ours = functools.partial(
            losses.cross_entropy,
            targets=labels,
            class_weight=weights,
            reduction="weighted_mean",
            precision=precision,
        )
        theirs = functools.partial(F.cross_entropy, target=labels, weight=weights)
        yield f"CE, {precision}", ours, theirs
    ours = functools.partial(losses.binary_cross_entropy, targets=masses, pos_weight=weights)
    theirs = functools.partial(
        F.binary_cross_entropy_with_logits, target=masses, pos_weight=weights
    )
    yield "BCE, native", ours, theirs


COLUMNS = ("shape", "loss", "way", "kernels", "sizes moved", "of F's", "set")


def rows(shape: tuple[int, int], *, compiled: bool) -> Iterator[tuple[str, str, Traffic, float]]:
    """Name, way, what is launched and moved, and how much of what PyTorch's own moves."""
    meta, host = (torch.zeros(shape, device=device) for device in ("meta", "cpu"))
    for (name, ours, theirs), (_, own, _) in zip(
        calls(shape, "meta"), calls(shape, "cpu"), strict=True
    ):
        peer = traffic_of(theirs, meta)
        yield name, "F", peer, 1.0
        found = traffic_of(ours, meta)
        yield name, "operations", found, found.moved / peer.moved
        if compiled:
            found = compiled_traffic_of(own, host)
            yield name, "compiled", found, found.moved / peer.moved


def cells() -> Iterator[tuple[str, ...]]:
    """The table."""
    for shape in SHAPES:
        for name, way, found, share in rows(shape, compiled=shape == SHAPES[0]):
            sizes = found.moved / (prod(shape) * 4)
            numbers = (f"{found.kernels}", f"{sizes:.1f}", f"{share:.2f}")
            said = verdict(MOVED.get((name, way)), share)
            yield " × ".join(map(str, shape)), name, way, *numbers, said


def section() -> Section:
    """That of the page."""
    return "PyTorch on accelerators, by count", _lines()


def _lines() -> Iterator[str]:
    yield (
        "Kernels that value and gradient of an eager call launch, and what they read and write, in "
        "sizes of the predictions: of operations counted on the meta device, of compiled programs "
        "by Inductor's own count. No time of an accelerator is claimed.\n"
    )
    yield from table(COLUMNS, cells())


def main() -> None:
    """Print it."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in COLUMNS:
        table.add_column(column)
    for own in cells():
        table.add_row(*(cell.replace("**", "") for cell in own))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
