"""Elementary functions under each framework's compiler, at lengths with vector code and without.

Compilers put their own code in the place of a framework's: PyTorch's Inductor writes ``expm1`` as
exp(x) − 1 where it vectorizes, and XLA's ``log1p`` of float64 is off by 120 eps in one range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from wce_conformance.adapters import adapter
from wce_conformance.judging.numbers import EPS
from wce_core.arrays.numerics import complement_of_exp, log_complement, log_complement_of_exp
from wce_core.frameworks.registry import backend_of
from wce_core.types import Namespace

# PyTorch's compiler uses what PyTorch deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")

REAL: dict[str, Callable[[Any], Any]] = {
    "exp": mp.exp,
    "log1p": mp.log1p,
    "1 - exp": lambda x: -mp.expm1(x),
    "log(1 - p)": lambda p: mp.log1p(-p),
    "log(1 - exp)": lambda x: mp.log(-mp.expm1(x)) if x else -mp.inf,
}
OWN: dict[str, Callable[[Namespace, Any], Any]] = {
    "exp": lambda xp, x: xp.exp(x),
    "log1p": lambda xp, x: xp.log1p(-x),
    "1 - exp": complement_of_exp,
    "log(1 - p)": lambda xp, x: log_complement(xp, 1.0 + x / 32.0),
    "log(1 - exp)": log_complement_of_exp,
}
"""Of x ≤ 0, made into what each is used for."""
ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "exp": lambda x: x,
    "log1p": lambda x: -x,
    "1 - exp": lambda x: x,
    "log(1 - p)": lambda x: 1 + x / 32,
    "log(1 - exp)": lambda x: x,
}
POINTS = [0.0, -1e-30, -1e-9, -1e-7, -3e-4, -0.01, -0.125, -0.35, -0.4, -0.499, -0.5, -0.501]
POINTS += [-0.69, -0.7, -1.0, -1.4, -5.0, -17.0, -19.3, -20.6, -31.9]


def error(name: str, x: float, got: float, dtype: str) -> float:
    with mp.workdps(40):
        argument = ARGUMENTS[name](mp.mpf(x))
        if name == "log(1 - p)":  # as it was rounded
            argument = mp.mpf(float(np.asarray(1, dtype) + np.asarray(x, dtype) / 32))
        want = REAL[name](argument) if not (name == "log(1 - p)" and argument == 1) else -mp.inf
        if not mp.isfinite(want) or want == 0:
            return 0.0 if got == float(want) else float("inf")
        return float(abs((mp.mpf(got) - want) / want) / EPS[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [1, 5, 100])
def test_near_the_real_function(backend: str, dtype: str, length: int) -> None:
    framework = adapter(backend)
    points = np.resize(np.array(POINTS, dtype), 100 if length == 100 else len(POINTS))
    be = backend_of(framework.array(points))
    assert be is not None
    xp = be.xp

    def functions(x: Any) -> Any:
        return tuple(function(xp, x) for function in OWN.values())

    compiled = be.compile(functions)
    starts = range(0, len(points) - length + 1, length)
    with be.scope(), np.errstate(all="ignore"):
        for start in list(starts)[: 4 if length == 5 else None]:
            own = points[start : start + length]
            for name, found in zip(OWN, compiled(framework.array(own)), strict=True):
                got = framework.numpy(found).tolist()
                errors = [error(name, float(x), y, dtype) for x, y in zip(own, got, strict=True)]
                assert max(errors) <= 3.0, (name, own[int(np.argmax(errors))], max(errors))
