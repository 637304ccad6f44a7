"""``torch.compile(fullgraph=True)``: one graph, right gradients, no needless recompilation.

Most tests use the compiler backend "aot_eager", which captures forward and backward pass like the
default Inductor and then runs PyTorch's own kernels.
"""

from __future__ import annotations

import operator
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch._dynamo.testing import CompileCounterWithBackend
from torch.func import grad, hessian, jacfwd, jacrev, vmap
from torch_calls import CALLS, DEPRECATED, Call, normal, uniform

import wce_backends.torch.backend as torch_backend
import wce_core
from wce_core import losses
from wce_core.evaluation.options import Options
from wce_core.evaluation.reducing import PARTS
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD
from wce_core.losses.registry import LOSSES

pytestmark = pytest.mark.filterwarnings(DEPRECATED)


def numbers_of(loss: str) -> list[str]:
    """The options of its own that are numbers, and label smoothing."""
    taken = {field.name: field.default for field in fields(LOSSES[loss])}
    return [name for name, default in taken.items() if isinstance(default, float)]


PRECISIONS = ("native", "exact")
each_precision = pytest.mark.parametrize("precision", PRECISIONS)
COMPILED = (
    "labels",
    "labels, cost_matrix",
    "labels, everything",
    "labels, class axis 1",
    "mass, class_weight",
    "mass, geometric",
    "mass, cost_matrix",
    "probabilities",
    "binary, everything",
    "binary, log-probabilities",
)
"""Compiling takes a second or two; between them these calls visit every branch."""
OPTIONS = [
    *((loss, option) for loss in LOSSES for option in numbers_of(loss)),
    *(("cross_entropy", name) for name in ("clip", "offset", "floor")),
]
"""Numbers that are options of a loss, and those of a form."""
each_call = pytest.mark.parametrize("call", [CALLS[name] for name in COMPILED], ids=COMPILED)


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compiled(function: Callable[..., Any], backend: str = "aot_eager") -> Callable[..., Any]:
    return torch.compile(function, fullgraph=True, backend=backend)


def labels(items: int, classes: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, classes, (items,), generator=generator)


def tracked(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return normal(*shape, seed=seed).to(dtype).requires_grad_()


# --- Values and gradients ----------------------------------------------------------------------


@each_call
class TestEveryMode:
    def test_gradient_to_the_predictions(self, call: Call) -> None:
        x = call.predictions.clone().requires_grad_()
        expected = call(predictions=x)
        (gradient,) = torch.autograd.grad(expected, x)
        value = compiled(call)(predictions=x)
        (found,) = torch.autograd.grad(value, x)
        torch.testing.assert_close(value, expected, rtol=1e-14, atol=1e-15)
        torch.testing.assert_close(found, gradient, rtol=1e-14, atol=1e-15)

    def test_gradients_to_everything(self, call: Call) -> None:
        """Weights and targets that require gradients; a cotangent other than 1."""
        inputs = [a.clone().requires_grad_() for a in call.differentiable.values()]
        expected = torch.autograd.grad(call.of(*inputs) * 3, inputs)
        found = torch.autograd.grad(compiled(call.of)(*inputs) * 3, inputs)
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-13, atol=1e-15)


