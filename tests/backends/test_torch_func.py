"""``torch.func`` and forward-mode AD: any transform, any order, any nesting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
    vmap,
)
from torch_calls import CALLS, DEPRECATED, Call, normal, uniform

import wce_core
from wce_core import losses

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

PRECISIONS = ("native", "exact")
ORDERS = {
    "fwd∘fwd": (jacfwd, jacfwd),
    "fwd∘rev": (jacfwd, jacrev),
    "rev∘fwd": (jacrev, jacfwd),
    "rev∘rev": (jacrev, jacrev),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
each_order = pytest.mark.parametrize(("outer", "inner"), ORDERS.values(), ids=list(ORDERS))
each_precision = pytest.mark.parametrize("precision", PRECISIONS)


def labels(*shape: int, classes: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, classes, shape, generator=generator)


def by_backward(function: Callable[..., Any], *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    own = [array.detach().clone().requires_grad_() for array in inputs]
    return torch.autograd.grad(function(*own), own)


# --- First derivatives -------------------------------------------------------------------------


@each_call
class TestFirst:
    """Every way to a first derivative, to every input, gives that of ``backward``."""

    def test_grad(self, call: Call) -> None:
        inputs = tuple(call.differentiable.values())
        gradients = grad(call.of, argnums=tuple(range(len(inputs))))(*inputs)
        for found, expected in zip(gradients, by_backward(call.of, *inputs), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-15)

    def test_vjp_and_jvp(self, call: Call) -> None:
        inputs = tuple(call.differentiable.values())
        gradients = by_backward(call.of, *inputs)
        value, pull = vjp(call.of, *inputs)
        for found, expected in zip(pull(torch.full_like(value, 2.0)), gradients, strict=True):
            torch.testing.assert_close(found, 2 * expected, rtol=1e-13, atol=1e-15)
        tangents = tuple(normal(*a.shape, seed=i) for i, a in enumerate(inputs))
        also, push = jvp(call.of, inputs, tangents)
        expected = sum((g * t).sum() for g, t in zip(gradients, tangents, strict=True))
        torch.testing.assert_close(push, expected, rtol=1e-12, atol=1e-14)
        assert torch.equal(value, also)

    def test_forward_ad(self, call: Call) -> None:
        """One input at a time carries a tangent, the others none."""
        for name, array in call.differentiable.items():
            (gradient,) = by_backward(lambda a, name=name: call(**{name: a}), array)
            tangent = normal(*array.shape, seed=1)
            with forward_ad.dual_level():
                dual = forward_ad.make_dual(array, tangent)
                value = forward_ad.unpack_dual(call(**{name: dual}))
            torch.testing.assert_close(value.tangent, (gradient * tangent).sum())
            assert value.primal.dtype == torch.float64


class TestJacobians:
    @each_precision
    @pytest.mark.parametrize("jacobian", [jacfwd, jacrev])
    def test_of_items(self, jacobian: Any, precision: Any) -> None:
        x, y, w = normal(4, 3, seed=0), labels(4, classes=3), uniform(3, seed=1)
        ours = jacobian(
            lambda a: losses.cross_entropy(
                a, y, class_weight=w, reduction="none", precision=precision
            )
        )(x)
        theirs = jacobian(lambda a: F.cross_entropy(a, y, weight=w, reduction="none"))(x)
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-15)

    # PyTorch's own tracing of any function with a captured tensor warns so.
    @pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node:UserWarning")
    def test_linearize(self) -> None:
        x, y, v = normal(4, 3, seed=0), labels(4, classes=3), normal(4, 3, seed=1)
        value, push = linearize(lambda a: losses.cross_entropy(a, y), x)
        expected = jvp(lambda a: F.cross_entropy(a, y), (x,), (v,))
        torch.testing.assert_close((value, push(v)), expected)

    def test_parts(self) -> None:
        x, y = normal(4, 3, seed=0), labels(4, classes=3)
        found = grad(lambda a: losses.cross_entropy(a, y, reduction="parts").mean())(x)
        torch.testing.assert_close(found, grad(lambda a: F.cross_entropy(a, y))(x))
        parts = vmap(lambda a, b: losses.cross_entropy(a[None], b[None], reduction="parts"))(x, y)
        assert isinstance(parts, wce_core.LossParts)
        torch.testing.assert_close(parts.total, F.cross_entropy(x, y, reduction="none"))

    def test_a_cotangent_with_a_tangent(self) -> None:
        """Forward over reverse where only the way into the backward pass is dual."""
        x, y = normal(4, 3, seed=0).requires_grad_(), labels(4, classes=3)
        loss = losses.cross_entropy(x, y)
        with forward_ad.dual_level():
            one = forward_ad.make_dual(torch.ones_like(loss), torch.full_like(loss, 3.0))
            (gradient,) = torch.autograd.grad(loss, x, one)
            primal, tangent = forward_ad.unpack_dual(gradient)
        torch.testing.assert_close(primal, grad(lambda a: F.cross_entropy(a, y))(x.detach()))
        torch.testing.assert_close(tangent, 3 * primal)


# --- Second derivatives ------------------------------------------------------------------------


def _against_torch(
    ours: Callable[..., Any], theirs: Callable[..., Any], x: torch.Tensor, outer: Any, inner: Any
) -> None:
    expected = hessian(theirs)(x)
    assert expected.abs().sum() > 0
    found = outer(inner(ours))(x)
    eps = torch.finfo(x.dtype).eps
    torch.testing.assert_close(found, expected, rtol=0, atol=8 * eps * float(expected.abs().max()))


@each_order
@each_precision
class TestHessian:
    """Equal to the Hessian of PyTorch's own loss; a fused gradient would give zeros somewhere."""

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    @pytest.mark.parametrize("weight", [None, (0.5, 2.0, 1.0, 3.0)], ids=["unweighted", "weighted"])
    def test_cross_entropy(
        self, dtype: Any, weight: Any, precision: Any, outer: Any, inner: Any
    ) -> None:
        x, y = normal(3, 4, seed=0).to(dtype), labels(3, classes=4)
        w = None if weight is None else torch.tensor(weight, dtype=dtype)
        options: dict[str, Any] = {"reduction": "weighted_mean", "precision": precision}
        _against_torch(
            lambda a: losses.cross_entropy(a, y, class_weight=w, **options),
            lambda a: F.cross_entropy(a, y, weight=w),
            x,
            outer,
            inner,
        )

    def test_soft_targets(self, precision: Any, outer: Any, inner: Any) -> None:
        x, q = normal(3, 4, seed=0), uniform(3, 4, seed=1)
        _against_torch(
            lambda a: losses.cross_entropy(a, q, label_smoothing=0.1, precision=precision),
            lambda a: (
                -((0.9 * q + 0.1 * q.sum(-1, keepdim=True) / 4) * a.log_softmax(-1)).sum() / 3
            ),
            x,
            outer,
            inner,
        )

    def test_binary(self, precision: Any, outer: Any, inner: Any) -> None:
        x, y, w = normal(3, 4, seed=0), uniform(3, 4, seed=1, low=0, high=1), uniform(4, seed=2)
        _against_torch(
            lambda a: losses.binary_cross_entropy(a, y, pos_weight=w, precision=precision),
            lambda a: F.binary_cross_entropy_with_logits(a, y, pos_weight=w),
            x,
            outer,
            inner,
        )

    def test_where_logits_tie(self, precision: Any, outer: Any, inner: Any) -> None:
        """At ties of the maximum, at logit 0, and where the gradient itself is 0."""
        x, q = torch.zeros(2, 3, dtype=torch.float64), torch.full((2, 3), 1 / 3)
        _against_torch(
            lambda a: losses.cross_entropy(a, q, precision=precision),
            lambda a: F.cross_entropy(a, q.double()),
            x,
            outer,
            inner,
        )
        half = torch.full((2, 3), 0.5)
        _against_torch(
            lambda a: losses.binary_cross_entropy(a, half, precision=precision),
            lambda a: F.binary_cross_entropy_with_logits(a, half.double()),
            x,
            outer,
            inner,
        )


