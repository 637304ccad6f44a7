"""``dialects.sklearn`` beside scikit-learn; its gradients beside those of ``sklearn._loss``."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import sklearn._loss
import sklearn.metrics
import sklearn.utils.class_weight as theirs
from dialects_support import DTYPES, EPS, FRAMEWORKS, drawn, everywhere, measured, near, signature
from hypothesis import given
from hypothesis import strategies as st

from wce_conformance.adapters import adapter
from wce_core import dialects

own = dialects.sklearn

SEEDS = st.integers(0, 2**20)


@pytest.mark.parametrize("name", ["compute_class_weight", "compute_sample_weight"])
def test_arguments_are_those_of_sklearn(name: str) -> None:
    assert signature(getattr(own, name)) == signature(getattr(theirs, name))


def test_arguments_of_log_loss() -> None:
    assert signature(own.log_loss) == signature(sklearn.metrics.log_loss)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    kind=st.sampled_from(["binary", "column", "rows", "named", "indicator"]),
    normalize=st.booleans(),
    weighted=st.booleans(),
    extreme=st.booleans(),
)
@drawn
def test_log_loss(dtype, seed, kind, normalize, weighted, extreme) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), 4)
    if extreme:
        p[0] = [0.0, 1.0, 0.0]
    y: Any = np.array([0, 1, 2, 1])
    labels = None
    if kind in ("binary", "column"):
        p = np.where(p[:, 0] < 0.02, 0.0, p[:, 0]) if extreme else np.clip(p[:, 0], 0.02, 0.98)
        p = p[:, None] if kind == "column" else p
        y = np.array([0, 1, 1, 0])
    elif kind == "named":
        y, labels = y * 10, [0, 10, 20]
    elif kind == "indicator":
        y = np.eye(3, dtype=int)[y]
    p = p.astype(dtype)
    if p.ndim == 2 and p.shape[1] > 1:
        p = (p / p.sum(axis=1, keepdims=True)).astype(dtype)
    weights = {"sample_weight": rng.uniform(0.1, 2, 4).astype(dtype)} if weighted else {}
    expected = sklearn.metrics.log_loss(y, p, normalize=normalize, labels=labels, **weights)

    def ours(x: Any, y: Any, **k: Any) -> Any:
        return own.log_loss(y, x, normalize=normalize, labels=labels, **k)

    arrays = {"y": y, **weights}
    value, slope = measured("numpy", ours, p, arrays)
    near(value, expected, 1e4 * EPS[dtype] if not extreme else 5e-2, "value beside scikit-learn's")
    everywhere(ours, p, arrays, value, slope, condition=10.0)


def test_strings_and_inferred_labels() -> None:
    y, p = ["spam", "ham", "ham"], [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2]]
    np.testing.assert_allclose(own.log_loss(y, p), sklearn.metrics.log_loss(y, p))
    with pytest.raises(ValueError, match="one label"):
        own.log_loss(["ham"], [[0.9, 0.1]])
    with pytest.raises(ValueError, match="different number"):
        own.log_loss([0, 1, 2], [[0.9, 0.1]] * 3)
    with pytest.raises(ValueError, match="not among"):
        own.log_loss([0, 5], [[0.9, 0.1]] * 2, labels=[0, 1])
    with pytest.raises(ValueError, match="probability"):
        own.log_loss([0, 1], [1.5, 0.5])


def draw_classes(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
    names = {"numbers": np.array([0, 1, 2]), "strings": np.array(["a", "b", "c"])}[kind]
    return names, names[np.concatenate([[0, 1, 2], rng.integers(0, 3, 5)])]


RULES = st.sampled_from(["balanced", "none", "all", "some"])


def rule_for(rule: str, names: np.ndarray) -> Any:
    rules: dict[str, Any] = {
        "balanced": "balanced",
        "none": None,
        "all": {name: 1.5 + i for i, name in enumerate(names.tolist())},
        "some": {names.tolist()[1]: 4.0},
    }
    return rules[rule]


@given(seed=SEEDS, kind=st.sampled_from(["numbers", "strings"]), rule=RULES, weighted=st.booleans())
@drawn
def test_compute_class_weight(seed, kind, rule, weighted) -> None:
    rng = np.random.default_rng(seed)
    names, y = draw_classes(rng, kind)
    weights = rng.uniform(0.1, 2, len(y)) if weighted else None
    arguments = {"classes": names, "y": y, "sample_weight": weights}
    chosen = rule_for(rule, names)
    expected = theirs.compute_class_weight(chosen, **arguments)
    np.testing.assert_allclose(own.compute_class_weight(chosen, **arguments), expected)


@given(
    seed=SEEDS,
    kind=st.sampled_from(["numbers", "strings"]),
    rule=RULES,
    columns=st.booleans(),
    subsample=st.booleans(),
)
@drawn
def test_compute_sample_weight(seed, kind, rule, columns, subsample) -> None:
    rng = np.random.default_rng(seed)
    names, y = draw_classes(rng, kind)
    chosen = rule_for(rule, names)
    if columns:
        y = np.stack([y, rng.permutation(y)], axis=1)
        chosen = chosen if chosen == "balanced" else [rule_for("all", names)] * 2
    indices = rng.integers(0, len(y), 5) if subsample and rule == "balanced" else None
    expected = theirs.compute_sample_weight(chosen, y, indices=indices)
    np.testing.assert_allclose(own.compute_sample_weight(chosen, y, indices=indices), expected)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_weights_come_in_the_framework_of_the_labels(framework: str) -> None:
    y = adapter(framework).array(np.array([1, 1, 1, 0], np.int32))
    weights = own.compute_sample_weight("balanced", y)
    assert type(weights) is type(adapter(framework).array(np.zeros(2, np.float32)))
    np.testing.assert_allclose(adapter(framework).numpy(weights), [2 / 3] * 3 + [2.0], rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.compute_class_weight("balanced", classes=np.array([0]), y=[0, 1]),
        lambda m: m.compute_class_weight("balanced", classes=np.array([0, 1, 2]), y=[0, 1]),
        lambda m: m.compute_class_weight({0: 1.0, 9: 2.0}, classes=np.array([0, 1]), y=[0, 1]),
        lambda m: m.compute_sample_weight(None, [[0, 1], [1, 0]]),
        lambda m: m.compute_sample_weight([{0: 1.0}], [[0, 1], [1, 0]]),
        lambda m: m.compute_sample_weight({0: 1.0}, [0, 1], indices=[0]),
    ],
)
def test_the_same_is_refused(call: Any) -> None:
    for library in (theirs, own):
        with pytest.raises(ValueError, match=r".+"):
            call(library)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, weighted=st.booleans(), scale=st.sampled_from([0.5, 3.0]))
@drawn
def test_half_binomial_loss(dtype, seed, weighted, scale) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=4) * scale).astype(dtype)
    y = rng.uniform(0, 1, 4).astype(dtype)
    half_losses(own.HalfBinomialLoss(), sklearn._loss.HalfBinomialLoss(), x, y, rng, weighted)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, weighted=st.booleans(), scale=st.sampled_from([0.5, 3.0]))
@drawn
def test_half_multinomial_loss(dtype, seed, weighted, scale) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(4, 3)) * scale).astype(dtype)
    y = rng.integers(0, 3, 4).astype(dtype)
    pair = own.HalfMultinomialLoss(n_classes=3), sklearn._loss.HalfMultinomialLoss(n_classes=3)
    half_losses(*pair, x, y, rng, weighted)


def half_losses(
    ours: Any, library: Any, x: np.ndarray, y: np.ndarray, rng: np.random.Generator, weighted: bool
) -> None:
    bound = 256 * EPS[x.dtype.name]
    s = rng.uniform(0.1, 2, 4).astype(x.dtype) if weighted else None
    near(ours(y, x, s), library(y, x, s), bound, "average")
    near(ours.loss(y, x, s), library.loss(y, x, s), bound, "losses")
    for own_one, other in zip(
        ours.gradient_hessian(y, x, s), library.gradient_hessian(y, x, s), strict=True
    ):
        near(own_one, other, bound, "gradient or second derivative")
    near(ours.loss_gradient(y, x, s)[1], library.gradient(y, x, s), bound, "gradient")
    arrays = {"y": y} if s is None else {"y": y, "s": s}
    value, slope = measured("numpy", lambda x, y, s=None: ours(y, x, s), x, arrays)
    everywhere(lambda x, y, s=None: ours(y, x, s), x, arrays, value, slope, condition=10.0)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_second_derivatives_in_every_framework(framework: str) -> None:
    own_adapter = adapter(framework)
    x, y = np.array([[2.0, 0.0, 1.0], [0.0, 30.0, 0.0]], np.float32), np.array([0, 2], np.int32)
    gradient, hessian = own.HalfMultinomialLoss(n_classes=3).gradient_hessian(
        own_adapter.array(y), own_adapter.array(x)
    )
    exact = np.exp(x.astype(float)) / np.exp(x.astype(float)).sum(axis=1, keepdims=True)
    rest = 1 - exact
    rest[1, 1] = exact[1, 0] + exact[1, 2]  # 1 − p cancels
    np.testing.assert_allclose(own_adapter.numpy(hessian), exact * rest, rtol=1e-5)
    np.testing.assert_allclose(
        own_adapter.numpy(gradient), exact - np.eye(3)[y], rtol=1e-5, atol=1e-12
    )


def test_the_module_is_private_there() -> None:
    assert inspect.ismodule(sklearn._loss)