class TestGradients:
    @each_precision
    @pytest.mark.parametrize(
        ("reduction", "dtype"),
        [
            ("none", "float32"),
            ("none", "bfloat16"),
            ("parts", "float16"),
            ("weighted_mean", "float16"),
            ("weighted_mean", "bfloat16"),
        ],
    )
    def test_reductions_and_dtypes(self, reduction: Any, precision: Any, dtype: str) -> None:
        x, y = tracked(6, 4, dtype=getattr(torch, dtype)), labels(6, 4)

        def loss(x: torch.Tensor) -> Any:
            return losses.cross_entropy(
                x, y, class_weight=[1.0, 2.0, 3.0, 4.0], reduction=reduction, precision=precision
            )

        expected, value = loss(x), compiled(loss)(x)
        assert type(value) is type(expected)
        torch.testing.assert_close(value, expected)
        if reduction == "parts":
            assert [part.requires_grad for part in value] == [True] + [False] * (len(PARTS) - 1)
        first, second = (v.total if reduction == "parts" else v for v in (value, expected))
        assert first.dtype == second.dtype
        cotangent = normal(*first.shape, seed=1).to(first.dtype)
        (found,) = torch.autograd.grad(first, x, cotangent)
        (plain,) = torch.autograd.grad(second, x, cotangent)
        assert found.dtype == x.dtype
        assert torch.equal(found, plain) or precision == "native"
        torch.testing.assert_close(found, plain)

    def test_untracked_and_without_grad(self) -> None:
        x, y = tracked(6, 4), labels(6, 4)
        loss = compiled(lambda a: losses.cross_entropy(a, y))
        expected = F.cross_entropy(x, y).detach()
        with torch.no_grad():
            value = loss(x)
        assert value.grad_fn is None
        torch.testing.assert_close(value, expected)
        with torch.inference_mode():
            torch.testing.assert_close(loss(x), expected)
        torch.testing.assert_close(loss(x.detach()), expected)

    def test_no_gradient_is_computed_that_nobody_asked_for(self) -> None:
        """Without tracked predictions, or under no_grad, the graph holds the value only."""
        sizes = []

        def count(module: torch.fx.GraphModule, example: Any) -> Any:
            sizes.append(len(list(module.graph.nodes)))
            return module

        y = labels(6, 4)
        for x in (tracked(6, 4), tracked(6, 4).detach()):
            torch._dynamo.reset()
            with torch.no_grad():
                loss = lambda a: losses.cross_entropy(a, y)  # a fresh code object
                torch.compile(loss, fullgraph=True, backend=count)(x)
        assert sizes[0] == sizes[1]

    # Dynamo itself makes an instance where it follows an autograd function.
    @pytest.mark.filterwarnings("ignore:.* should not be instantiated:DeprecationWarning")
    @pytest.mark.filterwarnings(DEPRECATED)
    @pytest.mark.parametrize("gradient", [False, True])
    @pytest.mark.parametrize(("called", "name"), OPTIONS)
    def test_an_option_that_differs_between_compiled_losses(
        self, called: str, name: str, gradient: bool
    ) -> None:
        """Dynamo makes a variable of it, on which no branch and no message may depend."""

        configured = LOSSES[called]
        targets = labels(6, 4) if configured._categorical else labels(6, 2)[:, None].expand(6, 4)

        costs = {"costs": 1.0 - torch.eye(4)} if "costs" in configured._weights else {}

        def loss_with(value: float) -> Callable[[torch.Tensor], torch.Tensor]:
            def loss(p: torch.Tensor) -> Any:
                options: dict[str, Any] = {name: value}
                if name in ("offset", "floor"):
                    options = {"form": losses.Probabilities(**{name: value})}
                elif name != "label_smoothing":
                    options["form"] = "probabilities"
                return configured._function(p, targets, **costs, **options)

            return loss

        sign = -1.0 if name == "floor" else 1.0
        p = normal(6, 4, seed=0).sigmoid().requires_grad_(gradient)
        for value in (0.1, 0.2, 0.3, 0.25):
            loss = loss_with(sign * value)
            torch.testing.assert_close(compiled(loss)(p), loss(p))
        if called == "cross_entropy" and name in ("label_smoothing", "clip"):
            with pytest.raises(Exception, match="exception") as found:
                compiled(loss_with(1.5))(p)
            assert f"{name} is 1.5; expected" in str(found.value.__cause__)

    def test_weights_alone(self) -> None:
        x, y, w = normal(6, 4, seed=0), labels(6, 4), torch.ones(4, requires_grad=True)
        loss = lambda w: losses.cross_entropy(x, y, class_weight=w, sample_weight=w[y])
        (expected,) = torch.autograd.grad(loss(w), w)
        (found,) = torch.autograd.grad(compiled(loss)(w), w)
        torch.testing.assert_close(found, expected)

    def test_weights_that_depend_on_the_predictions(self) -> None:
        x, y = tracked(6, 4, dtype=torch.float64), labels(6, 4)

        def loss(x: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, sample_weight=(1 - x.softmax(-1).amax(-1)) ** 2)

        (expected,) = torch.autograd.grad(loss(x), x)
        (found,) = torch.autograd.grad(compiled(loss)(x), x)
        torch.testing.assert_close(found, expected)

    def test_inside_a_training_step(self) -> None:
        torch.manual_seed(0)
        model = torch.nn.Linear(5, 4)
        x, y = normal(16, 5, seed=0).float(), labels(16, 4)
        loss = losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0})
        step = compiled(lambda x, y: loss(model(x), y) + losses.cross_entropy(model(x), y))
        step(x, y).backward()
        found = model.weight.grad.clone()
        model.zero_grad()
        w = torch.tensor([1.0, 2.0, 3.0, 4.0])
        (F.cross_entropy(model(x), y, weight=w, reduction="sum") / 16).backward()
        F.cross_entropy(model(x), y).backward()
        torch.testing.assert_close(found, model.weight.grad)

    def test_autocast_inside_and_outside(self) -> None:
        x, y = tracked(6, 4, dtype=torch.bfloat16), labels(6, 4)

        def inside(x: torch.Tensor) -> Any:
            with torch.autocast("cpu", torch.bfloat16):
                return losses.cross_entropy(x @ torch.eye(4), y)

        def bare(x: torch.Tensor) -> Any:
            return losses.cross_entropy(x @ torch.eye(4), y)

        values = [compiled(inside)(x)]
        with torch.autocast("cpu", torch.bfloat16):
            values.append(compiled(bare)(x))
        for value in values:
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, F.cross_entropy(x.float(), y))
            (gradient,) = torch.autograd.grad(value, x)
            assert gradient.dtype == torch.bfloat16
            wide = x.detach().float().requires_grad_()
            (expected,) = torch.autograd.grad(losses.cross_entropy(wide, y), wide)
            assert torch.equal(gradient, expected.bfloat16())

    def test_double_backward_is_refused(self) -> None:
        x, y = tracked(6, 4), labels(6, 4)
        loss = compiled(lambda a: losses.cross_entropy(a, y) ** 2)(x)
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        with pytest.raises(RuntimeError):
            torch.autograd.grad(gradient.sum(), x)

    def test_double_backward_of_a_graph_that_runs_as_it_is(self) -> None:
        """Not through AOTAutograd, which refuses it: the call is that of eager code."""
        x, y = tracked(6, 4, dtype=torch.float64), labels(6, 4)
        found = []
        for function in (losses.cross_entropy, F.cross_entropy):
            square = lambda a, own=function: own(a, y) ** 2
            loss = compiled(square, "eager")(x)
            (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
            found += torch.autograd.grad((gradient**2).sum(), x)
        torch.testing.assert_close(*found)


class TestTransforms:
    """``torch.func`` inside of a compiled function."""

    @each_precision
    def test_grad_and_vmap(self, precision: Any) -> None:
        x, y = normal(5, 4, 3, seed=0), labels(4, 3)

        def loss(a: torch.Tensor) -> Any:
            return losses.cross_entropy(a, y, precision=precision)

        expected = torch.stack([grad(lambda a: F.cross_entropy(a, y))(row) for row in x])
        torch.testing.assert_close(compiled(grad(loss))(x[0]), expected[0])
        torch.testing.assert_close(compiled(vmap(grad(loss)))(x), expected)
        own = x.clone().requires_grad_()
        items = compiled(vmap(loss))(own)
        torch.testing.assert_close(items, vmap(loss)(x))
        torch.testing.assert_close(torch.autograd.grad(items.sum(), own)[0], expected)

    @each_precision
    @pytest.mark.parametrize(
        ("outer", "inner"),
        [(jacfwd, jacfwd), (jacfwd, jacrev), (jacrev, jacfwd), (jacrev, jacrev)],
        ids=["fwd∘fwd", "fwd∘rev", "rev∘fwd", "rev∘rev"],
    )
    def test_hessian(self, outer: Any, inner: Any, precision: Any) -> None:
        """Sums only: PyTorch's own compiler fails at ``rev∘fwd`` of any sum times a number."""
        x, y, w = normal(4, 3, seed=0), labels(4, 3), uniform(3, seed=1)

        def loss(a: torch.Tensor) -> Any:
            return losses.cross_entropy(a, y, class_weight=w, reduction="sum", precision=precision)

        expected = hessian(lambda a: F.cross_entropy(a, y, weight=w, reduction="sum"))(x)
        torch.testing.assert_close(compiled(outer(inner(loss)))(x), expected)

    @each_precision
    def test_value_and_grad(self, precision: Any) -> None:
        x, y = normal(4, 3, seed=0), labels(4, 3)
        both = wce_core.value_and_grad(losses.cross_entropy)
        step = lambda a: both(a, y, class_weight=[1.0, 2.0, 3.0], precision=precision)
        torch.testing.assert_close(compiled(step)(x), step(x))


# --- What may stand beside tensors -------------------------------------------------------------


class TestCompanions:
    @pytest.mark.parametrize(
        "weight",
        [
            [1.0, 2, 0.1],
            (1, 2, 3),
            {0: 1.0, 1: 2.0, 2: 0.1},
            np.array([1.0, 2.0, 0.1]),
            np.array([1.0, 2.0, 0.1], dtype=np.float32),
            torch.tensor([1.0, 2.0, 0.1]),
        ],
        ids=["list", "tuple of int", "mapping", "numpy", "numpy float32", "tensor"],
    )
    def test_weights(self, weight: Any) -> None:
        x, y = tracked(6, 3, dtype=torch.float64), labels(6, 3)
        loss = lambda a: losses.cross_entropy(a, y, class_weight=weight)
        value, expected = compiled(loss)(x), loss(x)
        torch.testing.assert_close(value, expected, rtol=1e-15, atol=0)
        (found,), (plain,) = (torch.autograd.grad(v, x) for v in (value, expected))
        torch.testing.assert_close(found, plain, rtol=1e-14, atol=1e-16)

    def test_targets_and_masks(self) -> None:
        x = tracked(3, 2)
        for y, mask in (([0, 1, 1], [True, False, True]), (np.array([0, 1, 1]), np.ones(3, bool))):
            torch._dynamo.reset()
            loss = lambda a, y=y, m=mask: losses.cross_entropy(a, y, mask=m)
            torch.testing.assert_close(compiled(loss)(x), loss(x))

    def test_numpy_arrays_as_arguments(self) -> None:
        x, y, s = tracked(3, 2), np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0])
        loss = lambda a, y, s: losses.cross_entropy(a, y, sample_weight=s)
        torch.testing.assert_close(compiled(loss)(x, y, s), loss(x, y, s))

    def test_scalars(self) -> None:
        z, y = tracked(6), labels(6, 2)
        loss = lambda a, w: losses.binary_cross_entropy(
            a, y, pos_weight=w, ignore_index=-1, reduction="sum", normalizer=2.5
        )
        torch.testing.assert_close(compiled(loss)(z, 3.0), loss(z, 3.0))

    def test_errors_are_those_of_eager(self) -> None:
        x, y = tracked(6, 4), labels(6, 4)
        with pytest.raises(Exception, match=r"targets has shape \(6, 1\)"):
            compiled(lambda a: losses.cross_entropy(a, y[:, None]))(x)
        with pytest.raises(Exception, match="validate=True"):
            compiled(lambda a: losses.cross_entropy(a, y, validate=True))(x)

    def test_labels_that_name_no_class(self) -> None:
        x, y = tracked(5, 3), torch.tensor([0, 1, 3, 2, -1])
        items = compiled(lambda a: losses.cross_entropy(a, y, reduction="none"))(x)
        assert items.isnan().tolist() == [False, False, True, False, True]
        (gradient,) = torch.autograd.grad(items.sum(), x)
        assert gradient.isnan().any(-1).tolist() == [False, False, True, False, True]


