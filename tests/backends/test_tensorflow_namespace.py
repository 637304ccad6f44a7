"""The TensorFlow namespace does what array-api-strict does, however TensorFlow runs it."""

from __future__ import annotations

import inspect
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict as strict
import mpmath
import numpy as np
import pytest
import tensorflow as tf

from wce_backends.tensorflow import namespace as xp

Case = Callable[..., list[Any]]

SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
INTEGERS = SIGNED + UNSIGNED
FLOATS = ["float32", "float64"]
HALVES = ["float16", "bfloat16"]
NUMBERS = INTEGERS + FLOATS
EVERY = ["bool", *NUMBERS]
MODES = ["eager", "graph", "graph of unknown sizes", "xla", "xla of unknown sizes"]


@pytest.fixture(autouse=True)
def _strict_as_of_2024() -> Iterator[None]:
    with (
        strict.ArrayAPIStrictFlags(api_version="2024.12"),
        np.errstate(all="ignore"),
    ):
        yield


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[each for each in MODES if "unknown" not in each])
def way(request: pytest.FixtureRequest) -> str:
    """A mode, for functions in which sizes play no part."""
    return str(request.param)


def run(mode: str, function: Callable[..., Any], *arrays: Any) -> Any:
    """The result of a function of tensors in one of TensorFlow's ways of running it."""
    tensors = [tf.convert_to_tensor(each) for each in arrays]
    if mode == "eager":
        return function(*tensors)
    known = "unknown" not in mode
    signature = [tf.TensorSpec(t.shape if known else [None] * t.ndim, t.dtype) for t in tensors]
    compiled = tf.function(
        function, input_signature=signature, autograph=False, jit_compile="xla" in mode
    )
    return compiled(*tensors)


def check(
    mode: str, case: Case, *arrays: np.ndarray, ulp: float = 0, signed_zeros: bool = True
) -> None:
    """Compare dtypes, shapes and values of a case in both namespaces."""
    expected = case(strict, *(strict.asarray(each) for each in arrays))
    actual = run(mode, lambda *tensors: case(xp, *tensors), *arrays)
    assert len(actual) == len(expected) > 0
    for place, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        note = f"result {place}"
        assert ours.dtype.name == str(theirs.dtype).removeprefix("array_api_strict."), note
        compare(ours.numpy(), np.asarray(theirs), ulp, signed_zeros, note)


def compare(ours: Any, theirs: Any, ulp: float, signed_zeros: bool, note: str) -> None:
    """Compare two NumPy arrays of one dtype."""
    assert np.shape(ours) == np.shape(theirs), note
    if np.asarray(theirs).dtype.kind != "f":
        np.testing.assert_array_equal(ours, theirs, note)
        return
    np.testing.assert_allclose(ours, theirs, ulp * np.finfo(theirs.dtype).eps, 0, err_msg=note)
    if signed_zeros:
        zeros = np.asarray(theirs == 0)
        np.testing.assert_array_equal(np.signbit(ours)[zeros], np.signbit(theirs)[zeros], note)


def edges(dtype: str) -> np.ndarray:
    """Values at which functions of one argument differ most."""
    if dtype == "bool":
        return np.array([True, False, True])
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return np.array([info.min, info.max, 0, 1, 2, 3, 5, 100, info.max - 1], dtype)
    values = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.7, -0.29]
    values += [1e-15, -1e-15, 1e-8, -1e-8, 1e-3, -0.999, 1e3, -30.0, 1e15, -1e15, -0.35, 0.6]
    return np.concatenate([values, np.random.default_rng(0).normal(size=9)]).astype(dtype)


def random(dtype: str, *shape: int) -> Any:
    """Seeded small values of a dtype, zeros among them."""
    rng = np.random.default_rng(7)
    if dtype == "bool":
        return rng.integers(0, 2, shape) == 1
    if dtype in INTEGERS:
        return rng.integers(0 if dtype in UNSIGNED else -4, 5, shape).astype(dtype)
    return rng.normal(size=shape).round(1).astype(dtype)


# --- names and signatures -------------------------------------------------------------------

ELEMENTWISE_1 = {
    "abs": NUMBERS,
    "negative": NUMBERS,
    "positive": NUMBERS,
    "square": NUMBERS,
    "sign": NUMBERS,
    "floor": NUMBERS,
    "round": NUMBERS,
    "isfinite": NUMBERS,
    "isinf": NUMBERS,
    "isnan": NUMBERS,
    "exp": FLOATS,
    "expm1": FLOATS,
    "log": FLOATS,
    "log1p": FLOATS,
    "sqrt": FLOATS,
    "logical_not": ["bool"],
}
ELEMENTWISE_2 = {
    "add": NUMBERS,
    "subtract": NUMBERS,
    "multiply": NUMBERS,
    "divide": FLOATS,
    "maximum": NUMBERS,
    "minimum": NUMBERS,
    "equal": EVERY,
    "not_equal": EVERY,
    "less": NUMBERS,
    "less_equal": NUMBERS,
    "greater": NUMBERS,
    "greater_equal": NUMBERS,
    "logical_and": ["bool"],
    "logical_or": ["bool"],
    "logical_xor": ["bool"],
}
OTHERS = [
    "asarray",
    "arange",
    "zeros",
    "ones",
    "full",
    "zeros_like",
    "ones_like",
    "full_like",
    "astype",
    "isdtype",
    "finfo",
    "iinfo",
    "result_type",
    "can_cast",
    "pow",
    "clip",
    "where",
    "sum",
    "prod",
    "mean",
    "max",
    "min",
    "any",
    "all",
    "argmax",
    "argmin",
    "count_nonzero",
    "expand_dims",
    "squeeze",
    "reshape",
    "broadcast_to",
    "broadcast_arrays",
    "moveaxis",
    "permute_dims",
    "concat",
    "stack",
    "unstack",
    "flip",
    "take",
    "take_along_axis",
    "matmul",
]
# Graphs multiply by the reciprocal of a constant instead of dividing by it.
APPROXIMATE = {"exp": 4, "expm1": 4, "log": 4, "log1p": 4, "divide": 1, "mean": 1}
ZERO_SIGN_IS_OPEN = {"sign", "maximum", "minimum"}


