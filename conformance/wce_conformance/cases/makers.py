"""From a row of settings to the arrays and arguments of a case."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeAlias

from wce_conformance.cases import draw
from wce_conformance.cases.case import Argument, Tensor
from wce_conformance.cases.covering import Row
from wce_conformance.oracle import CALLED

RowMaker: TypeAlias = Callable[[int, Random], Sequence[Any]]

# Exact in every dtype, as 1 − CLIP is, so that no rounding decides what is clipped.
CLIP = 0.0078125
NORMALIZER = 6.5
EPSILONS = (0.05, 0.1, 0.25)
_DEFAULTS = {
    "form": "logits",
    "soft_weighting": "per_class",
    "reduction": "mean",
    "empty": "zero",
    "smoothing": "uniform",
}


class Maker(ABC):
    """Draws what one case needs."""

    def __init__(self, row: Row, random: Random) -> None:
        self.row = row
        self.random = random
        self.dtype: str = row["dtype"]
        self.shape, self.axis = row["layout"]
        as_predictions = row["weight_dtype"] == "as predictions"
        self.weight_dtype = self.dtype if as_predictions else "float64"
        self.ignored = self.ignored_target() if "ignore_index" in row["modes"] else None

    @property
    @abstractmethod
    def items(self) -> draw.Shape:
        """The shape of the items."""

    @abstractmethod
    def ignored_target(self) -> int:
        """A value for `ignore_index`."""

    @abstractmethod
    def predictions(self) -> Tensor:
        """Predictions of the wanted form."""

    @abstractmethod
    def targets(self) -> Tensor:
        """Targets of the wanted kind, some of them to be ignored."""

    def weight(self, mode: str) -> Argument:
        """The argument of a weighting mode."""
        if mode == "ignore_index":
            return self.ignored
        if mode == "mask":
            return self._mask()
        if mode == "sample_weight":
            return self.weights(draw.weight_shape(self.items, self.random))
        return self.own_weight(mode)

    @abstractmethod
    def own_weight(self, mode: str) -> Argument:
        """The argument of a weighting mode that the losses don't share."""

    def weights(self, shape: draw.Shape) -> Tensor:
        """Weights in the dtype that the row wants."""
        return draw.weights(shape, self.weight_dtype, self.random)

    def settings(self) -> dict[str, Argument]:
        """The arguments that are no arrays, where they differ from the defaults."""
        form, reduction = self.row["form"].split()[-1], self.row["reduction"].split()[0]
        chosen = {
            "form": form,
            "soft_weighting": self.row["soft_weighting"],
            "reduction": reduction,
            "empty": self.row["empty"],
        }
        settings: dict[str, Argument] = {
            name: value for name, value in chosen.items() if value != _DEFAULTS[name]
        }
        if form != self.row["form"]:
            settings["clip"] = CLIP
        if reduction != self.row["reduction"]:
            settings["normalizer"] = NORMALIZER
        return {**settings, **self._smoothing(), **self.axis_setting()}

    @abstractmethod
    def axis_setting(self) -> dict[str, Argument]:
        """The axis, where it differs from the default."""

    def _smoothing(self) -> dict[str, Argument]:
        if self.row["smoothing"] == "none":
            return {}
        epsilon = self.random.choice(EPSILONS)
        if self.row["smoothing"] == "uniform":
            return {"label_smoothing": epsilon}
        return {"label_smoothing": epsilon, "smoothing": "others"}

    def _mask(self) -> Tensor:
        shape = draw.weight_shape(self.items, self.random)
        return draw.exact(shape, "bool", lambda: self.random.random() < 0.7)

    def maybe_ignored(self, target: Any) -> Any:
        """The target, or in some places that which is ignored."""
        hide = self.ignored is not None and self.random.random() < 0.3
        return self.ignored if hide else target


