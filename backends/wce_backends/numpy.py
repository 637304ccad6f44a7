"""NumPy, 2.1 and later, which is an array API namespace itself; bfloat16 through ml_dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_core.backend import Description
from wce_core.blocks import in_blocks
from wce_core.evaluate import Spec
from wce_core.types import Array, Arrays

from .generic import GenericBackend

BLOCK = 2**16
"""Elements a block: with its temporaries it stays in the second-level cache."""


class NumpyBackend(GenericBackend):
    """Blocks of rows that stay in cache."""

    def __init__(self) -> None:
        super().__init__("numpy", np, np.ndarray)

    def owns(self, array: object) -> bool:
        """Arrays and NumPy's scalars."""
        return isinstance(array, (np.ndarray, np.generic))

    def refusal(self, array: Array) -> str | None:
        """Masked arrays lose their mask in NumPy's own functions; matrices keep rank 2."""
        if isinstance(array, np.ma.MaskedArray):
            return "a masked array; pass its data and mask=~array.mask"
        if isinstance(array, np.matrix):
            return "a numpy.matrix; pass numpy.asarray of it"
        return None

    def dtype_name(self, array: Array) -> str:
        """NumPy's own name is the standard's."""
        return str(array.dtype.name)

    def dtype(self, name: str) -> Any:
        """bfloat16 is not NumPy's own."""
        if name == "bfloat16":
            import ml_dtypes

            return np.dtype(ml_dtypes.bfloat16)
        return np.dtype(name)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """The array itself."""
        del like
        return value

    def readable(self, array: Array) -> bool:
        """Always."""
        del array
        return True

    def to_numpy(self, array: Array) -> np.ndarray:
        """The array itself; bfloat16, which NumPy's own functions do not know, as float32."""
        own: np.ndarray = np.asarray(array)
        return own.astype(np.float32) if own.dtype.name == "bfloat16" else own

    def put(self, array: Array, index: Array, value: Any, axis: int) -> Array:
        """In place: nothing is recorded."""
        np.put_along_axis(array, index, value, axis)
        return array

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """Numbers and NumPy's scalars alike."""
        del like
        return np.asarray(value, dtype=self.dtype(dtype))

    def run(self, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
        """In blocks, without a gradient."""
        with np.errstate(all="ignore"):
            outputs, _ = in_blocks(self, spec, arrays, gradient=False, size=BLOCK)
        return _scalars(outputs)

    def fused(self, spec: Spec, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        """In blocks, with the gradient."""
        with np.errstate(all="ignore"):
            outputs, gradient = in_blocks(self, spec, arrays, gradient=True, size=BLOCK)
        return _scalars(outputs), gradient

    def describe(self) -> Description:
        """NumPy's version."""
        return Description(np.__version__, ("cpu",), True)


def _scalars(outputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """Rank-0 results as NumPy's own functions return them."""
    return tuple(output[()] for output in outputs)


BACKEND = NumpyBackend()
