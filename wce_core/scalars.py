"""Numbers that are options: Python's, NumPy's, and arrays without axes whose value can be read."""

from __future__ import annotations

import operator
from numbers import Integral, Real
from typing import Any


def number(name: str, value: Any, expected: str) -> int | float:
    """The value as an ``int`` or ``float``; a TypeError for what is no number.

    >>> import numpy as np
    >>> number("axis", np.int8(-1), "an integer"), number("clip", np.array(0.25), "a number")
    (-1, 0.25)
    """
    if isinstance(value, float):
        return constant(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (Integral, Real)) and not isinstance(value, bool):
        return int(value) if isinstance(value, Integral) else float(value)
    read = _reader(value)
    try:
        if read is not None:
            found: int | float = read(value)
            return found
    except TypeError:  # traced: it has no value yet
        pass
    raise TypeError(f"{name} is {value!r}; expected {expected}")


def constant(value: float) -> float:
    """The same number, which no compiler takes for a variable.

    Of a float that differs from one compiled function to the next Dynamo makes a variable, which is
    no part of an error message and decides no branch. Of its numerator it makes none.
    """
    if value - value != 0.0:  # infinite, or NaN
        return value
    numerator, denominator = value.as_integer_ratio()
    return numerator / denominator


def integer(name: str, value: Any, expected: str) -> int:
    """The same of what counts."""
    found = number(name, value, expected)
    if isinstance(found, int):
        return found
    raise TypeError(f"{name} is {value!r}; expected {expected}")


def _reader(value: Any) -> Any:
    """How an array without axes is read; None for one that is of no number, or wants a gradient."""
    if getattr(value, "shape", None) != () or getattr(value, "requires_grad", False):
        return None
    dtype = str(getattr(value, "dtype", ""))
    if "int" in dtype:
        return operator.index
    return float if "float" in dtype else None
