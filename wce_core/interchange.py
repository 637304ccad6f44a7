"""Numbers of libraries that are no backend, as NumPy arrays: data frames, Arrow, labelled arrays.

By the protocols that NumPy itself reads. Rows count by their place; what names them is not looked
at, but by weights of classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import unread_error

PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")
OF_FRAMEWORKS = ("__torch_function__", "__jax_array__", "__tf_tensor__")
"""What stands for a tensor of a framework: NumPy would lose its gradient."""
CATEGORICAL = ("category", "dictionary<")
NO_NUMBERS = dict.fromkeys("UST", "text") | dict.fromkeys("Mm", "dates")
"""By the kind of the dtype. That of ml_dtypes' numbers is V."""


def as_numpy(value: Any, name: str) -> np.ndarray | None:
    """The numbers of an object that offers them; None for one that does not.

    A TypeError for what NumPy would read as something else: categories as what they stand for,
    missing values as NaN.
    """
    read = _reader(value)
    if read is None:
        return None
    if any(str(dtype).startswith(CATEGORICAL) for dtype in _dtypes(value)):
        raise unread_error(name, "categories")
    try:
        array: np.ndarray = read(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise TypeError(f"{name} is {_kind(value)}, which NumPy cannot read: {error}") from error
    if _may_lack_values(value) and array.dtype.kind == "f" and np.isnan(array).any():
        raise unread_error(name, "missing values")
    return array


def numbers(value: Any) -> np.ndarray:
    """Nested lists of numbers; integers that no integer dtype holds as float64."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "O" else array


def no_numbers(array: np.ndarray) -> str | None:
    """What an array holds in the place of numbers, if it does."""
    kind = array.dtype.kind
    if kind != "O":
        return NO_NUMBERS.get(kind)
    odd = (each for each in array.flat if not isinstance(each, (int, float, np.generic)))
    first = next(odd, array)
    if isinstance(first, (str, bytes)):
        return "text"
    return "missing values" if first is None or type(first).__name__ == "NAType" else "objects"


def by_class(value: Any) -> Any:
    """A Series of weights as a mapping by its index, which may name classes in any order."""
    index = getattr(value, "index", None)
    if not hasattr(value, "to_dict") or getattr(value, "ndim", None) != 1 or index is None:
        return value
    array = as_numpy(value, "class_weight")
    if array is None or no_numbers(array):
        return value
    weights = dict(zip(index, array.tolist(), strict=True))
    if len(weights) != len(array):
        raise ValueError("class_weight is a Series whose index names a class twice")
    return weights


def _reader(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, (str, bytes)) or any(hasattr(kind, name) for name in OF_FRAMEWORKS):
        return None
    if any(hasattr(kind, name) for name in PROTOCOLS):
        return np.asarray
    if hasattr(kind, "__dlpack__"):
        return np.from_dlpack
    try:
        memoryview(value)
    except TypeError:
        return None
    return np.asarray


def _dtypes(value: Any) -> list[Any]:
    """Of an array its dtype, of a table those of its columns."""
    of_schema = getattr(getattr(value, "schema", None), "types", None)
    found: Any = getattr(value, "dtypes", None) if of_schema is None else of_schema
    if isinstance(found, list) or getattr(found, "ndim", 0) == 1:
        return list(found)
    return [getattr(value, "dtype", None), getattr(value, "type", None)]


def _may_lack_values(value: Any) -> bool:
    """Has it a conversion of its own, which makes NaN of what is missing, and no dtype of NumPy?"""
    own = getattr(value, "dtype", None)
    return hasattr(type(value), "__array__") and not isinstance(own, np.dtype)


def _kind(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
