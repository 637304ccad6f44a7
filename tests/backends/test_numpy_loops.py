"""Compiled loops: as accurate as NumPy's functions, on any memory, and switched off at will."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mpmath
import numpy as np
import pytest

import wce_core
from wce_backends import fast
from wce_backends.numpy import BACKEND
from wce_core import losses
from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps

pytest.importorskip("numba", reason="loops are compiled by it; other sessions run without")

from wce_backends.fast import loops, ops, threads

DTYPES = [np.dtype("float32"), np.dtype("float64")]
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan]
LOSS = wce_core.value_and_grad(losses.cross_entropy)


@pytest.fixture(autouse=True)
def on() -> Iterator[None]:
    before = fast.in_use()
    fast.use(True)
    yield
    fast.use(before)


def ulps(found: np.ndarray, true: list[Any]) -> float:
    """The largest error, in units in the last place of the true numbers."""
    with mpmath.workprec(120):
        return max(
            float(abs(mpmath.mpf(float(a)) - b) / float(np.spacing(found.dtype.type(b))))
            for a, b in zip(found, true, strict=True)
        )


def each(function: Any, numbers: np.ndarray) -> list[Any]:
    with mpmath.workprec(120):
        return [function(mpmath.mpf(float(x))) for x in numbers]


@pytest.mark.parametrize(("dtype", "bound"), [(DTYPES[0], 1.0), (DTYPES[1], 0.7)])
def test_the_exponential(dtype: np.dtype[Any], bound: float) -> None:
    rng = np.random.default_rng(5)
    x = -np.concatenate([rng.exponential(s, 3000) for s in (1e-3, 0.2, 2.0, 20.0)]).astype(dtype)
    x[0] = 0.0
    found = np.empty((1, x.size), dtype)
    sums = [np.empty((1, 1), dtype) for _ in range(3)]
    loops.compiled(loops.rows, dtype)(x[None, :], found, *sums)
    assert ulps(found[0], each(mpmath.exp, x)) < bound
    total, ones = each(mpmath.exp, x), int((found == 1).sum())
    with mpmath.workprec(120):
        expected = [[mpmath.fsum(total)], [mpmath.fsum(total[1:]) if ones == 1 else None]]
    assert sums[0] == 0.0
    assert ulps(sums[1][0], expected[0]) < 2.0
    assert expected[1] == [None] or ulps(sums[2][0], expected[1]) < 2.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus_and_sigmoids(dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(5)
    z = np.concatenate([rng.normal(0.0, s, 500) for s in (1e-6, 1e-2, 1.0, 15.0)]).astype(dtype)
    value, state = BACKEND.softplus(z.copy())
    one, zero = BACKEND.sigmoids(state)
    both = lambda x: max(x, 0) + mpmath.log1p(mpmath.exp(-abs(x)))
    sigmoid = lambda x: 1 / (1 + mpmath.exp(-x))
    assert ulps(value, each(both, z)) < 3.0
    assert ulps(one, each(sigmoid, z)) < 3.0
    assert ulps(zero, each(sigmoid, -z)) < 3.0
    np.testing.assert_array_max_ulp(BACKEND.sigmoid(state), one, 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_edges_of_logits(dtype: np.dtype[Any]) -> None:
    value, state = BACKEND.softplus(np.array(EDGES, dtype))
    half = dtype.type(np.log(2.0))
    np.testing.assert_array_equal(value, np.array([half, half, np.inf, 0.0, np.nan], dtype))
    one, zero = BACKEND.sigmoids(state)
    np.testing.assert_array_equal(one, np.array([0.5, 0.5, 1.0, 0.0, np.nan], dtype))
    np.testing.assert_array_equal(zero, np.array([0.5, 0.5, 0.0, 1.0, np.nan], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gamma", [1.0, 2.0, 3.5])
def test_the_slope_of_a_focal_loss(gamma: float, dtype: np.dtype[Any]) -> None:
    """To the last bit that of the operations one by one; certain, impossible, and NaN."""
    rng = np.random.default_rng(5)
    z = np.concatenate([rng.normal(0.0, 8.0, 995), EDGES]).astype(dtype)
    surprisal, state = BACKEND.softplus(z.copy())
    rest, p = BACKEND.sigmoids(state)
    arrays = (surprisal, p, rest, rest ** (gamma - 1.0))
    given = (surprisal, Chance(p, rest), arrays[-1], gamma, 800.0)
    before = [each.copy() for each in arrays]
    found = BACKEND.focal_slope(*given)
    np.testing.assert_array_equal(arrays, before)
    np.testing.assert_array_equal(found, ArrayOps.focal_slope(BACKEND, *given))
    np.testing.assert_array_equal(found[-3:-1], np.array([1.0, 0.0], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [3, 40])
def test_rows_that_are_no_distribution(classes: int, dtype: np.dtype[Any]) -> None:
    x = np.zeros((5, classes), dtype)
    x[0, 1], x[1, 2], x[2] = np.nan, np.inf, -np.inf
    x[3, 0] = -np.inf
    x[4, 1] = np.copysign(dtype.type(np.nan), dtype.type(-1.0))
    largest, exponentials, whole, rest = BACKEND.softmax_sums(x, 1)
    for sums in (whole, rest):
        np.testing.assert_array_equal(np.isnan(sums[:, 0]), [True, True, True, False, True])
    assert (largest[3], exponentials[3, 0], whole[3, 0], rest[3, 0]) == (
        0,
        0,
        classes - 1,
        classes - 2,
    )


@pytest.mark.parametrize("classes", [3, 40])
@pytest.mark.parametrize("precision", ["native", "exact"])
def test_memory_of_any_kind(classes: int, precision: Any) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(6, 5, classes)).astype(np.float32)
    y = rng.integers(0, classes, (6, 5))
    options: dict[str, Any] = {"precision": precision, "sample_weight": rng.random((6, 5))}
    value, gradient = LOSS(x, y, **options)
    buffer = np.empty(x.nbytes + 1, np.uint8)
    odd = buffer[1:].view(np.float32).reshape(x.shape)
    odd[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    wide = np.zeros((6, 5, 2 * classes), np.float32)
    wide[..., ::2] = x
    for own in (odd, frozen, wide[..., ::2], x.astype(">f4"), np.asfortranarray(x)):
        again, slopes = LOSS(own, y, **options)
        np.testing.assert_allclose(again, value, rtol=1e-6)
        np.testing.assert_allclose(slopes, gradient, rtol=1e-5, atol=1e-9)
    again, slopes = LOSS(np.moveaxis(x, -1, 0), y, axis=0, **options)
    np.testing.assert_allclose(again, value, rtol=1e-6)
    np.testing.assert_allclose(np.moveaxis(slopes, 0, -1), gradient, rtol=1e-5, atol=1e-9)


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(97, 40)).astype(np.float32), rng.integers(0, 40, 97)
    one = LOSS(x, y)
    monkeypatch.setattr(threads, "LEAST", 1)
    monkeypatch.setattr(threads, "number", lambda: 3)
    shared = LOSS(x, y)
    assert shared[0] == one[0]
    np.testing.assert_array_equal(shared[1], one[1])
    with ThreadPoolExecutor(4) as pool:  # callers that have threads of their own
        for value, gradient in pool.map(lambda _: LOSS(x, y), range(8)):
            assert value == one[0]
            np.testing.assert_array_equal(gradient, one[1])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # that it has threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork, which loses threads")
def test_a_forked_process_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    monkeypatch.setattr(threads, "LEAST", 1)
    monkeypatch.setattr(threads, "number", lambda: 2)
    x, y = rng.normal(size=(50, 40)), rng.integers(0, 40, 50)
    expected = LOSS(x, y)[0]
    child = os.fork()
    if not child:
        os._exit(0 if LOSS(x, y)[0] == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


ENDING = """
import threading
import numpy as np
{before}
def work():
    threading.main_thread().join()
    from wce_core import losses
    x = np.zeros((2000, 1000), np.float32)
    print(losses.cross_entropy(x, np.zeros(2000, int)).round(4), flush=True)
