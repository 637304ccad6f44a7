"""Sums of two float64 arrays, against mpmath: in every framework, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from typing import Any

import mpmath
import numpy as np
import pytest

from wce_backends.numpy import BACKEND as NUMPY
from wce_conformance.adapters import adapter
from wce_core.arrays.double.array import Double
from wce_core.arrays.double.ops import DoubleOps
from wce_core.arrays.double.rounding import to_float32
from wce_core.arrays.double.steps import split, two_product, two_sum
from wce_core.arrays.ops import ArrayOps
from wce_core.frameworks.registry import backend_of

mp: Any = mpmath.mp
COUNT = 60
HERE = {"torch": "torch.backend", "tensorflow": "tensorflow.backend", "jax": "jax"}
ERRORS = {
    "sum": -102.0, "difference": -102.0, "product": -100.0, "quotient": -100.0,
    "exp": -96.0, "expm1": -96.0, "log": -96.0, "log1p": -96.0, "total": -100.0, "softmax": -93.0,
}  # fmt: skip
"""Base-2 logarithms of relative errors that are not exceeded; measured ones are 2 to 8 below."""


def operands() -> tuple[np.ndarray, ...]:
    """Two arrays of pairs, of all sizes and signs."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=COUNT // 2) * 60, rng.normal(size=COUNT // 2) * 1e-4])
    y = rng.normal(size=COUNT) * np.exp(rng.normal(size=COUNT) * 10)
    return (*_pair(rng, x), *_pair(rng, y))


