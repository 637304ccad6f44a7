"""Every loss as a ``torch.nn.Module``: what PyTorch's programs do with their modules."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import wce_core.torch as home
from wce_core import losses
from wce_core.losses.registry import CONFIGURED, FUNCTIONS
from wce_core.torch.module import KINDS

N, C, L = 4, 3, 5
W = [0.1, 2.0, 3.5]
RNG = np.random.default_rng(16)
SCORES, PAIR = RNG.normal(size=(N, C, L)), RNG.random((N, C, L))
"""Sorting makes PyTorch's export of them one for a fixed number of items."""
NAMES = {losses.CrossEntropy: "CrossEntropyLoss", losses.BinaryCrossEntropy: "BCEWithLogitsLoss"}


def name_of(kind: type[Any]) -> str:
    if kind in NAMES:
        return NAMES[kind]
    return kind.__name__ if kind.__name__.endswith("Loss") else kind.__name__ + "Loss"


def made(kind: type[Any]) -> Any:
    """The module of a kind, with every weight that it has."""
    if kind not in FUNCTIONS:
        own = (0.5, home.CrossEntropyLoss(class_weight=W)), (2.0, home.DiceLoss())
        return home.CombinedLoss(*own)
    given: dict[str, Any] = {
        "class_weight": W if kind._categorical else (0.5, 3.0),
        "pos_weight": 1.7,
        "cost_matrix": 1.0 + np.arange(9.0).reshape(3, 3),
        "costs": 1.0 + np.arange(9.0).reshape(3, 3),
    }
    return getattr(home, name_of(kind))(**{n: given[n] for n in kind._weights})