class _MulticlassMaker(Maker):
    """Cases of a loss of exclusive classes."""

    @property
    def classes(self) -> int:
        return int(self.shape[self.axis])

    @property
    def items(self) -> draw.Shape:
        axis = self.axis % len(self.shape)
        return (*self.shape[:axis], *self.shape[axis + 1 :])

    def ignored_target(self) -> int:
        return self.random.choice((-100, 255, 0))

    def predictions(self) -> Tensor:
        rows: dict[str, RowMaker] = {
            "logits": draw.logits,
            "probabilities": draw.shares,
            "log_probabilities": draw.log_shares,
        }
        draw_row = rows[self.row["form"].split()[-1]]
        return draw.along(
            self.shape, self.axis, self.dtype, lambda length: draw_row(length, self.random)
        )

    def targets(self) -> Tensor:
        kind = self.row["targets"]
        if kind == "index":
            return draw.exact(self.items, self.random.choice(("int64", "int32")), self._label)
        rows: dict[str, RowMaker] = {
            "one-hot": draw.one_hot,
            "shares": draw.shares,
            "mass": draw.mass,
            "candidates": draw.candidates,
            "several-hot": draw.several_hot,
        }
        whole = kind == "one-hot" and self.random.random() < 0.5
        dtype = "bool" if kind == "candidates" else "int64" if whole else self.dtype
        return draw.along(
            self.shape, self.axis, dtype, lambda length: rows[kind](length, self.random)
        )

    def own_weight(self, mode: str) -> Argument:
        if mode == "cost_matrix":
            return self.weights((self.classes, self.classes))
        if self.random.random() < 0.25:
            return {str(k): self.random.choice(draw.WEIGHTS) for k in range(self.classes)}
        return self.weights((self.classes,))

    def axis_setting(self) -> dict[str, Argument]:
        return {} if self.axis == -1 else {"axis": self.axis}

    def _label(self) -> int:
        return int(self.maybe_ignored(self.random.randrange(self.classes)))


class _BinaryMaker(Maker):
    """Cases of a binary loss."""

    @property
    def items(self) -> draw.Shape:
        return tuple(self.shape)

    @property
    def labels(self) -> int:
        """The length of the label axis."""
        return int(self.shape[-1 if self.axis is None else self.axis])

    def ignored_target(self) -> int:
        return self.random.choice((-1, 0, 255))

    def predictions(self) -> Tensor:
        numbers = {
            "logits": lambda: self.random.gauss(0, 3),
            "probabilities": lambda: draw.shares(2, self.random)[0],
            "log_probabilities": lambda: draw.log_shares(2, self.random)[0],
        }
        return draw.filled(self.shape, self.dtype, numbers[self.row["form"].split()[-1]])

    def targets(self) -> Tensor:
        kind = self.row["targets"]
        if kind == "booleans":
            return draw.exact(self.shape, "bool", lambda: self.random.random() < 0.5)
        if kind == "integers":
            return draw.exact(self.shape, "int64", lambda: self.maybe_ignored(self._answer()))
        number = self._answer if kind == "floats" else self._soft
        return draw.filled(self.shape, self.dtype, lambda: self.maybe_ignored(number()))

    def own_weight(self, mode: str) -> Argument:
        if mode == "pos_weight":
            return self.random.choice((self.weights(()), 2.5))
        if mode == "pos_weight per label":
            return self.weights((self.labels,))
        if mode == "class_weight per label":
            return self.weights((self.labels, 2))
        if self.random.random() < 0.5:
            return {"0": self.random.choice(draw.WEIGHTS), "1": self.random.choice(draw.WEIGHTS)}
        return self.weights((2,))

    def axis_setting(self) -> dict[str, Argument]:
        return {} if self.axis is None else {"axis": self.axis}

    def _answer(self) -> int:
        return self.random.randrange(2)

    def _soft(self) -> float:
        return self.random.choice((0.0, 0.5, 1.0, self.random.random()))


def maker(loss: str, row: Row, random: Random) -> Maker:
    """What makes a case of a loss."""
    return (_MulticlassMaker if CALLED[loss].categorical else _BinaryMaker)(row, random)