@each_order
@pytest.mark.parametrize(
    "name", ["labels, everything", "mass, geometric", "labels, cost_matrix", "binary, everything"]
)
def test_hessian_over_all_inputs(name: str, outer: Any, inner: Any) -> None:
    """Every block of the Hessian, mixed ones too, against double backward."""
    call = CALLS[name]
    inputs = tuple(call.differentiable.values())
    places = tuple(range(len(inputs)))
    found = outer(inner(call.of, argnums=places), argnums=places)(*inputs)
    own = [array.clone().requires_grad_() for array in inputs]
    gradients = torch.autograd.grad(call.of(*own), own, create_graph=True)
    for row, gradient in zip(found, gradients, strict=True):
        direction = normal(*gradient.shape, seed=3)
        expected = torch.autograd.grad(
            gradient, own, direction, retain_graph=True, materialize_grads=True
        )
        for block, column in zip(row, expected, strict=True):
            product = torch.tensordot(direction, block, gradient.ndim)
            torch.testing.assert_close(product, column, rtol=1e-11, atol=1e-13)


def test_hessian_by_nested_dual_and_reverse() -> None:
    """forward_ad over ``autograd.grad``, without torch.func."""
    x, y, v = normal(4, 3, seed=0), labels(4, classes=3), normal(4, 3, seed=1)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x.clone().requires_grad_(), v)
        (gradient,) = torch.autograd.grad(losses.cross_entropy(dual, y), dual, create_graph=True)
        tangent = forward_ad.unpack_dual(gradient).tangent
    expected = torch.tensordot(hessian(lambda a: F.cross_entropy(a, y))(x), v, 2)
    torch.testing.assert_close(tangent, expected)