@pytest.mark.parametrize("name", [*ELEMENTWISE_1, *ELEMENTWISE_2, *OTHERS])
def test_signature(name: str) -> None:
    def parameters(function: Any) -> list[tuple[Any, ...]]:
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.kind, p.default) for p in found if p.name != "device"]

    assert parameters(getattr(xp, name)) == parameters(getattr(strict, name))
    assert getattr(xp, name).__name__ == name
    assert getattr(xp, name).__doc__
    assert name in xp.__all__


def test_constants_and_version() -> None:
    assert (xp.e, xp.pi, xp.inf, xp.newaxis) == (strict.e, strict.pi, strict.inf, strict.newaxis)
    assert xp.nan != xp.nan
    assert xp.__array_api_version__ == "2024.12"


def test_import_leaves_tensorflow_unconfigured() -> None:
    program = (
        "import wce_backends.tensorflow.namespace, tensorflow as tf;"
        "tf.config.threading.set_inter_op_parallelism_threads(1)"
    )
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=paths)


# --- data types -----------------------------------------------------------------------------


def test_result_type_and_can_cast() -> None:
    for a, b in itertools.product(EVERY, EVERY):
        ours, theirs = ((getattr(space, a), getattr(space, b)) for space in (xp, strict))
        assert xp.can_cast(*ours) == strict.can_cast(*theirs), (a, b)
        try:
            expected = str(strict.result_type(*theirs)).removeprefix("array_api_strict.")
        except TypeError:
            with pytest.raises(TypeError):
                xp.result_type(*ours)
        else:
            assert xp.result_type(*ours).name == expected, (a, b)
    assert xp.result_type(xp.int8, xp.asarray([1], dtype=xp.uint8), 3) == xp.int16
    assert xp.result_type(xp.float16, xp.bfloat16) == xp.float32
    assert xp.result_type(xp.bfloat16, 1.5, 2) == xp.bfloat16
    assert xp.result_type(xp.bfloat16, xp.float64) == xp.float64


@pytest.mark.parametrize("dtype", [*EVERY, *HALVES])
def test_isdtype(dtype: str) -> None:
    kinds = ["bool", "signed integer", "unsigned integer", "integral"]
    kinds += ["real floating", "complex floating", "numeric"]
    for kind in kinds:
        twin = "float32" if dtype in HALVES else dtype
        assert xp.isdtype(getattr(xp, dtype), kind) == strict.isdtype(getattr(strict, twin), kind)
    assert xp.isdtype(getattr(xp, dtype), ("bool", "numeric"))
    assert xp.isdtype(getattr(xp, dtype), getattr(xp, dtype))
    assert xp.isdtype(xp.int8, xp.int16) is False
    with pytest.raises(ValueError, match="kind"):
        xp.isdtype(xp.int8, "real")


def test_limits() -> None:
    for dtype in INTEGERS:
        limits, theirs = xp.iinfo(getattr(xp, dtype)), np.iinfo(dtype)
        assert (limits.bits, limits.min, limits.max) == (theirs.bits, theirs.min, theirs.max)
    for dtype in [*FLOATS, *HALVES]:
        kind = getattr(xp, dtype)
        ours = xp.finfo(xp.zeros(1, dtype=kind))
        assert (ours.bits, ours.dtype) == (8 * kind.size, kind)
        assert (ours.max, ours.min) == (float(kind.max), float(kind.min))
        ones = np.array([1, 1 + ours.eps, 1 + ours.eps / 2]).astype(kind.as_numpy_dtype)
        assert ones[0] == ones[2] != ones[1]
        if dtype != "bfloat16":
            assert ours.smallest_normal == np.finfo(dtype).smallest_normal
    assert xp.finfo(xp.bfloat16).smallest_normal == np.finfo("float32").smallest_normal
    with pytest.raises(TypeError):
        xp.finfo(xp.int8)
    with pytest.raises(TypeError):
        xp.iinfo(xp.float32)


