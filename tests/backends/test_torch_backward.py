"""PyTorch's reverse mode: ``backward``, cotangents, memory, second derivatives."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint
from torch_calls import CALLS, DEPRECATED, Call, normal, uniform

from wce_backends import programs
from wce_core import losses
from wce_core.evaluation.reducing import PARTS

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

REDUCTIONS = ("mean", "sum", "mean_over_all", "weighted_mean", "nonzero_mean", "batch_mean")
PRECISIONS = ("native", "exact")
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))


def tracked(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    return normal(*shape, seed=seed).to(dtype).requires_grad_()


def labels(items: int, classes: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, classes, (items,), generator=generator)


# --- Once, twice, with any cotangent -----------------------------------------------------------


class TestBackward:
    def test_accumulates_into_grad(self) -> None:
        x, y = tracked(5, 3), labels(5, 3)
        losses.cross_entropy(x, y).backward()
        once = x.grad.clone()
        losses.cross_entropy(x, y).backward()
        torch.testing.assert_close(x.grad, 2 * once, rtol=0, atol=0)

    def test_twice_without_retaining_the_graph_is_pytorchs_error(self) -> None:
        loss = losses.cross_entropy(tracked(5, 3), labels(5, 3))
        loss.backward()
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            loss.backward()

    @each_call
    @pytest.mark.parametrize("reduction", ["mean", "none"])
    def test_any_cotangent(self, call: Call, reduction: str) -> None:
        if "normalizer" in call.arrays:
            return
        inputs = [a.clone().requires_grad_() for a in call.differentiable.values()]
        value = call.of(*inputs, reduction=reduction)
        cotangent = normal(*value.shape, seed=3)
        found = torch.autograd.grad(value, inputs, cotangent, retain_graph=True)
        scalar = torch.autograd.grad((value * cotangent).sum(), inputs)
        for a, b in zip(found, scalar, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-14, atol=1e-16)
        doubled = torch.autograd.grad(call.of(*inputs, reduction=reduction), inputs, 2 * cotangent)
        for a, b in zip(found, doubled, strict=True):
            torch.testing.assert_close(2 * a, b, rtol=1e-14, atol=1e-16)

    @each_call
    def test_every_input_gets_a_gradient_alone(self, call: Call) -> None:
        """The same gradient, whichever inputs are tracked, asked for together or alone."""
        own = {name: a.clone().requires_grad_() for name, a in call.differentiable.items()}
        together = torch.autograd.grad(call(**own), list(own.values()))
        for (name, array), expected in zip(own.items(), together, strict=True):
            alone = array.detach().clone().requires_grad_()
            (found,) = torch.autograd.grad(call(**{name: alone}), alone)
            torch.testing.assert_close(found, expected, rtol=1e-14, atol=1e-16)
            (asked,) = torch.autograd.grad(call(**own), array)
            torch.testing.assert_close(asked, expected, rtol=1e-14, atol=1e-16)
            assert found.dtype == array.dtype

    def test_nothing_tracked_gives_no_graph(self) -> None:
        assert losses.cross_entropy(normal(5, 3, seed=0), labels(5, 3)).grad_fn is None

    def test_weights_alone_leave_the_predictions_alone(self) -> None:
        x, w = normal(5, 3, seed=0), torch.ones(3, requires_grad=True)
        loss = losses.cross_entropy(x, labels(5, 3), class_weight=w)
        loss.backward()
        assert x.grad is None
        assert w.grad is not None
        assert w.grad.abs().sum() > 0

    def test_no_grad_and_inference_mode(self) -> None:
        x, y = tracked(5, 3), labels(5, 3)
        expected = losses.cross_entropy(x, y).detach()
        with torch.no_grad():
            value = losses.cross_entropy(x, y)
        assert value.grad_fn is None
        assert torch.equal(value, expected)
        with torch.inference_mode():
            value = losses.cross_entropy(x, y, class_weight=torch.ones(3))
        assert value.is_inference()
        assert torch.equal(value, expected)

    def test_gradients_of_all_gradients_at_once(self) -> None:
        """``is_grads_batched``, behind ``torch.autograd.functional``'s ``vectorize``."""
        x, w, y = tracked(5, 3), torch.ones(3, requires_grad=True), labels(5, 3)
        items = losses.cross_entropy(x, y, class_weight=w, reduction="none")
        batch = torch.autograd.grad(items, (x, w), torch.eye(5), True, is_grads_batched=True)
        for i in range(5):
            one = torch.autograd.grad(items[i], (x, w), retain_graph=True)
            for many, single in zip(batch, one, strict=True):
                torch.testing.assert_close(many[i], single, rtol=1e-6, atol=1e-8)
        mean = losses.cross_entropy(x, y)
        (both,) = torch.autograd.grad(
            mean, x, torch.tensor([1.0, 2.0]), retain_graph=True, is_grads_batched=True
        )
        assert torch.equal(both[1], 2 * both[0])
        assert torch.equal(both[0], torch.autograd.grad(mean, x)[0])

    @pytest.mark.parametrize("keywords", [{}, {"vectorize": True}, {"create_graph": True}], ids=str)
    def test_autograd_functional(self, keywords: dict[str, bool]) -> None:
        x, y = normal(5, 3, seed=0), labels(5, 3)
        jacobian, hessian = torch.autograd.functional.jacobian, torch.autograd.functional.hessian
        torch.testing.assert_close(
            jacobian(lambda a: losses.cross_entropy(a, y, reduction="none"), x, **keywords),
            jacobian(lambda a: F.cross_entropy(a, y, reduction="none"), x),
        )
        torch.testing.assert_close(
            hessian(lambda a: losses.cross_entropy(a, y), x, **keywords),
            hessian(lambda a: F.cross_entropy(a, y), x),
        )


