"""What must hold of tensors that are spread over processes; run by test_torch_placement.py."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch.distributed.tensor import (
    DTensor,
    Placement,
    Replicate,
    Shard,
    distribute_tensor,
    init_device_mesh,
)

from wce_core import losses

ROWS = (4, 100_000)
LABELS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "class_weight, a list": {"class_weight": [1.0, 2.0, 0.5], "reduction": "weighted_mean"},
    "class_weight, a mapping": {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    "class_weight of NumPy": {"class_weight": np.array([1.0, 2.0, 0.5])},
    "class_weight, a tensor": {"class_weight": torch.tensor([1.0, 2.0, 0.5])},
    "cost_matrix": {"cost_matrix": np.arange(9.0).reshape(3, 3)},
    "smoothed": {"label_smoothing": 0.1, "class_weight": [1.0, 2.0, 0.5]},
    "ignore_index": {"ignore_index": 1, "reduction": "nonzero_mean"},
    "normalizer": {"normalizer": 3.0, "reduction": "sum"},
    "exact": {"precision": "exact"},
    "parts": {"reduction": "parts"},
    "none": {"reduction": "none"},
}
MASS = ("nothing", "class_weight, a list", "class_weight of NumPy", "exact", "none")
BINARY = ("nothing", "normalizer", "exact", "none")


class Ranks:
    """The processes, and what all of them agree on."""

    def __init__(self, count: int) -> None:
        self.mesh = init_device_mesh("cpu", (count,))
        self.rank = dist.get_rank()

    def spread(self, tensor: torch.Tensor, placement: Placement) -> DTensor:
        return distribute_tensor(tensor, self.mesh, [placement])

    def compare(self, kind: str, rows: int, name: str, placement: Placement) -> None:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(rows, 3, generator=generator, dtype=torch.float64)
        y = torch.rand(rows, 3, generator=generator, dtype=torch.float64)
        labels = torch.randint(0, 3, (rows,), generator=generator)
        targets = labels if kind == "labels" else y
        function = losses.binary_cross_entropy if kind == "binary" else losses.cross_entropy
        weights = np.linspace(0.5, 2.0, rows)
        options = {**LABELS[name], "sample_weight": weights}
        expected, own = self.outcome(function, x, targets, options)
        spread = self.spread(x, placement)
        for given in (self.spread(targets, placement), targets, targets.numpy(), targets.tolist()):
            found, gradient = self.outcome(function, spread, given, options)
            assert isinstance(found, DTensor)
            torch.testing.assert_close(found.full_tensor(), expected)
            torch.testing.assert_close(gradient.full_tensor(), own)

    @staticmethod
    def outcome(function: Any, x: Any, targets: Any, options: Any) -> Any:
        own = x.detach().requires_grad_()
        result = function(own, targets, **options)
        value = result.total if options.get("reduction") == "parts" else result
        value.sum().backward()
        return value.detach(), own.grad

    def gradient_to_weights(self) -> None:
        x, y = torch.linspace(-2, 2, 12).reshape(4, 3), torch.tensor([0, 1, 2, 0])
        own = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
        losses.cross_entropy(x, y, class_weight=own).backward()
        spread = self.spread(own.detach(), Replicate()).requires_grad_()
        losses.cross_entropy(self.spread(x, Shard(0)), y, class_weight=spread).backward()
        assert isinstance(spread.grad, DTensor)
        torch.testing.assert_close(spread.grad.full_tensor(), own.grad)

    def layer(self, rows: Placement, classes: Placement, reduction: str) -> None:
        """Value and all gradients of a loss without its logits."""
        generator = torch.Generator().manual_seed(0)
        hidden, weight = (torch.randn(*s, generator=generator) for s in ((8, 5), (12, 5)))
        bias, labels = torch.linspace(-1, 1, 12), torch.arange(8)
        options = {"class_weight": torch.linspace(0.5, 2.0, 12).tolist(), "ignore_index": 3}

        def outcome(*tensors: torch.Tensor) -> list[Any]:
            own = [tensor.detach().requires_grad_() for tensor in tensors]
            h, w, b = own
            loss = losses.linear_cross_entropy(
                h, w, labels, bias=b, reduction=reduction, chunk_bytes=96, **options
            )
            loss.sum().backward()
            return [loss.detach(), *(tensor.grad for tensor in own)]

        expected = outcome(hidden, weight, bias)
        places = (rows, classes, classes if classes.is_shard(0) else Replicate())
        found = outcome(*map(self.spread, (hidden, weight, bias), places))
        for one, whole in zip(found, expected, strict=True):
            assert isinstance(one, DTensor)
            torch.testing.assert_close(one.full_tensor(), whole)

    def refused(self) -> None:
        x = self.spread(torch.zeros(4, 6), Shard(1))
        with pytest.raises(ValueError, match="sharded along its classes, axis 1; redistribute"):
            losses.dice_loss(x, [0, 1, 2, 3])
        with pytest.raises(ValueError, match="targets has shape"):
            losses.cross_entropy(self.spread(torch.zeros(4, 6), Shard(0)), [0, 1])
        x = self.spread(torch.zeros(2, 2), Shard(0))
        with pytest.raises(ValueError, match="class_weight is -1"):
            losses.cross_entropy(
                self.spread(torch.zeros(2, 2), Shard(0)), [0, 1], class_weight=[-1, 1]
            )


def work(rank: int, count: int, path: str) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=count)
    ranks = Ranks(count)
    for rows in ROWS:
        for placement in (Shard(0), Replicate()):
            for name in LABELS if rows == ROWS[0] else ("nothing", "class_weight, a list", "none"):
                ranks.compare("labels", rows, name, placement)
                if name in MASS:
                    ranks.compare("mass", rows, name, placement)
                if name in BINARY:
                    ranks.compare("binary", rows, name, placement)
    ranks.compare("binary", ROWS[0], "nothing", Shard(1))
    ranks.gradient_to_weights()
    for tokens, classes in ((Shard(0), Replicate()), (Replicate(), Shard(0)), (Shard(0), Shard(1))):
        for reduction in ("weighted_mean", "none"):
            ranks.layer(tokens, classes, reduction)
    ranks.refused()
    dist.destroy_process_group()
    print("passed", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        number = int(sys.argv[1])
        arguments = (number, str(Path(directory) / "store"))
        torch.multiprocessing.spawn(work, arguments, nprocs=number)
