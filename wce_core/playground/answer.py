"""What the page shows for the values of its controls, computed by this library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wce_core import losses
from wce_core.explanation import Explanation, explain
from wce_core.gradient import value_and_grad

from .controls import CLASSES, REDUCTIONS, SMOOTHING, STARTS
from .data import points, sample, with_ones

Values = Mapping[str, Any]
Answer = dict[str, Any]
STEPS, RATE = 60, 1.0
"""Of gradient descent. A loss that is twice as large takes steps that are twice as large."""
FEW, MANY = 1, 200


class Setting(NamedTuple):
    """The values of the controls, looked at."""

    counts: tuple[int, ...]
    weights: tuple[float, ...]
    smoothing: float
    reduction: str

    @classmethod
    def of(cls, values: Values) -> Setting:
        """From what a page sends, a number for each name; what is not sent is as at the start."""
        counts = tuple(int(values.get(f"count{k}", start)) for k, start in enumerate(STARTS))
        if not all(FEW <= count <= MANY for count in counts):
            raise ValueError(f"a class has {counts} items; expected {FEW} to {MANY} of each")
        return cls(
            counts, weights_of(values, len(CLASSES)), smoothing_of(values), reduction_of(values)
        )

    def loss(self) -> Callable[..., Any]:
        """The loss of the page."""
        options: dict[str, Any] = {
            "class_weight": self.weights,
            "label_smoothing": self.smoothing,
            "reduction": self.reduction,
        }
        return losses.CrossEntropy(**options)


def weights_of(values: Values, classes: int) -> tuple[float, ...]:
    """A weight for each class, 1 where none is sent."""
    return tuple(float(values.get(f"weight{k}", 1.0)) for k in range(classes))


def smoothing_of(values: Values) -> float:
    """The label smoothing."""
    return float(values.get("smoothing", SMOOTHING[0]))


def reduction_of(values: Values) -> str:
    """The reduction, one of those that the page offers."""
    found = str(values.get("reduction", REDUCTIONS[0]))
    if found not in REDUCTIONS:
        raise ValueError(f"reduction is {found!r}; expected one of {', '.join(REDUCTIONS)}")
    return found


def answer(values: Values) -> Answer:
    """Shares before and after training, the model, and how much of each class it finds."""
    setting = Setting.of(values)
    x, y = sample(setting.counts)
    model = trained(setting, x, y)
    before = explain(setting.loss(), np.zeros((y.size, len(CLASSES))), y)
    after = explain(setting.loss(), x @ model, y)
    return {
        "counts": setting.counts,
        "model": model.round(4).tolist(),
        "recall": recall(model).round(4).tolist(),
        "before": shown(before),
        "after": shown(after),
    }


def trained(setting: Setting, x: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """A linear model of the classes after some steps of gradient descent from zeros: (3, C)."""
    model = np.zeros((x.shape[1], len(CLASSES)))
    slope = value_and_grad(setting.loss())
    for _ in range(STEPS):
        _, gradient = slope(x @ model, y)
        model -= RATE * (x.T @ gradient)
    return model


def recall(model: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which share of each class the model finds, of points that it was not trained with: (C,)."""
    called = (with_ones(points(seed=1)) @ model).argmax(axis=-1)
    return np.asarray((called == np.arange(len(CLASSES))[:, None]).mean(axis=-1))


def shown(found: Explanation) -> Answer:
    """An explanation as numbers: a row for each class, the loss and what it was divided by."""
    return {
        "rows": [
            [share.items, *map(_short, (share.weight, share.loss, share.gradient))]
            for share in found.classes
        ],
        "loss": _short(found.value),
        "denominator": found.denominator,
        "warnings": list(found.warnings),
        "advice": str(found.suggestion) if found.suggestion else "",
    }


def _short(number: float) -> float:
    """Six digits, which is more than the page shows."""
    return float(f"{number:.6g}")
