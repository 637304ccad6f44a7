"""Modules and metrics in Lightning: a small U-Net on images, and sums over an epoch."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from wce_core import losses, metrics
from wce_core.torch import CombinedLoss, CrossEntropyLoss, DiceLoss
from wce_core.torch.torchmetrics import Accumulated

pytestmark = [
    # Of Lightning's own: workers would be started for ten images, which are one batch.
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec"),  # of PyTorch's own modules
]
C, SIZE, IMAGES = 3, 16, 10
WEIGHT = [0.2, 1.0, 3.0]
DICE = losses.DiceLoss(per="batch", axis=1)


class UNet(nn.Module):
    """Two levels: down, up, and what was seen before beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.below = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.up, self.last = nn.Upsample(scale_factor=2), nn.Conv2d(12, C, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = torch.relu(self.first(images))
        below = torch.relu(self.below(nn.functional.max_pool2d(seen, 2)))
        return self.last(torch.cat([seen, self.up(below)], dim=1))


class Segmentation(lightning.LightningModule):
    """Trained on one loss; what it comes to over an epoch is added up."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.model, self.loss = UNet(), loss
        none = torch.zeros(0, C, SIZE, SIZE), torch.zeros(0, SIZE, SIZE, dtype=torch.int64)
        parts = CrossEntropyLoss(class_weight=WEIGHT, reduction="parts")
        self.mean = Accumulated(parts, "weighted_mean", like=none)
        macro = {"average": "macro"}
        self.iou = Accumulated(partial(metrics.outcomes, axis=1), "iou", macro, like=none)
        self.dice = Accumulated(DICE, like=none)

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        return self.loss(self.model(batch[0]), batch[1])

    def validation_step(self, batch: Any, index: int) -> None:
        logits = self.model(batch[0])
        self.mean.update(logits, batch[1])
        self.iou.update(logits, batch[1])
        self.dice.update(logits, batch[1])
        for name in ("mean", "iou", "dice"):
            self.log(name, getattr(self, name))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.3)


def images() -> tuple[torch.Tensor, torch.Tensor]:
    """Squares of two brightnesses on a dark ground."""
    generator = torch.Generator().manual_seed(1)
    x = 0.3 * torch.randn(IMAGES, 1, SIZE, SIZE, generator=generator)
    y = torch.zeros(IMAGES, SIZE, SIZE, dtype=torch.int64)
    for i in range(IMAGES):
        kind, place = 1 + i % 2, i
        y[i, place : place + 5, 3:8] = kind
        x[i, 0, place : place + 5, 3:8] += kind
    return x, y


def trained(loss: nn.Module, folder: Path, epochs: int = 8) -> tuple[Segmentation, Any]:
    model, data = Segmentation(loss), DataLoader(TensorDataset(*images()), batch_size=4)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(model, data, data)
    return model, trainer


def test_a_unet_reaches_the_loss_that_pytorchs_own_reaches(tmp_path: Path) -> None:
    """And the sums of three batches, the last of half the length, are those of all images."""
    native = nn.CrossEntropyLoss(weight=torch.tensor(WEIGHT))
    before, _ = trained(native, tmp_path, epochs=1)
    expected, other = trained(native, tmp_path)
    own = CrossEntropyLoss(class_weight=WEIGHT, reduction="weighted_mean")
    model, trainer = trained(own, tmp_path)
    x, y = images()
    with torch.no_grad():
        first, reached, wanted = (native(each.model(x), y) for each in (before, model, expected))
        logits = model.model(x)
    assert reached < 0.7 * first
    assert abs(reached - wanted) <= 1e-6
    assert abs(trainer.callback_metrics["mean"] - wanted) <= 1e-6
    assert abs(other.callback_metrics["mean"] - wanted) <= 1e-6
    whole = metrics.outcomes(logits, y, axis=1).iou(average="macro")
    torch.testing.assert_close(trainer.callback_metrics["iou"], whole, check_dtype=False)
    torch.testing.assert_close(trainer.callback_metrics["dice"], DICE(logits, y))


def test_a_checkpoint_has_no_weights_and_fits_others(tmp_path: Path) -> None:
    terms = (0.5, losses.CrossEntropy(class_weight=WEIGHT, axis=1)), (0.5, DiceLoss())
    model, trainer = trained(CombinedLoss(*terms), tmp_path, epochs=1)
    path = tmp_path / "last.ckpt"
    trainer.save_checkpoint(path, weights_only=True)
    own = CrossEntropyLoss(class_weight=[1.0, 2.0])
    again = Segmentation.load_from_checkpoint(path, loss=own, weights_only=True)
    for one, other in zip(again.model.parameters(), model.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert again.loss.class_weight.tolist() == [1.0, 2.0]
