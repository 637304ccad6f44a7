"""Under tracers and modes: what they are to see are operations, on any values."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import onnx
import onnx.reference
import pytest
import torch
from functorch.compile import aot_function, nop
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)
from torch.utils.flop_counter import FlopCounterMode

from wce_backends import programs
from wce_backends.numpy import PROGRAMS
from wce_core import losses
from wce_core.losses import cross_entropy

# Half of what is tested here PyTorch calls deprecated, in several words.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WEIGHTS = [0.0, 2.0, 0.5]
Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

torch.fx.wrap("cross_entropy")


class Batches:
    """What a function is traced on, and what it is run on: other values decide otherwise."""

    def __init__(self, rows: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.tame = torch.randn(rows, 3, generator=generator)
        self.wild = self.tame.flip(0) * 60
        self.wild[0] = torch.tensor([-torch.inf, 0.0, 1.0])
        self.labels = torch.randint(0, 3, (rows,), generator=generator)
        self.labels[0] = 0


@pytest.fixture(params=[4, 65_536])
def batches(request: pytest.FixtureRequest) -> Batches:
    """Four rows are replayed by now; as many as 65,536 never are."""
    found = Batches(request.param)
    if request.param == 4:
        for function in (loss, gradient):
            for _ in range(programs.OFTEN + 2):
                function(found.tame, found.labels)
    return found


def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = losses.cross_entropy(
        x, y, class_weight=WEIGHTS, reduction="weighted_mean"
    )
    return found


def gradient(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    own = x.detach().requires_grad_()
    return torch.autograd.grad(loss(own, y), own)[0]


class Module(torch.nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return self.function(predictions, targets)


# --- Tracers: what they write down is run on other values ----------------------------------------


def jit_trace(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    traced: Function = torch.jit.trace(function, (x, y))
    return traced


def saved_trace(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(function, (x, y)), file)
    file.seek(0)
    loaded: Function = torch.jit.load(file)
    return loaded


def onnx_export(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    file = io.BytesIO()
    names = ["predictions", "targets"]
    torch.onnx.export(Module(function), (x, y), file, dynamo=False, input_names=names)
    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(file.getvalue()))

    def run(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        given = {"predictions": x.numpy(), "targets": y.numpy()}
        return torch.as_tensor(evaluator.run(None, given)[0])

    return run


def make_fx_of(mode: str) -> Callable[[Function, torch.Tensor, torch.Tensor], Function]:
    def traced(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
        found: Function = make_fx(function, tracing_mode=mode)(x, y)
        return found

    return traced


def functionalized(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    found: Function = make_fx(torch.func.functionalize(function))(x, y)
    return found


def exported(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    found: Function = torch.export.export(Module(function), (x, y)).module()
    return found


def strictly_exported(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    found: Function = torch.export.export(Module(function), (x, y), strict=True).module()
    return found


def aot(function: Function, x: torch.Tensor, y: torch.Tensor) -> Function:
    compiled: Function = aot_function(function, nop)
    compiled(x, y)
    return compiled


TRACERS = {
    "jit.trace": jit_trace,
    "jit.trace, saved": saved_trace,
    "onnx.export": onnx_export,
    "make_fx": make_fx_of("real"),
    "make_fx, fake": make_fx_of("fake"),
    "make_fx, symbolic": make_fx_of("symbolic"),
    "make_fx, functionalize": functionalized,
    "export": exported,
    "export, strict": strictly_exported,
    "aot_function": aot,
}
BY_AUTOGRAD = ("make_fx", "make_fx, fake", "make_fx, symbolic", "export")
"""Tracers that PyTorch lets follow ``torch.autograd.grad``."""


@pytest.mark.parametrize("tracer", TRACERS)
def test_a_traced_loss_is_that_of_its_arguments(tracer: str, batches: Batches) -> None:
    traced = TRACERS[tracer](loss, batches.tame, batches.labels)
    for x in (batches.tame, batches.wild):
        torch.testing.assert_close(traced(x, batches.labels), loss(x, batches.labels))


@pytest.mark.parametrize("tracer", BY_AUTOGRAD)
def test_so_is_a_traced_gradient(tracer: str, batches: Batches) -> None:
    traced = TRACERS[tracer](gradient, batches.tame, batches.labels)
    for x in (batches.tame, batches.wild):
        torch.testing.assert_close(traced(x, batches.labels), gradient(x, batches.labels))


def test_a_gradient_through_a_traced_loss(batches: Batches) -> None:
    traced = jit_trace(loss, batches.tame, batches.labels)
    for x in (batches.tame, batches.wild):
        own = x.clone().requires_grad_()
        traced(own, batches.labels).backward()
        torch.testing.assert_close(own.grad, gradient(x, batches.labels))


def test_aot_autograd_without_dynamo(batches: Batches) -> None:
    compiled = aot_function(loss, nop)
    for x in (batches.tame, batches.wild):
        own = x.clone().requires_grad_()
        compiled(own, batches.labels).backward()
        torch.testing.assert_close(own.grad, gradient(x, batches.labels))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reduction": "batch_mean"},
        {"reduction": "nonzero_mean", "ignore_index": 1},
        {"reduction": "weighted_mean", "class_weight": WEIGHTS},
        {"label_smoothing": 0.1},
        {"cost_matrix": [[0.0, 2.0, 1.0]] * 3, "precision": "exact"},
    ],
    ids=str,
)
def test_a_trace_serves_any_number_of_rows(options: dict[str, Any]) -> None:
    """``torch.jit.trace`` follows lengths, and warns where Python looks at one."""
    four, six = Batches(4), Batches(6)

    def function(x: torch.Tensor, y: torch.Tensor) -> Any:
        return losses.cross_entropy(x, y, **options)

    traced = jit_trace(function, four.tame, four.labels)
    torch.testing.assert_close(traced(six.tame, six.labels), function(six.tame, six.labels))


def test_values_are_not_read_by_a_tracer() -> None:
    """No check of them is written down; where nobody looked, the loss is NaN."""
    four = Batches(4)
    traced = make_fx(loss)(four.tame, four.labels)
    assert traced(four.tame, torch.tensor([0, 1, 2, 3])).isnan()
    with pytest.raises(ValueError, match="validate=True"):
        make_fx(lambda x, y: losses.cross_entropy(x, y, validate=True))(four.tame, four.labels)


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`:UserWarning")
def test_compiled_functions_of_numpy_arrays(batches: Batches) -> None:
    """Dynamo takes them for tensors, and has its own way to follow them."""
    y = batches.labels.numpy()

    def function(x: Any) -> Any:
        return losses.cross_entropy(x, y)

    for _ in range(programs.OFTEN + 2):
        function(batches.tame.numpy())
    compiled = torch.compile(function, backend="eager")
    for x in (batches.tame.numpy(), batches.tame.numpy() * 3):
        torch.testing.assert_close(float(compiled(x)), float(function(x)), rtol=1e-5, atol=0.0)


class TestSymbolicTrace:
    """``torch.fx.symbolic_trace`` passes what has no dtype and no rank."""

    @pytest.mark.parametrize("argument", ["predictions", "targets", "class_weight"])
    def test_refused_in_words(self, argument: str) -> None:
        four = Batches(4)

        def function(proxy: Any) -> Any:
            given = {"predictions": four.tame, "targets": four.labels, argument: proxy}
            return losses.cross_entropy(**given)

        with pytest.raises(TypeError, match=rf"{argument} \w+ a Proxy.*torch\.fx\.wrap"):
            torch.fx.symbolic_trace(function)

    def test_wrapped_as_the_words_say(self, batches: Batches) -> None:
        def function(x: Any, y: Any) -> Any:
            return cross_entropy(x, y, class_weight=WEIGHTS, reduction="weighted_mean")

        traced = torch.fx.symbolic_trace(function)
        found = traced(batches.wild, batches.labels)
        torch.testing.assert_close(found, loss(batches.wild, batches.labels))


# --- Modes: they see each operation, and may change what it does ---------------------------------


class Seen(TorchDispatchMode):
    """Remembers the operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


