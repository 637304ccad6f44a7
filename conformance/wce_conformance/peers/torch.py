"""torch.nn.functional: cross_entropy, nll_loss, and the two binary cross-entropies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # its usual name

from wce_conformance.adapters.torch import TorchAdapter
from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer

_FRAMEWORK = TorchAdapter()


class Torch(Peer):
    """PyTorch."""

    name = "torch.nn.functional"
    version = torch.__version__
    notes = (
        "The class axis is moved to where PyTorch has it, the second, or the first of rank 1.",
        "A mean of nothing is NaN in PyTorch: offered only where NaN is asked for.",
    )

    def empty_is_said(self, asked: Asked) -> bool:
        """0/0."""
        return asked.empty_means("nan")

    def multiclass(self, asked: Asked) -> bool:
        """`mean` divides by Σw[y] for indices, by N for dense targets."""
        if asked.form == "probabilities" or not asked.fits(["class_weight"]):
            return False
        return _indexed(asked) if asked.index else _dense(asked)

    def binary(self, asked: Asked) -> bool:
        """`mean` divides by the number of elements, whatever `weight` is."""
        modes = {"logits": ("pos_weight", "sample_weight"), "probabilities": ("sample_weight",)}
        return (
            asked.form in modes
            and asked.has_only(*modes[asked.form])
            and asked.clip is None
            and asked.smoothing == 0
            and asked.per_class
            and asked.reduction in ("none", "sum", "mean")
            and asked.fits(["targets", "pos_weight", "sample_weight"])
        )

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """By backward()."""
        x = _FRAMEWORK.array(asked.arrays["predictions"]).requires_grad_()
        value = _binary(asked, x) if asked.binary else _multiclass(asked, x)
        value.sum().backward()
        assert x.grad is not None
        return _FRAMEWORK.numpy(value), _FRAMEWORK.numpy(x.grad)


def _indexed(asked: Asked) -> bool:
    weighted = "class_weight" in asked.vector.modes
    reductions = {"none", "sum", "weighted_mean" if weighted else "mean"}
    if weighted and asked.smoothing > 0:
        reductions.discard("weighted_mean")  # Σw[y] of the unsmoothed labels
    return (
        asked.has_only("class_weight", "ignore_index")
        and (asked.form == "logits" or asked.smoothing == 0)
        and asked.uniform
        and asked.per_class
        and asked.reduction in reductions
    )


def _dense(asked: Asked) -> bool:
    return (
        asked.form == "logits"
        and asked.has_only("class_weight")
        and asked.uniform
        and (asked.smoothing == 0 or asked.unit_mass)
        and asked.per_class
        and asked.reduction in ("none", "sum", "mean")
        and asked.fits(["targets"])
    )


def _reduction(asked: Asked) -> str:
    return "mean" if asked.reduction == "weighted_mean" else asked.reduction


def _weights(asked: Asked, name: str) -> Any:
    own = asked.weights(name)
    return None if own is None else _FRAMEWORK.array(own)


def _multiclass(asked: Asked, x: Any) -> Any:
    place = 1 if x.ndim > 1 else 0
    moved = x.movedim(asked.axis, place)
    options: dict[str, Any] = {
        "weight": _weights(asked, "class_weight"),
        "reduction": _reduction(asked),
    }
    if not asked.index:
        targets = _FRAMEWORK.array(np.moveaxis(asked.targets(), asked.axis, place))
        return F.cross_entropy(moved, targets, label_smoothing=asked.smoothing, **options)
    if "ignore_index" in asked.options:
        options["ignore_index"] = asked.options["ignore_index"]
    labels = torch.tensor(asked.arrays["targets"]).long()
    if asked.form == "log_probabilities":
        return F.nll_loss(moved, labels, **options)
    return F.cross_entropy(moved, labels, label_smoothing=asked.smoothing, **options)


def _binary(asked: Asked, x: Any) -> Any:
    weight = asked.sample_weight()
    options: dict[str, Any] = {
        "weight": None if weight is None else _FRAMEWORK.array(weight),
        "reduction": asked.reduction,
    }
    targets = _FRAMEWORK.array(asked.targets())
    if asked.form == "probabilities":
        return F.binary_cross_entropy(x, targets, **options)
    positive = _weights(asked, "pos_weight")
    if positive is not None and positive.ndim == 1:
        behind = x.ndim - 1 - int(asked.options.get("axis", -1)) % x.ndim
        positive = positive.reshape(-1, *(1,) * behind)
    return F.binary_cross_entropy_with_logits(x, targets, pos_weight=positive, **options)
