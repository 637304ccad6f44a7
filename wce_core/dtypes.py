"""The names of dtypes, as the array API standard has them."""

from __future__ import annotations

from typing import Any

from wce_core.errors import dtype_error

HALVES = ("float16", "bfloat16")


SMALLEST_NORMAL = 2.0**-126
"""Of float32. XLA and TensorFlow flush what is smaller, so exact results do it everywhere."""


def at_least_float32(dtype: str) -> str:
    """float32 for half types."""
    return "float32" if dtype in HALVES else dtype


def wider(a: str, b: str) -> str:
    """The wider of two floating dtypes, at least float32."""
    return "float64" if "float64" in (a, b) else "float32"


FLOATING = ("float64", "float32", *HALVES)


def dtype_name(dtype: Any) -> str:
    """The standard's name of any framework's dtype object, or the string itself.

    >>> import numpy as np
    >>> dtype_name(np.float32), dtype_name(np.dtype("float64")), dtype_name("bfloat16")
    ('float32', 'float64', 'bfloat16')
    """
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if isinstance(name, str):
        return name
    return str(getattr(dtype, "__name__", dtype)).rpartition(".")[2]


def result_name(dtype: Any) -> str | None:
    """The name of the result's dtype if one is asked for."""
    if dtype is None:
        return None
    name = dtype_name(dtype)
    if name not in FLOATING:
        raise dtype_error("the result (dtype=)", name, "one of " + ", ".join(FLOATING))
    return name