# --- The gradient that was handed over belongs to the receiver ---------------------------------


def _zero(gradient: torch.Tensor) -> None:
    gradient.zero_()


def _scale(gradient: torch.Tensor) -> None:
    gradient.mul_(-3.0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("change", [_zero, _scale])
@pytest.mark.parametrize("precision", PRECISIONS)
class TestInPlace:
    """Nothing that is done to a gradient may reach the next backward pass over the same graph."""

    def test_of_grad(
        self, dtype: torch.dtype, change: Callable[[torch.Tensor], None], precision: Any
    ) -> None:
        x, y = tracked(6, 4, dtype=dtype), labels(6, 4)
        loss = losses.cross_entropy(x, y, precision=precision)
        loss.backward(retain_graph=True)
        expected = x.grad.clone()
        for _ in range(3):
            change(x.grad)
            x.grad = None
            loss.backward(retain_graph=True)
            assert torch.equal(x.grad, expected)

    def test_of_what_autograd_grad_returns(
        self, dtype: torch.dtype, change: Callable[[torch.Tensor], None], precision: Any
    ) -> None:
        x, y = tracked(6, 4, dtype=dtype), labels(6, 4)
        loss = losses.cross_entropy(x, y, precision=precision)
        (expected,) = torch.autograd.grad(loss, x, retain_graph=True)
        kept = expected.clone()
        for cotangent in (1.0, 0.5, 1.0):
            change(expected)
            (found,) = torch.autograd.grad(
                loss, x, torch.tensor(cotangent, dtype=dtype), retain_graph=True
            )
            assert torch.equal(found, cotangent * kept)

    def test_of_a_hook(
        self, dtype: torch.dtype, change: Callable[[torch.Tensor], None], precision: Any
    ) -> None:
        x, y = tracked(6, 4, dtype=dtype), labels(6, 4)
        inner = x * 1.0
        inner.register_hook(lambda gradient: change(gradient))
        loss = losses.cross_entropy(inner, y, precision=precision)
        loss.backward(retain_graph=True)
        once = x.grad.clone()
        loss.backward()
        assert torch.equal(x.grad, 2 * once)


class TestHandedOver:
    def test_accumulating_in_place_between_passes(self) -> None:
        """``x.grad`` may be the very memory that was saved; adding to it must not change that."""
        x, y = tracked(6, 4), labels(6, 4)
        loss = losses.cross_entropy(x, y)
        (one,) = torch.autograd.grad(losses.cross_entropy(x, y), x)
        for passes in range(1, 5):
            loss.backward(retain_graph=True)
            torch.testing.assert_close(x.grad, passes * one)

    def test_two_gradients_of_one_graph_share_no_memory(self) -> None:
        loss = losses.cross_entropy(x := tracked(6, 4), labels(6, 4))
        first, second = (torch.autograd.grad(loss, x, retain_graph=True)[0] for _ in range(2))
        assert first.data_ptr() != second.data_ptr()

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    def test_without_a_copy(self, dtype: torch.dtype) -> None:
        x, y = tracked(64, 32, dtype=dtype), labels(64, 32)
        loss = losses.cross_entropy(x, y)
        with Allocations() as made:
            loss.backward()
        assert made.largest < x.nbytes

    def test_inputs_changed_in_place_are_refused_not_used(self) -> None:
        x, w, y = tracked(6, 4), torch.ones(4, requires_grad=True), labels(6, 4)
        copied = x * 1.0
        loss = losses.cross_entropy(copied, y, class_weight=w)
        with torch.no_grad():
            copied.mul_(2.0)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()

    def test_numpy_weights_may_change_after_the_call(self) -> None:
        x, y = tracked(6, 4), labels(6, 4)
        weights = uniform(4, seed=1).numpy()
        loss = losses.cross_entropy(x, y, class_weight=weights)
        (expected,) = torch.autograd.grad(loss, x, retain_graph=True)
        weights[:] = 0.0
        assert torch.equal(torch.autograd.grad(loss, x)[0], expected)

    def test_the_graph_frees_what_it_saved(self) -> None:
        x = tracked(6, 4) * 1.0
        loss = losses.cross_entropy(x, labels(6, 4))
        node = weakref.ref(loss.grad_fn)
        loss.backward()
        del loss, x
        gc.collect()
        assert node() is None


# --- Half types ----------------------------------------------------------------------------------


HALVES = [torch.float16, torch.bfloat16]
each_half = pytest.mark.parametrize("dtype", HALVES, ids=str)


class TestHalfGradients:
    """The gradient is float32 until the cotangent is applied, and rounded once, after that."""

    @each_half
    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_a_scaled_loss_keeps_small_gradients(self, dtype: torch.dtype, precision: Any) -> None:
        x = normal(64, 1000, seed=0, scale=3.0).to(dtype)
        y = labels(64, 1000)
        options: dict[str, Any] = {"dtype": "float32", "precision": precision}
        wide = x.float().requires_grad_()
        (losses.cross_entropy(wide, y, **options) * 65536).backward()
        half = x.requires_grad_()
        (losses.cross_entropy(half, y, **options) * 65536).backward()
        assert half.grad.dtype == dtype
        assert torch.equal(half.grad, wide.grad.to(dtype))
        rounded_first = torch.autograd.grad(losses.cross_entropy(half, y, **options), half)[0]
        lost = ((rounded_first == 0) & (half.grad != 0)).float().mean()
        assert dtype != torch.float16 or lost > 0.2

    @each_half
    def test_a_scaled_half_loss(self, dtype: torch.dtype) -> None:
        """The result is a half too; its cotangent 32768 is the largest power that float16 has."""
        x = normal(16, 500, seed=0, scale=3.0).to(dtype).requires_grad_()
        y = labels(16, 500)
        (losses.cross_entropy(x, y) * 32768).backward()
        wide = x.detach().float().requires_grad_()
        losses.cross_entropy(wide, y).backward()
        assert torch.equal(x.grad, (wide.grad * 32768).to(dtype))

    @each_half
    def test_items_with_cotangents_of_their_own(self, dtype: torch.dtype) -> None:
        x = normal(16, 5, seed=0).to(dtype).requires_grad_()
        wide = x.detach().float().requires_grad_()
        y, cotangent = labels(16, 5), normal(16, seed=2, scale=100.0).to(dtype)
        losses.cross_entropy(x, y, reduction="none").backward(cotangent)
        losses.cross_entropy(wide, y, reduction="none").backward(cotangent.float())
        assert torch.equal(x.grad, wide.grad.to(dtype))

    def test_grad_scaler(self) -> None:
        """As in mixed-precision training: scaled backward, unscaled step, the same parameters."""
        x, y = normal(32, 8, seed=0).float(), labels(32, 4)
        after = []
        for enabled in (True, False):
            torch.manual_seed(0)
            model = torch.nn.Linear(8, 4)
            optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
            scaler = torch.amp.GradScaler("cpu", enabled=enabled)
            with torch.autocast("cpu", torch.bfloat16):
                loss = losses.cross_entropy(model(x), y, class_weight=[1.0, 2.0, 3.0, 4.0])
            scaler.scale(loss).backward()
            scaler.step(optimiser)
            scaler.update()
            after.append(model.weight.detach().clone())
        torch.testing.assert_close(after[0], after[1], rtol=1e-2, atol=1e-4)
        assert not torch.equal(after[0], torch.nn.Linear(8, 4).weight)


# --- Second derivatives ------------------------------------------------------------------------


@each_call
@pytest.mark.parametrize("reduction", [None, "none", "parts"])
class TestDerivativesByDifferences:
    """Against finite differences, in every differentiable input; reverse and forward mode."""

    def test_first(self, call: Call, reduction: str | None) -> None:
        function, inputs = _checked(call, reduction)
        assert gradcheck(function, inputs, check_forward_ad=True, check_batched_grad=True)

    def test_second(self, call: Call, reduction: str | None) -> None:
        function, inputs = _checked(call, reduction)
        assert gradgradcheck(
            function, inputs, check_fwd_over_rev=True, check_rev_over_rev=True, fast_mode=True
        )


def _checked(call: Call, reduction: str | None) -> tuple[Callable[..., Any], Any]:
    inputs = tuple(a.clone().requires_grad_() for a in call.differentiable.values())
    if reduction is None or "normalizer" in call.arrays:
        return call.of, inputs

    def function(*arrays: torch.Tensor) -> Any:
        result = call.of(*arrays, reduction=reduction)
        return (result.total, result.weight) if reduction == "parts" else result

    return function, inputs


class TestDoubleBackward:
    @pytest.mark.parametrize("precision", PRECISIONS)
    @pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0]])
    def test_gradient_penalty(self, precision: Any, weight: list[float] | None) -> None:
        x, y = tracked(5, 3, dtype=torch.float64), labels(5, 3)
        given = None if weight is None else torch.tensor(weight, dtype=torch.float64)
        ours = losses.cross_entropy(
            x, y, class_weight=given, reduction="weighted_mean", precision=precision
        )
        theirs = F.cross_entropy(x, y, weight=given)
        found, expected = (_penalty(loss, x) for loss in (ours, theirs))
        torch.testing.assert_close(found, expected)

    def test_create_graph_gives_the_same_first_derivative(self) -> None:
        x, y = tracked(5, 3), labels(5, 3)
        (plain,) = torch.autograd.grad(losses.cross_entropy(x, y), x)
        (again,) = torch.autograd.grad(losses.cross_entropy(x, y), x, create_graph=True)
        assert again.grad_fn is not None
        torch.testing.assert_close(again, plain)

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_weights_and_targets_that_depend_on_the_predictions(self, create_graph: bool) -> None:
        """The way from the predictions to the weights is counted once."""
        x, y = tracked(5, 3, dtype=torch.float64), labels(5, 3)
        p = x.softmax(-1)
        weighted = losses.cross_entropy(x, y, sample_weight=(1 - p.amax(-1)) ** 2, reduction="sum")
        expected = ((1 - p.amax(-1)) ** 2 * F.cross_entropy(x, y, reduction="none")).sum()
        _same_gradient(weighted, expected, x, create_graph=create_graph)
        distilled = losses.cross_entropy(x, p**2, reduction="sum")
        expected = -((p**2) * x.log_softmax(-1)).sum()
        _same_gradient(distilled, expected, x, create_graph=create_graph)

    def test_the_same_tensor_twice(self) -> None:
        x = uniform(4, 3, seed=0, low=0.1, high=0.9).requires_grad_()
        loss = losses.binary_cross_entropy(x, x, form="probabilities", reduction="sum")
        expected = F.binary_cross_entropy(x, x, reduction="sum")
        _same_gradient(loss, expected, x, create_graph=False)
        loss = losses.binary_cross_entropy(x, x, form="probabilities", reduction="sum")
        expected = -(x * x.log() + (1 - x) * (1 - x).log()).sum()
        _same_gradient(loss, expected, x, create_graph=True)

    def test_cotangent_that_is_tracked(self) -> None:
        """Forward mode by two reverse passes differentiates to the cotangent."""
        x, y = tracked(5, 3, dtype=torch.float64), labels(5, 3)
        v = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(losses.cross_entropy(x, y), x, v, create_graph=True)
        direction = normal(5, 3, seed=9)
        (found,) = torch.autograd.grad(gradient, v, direction)
        (plain,) = torch.autograd.grad(F.cross_entropy(x, y), x)
        torch.testing.assert_close(found, (plain * direction).sum())

    @pytest.mark.parametrize("precision", PRECISIONS)
    def test_where_the_first_derivative_is_zero(self, precision: Any) -> None:
        """A gradient of 0 has a curvature."""
        x = torch.zeros(2, 4, dtype=torch.float32, requires_grad=True)
        q = torch.full((2, 4), 0.25)
        loss = losses.cross_entropy(x, q, reduction="sum", precision=precision)
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        (column,) = torch.autograd.grad(gradient[0, 0], x)
        torch.testing.assert_close(column[0], torch.tensor([3.0, -1.0, -1.0, -1.0]) / 16)
        z = torch.zeros(3, requires_grad=True)
        half = torch.full((3,), 0.5)
        loss = losses.binary_cross_entropy(z, half, reduction="sum", precision=precision)
        (gradient,) = torch.autograd.grad(loss, z, create_graph=True)
        (second,) = torch.autograd.grad(gradient.sum(), z)
        torch.testing.assert_close(second, torch.full((3,), 0.25))

    def test_third_derivative(self) -> None:
        z = tracked(4, dtype=torch.float64)
        y = torch.tensor([0.0, 1.0, 0.3, 1.0], dtype=torch.float64)
        value = losses.binary_cross_entropy(z, y, reduction="sum")
        for _ in range(2):
            (value,) = torch.autograd.grad(value.sum(), z, create_graph=True)
        (third,) = torch.autograd.grad(value.sum(), z)
        p = z.detach().sigmoid()
        torch.testing.assert_close(third, p * (1 - p) * (1 - 2 * p))