def arrays(kind: type[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Input with classes along axis 1, and target."""
    x = torch.tensor(SCORES, dtype=torch.float32)
    if kind is losses.AnyOfCrossEntropy:
        return x, torch.from_numpy(PAIR.mean(1, keepdims=True) < PAIR)
    if kind is losses.Combined or kind._categorical:
        return x, torch.from_numpy(PAIR.argmax(1))
    return x, torch.from_numpy(PAIR > 0.5).to(torch.float32)


@pytest.fixture(params=CONFIGURED, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def module(kind: Any) -> Any:
    return made(kind)


@pytest.fixture
def pair(kind: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return arrays(kind)


def value_and_gradient(loss: Any, x: torch.Tensor, y: torch.Tensor) -> tuple[Any, Any]:
    own = x.detach().clone().requires_grad_()
    value = loss(own, y)
    value.backward()
    return value.detach(), own.grad


def assert_same(one: Any, other: Any, **tolerance: Any) -> None:
    torch.testing.assert_close(one, other, **({"rtol": 0.0, "atol": 0.0} | tolerance))


# Classes -------------------------------------------------------------------------------------


def test_every_loss_has_its_module(kind: Any) -> None:
    own = getattr(home, name_of(kind))
    assert KINDS[kind] is own
    assert name_of(kind) in home.__all__
    assert own.__doc__ is not None
    if kind in FUNCTIONS:
        assert f"wce_core.losses.{kind._function.__name__}" in own.__doc__
        default = inspect.signature(own).parameters
        assert set(default) == {*inspect.signature(kind).parameters, "persistent"}
        assert not kind._categorical or default["axis"].default == 1
        for name in set(default) - {"persistent"}:
            assert name in own.__doc__


def test_is_its_configured_loss(module: Any, pair: Any) -> None:
    """Value and gradient, bit for bit; ``loss`` and ``.torch()`` lead there and back."""
    found = value_and_gradient(module, *pair)
    assert_same(found, value_and_gradient(module.loss, *pair))
    again = module.loss.torch()
    assert type(again) is type(module)
    assert_same(found, value_and_gradient(again, *pair))
    assert_same(module(*pair), module.cpu()(*pair))


def test_classes_are_along_axis_1_and_those_of_a_lone_row_along_0() -> None:
    x, y = arrays(losses.CrossEntropy)
    module, native = home.CrossEntropyLoss(), nn.CrossEntropyLoss()
    assert_same(module(x, y), native(x, y), rtol=1e-6)
    assert_same(module(x[0, :, 0], y[0, 0]), native(x[0, :, 0], y[0, 0]), rtol=1e-6)
    moved = home.CrossEntropyLoss(axis=-1)
    assert_same(moved(x.movedim(1, -1), y), native(x, y), rtol=1e-6)
    with pytest.raises(ValueError, match="class axis at axis=1"):
        home.CrossEntropyLoss(axis=1)(x[0, :, 0], y[0, 0])
    each = torch.func.vmap(torch.func.grad(module))(x[:, :, 0], y[:, 0])
    assert_same(each, torch.func.vmap(torch.func.grad(native))(x[:, :, 0], y[:, 0]), rtol=1e-5)


def test_called_with_weights_of_items() -> None:
    x, y = arrays(losses.CrossEntropy)
    weight, mask = torch.rand(N, L), torch.rand(N, L) > 0.3
    module = home.CrossEntropyLoss(class_weight=W, reduction="sum")
    expected = losses.cross_entropy(
        x, y, axis=1, class_weight=W, reduction="sum", sample_weight=weight, mask=mask, normalizer=7
    )
    assert_same(module(x, y, weight, mask, 7), expected)
    with pytest.raises(TypeError, match="normalizer"):
        home.DiceLoss()(x, y, normalizer=7)
    with pytest.raises(TypeError, match="reductoin"):
        home.CrossEntropyLoss(reductoin="sum")
    with pytest.raises(ValueError, match="class_weight"):
        home.CrossEntropyLoss(class_weight=[1.0, -1.0])
    with pytest.raises(TypeError, match="stands for"):
        home.Loss.of(nn.CrossEntropyLoss())


# Weights -------------------------------------------------------------------------------------


def test_weights_are_buffers(module: Any, kind: Any) -> None:
    if kind in FUNCTIONS:
        assert [name for name, _ in module.named_buffers()] == list(kind._weights)
    for own in module.buffers():
        assert own.is_floating_point()
    assert module.state_dict() == {}
    assert list(module.parameters()) == []


def test_half_precision_does_not_round_weights() -> None:
    module = home.CrossEntropyLoss(class_weight=[1e-9, 70_000.0, 0.1])
    for cast in (module.half, module.bfloat16, module.float, module.double):
        cast()
        assert_same(module.class_weight, torch.tensor([1e-9, 70_000.0, 0.1], dtype=torch.float64))


def test_weights_follow_to_a_device() -> None:
    """The meta device has no numbers; they come back from where they were given."""
    model = nn.Sequential(nn.Linear(2, C), home.CrossEntropyLoss(class_weight=W))
    model.to("meta")
    loss: Any = model[1]
    assert loss.class_weight.is_meta
    x, y = (each.to("meta") for each in arrays(losses.CrossEntropy))
    assert loss(x, y).is_meta
    model.to_empty(device="cpu")
    assert_same(loss.class_weight, torch.tensor(W, dtype=torch.float64))
    loss = home.CrossEntropyLoss(class_weight=torch.tensor(W))
    assert_same(loss.to("meta").to_empty(device="cpu").class_weight, torch.tensor(W))
    with torch.device("meta"):
        loss = home.CrossEntropyLoss(class_weight={0: 1, 1: 2, 2: 3})
    assert loss.class_weight.is_meta
    assert_same(loss.to_empty(device="cpu").class_weight, torch.tensor([1.0, 2, 3]).double())
    with pytest.raises(TypeError, match="on meta, the predictions are on cpu"):
        model.to("meta")[1](*arrays(losses.CrossEntropy))


def test_weights_are_float32_where_there_is_no_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on MPS; that float16 stays what it is, is the user's word."""
    monkeypatch.setattr("wce_backends.torch.backend.NO_FLOAT64", ("meta",))
    module = home.CrossEntropyLoss(class_weight=W, cost_matrix=torch.ones(3, 3).half())
    module.to("meta")
    assert [own.dtype for own in module.buffers()] == [torch.float32, torch.float16]


def test_what_is_written_to_a_weight_is_what_counts() -> None:
    x, y = arrays(losses.CrossEntropy)
    module = home.CrossEntropyLoss(class_weight=[1, 1, 1])
    with torch.no_grad():
        module.class_weight.copy_(torch.tensor(W))
    expected = losses.cross_entropy(x, y, axis=1, class_weight=W)
    assert_same(module(x, y), expected, rtol=1e-6)
    own = {"class_weight": torch.tensor(W, dtype=torch.float64)}
    fresh = home.CrossEntropyLoss(class_weight=[1, 1, 1])
    assert_same(torch.func.functional_call(fresh, own, (x, y)), expected)
    fresh.class_weight = own["class_weight"]
    assert_same(fresh(x, y), expected)


def test_a_parameter_is_trained() -> None:
    x, y = arrays(losses.BinaryCrossEntropy)
    weight = nn.Parameter(torch.tensor(2.0))
    module = home.BCEWithLogitsLoss(pos_weight=weight)
    assert list(module.parameters()) == [weight]
    module(x, y).backward()
    assert weight.grad is not None
    assert weight.grad != 0
    assert "pos_weight" in module.state_dict()
    assert module.half().pos_weight.dtype is torch.float16


def test_balanced_weights_are_those_of_each_batch() -> None:
    x, y = arrays(losses.CrossEntropy)
    module = home.CrossEntropyLoss(class_weight="balanced")
    expected = losses.cross_entropy(x, y, axis=1, class_weight="balanced")
    assert_same(module(x, y), expected)
    assert repr(module) == "CrossEntropyLoss(class_weight='balanced')"


# Saved and copied ----------------------------------------------------------------------------


def saved(state: Any, *, weights_only: bool = True) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=weights_only)


def test_copied(module: Any, pair: Any) -> None:
    expected = value_and_gradient(module, *pair)
    copies = [copy.deepcopy(module), pickle.loads(pickle.dumps(module)), copy.copy(module)]
    for own in [*copies, saved(module, weights_only=False)]:
        assert_same(value_and_gradient(own, *pair), expected)
        assert repr(own) == repr(module)
    for own in copies[0].buffers():
        own.zero_()
    assert_same(value_and_gradient(module, *pair), expected)


def test_a_checkpoint_is_loaded_with_another_number_of_classes() -> None:
    state = saved(
        nn.Sequential(nn.Linear(2, 2), home.CrossEntropyLoss(class_weight=W)).state_dict()
    )
    other = nn.Sequential(nn.Linear(2, 2), home.CrossEntropyLoss(class_weight=[1.0, 2.0]))
    assert str(other.load_state_dict(state, strict=True)) == "<All keys matched successfully>"
    assert_same(other[1].class_weight, torch.tensor([1.0, 2.0], dtype=torch.float64))


def test_persistent_weights_are_loaded() -> None:
    state = saved(home.CrossEntropyLoss(class_weight=W, persistent=True).state_dict())
    other = home.CrossEntropyLoss(class_weight=[1, 2, 3], persistent=True)
    other.load_state_dict(state)
    assert_same(other.class_weight, torch.tensor(W, dtype=torch.float64))
    assert_same(copy.deepcopy(other).to("cpu").class_weight, other.class_weight)
    both = home.CombinedLoss((1.0, losses.CrossEntropy(class_weight=W)), persistent=True)
    assert list(both.state_dict()) == ["losses.0.class_weight"]


def test_shown() -> None:
    shown = repr(home.FocalCrossEntropyLoss(class_weight=W, gamma=1.0, axis=-1, persistent=True))
    expected = "class_weight=float64[3], axis=-1, gamma=1.0, persistent=True"
    assert shown == f"FocalCrossEntropyLoss({expected})"


# Compiled and exported -----------------------------------------------------------------------


def test_compiled(module: Any, pair: Any) -> None:
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    expected = value_and_gradient(module, *pair)
    assert_same(value_and_gradient(compiled, *pair), expected, rtol=1e-5, atol=2e-7)


def test_exported(module: Any, kind: Any, pair: Any) -> None:
    """For batches of any length."""
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(module, pair, dynamic_shapes=({0: batch}, {0: batch}))
    x, y = pair
    for own in (pair, (x[:3], y[:3])):
        assert_same(program.module()(*own), module(*own), rtol=1e-5, atol=2e-7)


def test_parts() -> None:
    x, y = arrays(losses.CrossEntropy)
    module = home.CrossEntropyLoss(class_weight=W, reduction="parts")
    whole = module(x[:1], y[:1]) + module(x[1:], y[1:])
    mean = home.CrossEntropyLoss(class_weight=W, reduction="weighted_mean")
    assert_same(whole.weighted_mean(), mean(x, y), rtol=1e-6)


@pytest.fixture(autouse=True)
def fresh_compiler() -> Iterator[None]:
    yield
    torch.compiler.reset()
