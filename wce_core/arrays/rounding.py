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
What is rounded differs in its last float64 digits, by each framework's ``exp`` and order of sums:
next to the middle between two float32 numbers, exact results differ too, unless they are looked at
again (:mod:`wce_core.evaluation.second_look`). Of 1.4 billion gradient elements it was one to five
in 10⁹, and 8 to 15 % of those that cancel.
"""

from __future__ import annotations

from wce_core.arrays.ops import ArrayOps
from wce_core.dtypes import HALVES, SMALLEST_NORMAL
from wce_core.types import Array


def widened(ops: ArrayOps, array: Array, dtype: str) -> Array:
    """A cast upwards. Halves pass through float32, so that autodiff rounds back the same way."""
    if ops.dtype_name(array) in HALVES and dtype == "float64":
        array = ops.cast(array, "float32")
    return ops.cast(array, dtype)


def rounded(ops: ArrayOps, array: Array, dtype: str, *, exact: bool) -> Array:
    """``array`` in the result's dtype; exact results have float32's flush and double rounding."""
    xp = ops.xp
    if dtype != "float64" and ops.dtype_name(array) == "float64":
        if exact:
            # Subtracted as a constant: a loss of 0 has a derivative nevertheless.
            tiny = xp.where(xp.abs(array) < SMALLEST_NORMAL, array, 0.0)
            array = array - ops.constant(tiny)
        array = ops.cast(array, "float32")
    return ops.cast(array, dtype)