def _penalty(loss: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    (gradient,) = torch.autograd.grad(loss**2, x, create_graph=True)
    return torch.autograd.grad(gradient.pow(2).sum() + loss, x)[0]


def _same_gradient(
    a: torch.Tensor, b: torch.Tensor, x: torch.Tensor, *, create_graph: bool
) -> None:
    (found,) = torch.autograd.grad(a, x, create_graph=create_graph, retain_graph=True)
    (expected,) = torch.autograd.grad(b, x, create_graph=create_graph, retain_graph=True)
    torch.testing.assert_close(found, expected)
    if create_graph:
        direction = normal(*x.shape, seed=5)
        torch.testing.assert_close(
            torch.autograd.grad(found, x, direction, retain_graph=True)[0],
            torch.autograd.grad(expected, x, direction, retain_graph=True)[0],
        )


# --- Autograd's own services -------------------------------------------------------------------


class TestServices:
    @pytest.mark.parametrize("use_reentrant", [False, True])
    def test_checkpoint(self, use_reentrant: bool) -> None:
        x, y = tracked(6, 4), labels(6, 4)
        (expected,) = torch.autograd.grad(losses.cross_entropy(x * 2, y), x)
        loss = checkpoint(lambda a: losses.cross_entropy(a * 2, y), x, use_reentrant=use_reentrant)
        loss.backward()
        assert torch.equal(x.grad, expected)

    def test_saved_tensors_hooks_see_the_gradient(self) -> None:
        """So it can be offloaded: what the hooks return is what is handed over."""
        x, y, seen = tracked(6, 4), labels(6, 4), []

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(tensor.shape))
            return tensor.clone()

        with saved_tensors_hooks(pack, lambda tensor: tensor.clone()):
            loss = losses.cross_entropy(x, y)
        loss.backward(retain_graph=True)
        assert seen.count((6, 4)) == 2  # predictions and gradient
        (expected,) = torch.autograd.grad(losses.cross_entropy(x, y), x)
        assert torch.equal(x.grad, expected)
        x.grad.zero_()
        loss.backward()
        assert torch.equal(x.grad, expected)

    def test_save_on_cpu(self) -> None:
        x, y = tracked(6, 4), labels(6, 4)
        with torch.autograd.graph.save_on_cpu():
            loss = losses.cross_entropy(x, y)
        loss.backward()
        assert torch.equal(x.grad, torch.autograd.grad(losses.cross_entropy(x, y), x)[0])

    def test_anomaly_mode(self) -> None:
        x = tracked(6, 4)
        with pytest.warns(UserWarning, match="Anomaly Detection"), torch.autograd.detect_anomaly():
            losses.cross_entropy(x, labels(6, 4)).backward()
        assert x.grad is not None

    def test_parts_accumulated_over_chunks(self) -> None:
        x, w, y = tracked(7, 3), torch.tensor([1.0, 2.0, 0.5], requires_grad=True), labels(7, 3)
        whole = losses.cross_entropy(x, y, class_weight=w, reduction="weighted_mean")
        first, last = (
            losses.cross_entropy(x[rows], y[rows], class_weight=w, reduction="parts")
            for rows in (slice(0, 3), slice(3, 7))
        )
        merged = (first + last).weighted_mean()
        for a, b in zip(
            torch.autograd.grad(merged, (x, w)), torch.autograd.grad(whole, (x, w)), strict=True
        ):
            torch.testing.assert_close(a, b)
        assert not first.items.requires_grad

    def test_a_part_that_does_not_depend_on_the_predictions(self) -> None:
        """Their gradient is none, not a zero times an infinity."""
        x = torch.tensor([[0.0, 1.0], [float("nan"), 1.0]], requires_grad=True)
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        parts = losses.cross_entropy(x, torch.tensor([0, 1]), class_weight=w, reduction="parts")
        parts.weight.backward()
        assert x.grad is None
        alone = losses.cross_entropy(x, torch.tensor([0, 1]), reduction="parts")
        assert [part.requires_grad for part in alone] == [True] + [False] * (len(PARTS) - 1)
        assert w.grad.tolist() == [1.0, 1.0]

    def test_modules_and_parameters(self) -> None:
        class Weighted(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(torch.ones(4))
                self.loss = losses.CrossEntropy(reduction="mean", label_smoothing=0.1)

            def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:
                return losses.cross_entropy(x, y, class_weight=self.weight) + self.loss(x, y)

        module = Weighted()
        module(tracked(6, 4), labels(6, 4)).backward()
        assert module.weight.grad is not None
        configured = losses.CrossEntropy(class_weight=module.weight)
        module.weight.grad = None
        configured(tracked(6, 4), labels(6, 4)).backward()
        assert module.weight.grad is not None


# --- Memory ------------------------------------------------------------------------------------


class Allocations(TorchDispatchMode):
    """The bytes of the largest new storage of any operation, and of all that live at once."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = self.alive = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs = {a.untyped_storage().data_ptr() for a in args if isinstance(a, torch.Tensor)}
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, torch.Tensor):
                self._note(tensor, inputs)
        return result

    def _note(self, tensor: torch.Tensor, inputs: set[int]) -> None:
        storage = tensor.untyped_storage()
        if storage.data_ptr() in inputs or storage.data_ptr() in self._known:
            return
        size = storage.nbytes()
        self._known.add(storage.data_ptr())
        self.largest = max(self.largest, size)
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._freed, storage.data_ptr(), size)

    def _freed(self, pointer: int, size: int) -> None:
        self._known.discard(pointer)
        self.alive -= size


class TestMemory:
    @pytest.fixture(autouse=True)
    def _small_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So that temporaries of a block weigh little beside a small test's arrays."""
        monkeypatch.setattr("wce_backends.torch.calls.CPU_BLOCK", 2**12)

    @pytest.mark.parametrize("precision", PRECISIONS)
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"class_weight": torch.ones(256), "reduction": "weighted_mean"},
            {"label_smoothing": 0.1, "ignore_index": 3},
            {"reduction": "none"},
        ],
        ids=["plain", "weighted", "smoothed", "none"],
    )
    def test_nothing_but_the_gradient_has_the_size_of_the_predictions(
        self, precision: Any, dtype: torch.dtype, options: dict[str, Any]
    ) -> None:
        """No one-hot rows, no float64 copy of all predictions."""
        x, y = tracked(512, 256, dtype=dtype), labels(512, 256)
        gradient = 4 * x.numel()
        with Allocations() as forward:
            loss = losses.cross_entropy(x, y, precision=precision, **options)
        assert forward.largest <= gradient
        assert forward.peak < 1.8 * gradient
        with Allocations() as backward:
            loss.sum().backward()
        assert backward.peak <= 2 * gradient

    @pytest.mark.parametrize("precision", PRECISIONS)
    @pytest.mark.parametrize("x", [tracked(512, 256), normal(512, 256, seed=0).float()])
    def test_without_a_gradient_nothing_has_that_size(
        self, precision: Any, x: torch.Tensor
    ) -> None:
        with Allocations() as made, torch.no_grad():
            losses.cross_entropy(x, labels(512, 256), precision=precision)
        assert made.peak < 0.8 * x.nbytes

    def test_a_second_backward_pass_in_blocks_too(self) -> None:
        x, y = tracked(512, 256), labels(512, 256)
        loss = losses.cross_entropy(x, y, precision="exact")
        loss.backward(retain_graph=True)
        with Allocations() as made:
            loss.backward()
        assert made.peak < 1.8 * x.nbytes


