"""In which dtype a loss is computed, and how results are rounded.

=========  ==========================  =========================  =======================
precision  predictions                 item losses and gradients  sums and weight products
=========  ==========================  =========================  =======================
native     float64                     float64                    float64
native     float32, bfloat16, float16  float32                    float64 where it exists
exact      float32, bfloat16, float16  float64                    float64
exact      float64                     the same as native
=========  ==========================  =========================  =======================

Results are rounded once to float32 and a half result once more from there, on every framework.

Target masses, and the products of class weights with them, are kept in the dtype of sums until they
meet a logarithm, if float32 would lose some: 1 − y of a float64 y near 1, or weights of 1e-50. That
takes a float64 number per class, so large arrays are spared it where it is known to change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from .types import Array, Arrays

if TYPE_CHECKING:
    from .backend import Backend

FEW = 2**14
"""Predictions up to which float64 masses take less time than a look at the weights."""
ORDINARY = 2.0**40
"""Weights up to it, and from its inverse on, keep their products with float32 masses in range."""
HALVES = ("float16", "bfloat16")
SMALLEST_NORMAL = 2.0**-126
"""Of float32. XLA and TensorFlow flush what is smaller, so exact results do it everywhere."""


def at_least_float32(dtype: str) -> str:
    """float32 for half types."""
    return "float32" if dtype in HALVES else dtype


def wider(a: str, b: str) -> str:
    """The wider of two floating dtypes, at least float32."""
    return "float64" if "float64" in (a, b) else "float32"


def widened(be: Backend, array: Array, dtype: str) -> Array:
    """A cast upwards. Halves pass through float32, so that autodiff rounds back the same way."""
    if be.dtype_name(array) in HALVES and dtype == "float64":
        array = be.cast(array, "float32")
    return be.cast(array, dtype)


def mass_dtype(
    be: Backend,
    arrays: Arrays,
    given: Mapping[str, Any],
    weights: tuple[str, ...],
    compute: str,
    accumulate: str,
) -> str:
    """The dtype of target masses; ``weights`` name what multiplies them, ``given`` as they came."""
    if be.dtype_name(arrays["targets"]) == accumulate:
        return accumulate
    if be.readable(arrays["predictions"]) and prod(arrays["predictions"].shape) <= FEW:
        held = not any(name in arrays for name in weights)
    else:
        held = all(_ordinary(be, given[name]) for name in weights if name in arrays)
    return compute if held else accumulate


def _ordinary(be: Backend, given: Any) -> bool:
    """Are weights known to be neither huge nor tiny?"""
    values = be.known(given)
    if values is None:
        return _ordinary_numbers(given)
    size = values[values != 0]
    return not size.size or bool(size.min() >= 1.0 / ORDINARY and size.max() <= ORDINARY)


def _ordinary_numbers(given: Any) -> bool:
    """The same of Python's numbers, which compilers know, too."""
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return all(map(_ordinary_numbers, given))
    return type(given) in (int, float) and (given == 0 or 1.0 / ORDINARY <= given <= ORDINARY)


def rounded(be: Backend, array: Array, dtype: str, *, exact: bool) -> Array:
    """``array`` in the result's dtype; exact results have float32's flush and double rounding."""
    xp = be.xp
    if dtype != "float64" and be.dtype_name(array) == "float64":
        if exact:
            # Subtracted as a constant: a loss of 0 has a derivative nevertheless.
            tiny = xp.where(xp.abs(array) < SMALLEST_NORMAL, array, 0.0)
            array = array - be.constant(tiny)
        array = be.cast(array, "float32")
    return be.cast(array, dtype)
