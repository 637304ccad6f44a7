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
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .types import Array

if TYPE_CHECKING:
    from .backend import Backend

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
