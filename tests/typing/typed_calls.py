"""What type checkers must make of calls: an array type goes in and comes out. Never run."""

from __future__ import annotations

from functools import partial
from typing import Any, assert_type

import jax
import numpy as np
import torch
from numpy.typing import NDArray

import wce_core.torch as home
from wce_core import LossParts, metrics
from wce_core.losses import (
    AsymmetricLoss,
    BinaryCrossEntropy,
    CrossEntropy,
    FocalCrossEntropy,
    Probabilities,
    binary_cross_entropy,
    cross_entropy,
    focal_cross_entropy,
    poly_cross_entropy,
)
from wce_core.types import Reduction


def torch_calls(x: torch.Tensor, y: torch.Tensor) -> None:
    assert_type(cross_entropy(x, y), torch.Tensor)
    assert_type(cross_entropy(x, y, class_weight=[1, 2], reduction="none"), torch.Tensor)
    assert_type(cross_entropy(x, y, reduction="parts", axis=1), LossParts)
    assert_type(binary_cross_entropy(x, y, pos_weight=y, reduction="sum"), torch.Tensor)
    assert_type(binary_cross_entropy(x, y, reduction="parts"), LossParts)
    assert_type(CrossEntropy()(x, y), torch.Tensor)
    assert_type(CrossEntropy(reduction="none")(x, y, mask=y), torch.Tensor)
    assert_type(CrossEntropy(reduction="parts")(x, y), LossParts)
    assert_type(BinaryCrossEntropy(form=Probabilities(floor=-100.0))(x, y), torch.Tensor)
    assert_type(BinaryCrossEntropy(reduction="parts", axis=0)(x, y), LossParts)
    assert_type(focal_cross_entropy(x, y, gamma=1.5, class_weight=[1, 2]), torch.Tensor)
    assert_type(poly_cross_entropy(x, y, epsilon=1.0, reduction="parts"), LossParts)
    assert_type(FocalCrossEntropy(gamma=1.5)(x, y), torch.Tensor)
    assert_type(AsymmetricLoss(margin=0.1, reduction="parts")(x, y), LossParts)


def torch_modules(x: torch.Tensor, y: torch.Tensor) -> None:
    module = home.FocalCrossEntropyLoss(class_weight=[1, 2], gamma=1.0, reduction="sum")
    assert_type(module, home.FocalCrossEntropyLoss)
    assert_type(home.TverskyLoss(alpha=0.3, per="batch", persistent=True)(x, y), Any)
    home.CombinedLoss((0.5, module), (0.5, CrossEntropy()))
    home.CrossEntropyLoss(gamma=1.0)  # type: ignore[call-arg]  # must be refused: has no gamma
    home.BinaryDiceLoss(class_weight=[1, 2])  # type: ignore[call-arg]  # must be refused: has no class_weight


def jax_calls(x: jax.Array, y: jax.Array) -> None:
    assert_type(cross_entropy(x, y, reduction="weighted_mean"), jax.Array)
    assert_type(CrossEntropy(class_weight={0: 1.0, 1: 2.0})(x, y), jax.Array)
    assert_type(CrossEntropy(reduction="parts")(x, y).mean(), Any)


def sums_of_metrics(x: torch.Tensor, y: torch.Tensor, z: NDArray[np.float32]) -> None:
    assert_type(metrics.outcomes(x, y, class_weight=[1, 2], axis=1), metrics.ClassOutcomes)
    assert_type(metrics.outcomes(x, y) + metrics.outcomes(x, y), metrics.ClassOutcomes)
    assert_type(metrics.binary_outcomes(x, y, threshold=0.5, pos_weight=y), metrics.BinaryOutcomes)
    assert_type(metrics.top_k(z, y, k=(1, 5), mask=y), metrics.Hits)
    assert_type(metrics.any_of_top_k(z, y, k=1), metrics.Hits)
    assert_type(metrics.calibration(z, y, form="probabilities"), metrics.Calibration)
    assert_type(metrics.log_loss(z, y, label_smoothing=0.1), LossParts)
    assert_type(metrics.best_threshold(z, y, best="f1").threshold, Any)
    metrics.outcomes(x, y, weight=x)  # type: ignore[call-arg]  # must be refused: it is sample_weight
    metrics.outcomes(x, y, pos_weight=x)  # type: ignore[call-arg]  # must be refused: is of binary losses


def numpy_calls(x: NDArray[np.float32], y: NDArray[np.int64]) -> None:
    assert_type(cross_entropy(x, y), np.floating[Any])
    assert_type(cross_entropy([[0.0, 1.0]], [1]), np.floating[Any])
    assert_type(cross_entropy(x, y, reduction="none"), NDArray[Any])
    assert_type(binary_cross_entropy(x, y, reduction="parts"), LossParts)
    assert_type(CrossEntropy()(x, y), np.floating[Any])
    assert_type(CrossEntropy(reduction="none")(x, y), NDArray[Any])


def what_is_known_later(x: torch.Tensor, unknown: Any, reduction: Reduction) -> None:
    assert_type(cross_entropy(unknown, unknown), Any)
    total: torch.Tensor = partial(cross_entropy, reduction="sum")(x, x)
    assert_type(total, torch.Tensor)
    held: CrossEntropy = CrossEntropy(reduction="sum")
    held = CrossEntropy(reduction="parts")
    either = CrossEntropy(reduction=reduction)
    for loss in (held, either):
        loss(x, x)


def what_is_wrong(x: torch.Tensor) -> None:
    cross_entropy(x, x, reduction="avg")  # type: ignore[call-overload]  # must be refused: no such reduction
    cross_entropy(x, x, weight=x)  # type: ignore[call-overload]  # must be refused: it is class_weight
    CrossEntropy(pos_weight=x)  # type: ignore[call-overload]  # must be refused: is of binary losses
    BinaryCrossEntropy(reduction="avg")  # type: ignore[call-overload]  # must be refused: no such reduction
    focal_cross_entropy(x, x, gama=2.0)  # type: ignore[call-overload]  # must be refused: misspelt
    FocalCrossEntropy(epsilon=2.0)  # type: ignore[call-overload]  # must be refused: is of the poly loss