class Called(TorchFunctionMode):
    """Remembers the functions."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


MODES: dict[str, Callable[[], Any]] = {"dispatch": Seen, "function": Called}


@pytest.mark.parametrize("function", [loss, gradient])
@pytest.mark.parametrize("kind", MODES)
def test_a_mode_sees_every_operation(kind: str, function: Function, batches: Batches) -> None:
    expected = function(batches.wild, batches.labels)
    with MODES[kind]() as mode:
        found = function(batches.wild, batches.labels)
    torch.testing.assert_close(found, expected)
    assert {"log1p", "amax", "sub"} <= {name.rstrip("_").strip("_") for name in mode.names}
    read = {"numpy", "item", "_local_scalar_dense", "is_nonzero"} & set(mode.names)
    # The backward pass asks whether its cotangent is 1, by an operation that is seen, too.
    assert read <= ({"item", "_local_scalar_dense"} if function is gradient else set())


@pytest.mark.parametrize("function", [loss, gradient])
def test_flops_are_counted(function: Function, batches: Batches) -> None:
    expected = function(batches.wild, batches.labels)
    with FlopCounterMode(display=False):
        found = function(batches.wild, batches.labels)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("function", [loss, gradient])
def test_fake_tensors_have_no_values(function: Function, batches: Batches) -> None:
    with FakeTensorMode() as mode:
        x, y = mode.from_tensor(batches.tame), mode.from_tensor(batches.labels)
        found = function(x, y)
    assert isinstance(found, FakeTensor)
    assert found.shape == function(batches.tame, batches.labels).shape


@pytest.mark.parametrize("function", [loss, gradient])
def test_a_fake_mode_that_takes_real_tensors(function: Function, batches: Batches) -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert isinstance(function(batches.tame, batches.labels), FakeTensor)


@pytest.mark.parametrize("function", [loss, gradient])
def test_functional_tensors(function: Function, batches: Batches) -> None:
    """Plain tensors by their type; of their memory NumPy would read what happens to be there."""
    expected = function(batches.wild, batches.labels)
    torch._enable_functionalization(reapply_views=True)
    try:
        x, y = map(torch._to_functional_tensor, (batches.wild, batches.labels))
        found = function(x, y)
        torch._sync(found)
        found = torch._from_functional_tensor(found)
    finally:
        torch._disable_functionalization()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("function", [loss, gradient])
def test_saved_tensors_on_their_way_to_other_memory(function: Function, batches: Batches) -> None:
    expected = function(batches.wild, batches.labels)
    with torch.autograd.graph.save_on_cpu():
        found = function(batches.wild, batches.labels)
    torch.testing.assert_close(found, expected)


def test_inference_mode(batches: Batches) -> None:
    expected = loss(batches.wild, batches.labels)
    with torch.inference_mode():
        torch.testing.assert_close(loss(batches.wild, batches.labels), expected)


@pytest.fixture
def never_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("replayed")

    monkeypatch.setattr(PROGRAMS, "outcome", outcome)


@pytest.mark.usefixtures("never_replayed")
def test_a_default_device_is_a_mode_that_changes_nothing() -> None:
    four = Batches(4)
    with torch.device("cpu"), pytest.raises(AssertionError, match="replayed"):
        loss(four.tame, four.labels)
    with torch.device("cpu"), Called():
        loss(four.tame, four.labels)


# --- Checkpoints: what is saved is the same when the forward pass runs again ----------------------


def checkpointed(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    own = x.clone().requires_grad_()
    checkpoint(loss, own * 1.0, y, use_reentrant=False).backward()
    assert own.grad is not None
    return own.grad


@pytest.mark.parametrize("times", range(programs.OFTEN + 4))
def test_a_checkpoint_across_the_first_replay(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wce_backends.numpy.PROGRAMS", PROGRAMS.anew())
    four = Batches(4)
    for _ in range(times):
        loss(four.tame.clone().requires_grad_(), four.labels)
    found = checkpointed(four.tame, four.labels)
    torch.testing.assert_close(found, gradient(four.tame, four.labels))


def test_a_checkpoint_whose_values_decide_otherwise(batches: Batches) -> None:
    """The program of such a call is forgotten by the forward pass."""
    found = checkpointed(batches.wild, batches.labels)
    torch.testing.assert_close(found, gradient(batches.wild, batches.labels))


@pytest.mark.parametrize("mode", [Seen, Called])
def test_a_mode_around_the_forward_pass_alone(mode: Any, batches: Batches) -> None:
    own = batches.tame.clone().requires_grad_()
    with mode():
        found = checkpoint(loss, own * 1.0, batches.labels, use_reentrant=False)
    found.backward()
    torch.testing.assert_close(own.grad, gradient(batches.tame, batches.labels))


def test_a_selective_checkpoint(batches: Batches) -> None:
    """A mode that keeps some results from the forward pass for the second one."""

    def policy(context: Any, operation: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
        product = operation is torch.ops.aten.mm.default
        return CheckpointPolicy.MUST_SAVE if product else CheckpointPolicy.PREFER_RECOMPUTE

    own = batches.tame.clone().requires_grad_()
    found = checkpoint(
        lambda x, y: loss(x @ torch.eye(3), y),
        own,
        batches.labels,
        use_reentrant=False,
        context_fn=lambda: create_selective_checkpoint_contexts(policy),
    )
    found.backward()
    torch.testing.assert_close(own.grad, gradient(batches.tame, batches.labels))
