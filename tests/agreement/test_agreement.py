"""All frameworks in one process: the same bits in exact mode, the same number in native.

Random batches of one shape, so that compiled programs are made once. That vectors have the same
bits everywhere is in tests/core/test_cases.py.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from itertools import cycle, product
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wce_conformance.adapters import NAMES, Adapter, adapter
from wce_conformance.judging.bits import bits
from wce_core import losses
from wce_core.formulas.links import CATEGORICAL_LINKS
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.formulas.weightings import SOFT_WEIGHTINGS, WEIGHTINGS

N, C = 24, 5
DRAWS = 3
DTYPES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
FRAMEWORKS = [name for name in NAMES if name not in ("numpy", "array_api_strict")]
"""Those that are compared with NumPy."""
ROUTES = {"torch": ("eager", "functional"), "jax": ("eager", "compiled")}
EXAMPLES = 500 if os.environ.get("WCE_EVERY_CASE") else 120
HALVES = (0, 1)
"""Of the settings; the programs of each are compiled in one process."""


class Setting(NamedTuple):
    """What is fixed while values vary."""

    loss: str
    mode: str
    reduction: str
    form: str
    dtype: str
    soft: str


def every_setting() -> list[Setting]:
    """Every mode × reduction of each loss; the other choices in turn, so that all occur."""
    forms, dtypes, softs = cycle(CATEGORICAL_LINKS), cycle(DTYPES), cycle(SOFT_WEIGHTINGS)
    other = {"cross_entropy": "pos_weight", "binary_cross_entropy": "cost_matrix"}
    return [
        Setting(loss, mode, reduction, next(forms), next(dtypes), next(softs))
        for loss in other
        for mode, reduction in product(("unweighted", "all", *WEIGHTINGS), REDUCTIONS)
        if mode != other[loss]
    ]


def half_of(number: int) -> int:
    """Every fourth setting has more routes, so that these are shared out."""
    return number // 4 % len(HALVES)


def together(half: int) -> pytest.MarkDecorator:
    return pytest.mark.xdist_group(f"settings {half}")


SETTINGS = list(enumerate(every_setting()))
MARKED = [
    pytest.param(number, setting, id="-".join(setting), marks=together(half_of(number)))
    for number, setting in SETTINGS
]


def draw(setting: Setting, seed: int) -> dict[str, Any]:
    """Arrays by argument name, as NumPy; hard, soft and index targets in turn."""
    rng = np.random.default_rng(seed)
    binary = setting.loss == "binary_cross_entropy"
    x = rng.normal(size=(N, C)) * rng.choice([0.5, 5.0, 40.0])
    if setting.form != "logits":
        p = 1 / (1 + np.exp(-x)) if binary else np.exp(x) / np.exp(x).sum(-1, keepdims=True)
        x = np.clip(p, 1e-6, 1.0)
        x = np.log(x) if setting.form == "log_probabilities" else x
    x = np.minimum(
        x.astype(DTYPES[setting.dtype]), x.dtype.type(np.inf if setting.form == "logits" else 1)
    )
    indices = setting.mode in ("ignore_index", "all") or setting.reduction in ("mean", "sum")
    weights = {
        "mask": rng.random(N) < 0.8,
        "ignore_index": 1,
        "class_weight": rng.random((C, 2) if binary else C) * 3,
        "pos_weight": rng.random(C) * 3,
        "sample_weight": rng.random(N) * 2,
        "cost_matrix": rng.random((C, C)),
    }
    other = "cost_matrix" if binary else "pos_weight"
    chosen = [n for n in weights if n != other and setting.mode in (n, "all")]
    if binary:
        y = (rng.random((N, C)) < 0.3).astype(np.float32) if indices else rng.random((N, C))
    else:
        y = rng.integers(0, C, N) if indices else rng.random((N, C))
    return {
        "predictions": x.astype(DTYPES[setting.dtype]),
        "targets": y,
        **{n: weights[n] for n in chosen},
    }


@functools.cache
def made(name: str) -> Adapter:
    return adapter(name)


def routes(name: str, number: int) -> tuple[str, ...]:
    """Compilers see every fourth setting; ``torch.compile``, slower still, has tests of its own."""
    all_of_them = ROUTES.get(name, made(name).routes)
    return tuple(r for r in all_of_them if number % 4 == 0 or r not in ("compiled", "xla"))


def results(
    name: str, route: str, setting: Setting, precision: str, seeds: Iterable[int] = range(DRAWS)
) -> list[list[np.ndarray]]:
    """Value and gradient of every draw."""
    own = made(name)
    options: dict[str, Any] = {
        "reduction": setting.reduction,
        "form": setting.form,
        "soft_weighting": setting.soft,
        "label_smoothing": 0.1 if setting.mode in ("all", "class_weight") else 0.0,
        "precision": precision,
    }
    if setting.mode in ("all", "ignore_index"):
        options["ignore_index"] = 1

    def function(predictions: Any, targets: Any, **arrays: Any) -> Any:
        return getattr(losses, setting.loss)(predictions, targets, **arrays, **options)

    found, both = [], own.differentiated(route, function, "predictions")
    for seed in seeds:
        data = draw(setting, seed)
        data.pop("ignore_index", None)
        value, gradient = both({key: own.array(value) for key, value in data.items()})
        values = own.to_numpy(value)
        values = list(values) if isinstance(values, tuple) else [values]
        found.append(
            [np.asarray(v) for v in values] + ([] if gradient is None else [own.numpy(gradient)])
        )
    return found


@pytest.mark.parametrize(("number", "setting"), MARKED)
def test_exact_results_have_the_same_bits(number: int, setting: Setting) -> None:
    want = results("numpy", "eager", setting, "exact")
    for name in FRAMEWORKS:
        for route in routes(name, number):
            same_bits(want, results(name, route, setting, "exact"), f"{name} {route}")


def same_bits(want: Any, got: Any, where: str) -> None:
    """Of each draw, each array; a gradient that only one of the two has is not compared."""
    for a, b in zip(want, got, strict=True):
        for left, right in zip(a, b, strict=False):
            np.testing.assert_array_equal(bits(left), bits(right), err_msg=where)


@pytest.mark.parametrize("half", [pytest.param(half, marks=together(half)) for half in HALVES])
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_random_batches_have_the_same_bits(half: int, data: st.DataObject, seed: int) -> None:
    own = [setting for number, setting in SETTINGS if half_of(number) == half]
    setting = data.draw(st.sampled_from(own))
    want = results("numpy", "eager", setting, "exact", [seed])
    for name in FRAMEWORKS:
        same_bits(want, results(name, "eager", setting, "exact", [seed]), name)


@pytest.mark.parametrize(("number", "setting"), MARKED[::3])
def test_native_results_agree(number: int, setting: Setting) -> None:
    del number
    want = results("numpy", "eager", setting, "exact")
    eps = float(ml_dtypes.finfo(DTYPES[setting.dtype]).eps)
    for name in FRAMEWORKS:
        got = results(name, "eager", setting, "native")
        for a, b in zip(want, got, strict=True):
            for wide, narrow in zip(a, b, strict=False):
                left, right = wide.astype(np.float64), narrow.astype(np.float64)
                scale = np.abs(left).max() if left.ndim else abs(left)
                assert np.abs(left - right).max() <= 8 * eps * scale + 2.0**-24, name
