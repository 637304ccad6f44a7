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

from benchmarks.smp import smp_losses
from wce_core import losses

smp = smp_losses()
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


PER_BATCH: dict[str, Any] = {"axis": 1, "per": "batch", "absent": "zero"}
"""Their sums are over the batch, and a class without a target adds 0."""
SOME = MASKS.clone()
SOME[:, 2] = 0
Smoothed = Callable[[torch.Tensor, float], Any]
SMPS: dict[str, tuple[Smoothed, Smoothed]] = {
    # Their smooth is a number of pixels, for TP; that of Dice here is for 2·TP.
    "Dice of labels": (
        lambda x, s: losses.binary_dice_loss(x, SOME, smooth=2 * s, **PER_BATCH),
        lambda x, s: smp.DiceLoss("multilabel", smooth=s)(x, SOME),
    ),
    "Dice of classes": (
        lambda x, s: losses.dice_loss(x, LABELS, smooth=2 * s, **PER_BATCH),
        lambda x, s: smp.DiceLoss("multiclass", smooth=s)(x, LABELS),
    ),
    "Dice of classes, an ignored label": (
        lambda x, s: losses.dice_loss(x, LABELS, smooth=2 * s, ignore_index=1, **PER_BATCH),
        lambda x, s: smp.DiceLoss("multiclass", smooth=s, ignore_index=1)(x, LABELS),
    ),
    "Dice of a mask": (
        lambda x, s: losses.binary_dice_loss(x, MASKS, per="batch", smooth=2 * s, absent="zero"),
        lambda x, s: smp.DiceLoss("binary", smooth=s)(x, MASKS),
    ),
    "Jaccard of labels": (
        lambda x, s: losses.binary_jaccard_loss(x, SOME, smooth=s, **PER_BATCH),
        lambda x, s: smp.JaccardLoss("multilabel", smooth=s)(x, SOME),
    ),
    "Jaccard of classes": (
        lambda x, s: losses.jaccard_loss(x, LABELS, smooth=s, **PER_BATCH),
        lambda x, s: smp.JaccardLoss("multiclass", smooth=s)(x, LABELS),
    ),
    "Tversky of labels": (
        lambda x, s: losses.binary_tversky_loss(
            x, SOME, alpha=0.2, beta=0.8, smooth=s, **PER_BATCH
        ),
        lambda x, s: smp.TverskyLoss("multilabel", alpha=0.2, beta=0.8, smooth=s)(x, SOME),
    ),
    "Tversky of classes": (
        lambda x, s: losses.tversky_loss(x, LABELS, alpha=0.2, beta=0.8, smooth=s, **PER_BATCH),
        lambda x, s: smp.TverskyLoss("multiclass", alpha=0.2, beta=0.8, smooth=s)(x, LABELS),
    ),
}
SMPS_LOVASZ: dict[str, tuple[Loss, Loss]] = {
    "Lovasz hinge": (
        lambda x: losses.lovasz_hinge_loss(x, MASKS, per="batch"),
        lambda x: smp.LovaszLoss("multilabel")(x.float(), MASKS).double(),
    ),
    "Lovasz softmax": (
        lambda x: losses.lovasz_softmax_loss(x, LABELS, axis=1, per="batch"),
        lambda x: smp.LovaszLoss("multiclass")(x.float(), LABELS).double(),
    ),
}


@pytest.mark.parametrize("pair", MONAIS.values(), ids=MONAIS)
def test_monai(pair: tuple[Loss, Loss]) -> None:
    agree(*pair)


@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("pair", SMPS.values(), ids=SMPS)
def test_segmentation_models_pytorch(pair: tuple[Smoothed, Smoothed], smooth: float) -> None:
    ours, theirs = pair
    agree(lambda x: ours(x, smooth), lambda x: theirs(x, smooth))


@pytest.mark.parametrize("pair", SMPS_LOVASZ.values(), ids=SMPS_LOVASZ)
def test_lovasz_losses_of_segmentation_models_pytorch(pair: tuple[Loss, Loss]) -> None:
    """Theirs are in float32, and subtract quotients from each other."""
    agree(*pair, rtol=1e-5, atol=1e-7)


def agree(ours: Loss, theirs: Loss, rtol: float = 1e-6, atol: float = 1e-10) -> None:
    """Value and gradient."""
    found = []
    for loss in (ours, theirs):
        x = LOGITS.clone().requires_grad_()
        value = loss(x)
        found.append((value.detach(), *torch.autograd.grad(value, x)))
    torch.testing.assert_close(*found, rtol=rtol, atol=atol)


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
