"""tinygrad: the losses of a Tensor, by its device in plain Python, which needs no compiler."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

import numpy as np

from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer

# Read while tinygrad is imported; whoever set it already knows better.
os.environ.setdefault("DEV", "PYTHON")

from tinygrad.dtype import dtypes
from tinygrad.tensor import Tensor

_NO_IGNORED = -1
"""By default labels of −1 count with a loss of 0: to ignore −1 can't be asked for."""


class TinyGrad(Peer):
    """tinygrad."""

    name = "tinygrad.Tensor"
    version = version("tinygrad")
    dtypes = frozenset({"float64", "float32", "float16"})
    notes = (
        "On the device PYTHON. The class axis is moved last, or second for cross_entropy.",
        "An ignore_index of −1 is not offered: it is tinygrad's word for none.",
        "A mean of nothing is NaN: offered only where NaN is asked for.",
    )

    def empty_is_said(self, asked: Asked) -> bool:
        """0/0; an empty tensor has no kernels."""
        return asked.arrays["predictions"].size > 0 and asked.empty_means("nan")

    def multiclass(self, asked: Asked) -> bool:
        """From logits, without weights."""
        return (
            asked.form == "logits"
            and asked.has_only("ignore_index")
            and asked.options.get("ignore_index") != _NO_IGNORED
            and asked.uniform
            and (asked.index or asked.smoothing == 0 or asked.unit_mass)
            and asked.reduction in ("none", "sum", "mean")
            and asked.fits([] if asked.index else ["targets"])
        )

    def binary(self, asked: Asked) -> bool:
        """From logits with pos_weight, or from probabilities."""
        modes = {"logits": ("pos_weight",), "probabilities": ()}
        return (
            asked.form in modes
            and asked.has_only(*modes[asked.form])
            and asked.clip is None
            and asked.smoothing == 0
            and asked.per_class
            and asked.reduction in ("none", "sum", "mean")
            and asked.fits(["targets", "pos_weight"])
            and _last_axis(asked)
        )

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """By Tensor.gradient."""
        x = _tensor(asked.arrays["predictions"])
        value = _binary(asked, x) if asked.binary else _multiclass(asked, x)
        (gradient,) = value.sum().gradient(x)
        return value.numpy(), gradient.numpy()


def _last_axis(asked: Asked) -> bool:
    """Weights per label are aligned from the right."""
    weight, rank = asked.weights("pos_weight"), asked.arrays["predictions"].ndim
    return weight is None or weight.ndim != 1 or asked.axis % max(rank, 1) == rank - 1


def _tensor(array: np.ndarray) -> Any:
    return Tensor(array.tolist(), dtype=getattr(dtypes, array.dtype.name))


def _multiclass(asked: Asked, x: Any) -> Any:
    options = {"label_smoothing": asked.smoothing, "reduction": asked.reduction}
    if asked.index:
        ignored = asked.options.get("ignore_index", _NO_IGNORED)
        labels = Tensor(asked.arrays["targets"].tolist(), dtype=dtypes.int64)
        last = _moved(x, asked.axis, x.ndim - 1)
        return last.sparse_categorical_crossentropy(labels, ignore_index=ignored, **options)
    place = 0 if x.ndim == 1 else 1
    targets = np.moveaxis(asked.targets(), asked.axis, place)
    return _moved(x, asked.axis, place).cross_entropy(_tensor(targets), **options)


def _moved(x: Any, axis: int, place: int) -> Any:
    order = [k for k in range(x.ndim) if k != axis % x.ndim]
    order.insert(place, axis % x.ndim)
    return x.permute(order)


def _binary(asked: Asked, x: Any) -> Any:
    targets = _tensor(asked.targets())
    if asked.form == "probabilities":
        return x.binary_crossentropy(targets, reduction=asked.reduction)
    weight = asked.weights("pos_weight")
    own = None if weight is None else _tensor(weight)
    return x.binary_crossentropy_logits(targets, reduction=asked.reduction, pos_weight=own)
