"""Region losses beside those of MONAI, Keras and segmentation_models_pytorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from monai.losses import DiceLoss, GeneralizedDiceLoss, TverskyLoss
from sklearn.metrics import f1_score, jaccard_score

from wce_core import losses

RNG = np.random.default_rng(11)
LOGITS = torch.tensor(RNG.normal(size=(3, 4, 6, 5)))
LABELS = torch.tensor(RNG.integers(0, 4, (3, 6, 5)))
MASKS = torch.tensor(RNG.integers(0, 2, LOGITS.shape))
ONE_HOT = torch.nn.functional.one_hot(LABELS, 4).movedim(-1, 1)
CHANCES = LOGITS.sigmoid()
Loss = Callable[[torch.Tensor], Any]

MONAIS: dict[str, tuple[Loss, Loss]] = {
    "Dice of channels": (
        lambda x: losses.binary_dice_loss(x, MASKS, axis=1),
        lambda x: DiceLoss(sigmoid=True)(x, MASKS),
    ),
    "Dice of classes": (
        lambda x: losses.dice_loss(x, LABELS, axis=1),
        lambda x: DiceLoss(softmax=True)(x, ONE_HOT),
    ),
    "Dice of squares": (
        lambda x: losses.dice_loss(x, LABELS, axis=1, squared=True),
        lambda x: DiceLoss(softmax=True, squared_pred=True)(x, ONE_HOT.to(x.dtype)),
    ),
    "Dice of the batch": (
        lambda x: losses.dice_loss(x, LABELS, axis=1, per="batch"),
        lambda x: DiceLoss(softmax=True, batch=True)(x, ONE_HOT),
    ),
    "Jaccard": (  # whose smooth is for 2·TP
        lambda x: losses.jaccard_loss(x, LABELS, axis=1, smooth=5e-6),
        lambda x: DiceLoss(softmax=True, jaccard=True)(x, ONE_HOT),
    ),
    "Tversky": (
        lambda x: losses.tversky_loss(x, LABELS, axis=1, alpha=0.3, beta=0.7),
        lambda x: TverskyLoss(softmax=True, alpha=0.3, beta=0.7)(x, ONE_HOT),
    ),
    "generalized Dice": (
        lambda x: losses.generalized_dice_loss(x, LABELS, axis=1),
        lambda x: GeneralizedDiceLoss(softmax=True)(x, ONE_HOT),
    ),
}


def smp(x: torch.Tensor, y: torch.Tensor, alpha: float, beta: float, smooth: float) -> torch.Tensor:
    """What segmentation_models_pytorch's TverskyLoss("multilabel") computes (losses/tversky.py).

    1 − (TP + s) / (TP + α·FP + β·FN + s) of each class of the batch, 0 where there is no target.
    """
    p, t = x.sigmoid().flatten(2), y.flatten(2).to(x.dtype)
    right, false, missed = (each.sum((0, 2)) for each in (p * t, p * (1 - t), (1 - p) * t))
    index = (right + smooth) / (right + alpha * false + beta * missed + smooth)
    return ((1 - index) * (t.sum((0, 2)) > 0)).mean()


@pytest.mark.parametrize("pair", MONAIS.values(), ids=MONAIS)
def test_monai(pair: tuple[Loss, Loss]) -> None:
    agree(*pair)


@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_segmentation_models_pytorch(smooth: float) -> None:
    masks = MASKS.clone()
    masks[:, 2] = 0
    agree(
        lambda x: losses.binary_tversky_loss(
            x, masks, axis=1, per="batch", alpha=0.2, beta=0.8, smooth=smooth, absent="zero"
        ),
        lambda x: smp(x, masks, 0.2, 0.8, smooth),
    )


def agree(ours: Loss, theirs: Loss) -> None:
    """Value and gradient."""
    found = []
    for loss in (ours, theirs):
        x = LOGITS.clone().requires_grad_()
        value = loss(x)
        found.append((value.detach(), *torch.autograd.grad(value, x)))
    torch.testing.assert_close(*found, rtol=1e-6, atol=1e-10)


def test_keras() -> None:
    p, y = CHANCES.numpy().astype(np.float32), MASKS.numpy().astype(np.float32)
    got = losses.binary_dice_loss(p, y, form="probabilities", per="batch", smooth=1e-7)
    np.testing.assert_allclose(got, np.asarray(keras.losses.Dice()(y, p)), rtol=1e-5)
    # Keras' program takes the targets for predictions: its alpha is for what is missed.
    got = losses.binary_tversky_loss(
        p, y, form="probabilities", per="batch", smooth=1e-7, alpha=0.7, beta=0.3
    )
    want = np.asarray(keras.losses.Tversky(alpha=0.3, beta=0.7)(y, p))
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_scikit_learn() -> None:
    """Of hard predictions Dice is F₁, and Jaccard intersection over union."""
    hard = (CHANCES > 0.5).to(torch.float64).numpy()
    masks, options = MASKS.numpy(), {"form": "probabilities", "per": "batch", "smooth": 0.0}
    for loss, score in (
        (losses.binary_dice_loss, f1_score),
        (losses.binary_jaccard_loss, jaccard_score),
    ):
        want = 1 - score(masks.ravel(), hard.ravel().astype(int))
        np.testing.assert_allclose(loss(hard, masks, **options), want, rtol=1e-12)