# --- Calls that come again and again -----------------------------------------------------------


@pytest.mark.usefixtures("only_replayed")
class TestReplayed:
    """By NumPy's program for them: everything is as after the first call."""

    def loss(self, x: torch.Tensor, **options: Any) -> Any:
        return losses.cross_entropy(x, labels(4, 3), class_weight=[1.0, 2.0, 3.0], **options)

    def test_value_alone(self) -> None:
        x = tracked(4, 3)
        with torch.no_grad():
            value = self.loss(x)
        assert not value.requires_grad
        torch.testing.assert_close(value, self.loss(x).detach(), rtol=0, atol=0)

    def test_backward_twice_and_second_derivatives(self) -> None:
        x = tracked(4, 3, dtype=torch.float64)
        value = self.loss(x)
        first, second = (torch.autograd.grad(value, x, retain_graph=True)[0] for _ in range(2))
        torch.testing.assert_close(first, second, rtol=1e-15, atol=0)
        assert first.data_ptr() != second.data_ptr()
        assert gradcheck(self.loss, x)
        assert gradgradcheck(self.loss, x)

    def test_changes_before_the_backward_pass_are_noticed(self) -> None:
        x, y = tracked(4, 3), labels(4, 3)
        value = losses.cross_entropy(x, y)
        y += 1
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            value.backward()

    @pytest.mark.parametrize("kind", [list, np.array])
    def test_weights_may_change_after_the_call(self, kind: Callable[[Any], Any]) -> None:
        x, weights = tracked(4, 3, dtype=torch.float64), kind([1.0, 2.0, 3.0])
        value = losses.cross_entropy(x, labels(4, 3), class_weight=weights)
        expected = torch.autograd.grad(self.loss(x), x, create_graph=True)[0]
        weights[:] = [0.0, 0.0, 0.0]  # a backward pass to be differentiated reads them
        found = torch.autograd.grad(value, x, create_graph=True)[0]
        torch.testing.assert_close(found, expected, rtol=1e-15, atol=0)


def test_weights_with_a_gradient_are_not_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "OFTEN", 0)
    x, w = tracked(4, 3), torch.ones(3, requires_grad=True)
    losses.cross_entropy(x, labels(4, 3), class_weight=w).backward()
    assert w.grad is not None
    assert w.grad.sum() > 0


def test_half_types_under_autocast_are_not_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "OFTEN", 0)
    x = tracked(4, 3, dtype=torch.float16)
    with torch.autocast("cpu", dtype=torch.float16):
        assert losses.cross_entropy(x, labels(4, 3)).dtype == torch.float32