threading.Thread(target=work).start()
"""


@pytest.mark.parametrize("before", ["", "from wce_backends.fast.threads import _POOL; _POOL.get()"])
def test_a_thread_goes_on_when_the_main_one_has_ended(before: str) -> None:
    """Python starts no more threads then, and lets a pool have no more work."""
    run = [sys.executable, "-c", ENDING.format(before=before)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("6.9078", "")


def test_a_loss_that_was_called_is_pickled() -> None:
    loss = losses.CrossEntropy(class_weight=[1.0, 2.0])
    loss(np.zeros((3, 2)), [0, 1, 1])
    assert pickle.loads(pickle.dumps(loss)) == loss


def test_switched_off_no_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    ran: list[str] = []
    loop = ops._loop
    monkeypatch.setattr(ops, "_loop", lambda name, own: ran.append(name) or loop(name, own))
    x, y = rng.normal(size=(8, 3)), rng.integers(0, 3, 8)
    value, gradient = LOSS(x, y)
    assert ran == ["columns", "scaled"]
    fast.use(False)
    again, slopes = LOSS(x, y)
    assert len(ran) == 2
    np.testing.assert_allclose(again, value, rtol=1e-15)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-13)


CODE = """
import sys
import numpy
import wce_core
assert "numba" not in sys.modules
wce_core.losses.cross_entropy(numpy.zeros((1, 2)), [1])
print("numba" in sys.modules)
"""


@pytest.mark.parametrize(("setting", "imported"), [("0", "False"), ("1", "True")])
def test_numba_is_imported_by_a_call_unless_the_environment_says_no(
    setting: str, imported: str
) -> None:
    environment = {**os.environ, "WCE_FAST": setting}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True, text=True, check=True, timeout=100, env=environment,
    )  # fmt: skip
    assert done.stdout.strip() == imported


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("loop", [loops.softplus, loops.log_sum, loops.chances])
def test_a_loop_can_be_stepped_through(loop: Any, dtype: np.dtype[Any]) -> None:
    """Run by Python it chooses by dtypes what Numba chooses by types: the same bits."""
    count = loop.__code__.co_argcount
    own, compiled = (
        [np.linspace(-3.0, 20.0, 7).astype(dtype) for _ in range(count)] for _ in range(2)
    )
    loop(*own)
    loops.compiled(loop, dtype)(*compiled)
    for one, other in zip(own, compiled, strict=True):
        np.testing.assert_array_equal(one.view("u1"), other.view("u1"))


@pytest.mark.parametrize(("dtype", "least"), [("int32", -(2**31)), ("int64", -(2**63))])
def test_bits_in_order(dtype: str, least: int) -> None:
    """And back: of negative numbers the larger bits are those of the smaller number."""
    number = np.dtype(dtype).type
    for bits, place in ((5, 5), (-1, least), (least, -1)):
        assert loops.ordered(number(bits)) == place
        assert loops.ordered(number(place)) == bits
