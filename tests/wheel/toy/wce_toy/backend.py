"""The backend, as a third party writes it: a namespace, conversions, and a way to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wce_backends.generic import GenericBackend
from wce_toy import Box, unboxed


class _Namespace:
    """NumPy's functions on boxes."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if not callable(found) or isinstance(found, type) or name in ("finfo", "iinfo"):
            return found
        return _on_boxes(found)


def _on_boxes(function: Callable[..., Any]) -> Callable[..., Any]:
    def boxed(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("device", None)
        return Box(function(*unboxed(args), **{k: unboxed(v) for k, v in kwargs.items()}))

    return boxed


class ToyBackend(GenericBackend):
    """No autodiff of its own: gradients by ``wce_core.value_and_grad``."""

    def __init__(self) -> None:
        super().__init__("wce_toy", _Namespace(), Box)

    def asarray(self, value: np.ndarray, like: Box) -> Box:
        """Boxed."""
        return Box(value)

    def to_numpy(self, array: Box) -> np.ndarray:
        """Unboxed."""
        return array.values


BACKEND = ToyBackend()