def test_astype(way: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        return [space.astype(x, getattr(space, to)) for x in arrays for to in EVERY]

    small = np.array([0, 1, 2, 100])
    check(way, case, *(small.astype(dtype) for dtype in EVERY), np.array([0.0, 1.9, 2.5, 99.5]))

    def negative(space: Any, x: Any) -> list[Any]:
        return [space.astype(x, getattr(space, to)) for to in (*SIGNED, *FLOATS, "bool")]

    check(way, negative, np.array([-1.9, -0.0, -100.5]))


def test_halves(way: str) -> None:
    """Against float32, as array-api-strict has no halves."""
    exact = ["abs", "negative", "square", "floor", "round", "sign", "sqrt"]
    loose = ["exp", "expm1", "log", "log1p"]
    both = ["add", "multiply", "divide", "maximum"]
    for dtype in HALVES:
        kind = getattr(xp, dtype).as_numpy_dtype
        values = np.array([0.5, 3, 0.25, 1.5, 2.75, 0.0078125, 1, 7]).astype(kind)

        def case(x: Any) -> list[Any]:
            pairs = [getattr(xp, name)(x, x * 2 + 1) for name in both]
            reduced = [xp.sum(x), xp.mean(x), xp.max(x), xp.prod(x)]
            return [getattr(xp, name)(x) for name in exact + loose] + pairs + reduced

        for place, (ours, wide) in enumerate(
            zip(run(way, case, values), case(tf.constant(values.astype("f4"))), strict=True)
        ):
            assert ours.dtype.name == dtype
            assert wide.dtype == tf.float32
            rounded = wide.numpy().astype(kind).astype("f4")
            ulp = 2 if len(exact) <= place < len(exact + loose) else 0
            exactly = tf.cast(ours, tf.float32).numpy()
            compare(exactly, rounded, ulp * xp.finfo(getattr(xp, dtype)).eps / 2**-23, True, dtype)


def test_halves_are_accumulated_in_float32(way: str) -> None:
    ones = np.ones((60_000, 2), np.float16)
    total, mean = run(way, lambda x: [xp.sum(x, axis=0), xp.mean(x, axis=0)], ones)
    assert total.numpy().tolist() == [60_000, 60_000]
    assert mean.numpy().tolist() == [1, 1]


# --- creation -------------------------------------------------------------------------------


def test_creation(way: str) -> None:
    def case(space: Any, x: Any) -> list[Any]:
        made = []
        for dtype in (getattr(space, name) for name in EVERY):
            made += [space.zeros((2, 0), dtype=dtype), space.ones(3, dtype=dtype)]
            made += [space.full((), 1, dtype=dtype), space.full((2, 2), 1, dtype=dtype)]
            made += [space.zeros_like(x, dtype=dtype), space.ones_like(x, dtype=dtype)]
            made += [space.full_like(x, 1, dtype=dtype), space.asarray([[1], [0]], dtype=dtype)]
        made += [space.zeros_like(x), space.ones_like(x), space.full_like(x, 2.5)]
        made += [space.full((2,), 3), space.full((2,), True), space.asarray([1, 2])]
        made += [space.asarray(True), space.asarray([[True]]), space.asarray(7)]
        made += [space.asarray(x), space.asarray(x, copy=True), space.asarray(x, dtype=space.int8)]
        return made

    check(way, case, random("float32", 2, 3))


def test_arange(way: str) -> None:
    def case(space: Any, x: Any) -> list[Any]:
        made = [space.arange(5), space.arange(2, 5), space.arange(5, 2), space.arange(5, 0, -2)]
        made += [space.arange(-3, 9, 4, dtype=getattr(space, name)) for name in SIGNED + FLOATS]
        made += [space.arange(3, dtype=getattr(space, name)) for name in UNSIGNED]
        made += [space.arange(0.0, 1.0, 0.1, dtype=space.float64)]
        made += [space.arange(0.5, 9, 3, dtype=space.float32)]
        return made

    check(way, case, random("float32", 1), ulp=1)


def test_default_dtypes() -> None:
    for made in (xp.asarray(1.5), xp.asarray([1, 2.5]), xp.zeros(2), xp.ones(()), xp.full(1, 2.0)):
        assert made.dtype == xp.float32
    assert xp.arange(2.0).dtype == xp.float32
    assert xp.asarray(np.zeros(2)).dtype == xp.float64
    assert xp.asarray([]).dtype == xp.float32
    assert xp.asarray(1).dtype == xp.arange(1).dtype == xp.int64


def test_asarray_copies_as_told() -> None:
    x = xp.asarray([1.0])
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=False) is x
    assert xp.asarray(x, copy=True) is not x
    with pytest.raises(ValueError, match="copy"):
        xp.asarray([1.0], copy=False)
    with pytest.raises(ValueError, match="copy"):
        xp.asarray(x, dtype=xp.float64, copy=False)


def test_asarray_rounds_to_the_halves_once() -> None:
    above_half_way = 1 + 2.0**-11 + 2.0**-30
    assert xp.asarray(above_half_way, dtype=xp.float16).numpy() == 1 + 2.0**-10


def test_asarray_packs_tensors(way: str) -> None:
    packed = run(
        way, lambda x: xp.asarray([x[0], x[1] * 2], dtype=xp.float64), np.array([1, 2], "f4")
    )
    assert packed.dtype == tf.float64
    assert packed.numpy().tolist() == [1, 4]


def test_device() -> None:
    made = [
        xp.zeros(1, device="CPU:0"),
        xp.asarray([1], device="CPU:0"),
        xp.arange(2, device="CPU:0"),
    ]
    assert all(each.device.endswith("CPU:0") for each in made)
    assert xp.astype(made[0], xp.int8, device="CPU:0").dtype == xp.int8


