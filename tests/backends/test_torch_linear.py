"""Cross-entropy of a linear layer in PyTorch: eager, transformed, compiled."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_calls import DEPRECATED

from wce_core.losses import LinearCrossEntropy, cross_entropy, linear_cross_entropy
from wce_core.torch import LinearCrossEntropyLoss

ITEMS, WIDTH, CLASSES = (3, 7), 5, 11
TARGETS = torch.arange(21).reshape(ITEMS) % CLASSES
FACTORS = torch.arange(21.0).reshape(ITEMS)
MASK = torch.arange(21).reshape(ITEMS) % 4 > 0


def drawn(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    shapes = ((*ITEMS, WIDTH), (CLASSES, WIDTH), (CLASSES,))
    return tuple(torch.randn(shape, dtype=dtype).requires_grad_() for shape in shapes)


def number(loss: Any) -> torch.Tensor:
    if isinstance(loss, tuple):
        return loss.weighted_mean() * 3.0
    return (loss * FACTORS.to(loss.dtype)).sum() if loss.ndim else loss * 2.0


def of_logits(hidden: Any, weight: Any, bias: Any, targets: Any = TARGETS, **options: Any) -> Any:
    wide = [each.double() for each in (hidden, weight, bias)]
    return number(cross_entropy(wide[0] @ wide[1].T + wide[2], targets, **options))


def in_chunks(hidden: Any, weight: Any, bias: Any, targets: Any = TARGETS, **options: Any) -> Any:
    given = {"chunk_bytes": 300, **options}
    return number(linear_cross_entropy(hidden, weight, targets, bias=bias, **given))


def assert_near(found: Any, expected: Any, tolerance: float) -> None:
    for own, other in zip(found, expected, strict=True):
        error = (own.double() - other.double()).abs().max()
        assert error <= tolerance * max(1e-3, other.abs().max())


@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "none", "parts"])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 1e-13), (torch.float32, 4e-6), (torch.bfloat16, 1e-2)],
    ids=["float64", "float32", "bfloat16"],
)
def test_gradients_of_all_inputs(dtype: torch.dtype, tolerance: float, reduction: str) -> None:
    torch.manual_seed(1)
    for targets in (TARGETS, torch.rand(*ITEMS, CLASSES, dtype=dtype).requires_grad_()):
        own = drawn(dtype)
        w, s = (torch.rand(n, dtype=dtype).requires_grad_() for n in (CLASSES, ITEMS))
        options = {"class_weight": w, "sample_weight": s, "mask": MASK, "reduction": reduction}
        inputs = [*own, w, s, *([targets] if targets.requires_grad else [])]
        expected = of_logits(*own, targets, **options)
        found = in_chunks(*own, targets, **options, label_smoothing=0.0)
        assert_near([found], [expected], tolerance)
        gradients = [torch.autograd.grad(each, inputs) for each in (found, expected)]
        assert [each.dtype for each in gradients[0]] == [each.dtype for each in inputs]
        assert_near(*gradients, tolerance)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_differentiated_twice(reduction: str) -> None:
    own = drawn(torch.float64)

    def loss(*inputs: Any) -> Any:
        return in_chunks(*inputs, reduction=reduction, mask=MASK)

    assert torch.autograd.gradcheck(loss, own)
    assert torch.autograd.gradgradcheck(loss, own)


def test_a_second_backward_pass_gives_the_same() -> None:
    own = drawn()
    loss = in_chunks(*own)
    first = torch.autograd.grad(loss, own, retain_graph=True)
    kept = [each.clone() for each in first]
    for each in first:
        each.zero_()
    assert_near(torch.autograd.grad(loss, own), kept, 0.0)


@pytest.mark.filterwarnings(DEPRECATED)
def test_transformed() -> None:
    own = tuple(each.detach() for each in drawn(torch.float64))
    stacked = torch.stack([own[0], -own[0]])
    found, expected = (
        [
            torch.func.hessian(loss, argnums=1)(*own),
            *torch.func.jvp(loss, own, own),
            torch.func.vmap(loss, in_dims=(0, None, None))(stacked, *own[1:]),
        ]
        for loss in (in_chunks, of_logits)
    )
    assert_near(found, expected, 1e-12)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_what_is_excluded_reaches_nothing(bad: float) -> None:
    hidden, weight, bias = drawn()
    with torch.no_grad():
        hidden[~MASK] = bad
    for options in ({}, {"label_smoothing": 0.1}, {"reduction": "none"}):
        loss = in_chunks(hidden, weight, bias, mask=MASK, **options)
        for gradient in (loss, *torch.autograd.grad(loss, (hidden, weight, bias))):
            assert gradient.isfinite().all()


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_backward_again(reduction: str) -> None:
    """What was handed over once is made again, whatever has been done to it."""
    own = drawn()
    loss, expected = (f(*own, reduction=reduction) for f in (in_chunks, of_logits))
    first = torch.autograd.grad(loss, own, retain_graph=True)
    assert_near(first, torch.autograd.grad(expected, own, retain_graph=True), 4e-6)
    for gradient in first:
        gradient.zero_()
    again = torch.autograd.grad(loss, own, torch.tensor(3.0), retain_graph=True)
    assert_near(
        again, torch.autograd.grad(expected, own, torch.tensor(3.0), retain_graph=True), 4e-6
    )


def test_a_batch_of_cotangents() -> None:
    own, several = drawn(), torch.tensor([1.0, -2.0])
    batched: Any = {"is_grads_batched": True, "retain_graph": True}
    expected = torch.autograd.grad(of_logits(*own), own, several, **batched)
    assert_near(torch.autograd.grad(in_chunks(*own), own, several, **batched), expected, 4e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_states_in_1_to_1024_chunks(dtype: torch.dtype) -> None:
    """The gradient to the layer is as good as unchunked in float32."""
    torch.manual_seed(2)
    hidden, labels = torch.randn(1024, 8).to(dtype), torch.arange(1024) % 50
    weight = torch.randn(50, 8)

    def to_weight(wide: torch.dtype, states: Any, rows: int) -> Any:
        own = weight.to(wide).requires_grad_()
        loss = linear_cross_entropy(states, own, labels, reduction="sum", chunk_bytes=rows * 200)
        return torch.autograd.grad(loss, own)[0].double()

    right = to_weight(torch.float64, hidden.double(), 2048)
    whole = (to_weight(torch.float32, hidden.float(), 1024) - right).abs().max()
    for rows in (1024, 100, 8, 1):
        assert (to_weight(torch.float32, hidden, rows) - right).abs().max() <= 4.0 * whole


def test_a_vocabulary_that_no_block_divides() -> None:
    """Value and gradients of 50,257 classes are those of all logits."""
    torch.manual_seed(3)
    own = [torch.randn(shape).requires_grad_() for shape in ((5, 4), (50_257, 4), (50_257,))]
    labels = torch.tensor([50_256, 0, 7, 50_255, 2048])
    found = in_chunks(*own, labels, chunk_bytes=1, label_smoothing=0.1)
    expected = of_logits(*own, labels, label_smoothing=0.1)
    assert_near([found], [expected], 1e-6)
    assert_near(torch.autograd.grad(found, own), torch.autograd.grad(expected, own), 4e-6)


@pytest.mark.parametrize("reduction", ["mean", "none", "parts"])
def test_compiled_as_one_node(reduction: str) -> None:
    own = drawn()

    def loss(*inputs: Any) -> Any:
        return in_chunks(*inputs, reduction=reduction, label_smoothing=0.1, mask=MASK)

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    values = compiled(*own), loss(*own)
    assert_near(*([each] for each in values), 0.0)
    assert_near(*(torch.autograd.grad(each, own) for each in values), 0.0)


def test_compiled_with_weights_that_are_tracked() -> None:
    own = drawn()
    weights = torch.rand(CLASSES, requires_grad=True)
    inputs = (*own, weights)

    def loss(*tensors: Any) -> Any:
        return in_chunks(*tensors[:3], class_weight=tensors[3])

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    found = torch.autograd.grad(compiled(*inputs), inputs)
    assert_near(found, torch.autograd.grad(loss(*inputs), inputs), 1e-5)


def test_module() -> None:
    head = torch.nn.Linear(WIDTH, CLASSES)
    hidden = drawn()[0]
    weights = torch.rand(CLASSES)
    module = LinearCrossEntropyLoss(class_weight=weights, label_smoothing=0.1)
    found = module(hidden, head.weight, TARGETS, head.bias, mask=MASK)
    options: dict[str, Any] = {"class_weight": weights, "label_smoothing": 0.1}
    expected = LinearCrossEntropy(**options)(
        hidden, head.weight, TARGETS, bias=head.bias, mask=MASK
    )
    assert found.item() == expected.item()
    found.backward()
    assert head.weight.grad is not None
    assert dict(module.named_buffers()).keys() == {"class_weight"}
    assert isinstance(module.loss.torch(), LinearCrossEntropyLoss)
    assert "loss(input, weight, target, bias=None, sample_weight=None" in str(module.__doc__)
