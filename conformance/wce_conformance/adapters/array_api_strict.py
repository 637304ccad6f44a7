"""array-api-strict: nothing but the standard."""

from __future__ import annotations

from typing import Any

import array_api_strict
import numpy as np

from wce_conformance.adapters.numpy import NumpyAdapter


class ArrayApiStrictAdapter(NumpyAdapter):
    """No half types: the standard has none."""

    name = "array_api_strict"
    dtypes = frozenset({"float64", "float32", "int64", "int32", "int16", "int8", "uint8", "bool"})

    def array(self, array: np.ndarray) -> Any:
        """On the default device."""
        return array_api_strict.asarray(array)

    def numpy(self, array: Any) -> np.ndarray:
        """By DLPack."""
        return np.from_dlpack(array)