# --- Compilations ------------------------------------------------------------------------------


RAGGED = {
    "labels": lambda a, b, s: losses.cross_entropy(a, b),
    "weighted": lambda a, b, s: losses.cross_entropy(
        a, b, class_weight=[1.0, 2.0, 3.0], sample_weight=s, reduction="weighted_mean"
    ),
    "cost_matrix": lambda a, b, s: losses.cross_entropy(a, b, cost_matrix=np.ones((3, 3))),
    "smoothing": lambda a, b, s: losses.cross_entropy(a, b, label_smoothing=0.1, mask=s > 1),
    "mean_over_all": lambda a, b, s: losses.cross_entropy(a, b, reduction="mean_over_all"),
    "batch_mean": lambda a, b, s: losses.cross_entropy(
        a, b, ignore_index=1, reduction="batch_mean"
    ),
    "none": lambda a, b, s: losses.cross_entropy(a, b, reduction="none").sum(),
    "parts": lambda a, b, s: losses.cross_entropy(a, b, reduction="parts").mean_over_all(),
    "mass": lambda a, b, s: losses.cross_entropy(
        a, F.one_hot(b, 3), class_weight=[1.0, 2.0, 3.0], soft_weighting="geometric"
    ),
    "exact": lambda a, b, s: losses.cross_entropy(a, b, precision="exact"),
    "binary": lambda a, b, s: losses.binary_cross_entropy(
        a, F.one_hot(b, 3), pos_weight=[1.0, 2.0, 3.0], sample_weight=s
    ),
}


