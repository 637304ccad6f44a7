"""What must hold of parts over processes and of classes over processes; run by test_torch_ranks.py.

One start of eight processes for the pieces that are named, or for all: groups of 1 to 8 of them.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from rank_cases import DIVIDED, EVERY, REDUCTIONS, Cell, cells
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor, init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode
from torch.nn.parallel import DistributedDataParallel

from wce_core import LossParts, effective_weight, losses, metrics
from wce_core.losses.registry import LOSSES

RANKS = 8
N, WIDE, C = 24, 5, 3
EPS = {torch.float32: 2.0**-23, torch.float64: 2.0**-52}
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(N, C, generator=GENERATOR, dtype=torch.float64) * 3
H = torch.randn(N, WIDE, generator=GENERATOR, dtype=torch.float64)
Y = torch.randint(0, C, (N,), generator=GENERATOR)
Y[: N // 4] = -100  # all that a rank has of even ones
S = torch.rand(N, generator=GENERATOR, dtype=torch.float64)
S[-2:] = 0.0
W = torch.tensor([1.0, 4.0, 0.5], dtype=torch.float64)
LOSS: Any = losses.CrossEntropy(class_weight=W, ignore_index=-100, reduction="parts")
EXACT: Any = dataclasses.replace(LOSS, precision="exact")


def within(found: Any, expected: Any, eps: float, scale: Any = None) -> None:
    """To 4 eps of it, or of the sizes of what was added up."""
    size = abs(expected) if scale is None else scale
    assert bool((abs(found - expected) <= 4 * eps * size).all()), (found, expected)


class Ranks:
    """A group of so many processes, and what this one has of a batch."""

    def __init__(self, group: Any, cell: Cell) -> None:
        self.group, self.count, self.cell = group, cell.count, cell
        self.rows = cell.rows(N)[dist.get_rank(group)]

    def micro(self, number: int | None = None) -> list[torch.Tensor]:
        """The rows of micro-batches, of which some may have none."""
        return list(torch.arange(N)[self.rows].tensor_split(number or self.cell.steps))


def over(checks: list[Callable[[Ranks], None]]) -> None:
    """Each check in each cell, by the processes of its group."""
    for cell in cells(RANKS):
        if dist.get_rank() < cell.count:
            ranks = Ranks(group_of(cell.count), cell)
            for check in checks:
                check(ranks)


@functools.cache
def made_groups() -> list[Any]:
    """Of 1, 2, … processes, made by all of them in one order."""
    return [dist.new_group(list(range(count))) for count in range(1, RANKS)]


def group_of(count: int) -> Any:
    return None if count == RANKS else made_groups()[count - 1]


def summed(rows: list[torch.Tensor], x: torch.Tensor, loss: Any = LOSS) -> LossParts:
    pieces = (loss(x[i], Y[i], sample_weight=S[i]) for i in rows)
    return sum(pieces, LossParts.zero(x, dtype=loss.dtype))


@functools.cache
def of_one_process(reduction: str, dtype: torch.dtype, loss: Any = LOSS) -> tuple[Any, Any]:
    own = X.to(dtype, copy=True).requires_grad_()
    value = dataclasses.replace(loss, reduction=reduction)(own, Y, sample_weight=S)
    return value.detach(), torch.autograd.grad(value, own)[0]


def method(parts: LossParts, reduction: str) -> Any:
    return getattr(parts, reduction)()


def of_own_rows(ranks: Ranks, slopes: torch.Tensor) -> torch.Tensor:
    """A gradient to all items, of which a rank has that to its own and no other."""
    outside = slopes.clone()
    outside[ranks.rows] = 0.0
    assert not outside.any()
    return slopes[ranks.rows]


def check_values_and_gradients(ranks: Ranks, dtype: torch.dtype) -> None:
    """Every reduction; gradients as engines add them up."""
    own = X.to(dtype, copy=True).requires_grad_()
    parts = summed(ranks.micro(), own).all_reduce(ranks.group, averaged_over=2)
    for reduction in REDUCTIONS:
        value, gradient = of_one_process(reduction, dtype)
        found = method(parts, reduction)
        within(found.detach(), value, EPS[dtype])
        (slopes,) = torch.autograd.grad(found, own, retain_graph=True)
        within(of_own_rows(ranks, slopes) / 2, gradient[ranks.rows], EPS[dtype])


def check_exact(ranks: Ranks) -> None:
    """The bits of one process: float64 sums and gradients keep what is rounded at the end."""
    loss = dataclasses.replace(EXACT, dtype="float64")
    own = X.float().requires_grad_()
    parts = summed(ranks.micro(), own, loss).all_reduce(ranks.group, averaged_over=2)
    for reduction in REDUCTIONS:
        value, gradient = of_one_process(reduction, torch.float32, EXACT)
        found = method(parts, reduction)
        assert torch.equal(found.float(), value), (ranks.cell, reduction)
        (slopes,) = torch.autograd.grad(found, own, retain_graph=True)
        bits = torch.equal(of_own_rows(ranks, slopes) / 2, gradient[ranks.rows])
        assert bits, (ranks.cell, reduction)


def check_exact_shares(ranks: Ranks) -> None:
    """The same bits where what is divided by is known before: nothing is kept in float64."""
    share = dataclasses.replace(EXACT, reduction="sum")
    own = X.float()
    for reduction in DIVIDED:
        _, gradient = of_one_process(reduction, torch.float32, EXACT)
        whole = denominator(ranks, reduction)
        for i in ranks.micro():
            x = own[i].requires_grad_()
            value = share(x, Y[i], sample_weight=S[i], normalizer=whole)
            bits = torch.equal(torch.autograd.grad(value, x)[0], gradient[i])
            assert bits, (ranks.cell, reduction)


def denominator(ranks: Ranks, reduction: str) -> Any:
    """What the loss of all items is divided by, without predictions."""
    own = [
        effective_weight(LOSS, Y[i], sample_weight=S[i], reduction=reduction) for i in ranks.micro()
    ]
    whole = torch.stack(own).sum()
    dist.all_reduce(whole, group=ranks.group)
    return whole


def check_exact_items_of_a_dtensor(count: int) -> None:
    """Logits that are sharded by items: the loss is that of all, and so are its bits."""
    mesh = mesh_of(count)
    for reduction in REDUCTIONS:
        value, gradient = of_one_process(reduction, torch.float32, EXACT)
        x = distribute_tensor(X.float(), mesh, [Shard(0)]).requires_grad_()
        loss = dataclasses.replace(EXACT, reduction=reduction)
        y, s = (distribute_tensor(each, mesh, [Shard(0)]) for each in (Y, S))
        found = loss(x, y, sample_weight=s)
        (slopes,) = torch.autograd.grad(found, x)
        assert torch.equal(found.full_tensor(), value), (count, reduction)
        assert torch.equal(slopes.full_tensor(), gradient), (count, reduction)


def mesh_of(count: int) -> DeviceMesh:
    """The first processes."""
    if count == RANKS:
        return init_device_mesh("cpu", (RANKS,))
    return DeviceMesh.from_group(group_of(count), "cpu")


class Model(torch.nn.Linear):
    """The same on every rank; its rows are of as many terms as there are items."""

    def __init__(self) -> None:
        super().__init__(WIDE, C, dtype=torch.float64)
        with torch.no_grad():
            for each in self.parameters():
                each.copy_(torch.linspace(-1, 1, each.numel()).reshape(each.shape))


def gradients(model: torch.nn.Module) -> list[torch.Tensor]:
    found = []
    for each in model.parameters():
        assert each.grad is not None
        found.append(each.grad.full_tensor() if isinstance(each.grad, DTensor) else each.grad)
    return found


@functools.cache
def reference(reduction: str) -> tuple[Any, list[Any], list[Any]]:
    """Value, gradients, and the sizes of what is added up to them."""
    model = Model()
    logits = model(H)
    value = dataclasses.replace(LOSS, reduction=reduction)(logits, Y, sample_weight=S)
    (slopes,) = torch.autograd.grad(value, logits, retain_graph=True)
    value.backward()
    sizes = [slopes.abs().T @ H.abs(), slopes.abs().sum(0)]
    return value.detach(), gradients(model), sizes


Wrapped = tuple[torch.nn.Module, Callable[[bool], Any]]
"""A model, and the context in which it does not communicate, unless it is the last time."""


def ddp(group: Any) -> Wrapped:
    model = DistributedDataParallel(Model(), process_group=group)
    return model, lambda last: nullcontext() if last else model.no_sync()


def fsdp2(group: Any) -> Wrapped:
    model: Any = fully_shard(Model(), mesh=mesh_of(dist.get_world_size(group)))
    return model, lambda last: nullcontext(model.set_requires_gradient_sync(last))


def added_up(ranks: Ranks, wrapped: Wrapped, reduction: str) -> Any:
    """All parts, then one step back."""
    model, _ = wrapped
    parts = sum(LOSS(model(H[i]), Y[i], sample_weight=S[i]) for i in ranks.micro())
    value = method(parts.all_reduce(ranks.group, averaged_over=ranks.count), reduction)
    value.backward()
    return value.detach()


def known_before(ranks: Ranks, wrapped: Wrapped, reduction: str) -> Any:
    """The denominator of all first, then a step back for each micro-batch."""
    model, quiet = wrapped
    rows = ranks.micro()
    whole = denominator(ranks, reduction) if reduction in DIVIDED else None
    total = torch.zeros((), dtype=torch.float64)
    for step, i in enumerate(rows):
        with quiet(step == len(rows) - 1):
            parts = LOSS(model(H[i]), Y[i], sample_weight=S[i])
            share = parts.all_reduce(ranks.group, averaged_over=ranks.count).sum(whole)
            share.backward()
            total += share.detach()
    return total


def check_engine(engine: Callable[[Any], Wrapped], ranks: Ranks) -> None:
    """Value and gradient of the parameters, on every rank, of an engine that averages gradients."""
    wrapped = engine(ranks.group)
    ways = list(itertools.product(REDUCTIONS, (added_up, known_before)))
    # Of a sample, each reduction and each way in some cell.
    for reduction, way in ways if EVERY else ways[ranks.cell.steps % 3 :: 3]:
        wrapped[0].zero_grad()
        value, slopes, sizes = reference(reduction)
        within(way(ranks, wrapped, reduction), value, EPS[torch.float64])
        for found, own, size in zip(gradients(wrapped[0]), slopes, sizes, strict=True):
            within(found, own, EPS[torch.float64], size)


def check_nothing_left(ranks: Ranks) -> None:
    """A batch of which everything is ignored is 0, with a gradient of 0."""
    x, nothing = X.clone().requires_grad_(), torch.full((N,), -100)
    parts = LOSS(x[ranks.rows], nothing[ranks.rows]).all_reduce(ranks.group)
    value = parts.weighted_mean()
    (gradient,) = torch.autograd.grad(value, x)
    assert value == 0
    assert not gradient.any()


def check_weights_have_gradients(ranks: Ranks) -> None:
    own = W.clone().requires_grad_()
    whole = losses.cross_entropy(
        X, Y, class_weight=own, ignore_index=-100, reduction="weighted_mean"
    )
    (expected,) = torch.autograd.grad(whole, own)
    loss = dataclasses.replace(LOSS, class_weight=own)
    (found,) = torch.autograd.grad(
        loss(X[ranks.rows], Y[ranks.rows]).all_reduce(ranks.group).weighted_mean(), own
    )
    dist.all_reduce(found, group=ranks.group)
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-14)


def check_counts_are_exact(ranks: Ranks) -> None:
    many = LossParts(*(torch.tensor(2**53 + 1) for _ in LossParts._fields))
    assert all(int(each) == ranks.count * (2**53 + 1) for each in many.all_reduce(ranks.group))


def check_metrics(ranks: Ranks) -> None:
    options = {"ignore_index": -100}
    whole = metrics.outcomes(X, Y, sample_weight=S, **options)
    i = ranks.rows
    found = metrics.outcomes(X[i], Y[i], sample_weight=S[i], **options).all_reduce(ranks.group)
    assert type(found) is type(whole)
    for own, expected in zip(found, whole, strict=True):
        torch.testing.assert_close(own, expected)


def check_regions(ranks: Ranks) -> None:
    """A ratio of sums of all ranks; each rank has what flows back to its own."""
    dice, labels = losses.DiceLoss(per="batch", classes="apart"), Y.clamp(min=0)
    own, i = X.clone().requires_grad_(), ranks.rows
    parts = dice.parts(own[i], labels[i]).all_reduce(ranks.group, averaged_over=2)
    found = dice.from_parts(parts)
    (slopes,) = torch.autograd.grad(found, own)
    whole = X.clone().requires_grad_()
    expected = dice(whole, labels)
    (gradient,) = torch.autograd.grad(expected, whole)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=0)
    torch.testing.assert_close(slopes[i] / 2, gradient[i], rtol=1e-12, atol=1e-16)


def check_compiled(ranks: Ranks) -> None:
    def loss(x: torch.Tensor) -> Any:
        parts = LOSS(x, Y[ranks.rows], sample_weight=S[ranks.rows])
        return parts.all_reduce(ranks.group, averaged_over=3).weighted_mean()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    pairs = []
    for function in (loss, compiled):
        own = X[ranks.rows].clone().requires_grad_()
        value = function(own)
        pairs.append((value.detach(), torch.autograd.grad(value, own)[0]))
    torch.testing.assert_close(*pairs)


def check_refused() -> None:
    group = group_of(2)
    parts = LOSS(X, Y)
    if dist.get_rank() > 1:
        with pytest.raises(ValueError, match="a group that this rank is not in"):
            parts.all_reduce(group)
    with pytest.raises(TypeError, match=r"begin with LossParts.zero\(like=...\)"):
        LossParts.zero().all_reduce()
    mesh = mesh_of(RANKS)
    with pytest.raises(TypeError, match="those of all ranks of their mesh already"):
        LOSS(distribute_tensor(X, mesh, [Shard(0)]), Y).all_reduce()
    of_few = distribute_tensor(torch.zeros(2, RANKS + 2), mesh, [Shard(1)])
    with pytest.raises(ValueError, match="so many ranks that some have none of 10; shard it over"):
        losses.cross_entropy(of_few, torch.tensor([0, 1]))


def check_vocabulary(count: int) -> None:
    """Classes over processes: the value and the gradient of one, and no logits gathered."""
    mesh = init_device_mesh("cpu", (RANKS // count, count), mesh_dim_names=("data", "classes"))
    classes, generator = 10, torch.Generator().manual_seed(count)
    x = torch.randn(N, classes, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, classes, (N,), generator=generator)
    mass = torch.rand(N, classes, generator=generator, dtype=torch.float64)
    weights = torch.linspace(0.5, 2.0, classes, dtype=torch.float64)
    spread = distribute_tensor(mass, mesh["classes"], [Shard(1)])
    for name, options in VOCABULARY.items():
        given = {n: v for n, v in options.items() if n not in ("loss", "mass")}
        loss = LOSSES[options.get("loss", "cross_entropy")](class_weight=weights, **given)
        targets, placed = (mass, spread) if "mass" in options else (labels, labels)
        own = x.clone().requires_grad_()
        expected = loss(own, targets)
        slopes = torch.autograd.grad(expected.sum(), own)[0]
        sharded = distribute_tensor(x, mesh["classes"], [Shard(1)]).requires_grad_()
        with CommDebugMode() as communicated:
            found = loss(sharded, placed)
            (gradient,) = torch.autograd.grad(found.sum(), sharded)
        kinds = {str(each).rpartition(".")[2] for each in communicated.get_comm_counts()}
        assert kinds <= {"all_reduce", "reduce_scatter_tensor"}, (name, kinds)
        assert gradient.placements == sharded.placements
        torch.testing.assert_close(found.full_tensor(), expected, rtol=1e-14, atol=0)
        torch.testing.assert_close(gradient.full_tensor(), slopes, rtol=1e-13, atol=1e-16)


VOCABULARY: dict[str, dict[str, Any]] = {
    "weighted mean": {"reduction": "weighted_mean"},
    "smoothed": {"label_smoothing": 0.1},
    "smoothed among others": {"label_smoothing": 0.1, "smoothing": "others"},
    "ignored, items": {"ignore_index": 1, "reduction": "none"},
    "exact": {"precision": "exact"},
    "mass": {"mass": True, "reduction": "weighted_mean"},
    "hardest mass, smoothed": {"mass": True, "soft_weighting": "hard", "label_smoothing": 0.1},
    "z-loss": {"form": losses.Logits(temperature=2.0, z_loss=0.1)},
    "focal": {"loss": "focal_cross_entropy"},
}


def check_large_vocabulary() -> None:
    """In blocks, as many elements are."""
    mesh, classes = mesh_of(RANKS), 2 * RANKS
    x = torch.linspace(-3, 3, 20_000 * classes).reshape(-1, classes)
    labels = torch.arange(20_000) % classes
    own, sharded = x.clone().requires_grad_(), distribute_tensor(x, mesh, [Shard(1)])
    expected = losses.cross_entropy(own, labels, class_weight=np.arange(1.0, classes + 1.0))
    found = losses.cross_entropy(
        sharded.requires_grad_(),
        distribute_tensor(labels, mesh, [Replicate()]),
        class_weight=np.arange(1.0, classes + 1.0),
    )
    slopes = [
        torch.autograd.grad(value, at)[0] for value, at in ((expected, own), (found, sharded))
    ]
    torch.testing.assert_close(found.full_tensor(), expected)
    torch.testing.assert_close(slopes[1].full_tensor(), slopes[0])


def check_exact_vocabulary(count: int) -> None:
    """Float32 logits, whose sums over classes are float64: the bits of one process."""
    mesh = mesh_of(count)
    classes, generator = 10, torch.Generator().manual_seed(count)
    x = torch.randn(N, classes, generator=generator) * 3
    labels = torch.randint(0, classes, (N,), generator=generator)
    weights = torch.linspace(0.5, 2.0, classes)
    for reduction in REDUCTIONS:
        loss = losses.CrossEntropy(class_weight=weights, reduction=reduction, precision="exact")
        own = x.clone().requires_grad_()
        expected = loss(own, labels)
        sharded = distribute_tensor(x, mesh, [Shard(1)]).requires_grad_()
        found = loss(sharded, labels)
        slopes = [
            torch.autograd.grad(value, at)[0] for value, at in ((expected, own), (found, sharded))
        ]
        assert torch.equal(found.full_tensor(), expected), (count, reduction)
        assert torch.equal(slopes[1].full_tensor(), slopes[0]), (count, reduction)


def values() -> None:
    over([functools.partial(check_values_and_gradients, dtype=dtype) for dtype in EPS])


def exact() -> None:
    over([check_exact, check_exact_shares])
    for count in range(1, RANKS + 1) if EVERY else (3, RANKS):
        if dist.get_rank() < count:
            check_exact_items_of_a_dtensor(count)
    for count in (1, 2, 4):
        if dist.get_rank() < count:
            check_exact_vocabulary(count)


def sums() -> None:
    """What depends on ranks and cuts by the same sums alone."""
    over(
        [
            check_nothing_left,
            check_weights_have_gradients,
            check_counts_are_exact,
            check_metrics,
            check_regions,
        ]
    )
    if dist.get_rank() < 2:
        check_compiled(Ranks(group_of(2), Cell(2, 1, "uneven")))
    check_refused()


def vocabulary() -> None:
    for number in (1, 2, 4):
        check_vocabulary(number)
    check_large_vocabulary()


PIECES: dict[str, Callable[[], None]] = {
    "values": values,
    "exact": exact,
    "ddp": lambda: over([functools.partial(check_engine, ddp)]),
    "fsdp2": lambda: over([functools.partial(check_engine, fsdp2)]),
    "sums": sums,
    "vocabulary": vocabulary,
}


def work(rank: int, path: str, names: list[str]) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=RANKS)
    made_groups()
    for name in names or PIECES:
        PIECES[name]()
        dist.barrier()
    dist.destroy_process_group()
    print("passed", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        arguments = (str(Path(directory) / "store"), sys.argv[1:])
        torch.multiprocessing.start_processes(work, arguments, nprocs=RANKS, start_method="fork")
