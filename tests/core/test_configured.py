"""Configured losses: the functions with their arguments fixed."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
import warnings
from types import SimpleNamespace
from typing import Any, get_args, get_overloads, get_type_hints

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_core import losses
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.losses import signatures
from wce_core.losses.registry import LOSSES

PAIRS = [(kind, getattr(losses, name)) for name, kind in LOSSES.items()]


@pytest.mark.parametrize(("configured", "function"), PAIRS)
def test_the_same_arguments_and_defaults(configured: Any, function: Any) -> None:
    absent = {dataclasses.MISSING: inspect.Parameter.empty}
    own = {f.name: absent.get(f.default, f.default) for f in dataclasses.fields(configured)}
    signature = inspect.signature(function).parameters
    _, second, *_ = signature  # targets, by the name that the loss has for them
    at_call = {"predictions", second, "sample_weight", "mask", "normalizer"}
    assert own == {n: p.default for n, p in signature.items() if n not in at_call}
    called = set(inspect.signature(configured.__call__).parameters) - {"self", "targets"}
    assert called | {second} == at_call


@pytest.mark.parametrize(
    ("function", "together", "held"),
    [
        (losses.cross_entropy, signatures.Categorical, signatures.CategoricalOptions),
        (losses.binary_cross_entropy, signatures.Binary, signatures.BinaryOptions),
    ],
)
def test_overloads_name_the_same_options(function: Any, together: Any, held: Any) -> None:
    own = get_type_hints(function)
    for name in ("predictions", "targets", "reduction", "return"):
        del own[name]
    assert get_type_hints(together) == own
    at_call = get_type_hints(signatures.AtCall)
    assert get_type_hints(held) == {n: t for n, t in own.items() if n not in at_call}


def overloads_of(function: Any) -> list[Any]:
    """As they were defined: a loss goes by the name of the package, not by that of its file."""
    place = {"__module__": function.__globals__["__name__"], "__qualname__": function.__qualname__}
    return list(get_overloads(SimpleNamespace(**place)))


@pytest.mark.parametrize(("configured", "function"), PAIRS)
def test_every_overload_takes_what_the_loss_takes(configured: Any, function: Any) -> None:
    for of, whole in ((function, function), (configured.__init__, configured)):
        names = set(inspect.signature(whole).parameters)
        for overload in overloads_of(of):
            (rest,) = get_args(get_type_hints(overload)["rest" if of is whole else "options"])
            own = set(inspect.signature(overload).parameters) - {"rest", "options", "self"}
            assert own | set(get_type_hints(rest)) | {"reduction"} == names
    assert len(overloads_of(function)) == 6


@pytest.mark.parametrize(("configured", "function"), PAIRS)
def test_the_function_is_documented_in_full(configured: Any, function: Any) -> None:
    text = inspect.getdoc(function) or ""
    for heading in ("Parameters", "Returns", "Raises", "See Also", "Notes", "Examples"):
        assert text.count(f"\n{heading}\n{'-' * len(heading)}\n") == 1
    section = text.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    named = re.findall(r"^(\w[\w, ]*)$", section, re.MULTILINE)
    explained = [name for line in named for name in line.split(", ")]
    assert sorted(explained) == sorted(inspect.signature(function).parameters)
    assert f"{configured.__name__} : the same with its options fixed" in text


@pytest.mark.parametrize(("configured", "function"), PAIRS)
def test_help_explains_every_parameter(configured: Any, function: Any) -> None:
    text = inspect.getdoc(configured) or ""
    section = text.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    named = re.findall(r"^(\w[\w, ]*)$", section, re.MULTILINE)
    explained = {name for line in named for name in line.split(", ")}
    assert explained == {field.name for field in dataclasses.fields(configured)}
    bodies = re.split(r"^\w[\w, ]*$", section, flags=re.MULTILINE)[1:]
    assert all(body.strip() for body in bodies)
    choices = re.findall(r'``"(\w+)"``', text)
    assert set(choices) <= set(re.findall(r'``"(\w+)"``', inspect.getdoc(function) or ""))
    assert set(REDUCTIONS) <= set(choices)


def test_the_same_number(backend: str) -> None:
    own = adapter(backend)
    rng = np.random.default_rng(1)
    x, y = own.array(rng.normal(size=(5, 3))), own.array(rng.integers(0, 3, 5))
    weight = own.array(rng.random(5))
    options: dict[str, Any] = {"class_weight": [1.0, 2.0, 3.0], "reduction": "weighted_mean"}
    a = losses.CrossEntropy(**options)(x, y, sample_weight=weight)
    b = losses.cross_entropy(x, y, sample_weight=weight, **options)
    np.testing.assert_array_equal(own.numpy(a), own.numpy(b))
    t = own.array(rng.random((5, 3)))
    a = losses.BinaryCrossEntropy(pos_weight=4.0)(
        x, t, mask=own.array(np.array([True] * 4 + [False]))
    )
    b = losses.binary_cross_entropy(
        x, t, pos_weight=4.0, mask=own.array(np.array([True] * 4 + [False]))
    )
    np.testing.assert_array_equal(own.numpy(a), own.numpy(b))


@pytest.mark.parametrize("weight", [[1.0, 2.0], np.array([1.0, 2.0]), {0: 1.0, 1: 2.0}, (1.0, 2.0)])
def test_equal_by_value(weight: Any) -> None:
    a, b = losses.CrossEntropy(class_weight=weight), losses.CrossEntropy(class_weight=weight)
    other = losses.CrossEntropy(class_weight=[1.0, 3.0])
    assert a == b
    assert hash(a) == hash(b)
    assert a != other
    assert a != losses.CrossEntropy()
    assert repr(a) in {
        "CrossEntropy(class_weight=[1.0, 2.0])",
        "CrossEntropy(class_weight={0: 1.0, 1: 2.0})",
    }


def test_another_frameworks_array_is_held_by_identity(backend: str) -> None:
    own = adapter(backend)
    w = own.array(np.array([1.0, 2.0]))
    v = own.array(np.array([1.0, 2.0]))
    a = losses.CrossEntropy(class_weight=w)
    assert a == losses.CrossEntropy(class_weight=w)
    assert hash(a) == hash(losses.CrossEntropy(class_weight=w))
    assert (a == losses.CrossEntropy(class_weight=v)) is (backend == "numpy")
    assert repr(a).startswith("CrossEntropy(class_weight=")


def test_immutable() -> None:
    weights = np.array([1.0, 2.0])
    loss = losses.CrossEntropy(class_weight=weights)
    before = loss(np.zeros((1, 2)), [1])
    weights[1] = 100.0
    assert loss(np.zeros((1, 2)), [1]) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.reduction = "sum"
    assert repr(losses.BinaryCrossEntropy(reduction="sum")) == "BinaryCrossEntropy(reduction='sum')"


# --- What is known when it is built ----------------------------------------------------------


def matrix(numbers: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(numbers)


EYE = np.eye(3)
WRONG: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (losses.CrossEntropy, {"class_weight": b"balanced"}, TypeError, "class_weight"),
    (losses.CrossEntropy, {"class_weight": [None, 1.0]}, TypeError, "class_weight"),
    (losses.CrossEntropy, {"class_weight": ["a", "b"]}, TypeError, "class_weight"),
    (losses.CrossEntropy, {"class_weight": [1.0, -1.0]}, ValueError, r"-1.0 at position \(1,\)"),
    (losses.CrossEntropy, {"class_weight": [1.0, np.nan]}, ValueError, "class_weight is nan"),
    (losses.CrossEntropy, {"class_weight": 2.0}, ValueError, "one per class"),
    (losses.CrossEntropy, {"class_weight": []}, ValueError, "one per class"),
    (losses.CrossEntropy, {"class_weight": [[1.0], [2.0]]}, ValueError, "one per class"),
    (losses.CrossEntropy, {"class_weight": [[1.0], [2.0, 3.0]]}, ValueError, "rows of different"),
    (losses.CrossEntropy, {"class_weight": [True, False]}, TypeError, "a real dtype"),
    (losses.CrossEntropy, {"class_weight": np.array([1j, 2])}, TypeError, "complex"),
    (losses.CrossEntropy, {"class_weight": {0: 1.0, 2: 2.0}}, ValueError, "names the classes"),
    (losses.CrossEntropy, {"class_weight": {0: 1.0, 1: -2.0}}, ValueError, "-2.0"),
    (losses.CrossEntropy, {"class_weight": {0: 1.0, 1: "b"}}, TypeError, "class_weight"),
    (losses.CrossEntropy, {"class_weight": [1, 2], "cost_matrix": EYE}, ValueError, "cost_matrix"),
    (losses.CrossEntropy, {"cost_matrix": EYE[:2]}, ValueError, "cost_matrix has shape"),
    (losses.CrossEntropy, {"cost_matrix": -EYE}, ValueError, r"-1.0 at position \(0, 0\)"),
    (losses.CrossEntropy, {"class_weight": np.ma.array([1.0, 2.0])}, TypeError, "a masked array"),
    (losses.CrossEntropy, {"cost_matrix": matrix(EYE)}, TypeError, "a numpy.matrix"),
    (
        losses.CrossEntropy,
        {"class_weight": [1.0], "label_smoothing": 0.1, "smoothing": "others"},
        ValueError,
        "with one class",
    ),
    (losses.BinaryCrossEntropy, {"class_weight": [1.0, 2.0, 3.0]}, ValueError, "class_weight"),
    (losses.BinaryCrossEntropy, {"class_weight": {0: 1.0}}, ValueError, "names the classes"),
    (losses.BinaryCrossEntropy, {"class_weight": [[1.0], [2.0]]}, ValueError, "per label"),
    (losses.BinaryCrossEntropy, {"pos_weight": -1.0}, ValueError, "pos_weight is -1.0"),
    (losses.BinaryCrossEntropy, {"pos_weight": "9"}, TypeError, "pos_weight"),
    (losses.BinaryCrossEntropy, {"pos_weight": matrix([[9.0]])}, TypeError, "a numpy.matrix"),
    (losses.BinaryCrossEntropy, {"pos_weight": {0: 1.0}}, TypeError, "pos_weight"),
    (
        losses.BinaryCrossEntropy,
        {"pos_weight": [1.0, 2.0], "class_weight": np.ones((3, 2))},
        ValueError,
        "pos_weight",
    ),
]


@pytest.mark.parametrize(("kind", "options", "error", "message"), WRONG)
def test_what_no_call_makes_right(kind: Any, options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        kind(**options)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (losses.CrossEntropy, {"class_weight": [1.0, -1.0], "validate": False}),
        (losses.CrossEntropy, {"class_weight": [1.0, 2.0, 3.0], "cost_matrix": EYE}),
        (losses.BinaryCrossEntropy, {"pos_weight": np.ones((4, 1, 2))}),
        (losses.BinaryCrossEntropy, {"pos_weight": [1.0, 2.0], "class_weight": np.ones((2, 2))}),
        (losses.BinaryCrossEntropy, {"pos_weight": np.ones((4, 1)), "class_weight": [1, 2]}),
    ],
)
def test_what_some_call_accepts(kind: Any, options: Any) -> None:
    assert kind(**options)


def test_values_of_any_framework_are_looked_at_where_they_can_be_read(backend: str) -> None:
    own = adapter(backend)
    with pytest.raises(ValueError, match=r"class_weight is -1.0 at position \(1,\)"):
        losses.CrossEntropy(class_weight=own.array(np.array([1.0, -1.0])))
    with pytest.raises(TypeError, match="class_weight has dtype bool"):
        losses.CrossEntropy(class_weight=own.array(np.array([True, False])))
    with pytest.raises(ValueError, match="class_weight has shape"):
        losses.CrossEntropy(class_weight=own.array(np.ones((2, 1))))


# --- Copies ----------------------------------------------------------------------------------


SAVED = [
    losses.CrossEntropy(),
    losses.CrossEntropy(class_weight={0: 1.0, 1: np.array(3.0)}, cost_matrix=np.ones((2, 2))),
    losses.CrossEntropy(class_weight=[1.0, 2.0], ignore_index=-100, dtype=np.float32),
    losses.BinaryCrossEntropy(pos_weight=9.0, form=losses.Probabilities(clip=1e-7)),
    losses.BinaryCrossEntropy(pos_weight=np.float32(9.0), axis=0),
    losses.FocalCrossEntropy(gamma=1.5, class_weight=[1.0, 2.0]),
    losses.BinaryFocalCrossEntropy(gamma=np.array(0.5), pos_weight=[1.0, 2.0]),
    losses.AnyOfCrossEntropy(rule="pinned", class_weight=[1.0, 2.0]),
    losses.ExpectedCost(costs=[[0.0, 1.0], [2.0, 0.5]], reduction="sum"),
    losses.PairwiseCost(costs=np.ones((2, 2)), label_smoothing=0.1),
    losses.CrossEntropy(form=losses.Logits(softcap=30.0, adjustment=[-0.5, -1.0], z_loss=1e-4)),
    losses.PolyCrossEntropy(epsilon=-0.5, class_weight={0: 1.0, 1: 2.0}),
    losses.GeneralizedCrossEntropy(q=0.5),
    losses.AsymmetricLoss(gamma_negative=2.0, margin=0.1),
]
COPIES: dict[str, Any] = {
    "pickle": lambda loss: pickle.loads(pickle.dumps(loss)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "replace": dataclasses.replace,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("loss", SAVED, ids=repr)
def test_copies_are_equal_and_immutable(loss: Any, copied: Any) -> None:
    again = copied(loss)
    assert again == loss
    assert hash(again) == hash(loss)
    assert repr(again) == repr(loss)
    for value in again._arguments.values():
        assert not (isinstance(value, np.ndarray) and value.flags.writeable)
    with pytest.raises(dataclasses.FrozenInstanceError):
        again.reduction = "sum"
    x, y = np.array([[0.5, 0.25], [0.75, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    if isinstance(loss, losses.AnyOfCrossEntropy):
        assert again(x, y > 0) == loss(x, y > 0)
    elif not loss.ignore_index:
        assert again(x, y) == loss(x, y)


@pytest.mark.parametrize("copied", [COPIES["pickle"], copy.deepcopy], ids=["pickle", "deepcopy"])
def test_what_it_holds_is_copied_as_immutable(copied: Any) -> None:
    held = losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0}, cost_matrix=np.ones((2, 2)))
    assert copied(held.class_weight) == held.class_weight
    assert copied(held.cost_matrix) == held.cost_matrix
    assert not copied(held.cost_matrix).numbers.flags.writeable


def test_arrays_of_any_framework_are_copied_with_it(backend: str) -> None:
    own = adapter(backend)
    loss = losses.CrossEntropy(class_weight=own.array(np.array([1.0, 2.0])))
    x, y = own.array(np.zeros((3, 2))), own.array(np.array([0, 1, 1]))
    again = copy.deepcopy(loss)
    np.testing.assert_array_equal(own.numpy(again(x, y)), own.numpy(loss(x, y)))


def test_both_zeros_are_one_weight() -> None:
    a, b = (losses.CrossEntropy(class_weight=[1.0, zero]) for zero in (0.0, -0.0))
    assert a == b
    assert hash(a) == hash(b)


def test_numbers_in_arrays_of_no_axes_are_numbers() -> None:
    a = losses.CrossEntropy(label_smoothing=np.array(0.1), axis=np.array(1))
    assert a == losses.CrossEntropy(label_smoothing=0.1, axis=1)
    assert hash(a) == hash(losses.CrossEntropy(label_smoothing=0.1, axis=1))
    scalar = losses.BinaryCrossEntropy(pos_weight=np.float32(2.5))
    assert scalar == losses.BinaryCrossEntropy(pos_weight=2.5)


def test_mappings_of_arrays_compare(backend: str) -> None:
    own = adapter(backend)
    weight = own.array(np.array(2.0))
    a, b = (losses.CrossEntropy(class_weight={0: 1.0, 1: weight}) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    x, y = own.array(np.zeros((2, 2))), own.array(np.array([0, 1]))
    np.testing.assert_allclose(own.numpy(a(x, y)), 1.5 * np.log(2.0))