# --- vmap --------------------------------------------------------------------------------------


B = 5


@each_precision
class TestVmap:
    """A batch of calls equals the calls one by one, whatever is batched and where."""

    @pytest.mark.parametrize("batched", ["predictions", "targets", "class_weight", "sample_weight"])
    @pytest.mark.parametrize("place", [0, 1, -1])
    @pytest.mark.parametrize("soft", [False, True], ids=["labels", "mass"])
    def test_over_one_argument(self, batched: str, place: int, soft: bool, precision: Any) -> None:
        arrays = {
            "predictions": normal(4, 3, seed=0),
            "targets": uniform(4, 3, seed=1) if soft else labels(4, classes=3),
            "class_weight": uniform(3, seed=2),
            "sample_weight": uniform(4, seed=3),
        }
        many = [_varied(arrays[batched], i) for i in range(B)]
        stacked = torch.stack(many, dim=place)

        def loss(array: torch.Tensor) -> Any:
            every = {**arrays, batched: array}
            return losses.cross_entropy(**every, reduction="weighted_mean", precision=precision)

        expected = torch.stack([loss(array) for array in many])
        assert expected.unique().numel() > 1
        torch.testing.assert_close(vmap(loss, in_dims=place)(stacked), expected)

    def test_over_all_arguments(self, precision: Any) -> None:
        x, y, w = normal(4, B, 3, seed=0), labels(B, 4, classes=3), uniform(3, B, seed=2)

        def loss(x: torch.Tensor, y: torch.Tensor, w: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, class_weight=w, reduction="none", precision=precision)

        found = vmap(loss, in_dims=(1, 0, 1), out_dims=1)(x, y, w)
        expected = torch.stack([loss(x[:, i], y[i], w[:, i]) for i in range(B)], dim=1)
        torch.testing.assert_close(found, expected)

    def test_over_binary_arguments(self, precision: Any) -> None:
        x, y, w = normal(B, 4, seed=0), labels(4, B, classes=2), uniform(B, seed=2)

        def loss(x: torch.Tensor, y: torch.Tensor, w: torch.Tensor) -> Any:
            return losses.binary_cross_entropy(x, y, pos_weight=w, precision=precision)

        found = vmap(loss, in_dims=(0, 1, 0))(x, y, w)
        expected = torch.stack([loss(x[i], y[:, i], w[i]) for i in range(B)])
        torch.testing.assert_close(found, expected)

    def test_over_cost_matrices(self, precision: Any) -> None:
        x, y, costs = normal(4, 3, seed=0), labels(4, classes=3), uniform(B, 3, 3, seed=1)
        for targets in (y, uniform(4, 3, seed=2)):

            def loss(costs: torch.Tensor, targets: torch.Tensor = targets) -> Any:
                return losses.cross_entropy(x, targets, cost_matrix=costs, precision=precision)

            torch.testing.assert_close(vmap(loss)(costs), torch.stack([loss(c) for c in costs]))

    def test_gradients_of_samples(self, precision: Any) -> None:
        """vmap over grad, grad over vmap, nested vmap: per-sample gradients."""
        x, y = normal(B, 4, 3, seed=0), labels(B, 4, classes=3)

        def loss(x: torch.Tensor, y: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, precision=precision)

        expected = torch.stack([grad(F.cross_entropy)(x[i], y[i]) for i in range(B)])
        torch.testing.assert_close(vmap(grad(loss))(x, y), expected)
        torch.testing.assert_close(grad(lambda a: vmap(loss)(a, y).sum())(x), expected)
        items = vmap(vmap(lambda a, b: loss(a[None], b[None])))(x, y)
        torch.testing.assert_close(items, F.cross_entropy(x.mT, y, reduction="none"))
        curvature = vmap(hessian(loss))(x, y)
        torch.testing.assert_close(curvature, vmap(hessian(F.cross_entropy))(x, y))

    def test_tracked_predictions(self, precision: Any) -> None:
        """``backward`` through a vmap."""
        x, y = normal(B, 4, 3, seed=0).requires_grad_(), labels(B, 4, classes=3)
        vmap(lambda a, b: losses.cross_entropy(a, b, precision=precision))(x, y).sum().backward()
        expected = torch.stack([grad(F.cross_entropy)(x[i].detach(), y[i]) for i in range(B)])
        torch.testing.assert_close(x.grad, expected)

    def test_labels_that_name_no_class(self, precision: Any) -> None:
        """Values cannot be looked at here: NaN for the item, never a wrong number."""
        x, y = normal(B, 3, seed=0), torch.tensor([0, 1, 3, 2, -1])

        def loss(x: torch.Tensor, y: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, precision=precision)

        found = vmap(loss)(x, y)
        assert found.isnan().tolist() == [False, False, True, False, True]
        gradients = vmap(grad(loss))(x, y)
        assert gradients.isnan().all(-1).tolist() == [False, False, True, False, True]
        assert not gradients[:2].isnan().any()