# --- elementwise ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE_1)
def test_elementwise_of_one(name: str, way: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        return [getattr(space, name)(x) for x in arrays]

    inputs = [edges(dtype) for dtype in ELEMENTWISE_1[name]]
    shapes = [(3, 0), (), (2, 1, 3)]
    inputs += [random(ELEMENTWISE_1[name][-1], *shape) for shape in shapes]
    check(
        way,
        case,
        *inputs,
        ulp=APPROXIMATE.get(name, 0),
        signed_zeros=name not in ZERO_SIGN_IS_OPEN,
    )


@pytest.mark.parametrize("name", ELEMENTWISE_2)
def test_elementwise_of_two(name: str, way: str) -> None:
    """Every edge with every edge, broadcasting, and Python scalars on either side."""
    dtypes = ELEMENTWISE_2[name]

    def case(space: Any, *arrays: Any) -> list[Any]:
        function = getattr(space, name)
        results = []
        for x in arrays:
            scalar = True if x.dtype == space.bool else 1
            results += [function(x[:, None], x), function(x, x), function(x, x[0])]
            results += [function(scalar, x), function(x, scalar)]
            if space.isdtype(x.dtype, "real floating"):
                results += [function(x, 0.5), function(-2.0, x), function(x, 3)]
                results += [function(x, float("nan")), function(float("nan"), x)]
        return results

    ulp, signed_zeros = APPROXIMATE.get(name, 0), name not in ZERO_SIGN_IS_OPEN
    check(way, case, *map(edges, dtypes), ulp=ulp, signed_zeros=signed_zeros)


def test_elementwise_promotes(way: str) -> None:
    pairs = [*itertools.product(INTEGERS, INTEGERS), *itertools.product(FLOATS, FLOATS)]
    pairs = [pair for pair in pairs if ("uint64" in pair) <= ({*pair} <= {*UNSIGNED})]

    def case(space: Any, *arrays: Any) -> list[Any]:
        these = dict(zip(NUMBERS, arrays, strict=True))
        condition = space.asarray([True, False])
        results = []
        for a, b in ((these[a], these[b]) for a, b in pairs):
            results += [space.add(a, b), space.maximum(a, b), space.equal(a, b)]
            results += [space.where(condition, a, b), space.concat([a, b])]
            # Graphs replace a stack of one array with itself by an operation that lacks uint16.
            results += [space.stack([a, space.flip(b)])]
        return results

    check(way, case, *(random(dtype, 2) for dtype in NUMBERS))


def test_pow(way: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        results = []
        for x in arrays:
            results += [space.pow(x, exponent) for exponent in (0, 1, 2, 3)]
            results += [space.pow(x[:, None], space.asarray([0, 1, 2, 3], dtype=x.dtype))]
            results += [space.pow(2, space.abs(x))]
            if space.isdtype(x.dtype, "real floating"):
                results += [space.pow(x, 0.5), space.pow(x, -1.5), space.pow(x[:, None], x)]
        return results

    floats = [np.array([np.nan, np.inf, 0, 1, 2, 0.5, 3.7, -1, -2.5], dtype) for dtype in FLOATS]
    check(way, case, *(random(dtype, 5) for dtype in INTEGERS), *floats, ulp=8, signed_zeros=False)


def test_clip(way: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        results = []
        for x in arrays:
            ones = space.ones_like(x)
            results += [space.clip(x), space.clip(x, 0, 2), space.clip(x, 1), space.clip(x, max=2)]
            results += [space.clip(x, ones, 3), space.clip(x, max=ones), space.clip(x, min=ones[0])]
            if space.isdtype(x.dtype, "real floating"):
                results += [space.clip(x, -0.5, 0.5), space.clip(x, -space.inf, 0)]
        return results

    check(way, case, *map(edges, NUMBERS), signed_zeros=False)


def test_clip_to_bounds_beyond_the_dtype() -> None:
    x = xp.asarray([0, 255], dtype=xp.uint8)
    assert xp.clip(x, -(10**30), 10**30).numpy().tolist() == [0, 255]
    assert xp.clip(x, 10**30).numpy().tolist() == [255, 255]
    assert xp.clip(x, max=-1).numpy().tolist() == [0, 0]


def test_where(mode: str) -> None:
    def case(space: Any, condition: Any, *arrays: Any) -> list[Any]:
        results = []
        for x in arrays:
            scalar = True if x.dtype == space.bool else 1
            results += [space.where(condition, x, x[0]), space.where(condition[0], x, scalar)]
            results += [space.where(condition[:, None], scalar, x), space.where(x == x[0], x, x)]
        return results

    check(mode, case, np.array([True, False, True]), *(edges(dtype)[:3] for dtype in EVERY))


# --- reductions -----------------------------------------------------------------------------

REDUCTIONS = {
    "sum": NUMBERS,
    "prod": NUMBERS,
    "mean": FLOATS,
    "max": NUMBERS,
    "min": NUMBERS,
    "any": EVERY,
    "all": EVERY,
    "count_nonzero": EVERY,
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction(name: str, mode: str) -> None:
    axes: list[Any] = [None, 0, -1, 1, (0, 2), (-1, 0), (0, 1, 2)]

    def case(space: Any, *arrays: Any) -> list[Any]:
        function = getattr(space, name)
        results = []
        for x in arrays:
            flags = [{"axis": a, "keepdims": k} for a in axes for k in (False, True)]
            few = flags if x.dtype == arrays[-1].dtype else flags[2:5]
            results += [function(x, **each) for each in few]
        return [*results, function(arrays[-1][0, 0, 0]), function(arrays[-1], axis=())]

    check(
        mode,
        case,
        *(random(dtype, 2, 3, 4) for dtype in REDUCTIONS[name]),
        ulp=8,
        signed_zeros=False,
    )


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_total_in_another_dtype(name: str, way: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        function = getattr(space, name)
        into = [space.int16, space.float64, space.int64, space.float32]
        return [function(x, dtype=dtype, axis=0) for x in arrays for dtype in into]

    check(way, case, *(random(dtype, 3, 2).round() for dtype in NUMBERS))


@pytest.mark.parametrize("name", ["sum", "prod", "any", "all", "count_nonzero"])
def test_reduction_of_nothing(name: str, mode: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        function = getattr(space, name)
        return [function(x, axis=axis) for x in arrays for axis in (None, 0, 1)]

    check(mode, case, *(np.zeros((0, 3), dtype) for dtype in NUMBERS))


@pytest.mark.parametrize(
    "name", ["max", "min", "sum", "mean", "prod", "any", "all", "argmax", "argmin"]
)
def test_reduction_propagates_nan(name: str, way: str) -> None:
    nan, inf = np.nan, np.inf
    rows = [[nan, 1, 2], [1, nan, 2], [1, 2, nan], [nan, nan, nan], [inf, nan, 1], [-inf, nan, inf]]
    rows += [[2, 1, 2], [inf, inf, -inf], [-inf, -inf, -inf], [-0.0, -0.0, -0.0], [1, nan, nan]]

    def case(space: Any, *arrays: Any) -> list[Any]:
        function = getattr(space, name)
        results = []
        for x in arrays:
            results += [function(x, axis=1), function(x), function(x[6:, :], axis=0)]
            results += [function(x[0, 1:])]
        return results

    ulp, signed_zeros = APPROXIMATE.get(name, 0), name in ("max", "min")
    check(way, case, *(np.array(rows, d) for d in FLOATS), ulp=ulp, signed_zeros=signed_zeros)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_argument_of_extreme(name: str, mode: str) -> None:
    """Ties go to the lowest index."""

    def case(space: Any, *arrays: Any) -> list[Any]:
        function = getattr(space, name)
        flags = [{"axis": a, "keepdims": k} for a in (None, 0, -1) for k in (False, True)]
        results = [function(x, **each) for x in arrays for each in flags]
        return [*results, function(arrays[0][0, 0]), function(arrays[0][0, 0], keepdims=True)]

    dtypes = ["int8", "uint64", "int32", *FLOATS]
    check(mode, case, *(random(dtype, 4, 30) for dtype in dtypes))


# --- shapes ---------------------------------------------------------------------------------


def test_manipulation(mode: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        results = []
        for x in arrays:
            results += [space.expand_dims(x, axis=a) for a in (0, 1, -1, 3, -4)]
            results += [space.squeeze(x[:, :1, :1], axis=a) for a in (1, -1, (1, 2), (-1, 1), ())]
            results += [space.reshape(x, shape) for shape in ((24,), (-1,), (4, -1), (2, 3, 4, 1))]
            results += [space.reshape(x[0, 0, :1], ()), space.reshape(x[:0, ...], (0, 5))]
            results += [space.reshape(x, (6, 4), copy=True)]
            results += [space.broadcast_to(x[:1, :, :1], s) for s in ((2, 3, 4), (5, 1, 3, 2))]
            results += [space.broadcast_to(x[0, 0, 0], ()), space.broadcast_to(x, (2, 3, 4))]
            results += space.broadcast_arrays(x, x[0, ...], x[:1, :, :1], x[0, 0, 0])
            results += space.broadcast_arrays(x[:0, ...], x[:1, 0, :])
            results += [space.moveaxis(x, 0, -1), space.moveaxis(x, -1, 0), space.moveaxis(x, 1, 1)]
            results += [space.moveaxis(x, (0, 1), (-1, 0)), space.moveaxis(x, (2, 0), (0, 1))]
            results += [space.permute_dims(x, axes) for axes in ((2, 0, 1), (0, 1, 2), (-1, 0, -2))]
            results += [space.concat([x, x[:1, ...]]), space.concat((x, x[..., :0], x), axis=-1)]
            results += [space.concat([x, x[0, ...]], axis=None), space.stack([x, x])]
            results += [space.stack((x, x, x), axis=a) for a in (1, -1, 3)]
            for a in (0, 1, -1):  # an axis of known length
                results += space.unstack(space.stack([x, space.flip(x)], axis=a), axis=a)
            results += [space.flip(x, axis=a) for a in (None, 0, -1, (0, 2))]
            results += [space.flip(x[0, 0, 0])]
        return results

    check(mode, case, *(random(dtype, 2, 3, 4) for dtype in ("float32", "int64", "bool", "uint8")))


def test_sizes_may_be_tensors(mode: str) -> None:
    def case(x: tf.Tensor) -> list[tf.Tensor]:
        n, m = tf.shape(x)[0], tf.shape(x, tf.int64)[1]
        made = [xp.reshape(x, (m, n)), xp.broadcast_to(x, (2, n, m)), xp.zeros((n, 1)), xp.ones(n)]
        return [*made, xp.full(tf.shape(x), 3), xp.arange(n), xp.zeros((m, 3), dtype=xp.int8)]

    shapes = [each.shape for each in run(mode, case, random("float32", 2, 3))]
    assert shapes == [(3, 2), (2, 2, 3), (2, 1), (2,), (2, 3), (2,), (3, 3)]


def test_ranks_stay_known() -> None:
    @tf.function(
        input_signature=[tf.TensorSpec([None, None, 4]), tf.TensorSpec([1, None, 1], tf.int64)]
    )
    def traced(x: tf.Tensor, i: tf.Tensor) -> list[tf.Tensor]:
        made = [*xp.broadcast_arrays(x, x[0]), xp.take_along_axis(x, i, axis=-1), xp.zeros_like(x)]
        made += [
            xp.argmax(x, axis=-1),
            xp.take(x, i[0, :, 0], axis=1),
            xp.broadcast_arrays(x, i)[1],
        ]
        assert [each.shape.rank for each in made] == [3, 3, 3, 3, 2, 3, 3]
        assert [each.shape[-1] for each in made] == [4, 4, 1, 4, None, 4, 4]
        return made

    traced.get_concrete_function()


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_take(dtype: str, mode: str) -> None:
    def case(space: Any, x: Any, i: Any, j: Any) -> list[Any]:
        results = [space.take(x, i, axis=a) for a in (0, 1, 2, -1, -3)]
        results += [space.take(x[:, 0, 0], i), space.take(x, i[:0], axis=1)]
        results += [space.take(x, space.astype(i, space.int8), axis=0)]
        for a in (0, 1, 2, -1):
            results += [space.take_along_axis(x, j, axis=a), space.take_along_axis(j, j, axis=a)]
        results += [space.take_along_axis(x, j[:, :, :1]), space.take_along_axis(x[0, 0, :], i)]
        results += [space.take_along_axis(x, j[:1, :, :2], axis=-1)]
        results += [space.take_along_axis(x[:, :1, :], j, axis=0)]
        return results

    places = np.random.default_rng(3).integers(-3, 3, (3, 3, 3))
    check(mode, case, random(dtype, 3, 3, 3), np.array([0, 2, -1, 0]), places)


def test_matmul(mode: str) -> None:
    def case(space: Any, *arrays: Any) -> list[Any]:
        results = []
        for x in arrays:
            y = space.permute_dims(x, (0, 2, 1))
            results += [space.matmul(x, y), space.matmul(x[0, ...], y), space.matmul(x, y[1, ...])]
            results += [space.matmul(x, y[0, :, 0]), space.matmul(x[0, 0, :], y)]
            results += [
                space.matmul(x[0, 0, :], x[1, 0, :]),
                space.matmul(x[:, :, :0], y[:, :0, :]),
            ]
        return [*results, space.matmul(arrays[0], space.permute_dims(arrays[1], (0, 2, 1)))]

    dtypes = ["int8", "int16", "int32", "int64", "uint16", "uint64", *FLOATS]
    check(mode, case, *(random(dtype, 2, 3, 4) for dtype in dtypes), ulp=32, signed_zeros=False)


# --- accuracy -------------------------------------------------------------------------------


def around(name: str, dtype: str) -> np.ndarray:
    """Arguments of every size, and many where an implementation changes its formula."""
    rng = np.random.default_rng(11)
    smallest = -30 if dtype == "float32" else -300
    sizes = 10.0 ** np.concatenate([rng.uniform(smallest, 0, 900), rng.uniform(-3, 0, 600)])
    below = 20.0 if name == "expm1" else 0.999
    special = [1e-300, 1e-20, 1e-8, 0.25, 0.41, 0.4142, 0.5, 0.6931, 1, 1.5, 10, 80]
    x: list[Any] = [
        sizes,
        -sizes,
        rng.uniform(-0.5, 0.5, 900),
        -rng.uniform(0, below, 300),
        special,
    ]
    return np.concatenate(x).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p"])
def test_accuracy(name: str, dtype: str, way: str) -> None:
    x = around(name, dtype)
    x = np.abs(x[x != 0]) if name == "log" else x
    with mpmath.workdps(40):
        exact = [getattr(mpmath, name)(mpmath.mpf(float(each))) for each in x]
        nearest = np.array([float(each) for each in exact], dtype)
        spacing = np.spacing(np.abs(nearest)).astype(float)
        ours = run(way, getattr(xp, name), x).numpy()
        pairs = zip(ours, exact, spacing, strict=True)
        errors = [abs(float((mpmath.mpf(float(a)) - b) / c)) for a, b, c in pairs]
    assert max(errors) < 4, x[np.argmax(errors)]


@pytest.mark.parametrize("name", ["expm1", "log1p"])
def test_derivatives_of_corrected_functions(name: str, way: str) -> None:
    def case(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = getattr(xp, name)(x)
            first = inner.gradient(y, x)
        return [first, outer.gradient(first, x)]

    x = around(name, "float64")
    first, second = run(way, case, x)
    slopes = [np.exp(x), np.exp(x)] if name == "expm1" else [1 / (1 + x), -1 / (1 + x) ** 2]
    np.testing.assert_allclose(first, slopes[0], 1e-15)
    np.testing.assert_allclose(second, slopes[1], 1e-15)


@pytest.mark.parametrize("dtype", FLOATS)
def test_derivatives_of_corrected_functions_at_extremes(dtype: str, way: str) -> None:
    """The correction that is not selected there overflows and must not be felt."""

    def case(x: tf.Tensor, y: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            values = xp.expm1(x), xp.log1p(y)
        return tape.gradient(values, [x, y])

    huge = float(np.finfo(dtype).max) / 4
    x = np.array([-huge, -np.inf, np.inf, 0.0, np.nan], dtype)
    y = np.array([-1.0, huge, np.inf, 0.0, np.nan], dtype)
    first, second = run(way, case, x, y)
    np.testing.assert_allclose(first, [0, 0, np.inf, 1, np.nan])
    np.testing.assert_allclose(second, np.array([np.inf, 0, 0, 1, np.nan]), atol=1e-30)


# --- gradients ------------------------------------------------------------------------------


def gradients(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function's gradients, and the gradients of the sum of their squares."""

    def differentiated(*tensors: tf.Tensor) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(tensors)
            with tf.GradientTape() as inner:
                inner.watch(tensors)
                value = function(*tensors)
            first = inner.gradient(value, tensors)
            squares = tf.add_n([tf.reduce_sum(tf.convert_to_tensor(each) ** 2) for each in first])
        second = outer.gradient(squares, tensors, unconnected_gradients="zero")
        assert all(isinstance(each, tf.Tensor) for each in (*first, *second))
        return first, second

    return differentiated


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("along", [False, True])
def test_gradient_of_indexing_is_dense(axis: int, along: bool, mode: str) -> None:
    x = random("float64", 3, 4)
    i = np.array([[0, 2, -1, 0], [1, 1, 1, 1], [2, 0, 0, 0]]) if along else np.array([1, 0, 1, -1])
    take: Any = xp.take_along_axis if along else xp.take

    def cubes(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(take(x, tf.constant(i), axis=axis) ** 3)

    first, second = run(mode, gradients(cubes), x)
    counts = np.zeros_like(x)
    if along:
        grid: list[Any] = list(np.indices(i.shape))
        grid[axis] = i
        np.add.at(counts, tuple(grid), 1)
    else:
        np.add.at(np.moveaxis(counts, axis, 0), i, 1)
    np.testing.assert_allclose(first[0], counts * 3 * x**2)
    np.testing.assert_allclose(second[0], 2 * (counts * 3 * x**2) * (counts * 6 * x))


@pytest.mark.parametrize("take", [xp.take, xp.take_along_axis])
def test_gradient_of_indexing_a_vector_is_dense(take: Any, mode: str) -> None:
    x = np.array([2.0, 3.0, 5.0])
    first, second = run(
        mode, gradients(lambda x: tf.reduce_sum(take(x, tf.constant([0, 0, -1])) ** 2)), x
    )
    np.testing.assert_allclose(first[0], [8, 0, 10])
    np.testing.assert_allclose(second[0], [64, 0, 40])


def test_where_keeps_what_is_not_selected_out(mode: str) -> None:
    a, b = np.array([1.0, np.nan, np.inf, 2.0]), np.array([np.nan, 3.0, 4.0, 5.0])
    choice = tf.constant([True, False, False, True])

    def selected(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(xp.where(choice, a, b) ** 2)

    assert run(mode, selected, a, b).numpy() == 30
    first, second = run(mode, gradients(selected), a, b)
    np.testing.assert_array_equal(first, [[2, 0, 0, 4], [0, 6, 8, 0]])
    np.testing.assert_array_equal(second, [[8, 0, 0, 16], [0, 24, 32, 0]])


def test_gradient_of_pow(mode: str) -> None:
    bases = np.array([[0.0, 2.0, 0.5, 1.0]])
    exponents = np.array([[0.0], [1.0], [2.0], [2.5]])

    def powers(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(xp.pow(a, b))

    first, second = run(mode, gradients(powers), bases, exponents)
    logs = np.log(np.where(bases > 0, bases, 1))
    by_base = (exponents * bases ** np.maximum(exponents - 1, 0)) * (exponents > 0)
    by_exponent = (bases**exponents) * logs
    np.testing.assert_allclose(first[0], by_base.sum(0, keepdims=True))
    np.testing.assert_allclose(first[1], by_exponent.sum(1, keepdims=True))
    assert np.isfinite(second[0]).all()
    assert np.isfinite(second[1]).all()
    # d/da of the squared gradients at a = 2, from both: 2 G_a dG_a/da + 2 sum_b G_b dG_b/da.
    a, b = 2.0, exponents[:, 0]
    cross = a ** (b - 1) * (1 + b * np.log(a))
    slope = 2 * (b * a ** (b - 1)).sum() * (b * (b - 1) * a ** (b - 2)).sum()
    np.testing.assert_allclose(second[0][0, 1], slope + 2 * (by_exponent.sum(1) * cross).sum())


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_gradient_of_pow_at_zero(exponent: int, way: str) -> None:
    first, second = run(way, gradients(lambda x: xp.pow(x, exponent)), np.array([0.0, 2.0]))
    slopes = [0.0**exponent if exponent == 1 else 0.0, exponent * 2.0 ** (exponent - 1)]
    np.testing.assert_array_equal(first[0], [1.0 if exponent == 1 else 0.0, slopes[1]])
    curve = exponent * (exponent - 1) * 2.0 ** (exponent - 2)
    np.testing.assert_array_equal(second[0], [0.0, 2 * slopes[1] * curve])


def test_gradient_at_ties(mode: str) -> None:
    def slopes(x: tf.Tensor, y: tf.Tensor) -> list[Any]:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            values = [
                xp.maximum(x, y),
                xp.minimum(x, y),
                xp.max(x),
                xp.clip(x, 0.0, 1.0),
                xp.abs(y),
            ]
        return [tape.gradient(v, [x, y], unconnected_gradients="zero") for v in values]

    x, y = np.array([1.0, 2.0, 2.0]), np.array([1.0, 3.0, 0.0])
    larger, smaller, largest, clipped, size = (np.stack(s) for s in run(mode, slopes, x, y))
    assert larger.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert smaller.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert largest[0].tolist() == [0, 0.5, 0.5]
    assert clipped[0].tolist() == [1, 0, 0]
    assert size[1].tolist() == [1, 1, 0]


def test_gradient_of_reductions(mode: str) -> None:
    x = np.array([[2.0, 0.0, 5.0], [1.0, 3.0, 4.0]])
    slopes: dict[str, Any] = {
        "prod": [[0, 10, 0], [12, 4, 3]],
        "max": [[0, 0, 1], [0, 0, 1]],
        "mean": [[1 / 3] * 3] * 2,
    }
    for name, expected in slopes.items():
        function = getattr(xp, name)
        first, _ = run(
            mode,
            gradients(lambda x, f=function: tf.reduce_sum(f(x, axis=1)) + tf.reduce_sum(x**2)),
            x,
        )
        np.testing.assert_allclose(first[0] - 2 * x, expected, err_msg=name)


# --- TensorFlow's own objects ---------------------------------------------------------------


def test_variables_are_read() -> None:
    x = tf.Variable([[1.0, 4.0], [0.25, 9.0]])
    i = tf.Variable([0, 1], dtype=tf.int64)

    def case() -> list[tf.Tensor]:
        results = [
            xp.sqrt(x),
            xp.add(x, x),
            xp.sum(x),
            xp.max(x),
            xp.take(x, i, axis=0),
            xp.log1p(x),
        ]
        results += [xp.where(xp.greater(x, 1), x, 0), xp.reshape(x, (-1,)), xp.matmul(x, x)]
        results += [xp.concat([x, x]), xp.astype(x, xp.float64), xp.zeros_like(x), xp.asarray(x)]
        results += [xp.pow(x, x), xp.argmax(x, axis=0), xp.take_along_axis(x, i[:, None])]
        return [*results, *xp.broadcast_arrays(x, x[0]), xp.clip(x, 1), xp.permute_dims(x, (1, 0))]

    plain = case()
    assert all(isinstance(each, tf.Tensor) for each in plain)
    for compiled in (False, True):
        traced = tf.function(case, jit_compile=compiled)
        for ours, theirs in zip(traced(), plain, strict=True):
            np.testing.assert_allclose(ours, theirs, 1e-6)
    with tf.GradientTape() as tape:
        y = xp.sum(xp.take(x, i, axis=0)) + xp.sum(xp.pow(x, 2))
    np.testing.assert_allclose(tape.gradient(y, x), 1 + 2 * x.numpy())
    assert xp.result_type(x, 1.0) == xp.finfo(x).dtype == xp.float32


def test_operators(way: str) -> None:
    """What the operators of tensors do with equal dtypes and Python scalars is the standard's."""

    def case(space: Any, x: Any, y: Any, p: Any, q: Any, i: Any) -> list[Any]:
        results = [x + y, x - y, x * y, x / y, -x, x + 1, 1 - x, 2 * x, 0.5 * x, 1 / y, x * 0.5]
        results += [
            x == y,
            x != y,
            x < y,
            x <= y,
            x > 0,
            x >= 0.5,
            x == 1,
            abs(x),
            x**2,
            +x if False else x,
        ]
        results += [p & q, p | q, p ^ q, ~p, p == q, p != q, i + 1, i * i, -i, i == 2, i & 1, ~i]
        return results

    p, q = np.array([True, True, False, False]), np.array([True, False, True, False])
    x, y = np.array([1.0, -2.0, np.nan, 0.0], "f4"), np.array([2.0, -2.0, 1.0, 4.0], "f4")
    check(way, case, x, y, p, q, np.array([1, 2, -3, 0]))


# --- refusals -------------------------------------------------------------------------------

F, J, U, B = (xp.asarray([1, 0], dtype=d) for d in (xp.float32, xp.int64, xp.uint64, xp.bool))


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (TypeError, lambda: xp.add(F, J)),
        (TypeError, lambda: xp.add(J, U)),
        (TypeError, lambda: xp.add(B, B)),
        (TypeError, lambda: xp.add(1, 2)),
        (TypeError, lambda: xp.add(F, True)),
        (TypeError, lambda: xp.add(J, 0.5)),
        (TypeError, lambda: xp.add(J, J, J)),
        (TypeError, lambda: xp.add(F, np.ones(2, "f4"))),
        (TypeError, lambda: xp.exp(1.0)),
        (TypeError, lambda: xp.exp(J)),
        (TypeError, lambda: xp.exp(x=F)),
        (TypeError, lambda: xp.divide(J, J)),
        (TypeError, lambda: xp.mean(J)),
        (TypeError, lambda: xp.sum(B)),
        (TypeError, lambda: xp.max(B)),
        (TypeError, lambda: xp.sum(F, 0)),
        (TypeError, lambda: xp.logical_and(J, J)),
        (TypeError, lambda: xp.where(J, F, F)),
        (TypeError, lambda: xp.where(B, F, J)),
        (TypeError, lambda: xp.clip(F, J)),
        (TypeError, lambda: xp.clip(J, 0.5)),
        (TypeError, lambda: xp.concat([F, J])),
        (TypeError, lambda: xp.take(F, F)),
        (TypeError, lambda: xp.result_type(1, 2.0)),
        (OverflowError, lambda: xp.add(U, -1)),
        (OverflowError, lambda: xp.equal(xp.astype(J, xp.int8), 128)),
        (IndexError, lambda: xp.sum(F, axis=1)),
        (IndexError, lambda: xp.expand_dims(F, axis=2)),
        (IndexError, lambda: xp.argmax(F, axis=-2)),
        (ValueError, lambda: xp.sum(F, axis=(0, -1))),
        (ValueError, lambda: xp.squeeze(F, axis=0)),
        (ValueError, lambda: xp.take(F[None], J)),
        (ValueError, lambda: xp.take_along_axis(F, J[None])),
        (ValueError, lambda: xp.matmul(F[0], F)),
        (ValueError, lambda: xp.argmax(F[:0])),
        (ValueError, lambda: xp.zeros((None, 2))),
    ],
)
def test_refuses(error: type[Exception], call: Callable[[], Any]) -> None:
    with pytest.raises(error):
        call()
