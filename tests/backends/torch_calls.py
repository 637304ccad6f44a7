"""Calls of the losses on small PyTorch tensors, one for each mode, shared by the PyTorch tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from wce_core import losses

DEPRECATED = "ignore:`torch.jit.script:DeprecationWarning"
"""PyTorch's own table of forward-mode formulas, and its compiler, use what it deprecates."""


@dataclass(frozen=True)
class Call:
    """A loss with its options, and its arrays by name; ``differentiable`` ones are float64."""

    loss: Callable[..., Any]
    predictions: torch.Tensor
    targets: torch.Tensor
    arrays: dict[str, torch.Tensor] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def differentiable(self) -> dict[str, torch.Tensor]:
        """Everything that a gradient can flow to, the predictions first."""
        every = {"predictions": self.predictions, "targets": self.targets, **self.arrays}
        return {name: array for name, array in every.items() if array.is_floating_point()}

    def __call__(self, **given: Any) -> Any:
        """The loss of the own arrays, some of them replaced."""
        every = {"predictions": self.predictions, "targets": self.targets, **self.arrays}
        return self.loss(**{**every, **self.options, **given})

    def of(self, *arrays: torch.Tensor, **given: Any) -> Any:
        """The loss as a function of its differentiable arrays."""
        return self(**dict(zip(self.differentiable, arrays, strict=False)), **given)


def uniform(*shape: int, seed: int, low: float = 0.2, high: float = 2.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)


def normal(*shape: int, seed: int, scale: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


LABELS = torch.tensor([2, 0, 1, 2])
LOGITS = normal(4, 3, seed=1)
MASS = uniform(4, 3, seed=2)
MASK = torch.tensor([True, True, False, True])


def categorical(targets: torch.Tensor = LABELS, **given: Any) -> Call:
    predictions = given.pop("predictions", LOGITS)
    arrays = {name: a for name, a in given.items() if isinstance(a, torch.Tensor)}
    options = {name: a for name, a in given.items() if not isinstance(a, torch.Tensor)}
    return Call(losses.cross_entropy, predictions, targets, arrays, options)


def binary(**given: Any) -> Call:
    predictions = given.pop("predictions", LOGITS)
    targets = given.pop("targets", uniform(4, 3, seed=3, low=0.1, high=0.9))
    arrays = {name: a for name, a in given.items() if isinstance(a, torch.Tensor)}
    options = {name: a for name, a in given.items() if not isinstance(a, torch.Tensor)}
    return Call(losses.binary_cross_entropy, predictions, targets, arrays, options)


WEIGHTS = uniform(3, seed=4)
COSTS = uniform(3, 3, seed=5)
ITEMS = uniform(4, seed=6)
NORMALIZER = torch.tensor(3.5, dtype=torch.float64)

CALLS: dict[str, Call] = {
    "labels": categorical(),
    "labels, mask": categorical(mask=MASK, reduction="batch_mean"),
    "labels, ignore_index": categorical(ignore_index=1, reduction="nonzero_mean"),
    "labels, class_weight": categorical(class_weight=WEIGHTS, reduction="weighted_mean"),
    "labels, cost_matrix": categorical(cost_matrix=COSTS, reduction="weighted_mean"),
    "labels, smoothing": categorical(label_smoothing=0.1, class_weight=WEIGHTS),
    "labels, normalizer": categorical(normalizer=NORMALIZER, reduction="sum"),
    "labels, everything": categorical(
        class_weight=WEIGHTS,
        cost_matrix=COSTS,
        sample_weight=ITEMS,
        mask=MASK,
        label_smoothing=0.1,
        smoothing="others",
        reduction="weighted_mean",
    ),
    "mass": categorical(MASS),
    "mass, class_weight": categorical(MASS, class_weight=WEIGHTS, reduction="weighted_mean"),
    "mass, mixture": categorical(MASS, class_weight=WEIGHTS, soft_weighting="mixture"),
    "mass, geometric": categorical(MASS, class_weight=WEIGHTS, soft_weighting="geometric"),
    "mass, hard": categorical(MASS, class_weight=WEIGHTS, soft_weighting="hard"),
    "mass, cost_matrix": categorical(MASS, cost_matrix=COSTS, reduction="weighted_mean"),
    "labels, class axis 1": categorical(
        torch.tensor([[[0, 1], [2, 2]], [[1, 1], [0, 2]]]),
        predictions=normal(2, 3, 2, 2, seed=7),
        axis=1,
        class_weight=WEIGHTS,
        sample_weight=uniform(2, seed=8),
    ),
    "probabilities": categorical(
        predictions=LOGITS.softmax(-1), form="probabilities", class_weight=WEIGHTS
    ),
    "log-probabilities": categorical(
        MASS, predictions=LOGITS.log_softmax(-1), form="log_probabilities", sample_weight=ITEMS
    ),
    "binary": binary(),
    "binary, everything": binary(
        class_weight=uniform(3, 2, seed=9),
        pos_weight=uniform(3, seed=10),
        sample_weight=ITEMS,
        mask=MASK,
        label_smoothing=0.1,
        reduction="weighted_mean",
    ),
    "binary, geometric": binary(class_weight=uniform(2, seed=11), soft_weighting="geometric"),
    "binary, probabilities": binary(predictions=LOGITS.sigmoid(), form="probabilities"),
    "binary, log-probabilities": binary(
        predictions=LOGITS.sigmoid().log(), form="log_probabilities", pos_weight=WEIGHTS
    ),
}