def _pair(rng: np.random.Generator, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return hi, rng.uniform(-0.49, 0.49, hi.size) * np.spacing(np.abs(hi))


COMPILED = ("sum", "product", "quotient", "exp", "log1p", "total")
"""What is compiled, all of it as one program: of these the others are made."""
FOLLOWED = ("sum", "product")
"""What Dynamo follows by itself: it has no way with a tensor beside a Double."""


def computed(ops: ArrayOps, name: str, a: Double, b: Double) -> Double:
    xp = DoubleOps(ops).xp

    def softmax() -> Any:
        exp = xp.exp(a - xp.max(a, axis=0, keepdims=True))
        return exp / xp.sum(exp, axis=0, keepdims=True)

    results: dict[str, Callable[[], Any]] = {
        "sum": lambda: a + b,
        "difference": lambda: a - b,
        "product": lambda: a * b,
        "quotient": lambda: a / b,
        "exp": lambda: xp.exp(a),
        "expm1": lambda: xp.expm1(a),
        "log": lambda: xp.log(abs(b)),
        "log1p": lambda: xp.log1p(abs(b)),
        "total": lambda: xp.sum(abs(b), axis=0, keepdims=True),
        "softmax": softmax,
    }
    found: Double = results[name]()
    return found


def true_values() -> dict[str, list[Any]]:
    xh, xl, yh, yl = (list(map(mp.mpf, map(float, each))) for each in operands())
    x, y = (list(map(mp.fsum, zip(*each, strict=True))) for each in ((xh, xl), (yh, yl)))
    both = list(zip(x, y, strict=True))
    exp = [mp.exp(a - max(x)) for a in x]
    return {
        "sum": [a + b for a, b in both],
        "difference": [a - b for a, b in both],
        "product": [a * b for a, b in both],
        "quotient": [a / b for a, b in both],
        "exp": list(map(mp.exp, x)),
        "expm1": list(map(mp.expm1, x)),
        "log": [mp.log(abs(b)) for b in y],
        "log1p": [mp.log1p(abs(b)) for b in y],
        "total": [mp.fsum(map(abs, y))],
        "softmax": [e / mp.fsum(exp) for e in exp],
    }


def operations(backend: str, array: Any) -> ArrayOps:
    """Those of closed forms."""
    found = backend_of(array)
    assert found is not None
    if backend not in HERE:
        return found
    module: Any = import_module(f"wce_backends.{HERE[backend]}")
    closed = getattr(module, "CLOSED", None)
    own: ArrayOps = closed if isinstance(closed, ArrayOps) else module.BACKEND
    return own


def routes(backend: str) -> dict[str, Callable[[Any], Any]]:
    """As it is, and by what compiles."""
    own = adapter(backend)
    found: dict[str, Callable[[Any], Any]] = {"eager": lambda function: function}
    if "compiled" in own.routes:
        found["compiled"] = own.compiled
    if backend == "tensorflow":
        import tensorflow as tf

        found["xla"] = lambda function: tf.function(function, jit_compile=True, autograph=False)
    return found


def test_every_function(backend: str) -> None:
    with mp.workprec(300):
        true, own = true_values(), adapter(backend)
        for route, compiled in routes(backend).items():
            names = FOLLOWED if backend == "torch" else COMPILED
            names = tuple(ERRORS) if route == "eager" else names
            parts = run(backend, own, compiled, names)
            for name in names:
                error = max(map(relative, true[name], *parts[name]))
                assert mp.log(error, 2) < ERRORS[name], (route, name, error)


def run(
    backend: str, own: Any, compiled: Callable[[Any], Any], names: tuple[str, ...]
) -> dict[str, Any]:
    """Both parts of each result, as NumPy arrays."""

    given = list(map(own.array, operands()))
    ops = operations(backend, given[0])

    def program(xh: Any, xl: Any, yh: Any, yl: Any) -> Any:
        a, b = Double(ops, xh, xl), Double(ops, yh, yl)
        found = [computed(ops, name, a, b) for name in names]
        return [(each.hi, each.lo) for each in found]

    found = wide(backend, compiled(program), given)
    return {n: tuple(map(own.numpy, each)) for n, each in zip(names, found, strict=True)}


def wide(backend: str, program: Callable[..., Any], given: list[Any]) -> Any:
    """A program of float64 needs a switch in JAX."""
    if backend != "jax":
        return program(*given)
    import jax

    with jax.enable_x64(True):
        return program(*given)


def relative(want: Any, hi: float, lo: float) -> Any:
    assert hi + lo == hi
    return max(abs((mp.mpf(float(hi)) + mp.mpf(float(lo)) - want) / want), mp.mpf(2) ** -200)


def exactly(pair: Any) -> Fraction:
    return sum((Fraction(float(each)) for each in pair), Fraction(0))


@pytest.mark.parametrize("seed", range(3))
def test_the_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for a, b in rng.normal(size=(50, 2)) * np.exp(rng.normal(size=(50, 2)) * 20):
        assert exactly(two_sum(a, b)) == Fraction(a) + Fraction(b)
        upper, lower = split(NUMPY, np.asarray(a))
        assert exactly((upper, lower)) == Fraction(a)
        assert int(np.asarray(upper).view(np.int64)) % 2**27 == 0
        halves = split(NUMPY, np.asarray(a)), split(NUMPY, np.asarray(b))
        product = Fraction(a) * Fraction(b)
        assert abs(exactly(two_product(NUMPY, *halves)) - product) <= abs(product) / 2**104


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_rounding_to_float32_is_done_once(sign: float) -> None:
    """A float64 middle between two float32 numbers, and a lower part that says which is nearer."""
    middle = sign * (1 + 2.0**-24)
    for lo, want in ((2.0**-60, 1 + 2.0**-23), (-(2.0**-60), 1.0), (0.0, 1.0)):
        own = Double(NUMPY, np.array([middle]), np.array([sign * lo]))
        assert float(to_float32(NUMPY, own)[0]) == sign * want
    tiny = 2.0**-126
    for lo, want in ((0.0, tiny), (-(2.0**-182), 0.0)):
        own = Double(NUMPY, np.array([sign * tiny]), np.array([sign * lo]))
        assert float(to_float32(NUMPY, own)[0]) == sign * want


def test_what_is_infinite_or_nan_is_no_number() -> None:
    xp = DoubleOps(NUMPY).xp
    with np.errstate(all="ignore"):
        own = Double(NUMPY, np.array([-np.inf, np.inf, np.nan]), np.zeros(3))
        for each in (own, own + 1.0, own * 2.0, own / 3.0):
            assert not xp.isfinite(each).any()
        assert list((own - 1.0).hi[:2]) == [-np.inf, np.inf]
        assert xp.exp(own).hi[0] == xp.exp(own - 1.0).hi[0] == 0.0
        assert np.isnan(xp.exp(own).hi[2])


def test_numpy_makes_no_array_of_objects_of_it() -> None:
    with pytest.raises(TypeError, match="DoubleNamespace"):
        np.stack([Double(NUMPY, np.ones(2), np.zeros(2))] * 2)
