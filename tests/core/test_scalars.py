"""Options that are numbers: of Python, of NumPy, and arrays without axes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_core import losses

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])
P = np.array([[0.2, 0.3, 0.5], [0.0, 0.4, 0.6]])
Y = np.array([2, 0])
PLAIN: dict[str, dict[str, Any]] = {
    "ignore_index": {"ignore_index": 0},
    "label_smoothing": {"label_smoothing": 0.25},
    "axis": {"axis": 1},
    "clip": {"form": "probabilities", "clip": 0.125},
    "normalizer": {"reduction": "sum", "normalizer": 4},
}
OF_FLOATS = (np.float64, np.float32, np.float16, np.array, Fraction)
OF_INTEGERS = (np.int64, np.uint8, np.array)


def _loss(own: Any, options: dict[str, Any], *, dtype: Any = np.float32) -> np.ndarray:
    x = P if "clip" in options else X
    found = losses.cross_entropy(own.array(x.astype(dtype)), own.array(Y), **options)
    return np.asarray(own.numpy(found))


@pytest.mark.parametrize("name", list(PLAIN))
def test_numbers_of_every_kind(backend: str, name: str) -> None:
    own, options = adapter(backend), PLAIN[name]
    expected, value = _loss(own, options), options[name]
    for kind in OF_FLOATS if isinstance(value, float) else OF_INTEGERS:
        np.testing.assert_array_equal(_loss(own, {**options, name: kind(value)}), expected)


@pytest.mark.parametrize("name", list(PLAIN))
def test_arrays_without_axes_of_the_framework(backend: str, name: str) -> None:
    own, options = adapter(backend), PLAIN[name]
    value = np.asarray(options[name])
    given = own.array(value if value.dtype.kind == "i" else value.astype(np.float32))
    expected = _loss(own, options)
    for _ in range(20):  # as often as calls are replayed
        np.testing.assert_array_equal(_loss(own, {**options, name: given}), expected)


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "normalizer"])
@pytest.mark.parametrize(
    "value",
    ["0", True, np.True_, np.array([0]), np.array(True), 1j, Decimal(0), [0], {}],
    ids=repr,
)
def test_what_is_no_number(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} is .*; expected"):
        losses.cross_entropy(P, Y, **{**PLAIN[name], name: value})


@pytest.mark.parametrize("value", [0.9, 1.0, np.float64(1.0), np.array(1.0)])
def test_an_axis_is_whole(value: Any) -> None:
    with pytest.raises(TypeError, match="axis is .*; expected an integer"):
        losses.cross_entropy(X, Y, axis=value)
    with pytest.raises(TypeError, match="axis is .*; expected an integer"):
        losses.binary_cross_entropy(X, P, axis=value)


def test_conventions_hold_plain_numbers() -> None:
    plain = losses.Probabilities(clip=0.25, offset=0.5, floor=-100)
    same = losses.Probabilities(np.array(0.25), np.float32(0.5), np.int8(-100))
    assert same == plain
    assert hash(same) == hash(plain)
    assert {type(v) for v in (same.clip, same.offset, same.floor)} == {float}
    for name in ("clip", "offset", "floor"):
        with pytest.raises(TypeError, match=f"{name} is '1'; expected a"):
            losses.Probabilities(**{name: "1"})
    with pytest.raises(TypeError, match="offset is None"):
        losses.Probabilities(offset=None)


def test_an_option_changed_in_place_counts() -> None:
    """A program that is replayed holds no array that may change."""
    epsilon = np.array(0.0)
    loss = [losses.cross_entropy(X, Y, label_smoothing=epsilon) for _ in range(20)][-1]
    epsilon[...] = 0.5
    assert losses.cross_entropy(X, Y, label_smoothing=epsilon) > loss
