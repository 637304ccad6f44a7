"""``Logits``: steps before the softmax, and a z-loss. Vectors hold them on every backend."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import LossParts, losses
from wce_core.losses import Logits

RNG = np.random.default_rng(14)
X = 3.0 * RNG.normal(size=(6, 4))
Y, BITS = RNG.integers(0, 4, 6), RNG.integers(0, 2, (6, 4))
MASS, SHARES = RNG.random((6, 4)) * (RNG.random((6, 4)) < 0.8), RNG.random((6, 4))
W = RNG.random(4) + 0.5
PRIORS = np.array([0.6, 0.25, 0.1, 0.05])

FORMS = [
    Logits(temperature=0.4),
    Logits(softcap=2.0),
    Logits(adjustment=np.log(PRIORS)),
    Logits(margin=0.35),
    Logits(margin=[0.0, 0.5, 1.0, 3.0]),
    Logits(z_loss=0.1),
    Logits(1.5, 4.0, np.log(PRIORS), [0.0, 0.5, 1.0, 3.0], 0.2),
]
PAIRS = [
    Logits(temperature=0.4),
    Logits(softcap=2.0),
    Logits(adjustment=(-0.5, 1.0)),
    Logits(margin=0.35),
    Logits(1.5, 4.0, (-0.5, 1.0), (0.25, 2.0)),
]


def rows(x: np.ndarray, q: np.ndarray, form: Logits) -> np.ndarray:
    """What each row costs, as the definition says it."""
    y = x if form.softcap is None else form.softcap * np.tanh(x / form.softcap)
    z = y / form.temperature + np.array(form.adjustment or 0.0)
    lowered = np.exp(z - np.array(form.margin or 0.0))
    whole = np.exp(z).sum(-1, keepdims=True)
    surprisals = np.log(whole - np.exp(z) + lowered) - np.log(lowered)
    return (q * (surprisals + form.z_loss * np.log(whole) ** 2)).sum(-1)


def slope(function: Any, x: np.ndarray) -> np.ndarray:
    """Central differences."""
    found, step = np.zeros_like(x), 1e-6
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up) - function(down)) / (2 * step)
    return found


def differentiated(function: Any, x: np.ndarray) -> tuple[Any, np.ndarray]:
    return wce_core.value_and_grad(function)(x)


@pytest.mark.parametrize("form", FORMS, ids=repr)
@pytest.mark.parametrize("dense", [False, True])
def test_rows(form: Logits, dense: bool) -> None:
    targets, q = (MASS, MASS) if dense else (Y, np.eye(4)[Y])

    def loss(x: Any) -> Any:
        return losses.cross_entropy(x, targets, form=form, class_weight=W, reduction="sum")

    value, gradient = differentiated(loss, X)
    np.testing.assert_allclose(value, rows(X, W * q, form).sum(), rtol=1e-12)
    expected = slope(lambda x: rows(x, W * q, form).sum(), X)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("form", PAIRS, ids=repr)
@pytest.mark.parametrize("targets", [BITS, SHARES], ids=["labels", "soft"])
def test_two_classes_are_a_row_of_0_and_x(form: Logits, targets: np.ndarray) -> None:
    both = np.stack([np.zeros_like(X), X], -1)
    mass = np.stack([1.0 - targets, targets], -1)
    value, gradient = differentiated(
        lambda x: losses.binary_cross_entropy(x, targets, form=form, reduction="sum"), X
    )
    expected, wide = differentiated(
        lambda x: losses.cross_entropy(x, mass, form=form, reduction="sum"), both
    )
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(gradient, wide[..., 1], rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("form", FORMS, ids=repr)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_index_is_its_one_hot_row(form: Logits, smoothing: float) -> None:
    def loss(targets: Any) -> Any:
        return lambda x: losses.cross_entropy(
            x, targets, form=form, class_weight=W, label_smoothing=smoothing, reduction="sum"
        )

    for own, other in zip(
        differentiated(loss(Y), X), differentiated(loss(np.eye(4)[Y]), X), strict=True
    ):
        np.testing.assert_allclose(own, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("form", FORMS, ids=repr)
def test_parts_of_a_split_add_up(form: Logits) -> None:
    arguments = {"form": form, "class_weight": W, "reduction": "parts"}
    split = [losses.cross_entropy(X[i : i + 2], Y[i : i + 2], **arguments) for i in (0, 2, 4)]
    whole: LossParts = losses.cross_entropy(X, Y, **arguments)
    added = sum(split)
    assert isinstance(added, LossParts)
    np.testing.assert_allclose(added, whole, rtol=1e-12)


def test_a_z_loss_is_weighted_with_its_item_and_has_no_denominator() -> None:
    weights, form = np.array([2.0, 0.0, 1.0, 0.5, 1.0, 3.0]), Logits(z_loss=0.5)
    arguments: dict[str, Any] = {"sample_weight": weights, "class_weight": W, "reduction": "parts"}
    plain = losses.cross_entropy(X, Y, **arguments)
    with_z = losses.cross_entropy(X, Y, form=form, **arguments)
    squared = np.log(np.exp(X).sum(-1)) ** 2
    np.testing.assert_allclose(
        with_z.total - plain.total, (weights * W[Y] * 0.5 * squared).sum(), rtol=1e-12
    )
    assert with_z[1:] == plain[1:]


@pytest.mark.parametrize("form", FORMS, ids=repr)
def test_in_blocks(backend: str, form: Logits) -> None:
    """More elements than a block has, of which each route makes its own pieces."""
    own, many = adapter(backend), 60_000
    x = np.tile(X, (many // 6, 1)).astype(np.float32)
    value, gradient = own.differentiate(
        "eager",
        lambda x, y: losses.cross_entropy(x, y, form=form, class_weight=W),
        {"x": own.array(x), "y": own.array(np.tile(Y, many // 6))},
        "x",
    )
    expected, slopes = differentiated(
        lambda x: losses.cross_entropy(x, Y, form=form, class_weight=W), X
    )
    np.testing.assert_allclose(own.numpy(value), expected, rtol=2e-6)
    first = own.numpy(gradient)[-6:] * (many / 6)
    np.testing.assert_allclose(first, slopes, rtol=1e-4, atol=1e-6)


def test_the_predicted_class_is_that_of_the_logits_as_given() -> None:
    costs = RNG.random((4, 4)) + 0.5
    form = Logits(adjustment=(0.0, 50.0, 0.0, 0.0))
    loss = losses.cross_entropy(X, Y, form=form, reduction="none")
    with_costs = losses.cross_entropy(X, Y, form=form, cost_matrix=costs, reduction="none")
    np.testing.assert_allclose(with_costs / loss, costs[Y, X.argmax(-1)])


# --- Numbers that are next to nothing, or huge ----------------------------------------------------


def test_a_shared_offset_cancels_under_a_temperature(backend: str) -> None:
    own = adapter(backend)
    x = np.float32([[2.0**20 + 2.0, 2.0**20, 2.0**20 - 1.0]])
    for form in (Logits(temperature=3.0), Logits(temperature=3.0, adjustment=(-1.0, 0.0, -2.0))):
        near = losses.cross_entropy(x - 2.0**20, [1], form=form)
        far = losses.cross_entropy(own.array(x), own.array(np.array([1])), form=form)
        np.testing.assert_allclose(own.numpy(far), near, rtol=1e-6)


def test_a_cap_keeps_differences_and_slopes(backend: str) -> None:
    """c·tanh rounds both logits to c in float32, and 1 − tanh² to 0."""
    own, form = adapter(backend), Logits(softcap=4.0, temperature=2.0**-20)
    x = np.float32([[40.0, 39.0]])
    value, gradient = own.differentiate(
        "eager",
        lambda x, y: losses.cross_entropy(x, y, form=form, reduction="sum"),
        {"x": own.array(x), "y": own.array(np.array([1]))},
        "x",
    )
    d = 8.0 * (np.exp(-19.5) - np.exp(-20.0)) * 2.0**20
    p = 1.0 / (1.0 + np.exp(-d))
    np.testing.assert_allclose(own.numpy(value), np.log1p(np.exp(d)), rtol=2e-5)
    slopes = 4.0 * np.exp([-20.0, -19.5]) * np.array([p, -p]) * 2.0**20
    np.testing.assert_allclose(own.numpy(gradient)[0], slopes, rtol=2e-5)


# --- The form -------------------------------------------------------------------------------------


def test_without_arguments_it_is_logits() -> None:
    for targets in (Y, MASS):
        own = losses.cross_entropy(X, targets, form=Logits(), reduction="none")
        np.testing.assert_array_equal(own, losses.cross_entropy(X, targets, reduction="none"))


@pytest.mark.parametrize("form", FORMS, ids=repr)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))]
)
def test_copies_are_equal(form: Logits, copied: Any) -> None:
    again = copied(form)
    assert again == form
    assert hash(again) == hash(form)
    assert losses.cross_entropy(X, Y, form=again) == losses.cross_entropy(X, Y, form=form)


def test_numbers_are_copied_and_compared_by_value() -> None:
    given = np.array([1, 2, 3])
    form = Logits(np.float32(2.0), adjustment=given, margin=np.array(0.5))
    given[0] = 7
    assert form == Logits(temperature=2, adjustment=[1.0, 2.0, 3.0], margin=0.5)
    assert form != Logits(temperature=2, adjustment=[1.0, 2.0, 4.0], margin=0.5)
    assert form.adjustment == (1.0, 2.0, 3.0)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"temperature": 0.0}, ValueError, "temperature is 0.0; expected a number between"),
    ({"temperature": None}, TypeError, "temperature is None"),
    ({"temperature": "1"}, TypeError, "temperature is '1'"),
    ({"softcap": -30.0}, ValueError, "softcap is -30.0"),
    ({"softcap": float("inf")}, ValueError, "softcap is inf"),
    ({"z_loss": -1e-4}, ValueError, "z_loss is -0.0001"),
    ({"z_loss": float("nan")}, ValueError, "z_loss is nan"),
    ({"margin": -0.5}, ValueError, "margin is -0.5; expected a number from 0 to 64"),
    ({"margin": [0.5, 65.0]}, ValueError, r"margin is \(0.5, 65.0\)"),
    ({"margin": "0.5"}, TypeError, "margin is '0.5'"),
    ({"adjustment": 0.5}, ValueError, "adjustment is 0.5, which all classes share"),
    ({"adjustment": [0.0, -np.inf]}, ValueError, r"adjustment is \(0.0, -inf\); expected finite"),
    ({"adjustment": ["0", "1"]}, TypeError, r"adjustment is \['0', '1'\]"),
    ({"adjustment": [True, False]}, TypeError, r"adjustment is \[True, False\]"),
    ({"adjustment": [[0.0, 1.0]]}, TypeError, r"adjustment is \[\[0.0, 1.0\]\]"),
    ({"adjustment": [[0.0], 1.0]}, TypeError, r"adjustment is \[\[0.0\], 1.0\]"),
    ({"adjustment": [0.0, 1.0], "margin": [0.5] * 3}, ValueError, "margin of form=Logits"),
]


@pytest.mark.parametrize(("options", "error", "message"), WRONG)
def test_numbers_that_make_no_sense(options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Logits(**options)


def test_numbers_for_other_classes() -> None:
    for name in ("adjustment", "margin"):
        form = Logits(**{name: [0.5, 0.25, 0.125]})
        message = f"{name} of form=Logits.* has 3 numbers; expected one for each of 4 classes"
        with pytest.raises(ValueError, match=message):
            losses.cross_entropy(X, Y, form=form)
        with pytest.raises(ValueError, match=message):
            losses.CrossEntropy(form=form, class_weight=W)
        with pytest.raises(ValueError, match="one for each of 2 classes"):
            losses.binary_cross_entropy(X, BITS, form=form)
        with pytest.raises(ValueError, match="one for each of 2 classes"):
            losses.BinaryCrossEntropy(form=form)


def test_what_two_classes_and_probabilities_have_not() -> None:
    with pytest.raises(ValueError, match="z_loss is for rows of logits"):
        losses.binary_cross_entropy(X, BITS, form=Logits(z_loss=1.0))
    with pytest.raises(ValueError, match="clip with form=Logits"):
        losses.cross_entropy(X, Y, form=Logits(), clip=0.1)


def test_what_wants_a_gradient_is_no_constant(backend: str) -> None:
    if backend == "torch":
        import torch

        with pytest.raises(TypeError, match="adjustment is tensor"):
            Logits(adjustment=torch.zeros(3, requires_grad=True))
        assert Logits(adjustment=torch.ones(3)) == Logits(adjustment=[1.0] * 3)
    elif backend == "jax":
        import jax

        with pytest.raises(TypeError, match="adjustment is .*JitTracer|adjustment is Traced"):
            jax.jit(lambda a: Logits(adjustment=a).offset)(np.zeros(3))
    else:
        own = adapter(backend).array(np.ones(3))
        assert Logits(adjustment=own) == Logits(adjustment=[1.0] * 3)
