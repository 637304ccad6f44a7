"""Labels of any framework as rank-1 NumPy arrays, and what counts among them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from wce_core.evaluation.options import ignored_number
from wce_core.formulas.weightings.base import check_weights
from wce_core.frameworks.registry import backend_of

from ..errors import choice_error, dtype_error, ragged_error, shape_error

Kind = Literal["index", "one_hot", "multi_label"]
KINDS: tuple[Kind, ...] = ("index", "one_hot", "multi_label")
"""What labels are: class indices of any rank; rows of masses over classes; 0/1 for each label."""


class Labels(NamedTuple):
    """Labels whose values can be read, with what weighs and excludes them."""

    values: np.ndarray
    """Class indices: any shape. Else the last axis is that of classes or labels."""
    kind: Kind
    weight: np.ndarray | None
    """A factor per item, in the items' shape. None: 1."""
    included: np.ndarray | None
    """Boolean, in the items' shape. None: all."""

    @property
    def items(self) -> tuple[int, ...]:
        """The shape of what is counted: without the axis of classes."""
        return self.values.shape[: self.values.ndim - (self.kind == "one_hot")]

    def part(self, place: int) -> Labels:
        """One entry of the leading axis."""
        weight, included = (
            None if array is None else array[place] for array in (self.weight, self.included)
        )
        return Labels(self.values[place], self.kind, weight, included)


def read(
    labels: Any,
    kind: Kind | None,
    sample_weight: Any = None,
    mask: Any = None,
    ignore_index: int | None = None,
    axis: int = -1,
) -> Labels:
    """The labels as NumPy arrays, checked in everything but their range."""
    values = as_numpy("labels", labels)
    kind = kind_of(values, kind)
    if kind != "index":
        values = _last("labels", values, axis)
    if kind == "index" and values.dtype.kind not in "iu":
        values = _integers(values)
    elif values.dtype.kind not in "iufb":
        raise dtype_error("labels", str(values.dtype), "numbers")
    found = Labels(values, kind, None, None)
    included = _included(mask, ignore_index, found)
    return found._replace(weight=_weights(sample_weight, found.items, included), included=included)


def as_numpy(name: str, array: Any) -> np.ndarray:
    """Values that can be read now; a ValueError says why they can't."""
    backend = backend_of(array)
    if backend is None:
        return _from_lists(name, array)
    reason = backend.refusal(array)
    if reason is not None:
        raise TypeError(f"{name} are {reason}")
    if not backend.readable(array):
        raise ValueError(
            f"{name} of {backend.name} can't be read here: they are traced, or on an accelerator; "
            "count classes outside of compiled code, on labels in the host's memory"
        )
    return backend.to_numpy(array)


def _from_lists(name: str, values: Any) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ragged_error(name) from error


def kind_of(values: np.ndarray, kind: Kind | None) -> Kind:
    """What labels are. Where they could be two things, the caller has to say which."""
    if kind is not None:
        if kind not in KINDS:
            raise choice_error("kind", kind, KINDS)
        if kind != "index" and values.ndim == 0:
            raise shape_error("labels", values.shape, f"an axis of classes for kind={kind!r}")
        return kind
    if values.ndim <= 1:
        return "index"
    zeros_and_ones = values.size and values.min() >= 0 and values.max() <= 1
    if values.dtype.kind in "fb" or zeros_and_ones:
        raise ValueError(
            f"labels of shape {values.shape} between 0 and 1 can be class indices (a mask of "
            "pixels), one-hot rows, or several labels per sample; say which with kind='index', "
            "'one_hot' or 'multi_label'"
        )
    return "index"


def _integers(values: np.ndarray) -> np.ndarray:
    """Booleans as 0 and 1, and floats that hold whole numbers, as Keras has labels."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "O":
        raise TypeError("labels hold objects that are no numbers; expected integers")
    if values.dtype.kind != "f":
        hint = "integers; encode names first: numpy.unique(labels, return_inverse=True)[1]"
        raise dtype_error("labels", str(values.dtype), hint)
    whole = (values == np.floor(values)) & (np.abs(values) < 2.0**63)
    if not whole.all():
        place = tuple(int(i[0]) for i in (~whole).nonzero())
        raise ValueError(
            f"labels is {values[place]} at position {place}; expected a class index, or "
            "kind='one_hot' or 'multi_label'"
        )
    return values.astype(np.int64)


def _last(name: str, values: np.ndarray, axis: int) -> np.ndarray:
    if not -values.ndim <= axis < values.ndim:
        raise shape_error(name, values.shape, f"an axis of classes at axis={axis}")
    return np.moveaxis(values, axis, -1)


def _weights(
    sample_weight: Any, items: tuple[int, ...], included: np.ndarray | None
) -> np.ndarray | None:
    if sample_weight is None:
        return None
    weights = as_numpy("sample_weight", sample_weight)
    if weights.dtype.kind not in "iuf":
        raise dtype_error("sample_weight", str(weights.dtype), "real numbers")
    weights = _placed("sample_weight", weights.astype(np.float64), items)
    check_weights("sample_weight", weights, included)
    return weights


def _included(mask: Any, ignore_index: int | None, labels: Labels) -> np.ndarray | None:
    included = None
    if mask is not None:
        included = as_numpy("mask", mask)
        if included.dtype.kind != "b":
            raise dtype_error("mask", str(included.dtype), "bool")
        included = _placed("mask", included, labels.items)
    if ignore_index is None:
        return included
    ignored = ignored_number(ignore_index)
    if labels.kind == "one_hot":
        raise ValueError("ignore_index with kind='one_hot'; expected class indices, or use mask=")
    kept: np.ndarray = labels.values != ignored
    return kept if included is None else kept & included


def _placed(name: str, array: np.ndarray, items: tuple[int, ...]) -> np.ndarray:
    """In the items' shape: a prefix of it, or the same rank with each axis equal or 1."""
    prefix = array.ndim < len(items) and array.shape == items[: array.ndim]
    equal = array.ndim == len(items) and all(
        a in (1, b) for a, b in zip(array.shape, items, strict=True)
    )
    if not (prefix or equal):
        expected = f"a prefix of the items' shape {items}, or its rank with each axis equal or 1"
        raise shape_error(name, array.shape, expected)
    array = array.reshape(array.shape + (1,) * (len(items) - array.ndim))
    return np.broadcast_to(array, items)