def _varied(array: torch.Tensor, step: int) -> torch.Tensor:
    """No multiples: what all weights are multiplied with cancels in a weighted mean."""
    return array ** (1 + step) if array.is_floating_point() else (array + step) % 3


# --- Whole models, and the library's own value_and_grad ----------------------------------------


def test_functional_call() -> None:
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 4).double()
    x, y = normal(6, 3, seed=0), labels(6, classes=4)
    parameters = dict(model.named_parameters())

    def loss(parameters: Any, loss_function: Callable[..., Any]) -> Any:
        return loss_function(functional_call(model, parameters, (x,)), y)

    found = grad(loss)(parameters, losses.cross_entropy)
    expected = grad(loss)(parameters, F.cross_entropy)
    for name in parameters:
        torch.testing.assert_close(found[name], expected[name])


class TestValueAndGrad:
    @each_precision
    def test_eager(self, precision: Any) -> None:
        x, y = normal(4, 3, seed=0).float().requires_grad_(), labels(4, classes=3)
        value, gradient = wce_core.value_and_grad(losses.cross_entropy)(x, y, precision=precision)
        assert not value.requires_grad
        assert not gradient.requires_grad
        assert x.grad is None
        expected = grad_and_value(F.cross_entropy)(x.detach(), y)
        torch.testing.assert_close((gradient, value), expected)

    def test_auxiliary_output(self) -> None:
        x, y = normal(4, 3, seed=0), labels(4, classes=3)

        def function(x: torch.Tensor) -> Any:
            items = losses.cross_entropy(x, y, reduction="none")
            return items.sum(), {"items": items}

        (value, aux), gradient = wce_core.value_and_grad(function, has_aux=True)(x)
        torch.testing.assert_close(aux["items"].sum(), value)
        assert gradient.shape == x.shape
        (value, aux), also = vmap(wce_core.value_and_grad(function, has_aux=True))(x[None])
        torch.testing.assert_close(aux["items"].sum(), value[0])
        torch.testing.assert_close(also[0], gradient)

    def test_inside_transforms(self) -> None:
        """Vectorised, and differentiated again: no derivative is lost."""
        x, y = normal(B, 4, 3, seed=0), labels(B, 4, classes=3)
        both = wce_core.value_and_grad(losses.cross_entropy)
        values, gradients = vmap(both)(x, y)
        for i in range(B):
            torch.testing.assert_close((values[i], gradients[i]), both(x[i], y[i]))
        for jacobian in (jacfwd, jacrev):
            found = jacobian(lambda a: both(a, y[0])[1])(x[0])
            expected = hessian(lambda a: F.cross_entropy(a, y[0]))(x[0])
            torch.testing.assert_close(found, expected)

    def test_where_grad_is_switched_off(self) -> None:
        x, y = normal(4, 3, seed=0), labels(4, classes=3)
        with torch.no_grad():
            _, gradient = wce_core.value_and_grad(losses.cross_entropy)(x, y)
        torch.testing.assert_close(gradient, grad(F.cross_entropy)(x, y))

    def test_a_constant_has_the_gradient_zero(self) -> None:
        x = normal(4, 3, seed=0)
        value, gradient = wce_core.value_and_grad(lambda a: torch.tensor(2.0))(x)
        assert value == 2.0
        assert torch.equal(gradient, torch.zeros_like(x))
        w = torch.ones((), requires_grad=True)
        _, gradient = wce_core.value_and_grad(lambda a: w * 2.0)(x)
        assert torch.equal(gradient, torch.zeros_like(x))