class TestCompilations:
    def test_a_call_is_one_node(self) -> None:
        """Of what Dynamo follows it watches every part, and looks at it before each call."""
        graphs: list[torch.fx.GraphModule] = []

        def keep(graph: torch.fx.GraphModule, inputs: Any) -> Any:
            graphs.append(graph)
            return graph.forward

        x, y, w = tracked(6, 4), labels(6, 4), uniform(4, seed=0)
        loss = lambda a, y, w: losses.cross_entropy(a, y, class_weight=w, reduction="weighted_mean")
        torch.compile(loss, fullgraph=True, backend=keep)(x, y, w)
        (graph,) = graphs
        calls = [node.target for node in graph.graph.nodes if node.op == "call_function"]
        options = {type(NEGATIVE_LOG_LIKELIHOOD), Options}  # which the graph makes of constants
        assert [c for c in calls if c not in options] == [torch_backend._whole, operator.getitem]

    @pytest.mark.parametrize("loss", RAGGED.values(), ids=list(RAGGED))
    def test_batch_sizes(self, loss: Callable[..., Any]) -> None:
        """The second size makes the length dynamic; no later one compiles again."""
        counter = CompileCounterWithBackend("aot_eager")
        function = torch.compile(loss, fullgraph=True, backend=counter)
        for size in (5, 7, 64, 33):
            x, y, s = tracked(size, 3), labels(size, 3, seed=size), uniform(size, seed=size)
            value, expected = function(x, y, s), loss(x, y, s)
            torch.testing.assert_close(value, expected)
            (found,), (plain,) = (torch.autograd.grad(v, x) for v in (value, expected))
            torch.testing.assert_close(found, plain)
        assert counter.frame_count <= 2

    def test_values(self) -> None:
        """Nothing compiles again when only numbers in tensors change."""
        counter = CompileCounterWithBackend("aot_eager")

        def loss(x: torch.Tensor, y: torch.Tensor, w: torch.Tensor, s: torch.Tensor) -> Any:
            return losses.cross_entropy(
                x, y, class_weight=w, sample_weight=s, ignore_index=0, reduction="weighted_mean"
            )

        function = torch.compile(loss, fullgraph=True, backend=counter)
        for seed in range(4):
            x, y = tracked(6, 3, seed=seed), labels(6, 3, seed=seed)
            w, s = uniform(3, seed=seed), uniform(6, seed=seed)
            torch.testing.assert_close(function(x, y, w, s), loss(x, y, w, s))
        assert counter.frame_count == 1

    def test_configured_losses_of_equal_options(self) -> None:
        """One graph for the same object; configured losses make good attributes of a module."""
        counter = CompileCounterWithBackend("aot_eager")
        loss = losses.CrossEntropy(class_weight=[1.0, 2.0, 3.0], reduction="weighted_mean")
        function = torch.compile(loss.__call__, fullgraph=True, backend=counter)
        for seed in range(3):
            x, y = tracked(6, 3, seed=seed), labels(6, 3, seed=seed)
            torch.testing.assert_close(function(x, y), loss(x, y))
        assert counter.frame_count == 1

    def test_backend_compile(self) -> None:
        """``Backend.compile`` has no graph breaks to hide."""
        from wce_backends.torch import BACKEND

        x, y = normal(6, 3, seed=0).float(), labels(6, 3)
        function = BACKEND.compile(lambda a: losses.cross_entropy(a, y))
        torch.testing.assert_close(function(x), F.cross_entropy(x, y))

        def breaks(a: torch.Tensor) -> Any:
            torch._dynamo.graph_break()
            return losses.cross_entropy(a, y)

        with pytest.raises(torch._dynamo.exc.Unsupported):
            BACKEND.compile(breaks)(x)


