"""What the tests of dialects share: drawn cases, libraries' answers, and how near ours must be.

Every example in float32, and every second in float64, is compared with the library itself and with
NumPy and PyTorch; a share of them with JAX and TensorFlow, which take ten times as long. A case is
drawn from few shapes, so that JAX compiles few operations; JAX runs operation by operation here
(its compiled path is the core's, and is tested with that).
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zlib import crc32

import jax
import numpy as np
from hypothesis import HealthCheck, settings

import wce_core
from wce_conformance.adapters import adapter
from wce_core.call.handles import TrackedItems

THOROUGH = bool(os.environ.get("WCE_EVERY_CASE"))
SHARE = {
    ("agree", "float64"): 2,
    ("jax", "float32"): 8,
    ("jax", "float64"): 16,
    ("tensorflow", "float32"): 6,
    ("tensorflow", "float64"): 12,
}
"""Of how many examples one is computed; all if it is not named here, or by ``nox -s thorough``."""


def one_in(what: str, x: np.ndarray) -> int:
    """1: every example is computed."""
    return 1 if THOROUGH else SHARE.get((what, x.dtype.name), 1)


FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow")
EPS = {"float32": 2.0**-23, "float64": 2.0**-52}
DTYPES = ("float32", "float64")

drawn = settings(
    max_examples=200 if THOROUGH else 48,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

Arrays = Mapping[str, Any]
Function = Callable[..., Any]


@functools.cache
def framework(name: str) -> Any:
    return adapter(name)


@contextlib.contextmanager
def running(name: str, dtype: str) -> Iterator[None]:
    if name != "jax":
        yield
        return
    with jax.enable_x64(dtype == "float64"), jax.disable_jit():
        yield


def measured(name: str, function: Function, x: np.ndarray, arrays: Arrays) -> tuple[Any, Any]:
    """(value, gradient of its sum to ``x``) of ``function(x, **arrays)`` in a framework."""
    own = framework(name)
    with running(name, x.dtype.name), np.errstate(all="ignore"):
        if name == "numpy":
            return _by_handles(function, x, arrays)
        inside = {key: own.array(np.asarray(value)) for key, value in arrays.items()}
        value, gradient = own.differentiate(
            "eager", lambda x: function(x, **inside), {"x": own.array(x)}, "x"
        )
        return own.numpy(value), own.numpy(gradient)


def _by_handles(function: Function, x: np.ndarray, arrays: Arrays) -> tuple[Any, Any]:
    def scalar(handle: Any) -> Any:
        result = function(handle, **arrays)
        return result.sum() if isinstance(result, TrackedItems) else result

    _, gradient = wce_core.value_and_grad(scalar)(x)
    return np.asarray(function(x, **arrays)), gradient


def near(own: Any, other: Any, bound: float, what: str) -> None:
    """Equal shapes, NaN where NaN, and a difference of at most ``bound``·(1 + |other|)."""
    own, other = np.asarray(own, dtype=np.float64), np.asarray(other, dtype=np.float64)
    assert own.shape == other.shape, (what, own.shape, other.shape)
    np.testing.assert_allclose(own, other, rtol=bound, atol=bound, err_msg=what)


def agree(
    ours: Function,
    theirs: Function,
    x: np.ndarray,
    arrays: Arrays,
    *,
    library: str,
    condition: float = 1.0,
    gradient: bool = True,
    library_eps: float = 0.0,
) -> None:
    """Ours is theirs to their rounding, and ours elsewhere to 16 ulp of a number of its size.

    ``library`` is the framework that theirs runs on. ``condition`` is by how much rounding an
    input of theirs changes the result, ``library_eps`` in what they compute whatever the dtype.
    """
    eps = EPS[x.dtype.name]
    if crc32(x.tobytes()) % one_in("agree", x):
        return
    bound = 64 * max(eps, library_eps) * condition
    value, slope = measured(library, theirs, x, arrays)
    own_value, own_slope = measured(library, ours, x, arrays)
    near(own_value, value, bound, "value beside the library's")
    if gradient:
        near(own_slope, slope, bound, "gradient beside the library's")
    assert np.asarray(own_value).dtype == x.dtype
    everywhere(ours, x, arrays, own_value, own_slope, condition=condition)


def everywhere(
    ours: Function,
    x: np.ndarray,
    arrays: Arrays,
    value: Any,
    slope: Any,
    *,
    condition: float = 1.0,
) -> None:
    """The same value and gradient in every framework."""
    eps = EPS[x.dtype.name]
    drawn_number = crc32(x.tobytes()) // 2
    for name in FRAMEWORKS:
        if drawn_number % one_in(name, x):
            continue
        other_value, other_slope = measured(name, ours, x, arrays)
        near(other_value, value, 16 * eps * condition, f"value on {name}")
        near(other_slope, slope, 16 * eps * condition, f"gradient on {name}")


def signature(function: Any) -> list[tuple[str, Any, Any]]:
    import inspect

    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
