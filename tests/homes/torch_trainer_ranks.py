"""What must hold of Trainer, accelerate and torchmetrics on two processes; run by a test."""

from __future__ import annotations

import copy
import os
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import accelerate
import test_transformers_trainer as gpt
import torch
import torch.distributed as dist

from wce_core import effective_weight, losses, metrics
from wce_core.torch import CrossEntropyLoss
from wce_core.torch.torchmetrics import Accumulated

RANKS = 2
WEIGHTED: dict[str, Any] = {"class_weight": gpt.WEIGHT, "reduction": "weighted_mean"}


def trainer(folder: Path) -> None:
    """Two micro-batches on each of two ranks; the second rank's last one is of padding alone."""
    loss = losses.CrossEntropy(**WEIGHTED, ignore_index=gpt.IGNORED)
    own: dict[str, Any] = {"shift_labels": True, "sample_weight": "token_weight"}
    found = gpt.trained(gpt.Trainer, folder, accumulated=2, ranks=RANKS, loss=loss, **own)
    gpt.assert_same(found, gpt.expected(loss, weighted=True))
    mean = losses.CrossEntropy(class_weight=gpt.WEIGHT, ignore_index=gpt.IGNORED)
    compute: Any = gpt.ComputeLoss(mean, shift_labels=True)
    own = {"rows": gpt.PREPARED, "compute_loss_func": compute}
    found = gpt.trained(gpt.transformers.Trainer, folder, accumulated=2, ranks=RANKS, **own)
    gpt.assert_same(found, gpt.expected(mean))


def accelerated(rank: int) -> None:
    """A loop of accelerate's: five rows on one rank, three on the other, in micro-batches of 2."""
    torch.manual_seed(0)
    x, y, model = torch.randn(8, 4), torch.tensor([0, 1, 2, 2, 1, 0, 2, 1]), torch.nn.Linear(4, 3)
    loss = CrossEntropyLoss(class_weight=[0.1, 2.0, 3.0], reduction="weighted_mean")
    plain = copy.deepcopy(model)
    loss(plain(x), y).backward()
    accelerator = accelerate.Accelerator(cpu=True)
    share = CrossEntropyLoss(class_weight=[0.1, 2.0, 3.0], reduction="sum")
    own, share = accelerator.prepare(model), share.to(accelerator.device)
    mine = slice(0, 5) if rank == 0 else slice(5, 8)
    batches = list(zip(x[mine].split(2), y[mine].split(2), strict=True))
    batches += [(x[:0], y[:0])] * (rank == 1)  # a rank without items keeps step
    whole = accelerator.reduce(sum(effective_weight(loss.loss, labels) for _, labels in batches))
    for i, (rows, labels) in enumerate(batches):
        with accelerator.no_sync(own) if i < len(batches) - 1 else torch.enable_grad():
            value = share(own(rows), labels, normalizer=whole)
            accelerator.backward(value * accelerator.num_processes)  # gradients are averaged
    for one, other in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-5, atol=1e-7)


def accumulated(rank: int) -> None:
    """One rank has three uneven batches, the other none."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(7, 3, generator=generator)
    y = torch.randint(0, 3, (7,), generator=generator)
    none = x[:0], y[:0]
    parts = CrossEntropyLoss(class_weight=[0.1, 2.0, 3.0], reduction="parts")
    mean = Accumulated(parts, "weighted_mean", like=none)
    recall = Accumulated(partial(metrics.outcomes, axis=1), "recall", like=none)
    for batch in zip(x.split(3), y.split(3), strict=True) if rank == 0 else ():
        mean.update(*batch)
        recall.update(*batch)
    torch.testing.assert_close(mean.compute(), parts(x, y).weighted_mean())
    torch.testing.assert_close(recall.compute(), metrics.outcomes(x, y, axis=1).recall())


def work(rank: int, path: str) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": RANKS, "LOCAL_WORLD_SIZE": RANKS}
    os.environ.update({name: str(value) for name, value in ranks.items()})
    dist.init_process_group("gloo", init_method=f"file://{path}/store", rank=rank, world_size=RANKS)
    accumulated(rank)
    accelerated(rank)
    trainer(Path(path))
    dist.destroy_process_group()
    print("passed", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        torch.multiprocessing.start_processes(work, (directory,), nprocs=RANKS, start_method="fork")