COLD = """
    import warnings
    warnings.simplefilter("error")
    import torch
    from torch._dynamo.testing import CompileCounterWithBackend
    {imports}
    torch.set_num_threads(1)
    x = torch.zeros(4, 3, requires_grad=True)
    y = torch.tensor([0, 1, 2, 0])
    counter = CompileCounterWithBackend("aot_eager")
    step = torch.compile(lambda x: {call}, fullgraph=True, backend=counter)
    value = step(x)
    value.backward()
    assert abs(value.item() - {expected}) < 1e-6, value
    assert x.grad.shape == x.shape and x.grad.abs().sum() > 0
    assert not torch._dynamo.utils.counters["graph_break"]
    step(x), losses.cross_entropy(x, y)
    losses.cross_entropy(x.detach().numpy(), y.numpy()), step(x)
    assert counter.frame_count == 1  # whatever other arrays have been met since
"""
LOG3 = 1.0986123


@pytest.mark.parametrize(
    ("imports", "call", "expected"),
    [
        (
            "from wce_core import losses",
            "losses.cross_entropy(x, y, class_weight=[1.0, 2.0, 3.0], ignore_index=-1)",
            LOG3 * 7 / 4,
        ),
        (
            "import numpy as np\n    from wce_core import losses",
            "losses.cross_entropy(x, y, sample_weight=np.array([1.0, 2, 3, 4]), precision='exact')",
            LOG3 * 10 / 4,
        ),
        (
            "from wce_core import losses",
            "losses.binary_cross_entropy(x, x.detach() + 1, reduction='parts').weighted_mean()",
            0.6931472,
        ),
    ],
    ids=["labels", "exact", "parts"],
)
def test_a_first_call_is_a_compiled_one(imports: str, call: str, expected: float) -> None:
    """In a new process nothing is imported or found yet when the tracing begins."""
    script = textwrap.dedent(COLD).format(
        imports=textwrap.dedent(imports.replace("\n    ", "\n")), call=call, expected=expected
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stderr


# --- Inductor and export -----------------------------------------------------------------------


class TestInductor:
    """The default compiler, on the forms that matter most."""

    @pytest.mark.parametrize("name", ["labels, everything", "binary, everything"])
    def test_gradients(self, name: str) -> None:
        call = CALLS[name]
        x = call.predictions.float().requires_grad_()
        expected, value = call(predictions=x), compiled(call, "inductor")(predictions=x)
        torch.testing.assert_close(value, expected)
        (found,), (plain,) = (torch.autograd.grad(v, x) for v in (value, expected))
        torch.testing.assert_close(found, plain)

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_exact_bits(self, dtype: str) -> None:
        x = normal(32, 50, seed=0, scale=10).to(getattr(torch, dtype)).requires_grad_()
        y, w = labels(32, 50), uniform(50, seed=1)

        def loss(a: torch.Tensor) -> Any:
            return losses.cross_entropy(
                a, y, class_weight=w, reduction="weighted_mean", precision="exact"
            )

        expected, value = loss(x), compiled(loss, "inductor")(x)
        assert torch.equal(value, expected)
        (found,), (plain,) = (torch.autograd.grad(v, x) for v in (value, expected))
        assert torch.equal(found, plain)

    @each_precision
    def test_certain_log_probabilities(self, precision: Any) -> None:
        """Of which vectorized code by ``expm1`` leaves nothing."""
        near = torch.tensor([-1e-7, -1e-9, -1e-30, -0.4, -0.6, -3.0], dtype=torch.float32)
        x = near.repeat(11).requires_grad_()

        def loss(a: torch.Tensor) -> Any:
            return losses.binary_cross_entropy(
                a,
                torch.zeros_like(a),
                form="log_probabilities",
                reduction="none",
                precision=precision,
            )

        value = compiled(loss, "inductor")(x)
        (found,) = torch.autograd.grad(value.sum(), x)
        wide = near.double()
        expected, slopes = -torch.log(-torch.expm1(wide)), 1 / torch.expm1(-wide)
        tolerance = {"rtol": 3e-7, "atol": 0.0}
        torch.testing.assert_close(value.double(), expected.repeat(11), **tolerance)
        torch.testing.assert_close(found.double(), slopes.repeat(11), **tolerance)


def test_export() -> None:
    class Model(torch.nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, class_weight=[1.0, 2.0, 3.0])

    x, y = normal(6, 3, seed=0).float(), labels(6, 3)
    batch = torch.export.Dim("batch", min=2)
    for strict in (False, True):
        program = torch.export.export(
            Model(), (x, y), dynamic_shapes=({0: batch}, {0: batch}), strict=strict
        )
        torch.testing.assert_close(program.module()(x[:4], y[:4]), Model()(x[:4], y[:4]))
