"""PyTorch: agreement with its own losses and with NumPy's bits, dtypes, devices, refusals."""

from __future__ import annotations

from typing import Any

import array_api_strict
import ml_dtypes
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.masked import masked_tensor
from torch_calls import DEPRECATED, normal, uniform

import wce_core
from wce_backends.torch import BACKEND
from wce_core import losses, objectives

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

PRECISIONS = ("native", "exact")
FLOATS = ("float64", "float32", "bfloat16", "float16")
each_precision = pytest.mark.parametrize("precision", PRECISIONS)


def labels(*shape: int, classes: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, classes, shape, generator=generator)


def value_and_gradients(loss: torch.Tensor, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return loss.detach(), *torch.autograd.grad(loss.sum(), inputs)


# --- PyTorch's own losses ----------------------------------------------------------------------


@each_precision
class TestAgreement:
    """Where the semantics coincide, so do value and gradient."""

    TOLERANCE = {torch.float64: 1e-14, torch.float32: 1e-6}

    def same(self, ours: torch.Tensor, theirs: torch.Tensor, *inputs: torch.Tensor) -> None:
        tolerance = self.TOLERANCE[ours.dtype]
        for a, b in zip(
            value_and_gradients(ours, *inputs), value_and_gradients(theirs, *inputs), strict=True
        ):
            torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    @pytest.mark.parametrize(
        ("reduction", "own"), [("mean", "weighted_mean"), ("sum", "sum"), ("none", "none")]
    )
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("ignored", [False, True])
    def test_cross_entropy(
        self, dtype: Any, reduction: str, own: Any, weighted: bool, ignored: bool, precision: Any
    ) -> None:
        x = normal(8, 5, seed=0, scale=3).to(dtype).requires_grad_()
        y = labels(8, classes=5)
        w = uniform(5, seed=1).to(dtype) if weighted else None
        index = 2 if ignored else None
        ours = losses.cross_entropy(
            x, y, class_weight=w, ignore_index=index, reduction=own, precision=precision
        )
        theirs = F.cross_entropy(
            x, y, weight=w, ignore_index=-100 if index is None else index, reduction=reduction
        )
        self.same(ours, theirs, x)

    def test_images(self, precision: Any) -> None:
        x = normal(2, 5, 4, 3, seed=0).requires_grad_()
        y, w = labels(2, 4, 3, classes=5), uniform(5, seed=1)
        ours = losses.cross_entropy(
            x, y, axis=1, class_weight=w, reduction="weighted_mean", precision=precision
        )
        self.same(ours, F.cross_entropy(x, y, weight=w), x)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_probability_targets(self, weighted: bool, precision: Any) -> None:
        x, q = normal(8, 5, seed=0).requires_grad_(), uniform(8, 5, seed=1).requires_grad_()
        w = uniform(5, seed=2) if weighted else None
        ours = losses.cross_entropy(x, q, class_weight=w, precision=precision)
        self.same(ours, F.cross_entropy(x, q, weight=w), x, q)

    def test_label_smoothing(self, precision: Any) -> None:
        x, y = normal(8, 5, seed=0).requires_grad_(), labels(8, classes=5)
        ours = losses.cross_entropy(x, y, label_smoothing=0.2, precision=precision)
        self.same(ours, F.cross_entropy(x, y, label_smoothing=0.2), x)

    def test_nll_loss(self, precision: Any) -> None:
        x = normal(8, 5, seed=0).log_softmax(-1).requires_grad_()
        y, w = labels(8, classes=5), uniform(5, seed=1)
        ours = losses.cross_entropy(
            x,
            y,
            form="log_probabilities",
            class_weight=w,
            reduction="weighted_mean",
            precision=precision,
        )
        self.same(ours, F.nll_loss(x, y, weight=w), x)

    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    def test_binary_with_logits(self, reduction: Any, precision: Any) -> None:
        x = normal(8, 5, seed=0, scale=3).requires_grad_()
        y = uniform(8, 5, seed=1, low=0, high=1).requires_grad_()
        s, p = uniform(8, seed=2), uniform(5, seed=3)
        ours = losses.binary_cross_entropy(
            x, y, sample_weight=s, pos_weight=p, reduction=reduction, precision=precision
        )
        theirs = F.binary_cross_entropy_with_logits(
            x, y, weight=s[:, None], pos_weight=p, reduction=reduction
        )
        self.same(ours, theirs, x, y)

    def test_binary_of_probabilities(self, precision: Any) -> None:
        p = uniform(8, 5, seed=0, low=0.05, high=0.95).requires_grad_()
        y, s = uniform(8, 5, seed=1, low=0, high=1), uniform(8, 5, seed=2)
        ours = losses.binary_cross_entropy(
            p, y, form="probabilities", sample_weight=s, precision=precision
        )
        self.same(ours, F.binary_cross_entropy(p, y, weight=s), p)


# --- NumPy's bits ------------------------------------------------------------------------------


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    array = tensor.detach()
    if array.dtype == torch.bfloat16:
        return array.float().numpy().astype(ml_dtypes.bfloat16)
    return array.numpy()


def bits(array: Any) -> np.ndarray:
    array = np.asarray(array)
    unsigned = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[array.dtype.itemsize]
    return array.view(unsigned)


def same_bits(found: torch.Tensor, expected: Any) -> None:
    assert BACKEND.dtype_name(found) == str(np.asarray(expected).dtype)
    np.testing.assert_array_equal(bits(as_numpy(found)), bits(expected))


@st.composite
def calls(draw: Any) -> tuple[Any, torch.Tensor, torch.Tensor, dict[str, Any]]:
    """A loss, predictions of 32 or 16 bits, targets, options: random numbers, random modes."""
    seed, items, classes = (
        draw(st.integers(0, 2**31)),
        draw(st.integers(1, 7)),
        draw(st.integers(1, 9)),
    )
    dtype = getattr(torch, draw(st.sampled_from(FLOATS[1:])))
    x = normal(items, classes, seed=seed, scale=draw(st.sampled_from([0.1, 3.0, 40.0]))).to(dtype)
    options: dict[str, Any] = {
        "reduction": draw(st.sampled_from(["none", "mean", "weighted_mean", "sum"])),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1])),
    }
    if draw(st.booleans()):
        options["sample_weight"] = uniform(items, seed=seed + 1).numpy()
    if draw(st.booleans()):
        options["mask"] = (uniform(items, seed=seed + 2) > 0.6).numpy()
    if draw(st.booleans()):
        y = uniform(items, classes, seed=seed + 3, low=0, high=1)
        if draw(st.booleans()):
            options["pos_weight"] = uniform(classes, seed=seed + 4).numpy()
        return losses.binary_cross_entropy, x, y, options
    if draw(st.booleans()):
        options["class_weight"] = uniform(classes, seed=seed + 4).numpy()
        options["soft_weighting"] = draw(
            st.sampled_from(["per_class", "mixture", "geometric", "hard"])
        )
    if draw(st.booleans()):
        options["cost_matrix"] = uniform(classes, classes, seed=seed + 5).numpy()
    if draw(st.booleans()):
        return losses.cross_entropy, x, labels(items, classes=classes, seed=seed + 6), options
    return losses.cross_entropy, x, uniform(items, classes, seed=seed + 7).float(), options


class TestExactBits:
    """``precision="exact"``: value and gradient equal NumPy's, bit for bit."""

    @given(calls())
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_random_calls(self, call: Any) -> None:
        loss, x, y, options = call

        def total(x: Any, y: Any, **options: Any) -> Any:
            return loss(x, y, precision="exact", **options)

        value = total(as_numpy(x), y.numpy(), **options)
        summed = {**options, "reduction": "sum"} if options["reduction"] == "none" else options
        _, gradient = wce_core.value_and_grad(total)(as_numpy(x), y.numpy(), **summed)
        for tracked in (x, x.clone().requires_grad_()):
            same_bits(total(tracked, y, **options), value)
        own = x.clone().requires_grad_()
        total(own, y, **summed).backward()
        same_bits(own.grad, gradient)
        same_bits(torch.func.grad(lambda a: total(a, y, **summed))(x), gradient)

    @pytest.mark.parametrize("dtype", FLOATS[1:])
    @pytest.mark.parametrize("kind", ["labels", "mass", "binary"])
    def test_more_than_one_block(
        self, dtype: str, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Blocks of different sizes in the two frameworks, 100 k elements."""
        monkeypatch.setattr("wce_backends.torch.calls.CPU_BLOCK", 3000)
        x = normal(200, 500, seed=0, scale=8).to(getattr(torch, dtype))
        loss = losses.binary_cross_entropy if kind == "binary" else losses.cross_entropy
        targets = {
            "labels": labels(200, classes=500),
            "mass": uniform(200, 500, seed=1),
            "binary": labels(200, 500, classes=2),
        }
        y, s = targets[kind], uniform(200, seed=2)
        options: dict[str, Any] = {"reduction": "weighted_mean", "precision": "exact"}
        value, gradient = wce_core.value_and_grad(loss)(
            as_numpy(x), y.numpy(), sample_weight=s.numpy(), **options
        )
        own = x.requires_grad_()
        found = loss(own, y, sample_weight=s, **options)
        same_bits(found, value)
        same_bits(torch.autograd.grad(found, own)[0], gradient)
        same_bits(
            torch.func.grad(lambda a: loss(a, y, sample_weight=s, **options))(x.detach()), gradient
        )

    @pytest.mark.parametrize("route", ["backward", "create_graph", "func"])
    def test_what_is_below_the_normal_numbers_is_zero(self, route: str) -> None:
        x = torch.tensor([[0.0, -87.0, -88.5, -90.0, -150.0]])
        y = torch.tensor([0])

        def loss(a: Any, y: Any = y) -> Any:
            return losses.cross_entropy(a, y, precision="exact")

        _, expected = wce_core.value_and_grad(loss)(x.numpy(), y.numpy())
        assert (expected == 0).tolist() == [[False, False, True, True, True]]
        own = x.clone().requires_grad_()
        if route == "func":
            found = torch.func.grad(loss)(x)
        else:
            (found,) = torch.autograd.grad(loss(own), own, create_graph=route == "create_graph")
        same_bits(found, expected)


# --- Dtypes and devices ------------------------------------------------------------------------


class TestDtypes:
    @pytest.mark.parametrize("dtype", FLOATS)
    @pytest.mark.parametrize("reduction", ["none", "mean", "parts"])
    @each_precision
    def test_results_and_gradients(self, dtype: str, reduction: Any, precision: Any) -> None:
        x = normal(4, 3, seed=0).to(getattr(torch, dtype)).requires_grad_()
        result = losses.cross_entropy(
            x,
            labels(4, classes=3),
            class_weight=[1, 2, 3],
            reduction=reduction,
            precision=precision,
        )
        value = result.total if reduction == "parts" else result
        wide = torch.float64 if dtype == "float64" else torch.float32
        assert value.dtype == (wide if reduction == "parts" else x.dtype)
        value.sum().backward()
        assert x.grad.dtype == x.dtype
        if reduction == "parts":
            assert result.weight.dtype == wide
            assert {result[i].dtype for i in (1, 2, 4, 5)} == {torch.int64}

    @pytest.mark.parametrize("asked", ["float64", "float32", torch.float64, torch.bfloat16])
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_asked_for(self, asked: Any, dtype: str) -> None:
        x = normal(4, 3, seed=0).to(getattr(torch, dtype)).requires_grad_()
        loss = losses.cross_entropy(x, labels(4, classes=3), dtype=asked)
        assert loss.dtype == (asked if isinstance(asked, torch.dtype) else getattr(torch, asked))
        loss.backward()
        assert x.grad.dtype == x.dtype

    @pytest.mark.parametrize(
        "dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    )
    def test_every_integer(self, dtype: str) -> None:
        """As labels, as mass, as weights, as binary targets; with ``ignore_index`` beside them."""
        x, y = normal(5, 3, seed=0), labels(5, classes=3)
        other = getattr(torch, dtype)
        for loss, targets in (
            (losses.cross_entropy, y),
            (losses.cross_entropy, F.one_hot(y, 3)),
            (losses.binary_cross_entropy, F.one_hot(y, 3)),
        ):
            options = (
                {} if loss is losses.cross_entropy and targets.ndim == 2 else {"ignore_index": 1}
            )
            found = loss(x, targets.to(other), **options)
            assert torch.equal(found, loss(x, targets, **options))
            unchecked = loss(x, targets.to(other), validate=False, **options)
            assert torch.equal(found, unchecked)
        weights = torch.tensor([1, 2, 3])
        found = losses.cross_entropy(x, y, class_weight=weights.to(other))
        assert torch.equal(found, losses.cross_entropy(x, y, class_weight=weights))

    def test_labels_beyond_int64(self) -> None:
        x, y = normal(3, 3, seed=0), torch.tensor([1, 2**64 - 1, 2**63 + 1], dtype=torch.uint64)
        with pytest.raises(ValueError, match=r"targets is 18446744073709551615 at position \(1,\)"):
            losses.cross_entropy(x, y)
        items = losses.cross_entropy(x, y, reduction="none", validate=False)
        assert items.isnan().tolist() == [False, True, True]
        items = losses.cross_entropy(x, y, reduction="none", validate=False, ignore_index=2**64 - 1)
        assert items.isnan().tolist() == [False, False, True]
        items = losses.cross_entropy(x, y, reduction="none", validate=False, ignore_index=2**63)
        assert items.isnan().tolist() == [False, True, True]

    def test_labels_do_not_pass_through_floats(self) -> None:
        """257 is not a bfloat16."""
        x = normal(1, 300, seed=0).bfloat16()
        found = losses.cross_entropy(x, torch.tensor([257]))
        assert torch.equal(found, losses.cross_entropy(x.float(), torch.tensor([257])).bfloat16())

    def test_weights_of_any_dtype_never_narrow_the_result(self) -> None:
        x, y = normal(4, 3, seed=0), labels(4, classes=3)
        for dtype in (torch.float16, torch.bfloat16, torch.float32):
            loss = losses.cross_entropy(x, y, class_weight=torch.ones(3, dtype=dtype))
            assert loss.dtype == torch.float64
            torch.testing.assert_close(loss, F.cross_entropy(x, y), rtol=1e-14, atol=0)

    def test_more_items_than_a_half_can_count(self) -> None:
        x = torch.zeros(70_000, 2, dtype=torch.float16)
        loss = losses.cross_entropy(x, torch.zeros(70_000, dtype=torch.int64))
        assert loss == torch.tensor(0.6931472).half()


class TestAutocast:
    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_results_are_float32_as_in_pytorch(self, dtype: str) -> None:
        torch.manual_seed(0)
        model, x, y = torch.nn.Linear(5, 3), normal(4, 5, seed=0).float(), labels(4, classes=3)
        with torch.autocast("cpu", getattr(torch, dtype)):
            logits = model(x)
            loss = losses.cross_entropy(logits, y, class_weight=[1.0, 2.0, 3.0])
            theirs = F.cross_entropy(logits, y)
            items = losses.cross_entropy(logits, y, reduction="none")
        assert logits.dtype == getattr(torch, dtype)
        assert loss.dtype == theirs.dtype == items.dtype == torch.float32
        assert torch.autograd.grad(loss, logits, retain_graph=True)[0].dtype == logits.dtype
        loss.backward()
        assert model.weight.grad.dtype == torch.float32
        assert torch.equal(
            items, losses.cross_entropy(logits.detach().float(), y, reduction="none")
        )

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_other_predictions_and_asked_dtypes_stay(self, dtype: str) -> None:
        x, y = normal(4, 3, seed=0).to(getattr(torch, dtype)), labels(4, classes=3)
        with torch.autocast("cpu", torch.bfloat16):
            assert losses.cross_entropy(x, y, dtype=dtype).dtype == x.dtype
            loss = losses.cross_entropy(x, y)
        assert loss.dtype == (torch.float64 if dtype == "float64" else torch.float32)
        assert torch.equal(loss, losses.cross_entropy(x, y, dtype=loss.dtype))

    def test_every_derivative_inside(self) -> None:
        """Backward passes within the region compute as they do outside."""
        x, w = normal(4, 3, seed=0).requires_grad_(), uniform(3, seed=1).requires_grad_()
        q = uniform(4, 3, seed=2)
        found, expected = [], []
        for results, enabled in ((found, True), (expected, False)):
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                loss = losses.cross_entropy(x, q, class_weight=w, soft_weighting="geometric")
                results += torch.autograd.grad(loss, (x, w), retain_graph=True)
                (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
                results += torch.autograd.grad(gradient.pow(2).sum(), (x, w))
        for a, b in zip(found, expected, strict=True):
            assert torch.equal(a, b)


class TestOtherTensors:
    @pytest.mark.parametrize("reduction", ["none", "mean", "weighted_mean", "parts"])
    @pytest.mark.parametrize("dtype", FLOATS)
    @each_precision
    def test_meta(self, reduction: Any, dtype: str, precision: Any) -> None:
        """Shapes and dtypes without values; nothing can be looked at."""
        x = torch.empty(4, 3, dtype=getattr(torch, dtype), device="meta", requires_grad=True)
        y = torch.empty(4, dtype=torch.int64, device="meta")
        result = losses.cross_entropy(
            x,
            y,
            class_weight=[1.0, 2.0, 3.0],
            ignore_index=7,
            reduction=reduction,
            precision=precision,
        )
        fields = result if reduction == "parts" else (result,)
        for field in fields:
            assert field.device.type == "meta"
            assert field.shape == ((4,) if reduction == "none" else ())
        fields[0].sum().backward()
        assert (x.grad.device.type, x.grad.shape, x.grad.dtype) == ("meta", x.shape, x.dtype)
        with pytest.raises(ValueError, match="validate=True"):
            losses.cross_entropy(x, y, validate=True)

    def test_meta_modes(self) -> None:
        x = torch.empty(4, 3, device="meta")
        y = torch.empty(4, 3, device="meta")
        w = torch.empty(3, device="meta", requires_grad=True)
        losses.cross_entropy(
            x, y, class_weight=w, cost_matrix=torch.empty(3, 3, device="meta"), label_smoothing=0.1
        ).backward()
        assert w.grad.device.type == "meta"
        assert losses.binary_cross_entropy(x, y, pos_weight=w).device.type == "meta"

    def test_fake_tensors(self) -> None:
        with FakeTensorMode():
            x, y = torch.randn(4, 3, requires_grad=True), torch.zeros(4, dtype=torch.int64)
            loss = losses.cross_entropy(x, y, class_weight=[1.0, 2.0, 3.0])
            loss.backward()
            assert loss.shape == ()
            assert x.grad.shape == x.shape

    def test_strides(self) -> None:
        """Transposed, expanded, flipped and sliced tensors; class axis in the middle."""
        base = normal(6, 5, 4, seed=0)
        y = labels(6, 4, classes=5)
        views = {
            "transposed": base.permute(2, 1, 0).permute(2, 1, 0),
            "expanded": base[:, :, :1].expand(6, 5, 4),
            "flipped": base.flip(0),
            "sliced": normal(12, 10, 8, seed=1)[::2, ::2, ::2],
            "channels last": base[..., None].contiguous(memory_format=torch.channels_last)[..., 0],
        }
        for view in views.values():
            for tensor in (view, view.contiguous()):
                own = tensor.detach().requires_grad_()
                loss = losses.cross_entropy(own, y, axis=1)
                (gradient,) = torch.autograd.grad(loss, own)
                expected = F.cross_entropy(own, y)
                torch.testing.assert_close(loss, expected)
                torch.testing.assert_close(gradient, torch.autograd.grad(expected, own)[0])

    def test_expanded_companions_and_negated_views(self) -> None:
        x, y = normal(6, 3, seed=0), labels(1, classes=3).expand(6)
        s = torch.ones(1, dtype=torch.float64).expand(6)
        torch.testing.assert_close(
            losses.cross_entropy(x, y, sample_weight=s), F.cross_entropy(x, y)
        )
        negated = torch.complex(torch.zeros(6, 3), torch.ones(6, 3)).conj().imag  # lazily −1
        assert negated.is_neg()
        torch.testing.assert_close(
            losses.cross_entropy(negated, y), F.cross_entropy(negated.resolve_neg(), y)
        )

    def test_empty_batches_and_single_items(self) -> None:
        x = torch.zeros(0, 3, requires_grad=True)
        loss = losses.cross_entropy(x, torch.zeros(0, dtype=torch.int64))
        loss.backward()
        assert loss == 0
        assert x.grad.shape == (0, 3)
        single = normal(3, seed=0).requires_grad_()
        loss = losses.cross_entropy(single, torch.tensor(1), reduction="none")
        torch.testing.assert_close(loss, F.cross_entropy(single, torch.tensor(1)))
        loss.backward()
        assert single.grad.shape == (3,)

    def test_subclasses_and_parameters(self) -> None:
        class Labelled(torch.Tensor):
            pass

        x, y = normal(4, 3, seed=0), labels(4, classes=3)
        expected = F.cross_entropy(x, y)
        own = x.as_subclass(Labelled).requires_grad_()
        loss = losses.cross_entropy(own, y)
        torch.testing.assert_close(loss.as_subclass(torch.Tensor), expected)
        loss.backward()
        torch.testing.assert_close(
            own.grad.as_subclass(torch.Tensor), torch.func.grad(F.cross_entropy)(x, y)
        )
        parameter = torch.nn.Parameter(torch.tensor([1.0, -1.0, 1.0]))
        with pytest.raises(ValueError, match=r"class_weight is -1.0 at position \(1,\)"):
            losses.cross_entropy(torch.nn.Parameter(x), y, class_weight=parameter)
        buffer = torch.nn.Buffer(torch.ones(3))
        torch.testing.assert_close(losses.cross_entropy(x, y, class_weight=buffer), expected)


# --- What is refused, and what is converted ----------------------------------------------------


X, Y = normal(4, 3, seed=0), labels(4, classes=3)


class TestRefused:
    @pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr", "to_sparse_csc", "to_mkldnn"])
    @pytest.mark.filterwarnings("ignore:Sparse CS[RC] tensor support is in beta:UserWarning")
    def test_sparse(self, layout: str) -> None:
        sparse = getattr(X.float(), layout)()
        with pytest.raises(TypeError, match=r"predictions are a sparse tensor .* to_dense"):
            losses.cross_entropy(sparse, Y)
        with pytest.raises(TypeError, match="targets is a sparse tensor"):
            losses.cross_entropy(X, sparse)
        with pytest.raises(TypeError, match="sample_weight is a sparse tensor"):
            losses.cross_entropy(X, Y, sample_weight=sparse)

    @pytest.mark.parametrize("layout", [torch.strided, torch.jagged], ids=str)
    @pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
    def test_nested(self, layout: Any) -> None:
        nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], layout=layout)
        with pytest.raises(TypeError, match=r"nested tensor; pad it and pass mask="):
            losses.cross_entropy(nested, Y)
        with pytest.raises(TypeError, match="targets is a nested tensor"):
            losses.cross_entropy(X, nested)

    @pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors:UserWarning")
    def test_masked(self) -> None:
        masked = masked_tensor(X, X > 0)
        with pytest.raises(TypeError, match=r"masked tensor; pass its get_data\(\)"):
            losses.cross_entropy(masked, Y)
        with pytest.raises(TypeError, match="targets is a masked tensor"):
            losses.cross_entropy(X, masked)

    @pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
    def test_quantized(self) -> None:
        quantized = torch.quantize_per_tensor(Y.float(), 1.0, 0, torch.qint32)
        with pytest.raises(TypeError, match=r"targets is a quantized tensor; .* dequantize"):
            losses.cross_entropy(X, quantized)

    @pytest.mark.parametrize(
        ("dtype", "name"),
        [
            (torch.int64, "int64"),
            (torch.bool, "bool"),
            (torch.complex64, "complex64"),
            (torch.float8_e4m3fn, "float8_e4m3fn"),
        ],
    )
    def test_dtypes(self, dtype: torch.dtype, name: str) -> None:
        with pytest.raises(TypeError, match=f"predictions has dtype {name}; expected a floating"):
            losses.cross_entropy(X.to(dtype), Y)

    def test_arrays_of_other_frameworks(self) -> None:
        foreign = array_api_strict.asarray(np.ones(4))
        with pytest.raises(TypeError, match=r"sample_weight is an array of array_api_strict"):
            losses.cross_entropy(X, Y, sample_weight=foreign)
        with pytest.raises(TypeError, match="targets is an array of torch"):
            losses.cross_entropy(X.numpy(), Y)
        with pytest.raises(TypeError, match="targets is an array of torch"):
            losses.cross_entropy(array_api_strict.asarray(X.numpy()), Y)
        with pytest.raises(TypeError, match="class_weight is a list that holds arrays"):
            losses.cross_entropy(X, Y, class_weight=[foreign[0], foreign[1], foreign[2]])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"targets": torch.tensor([0, 1, 3, 2])}, r"targets is 3 at position \(2,\)"),
            ({"targets": torch.tensor([0, -1, 3, 2])}, r"targets is -1 at position \(1,\)"),
            ({"targets": -torch.ones(4, 3)}, r"targets is -1.0 at position \(0, 0\)"),
            (
                {"sample_weight": torch.tensor([1.0, 1.0, -2.0, 1.0]).bfloat16()},
                r"sample_weight is -2.0 at position \(2,\)",
            ),
            (
                {"class_weight": torch.tensor([1.0, float("nan"), 1.0])},
                r"class_weight is nan at position \(1,\)",
            ),
            (
                {"cost_matrix": torch.tensor([[1.0, 2, 3], [1, float("inf"), 1], [1, 1, 1]])},
                r"cost_matrix is inf at position \(1, 1\)",
            ),
        ],
    )
    @pytest.mark.parametrize("tracked", [False, True])
    def test_values(self, arguments: dict[str, Any], message: str, tracked: bool) -> None:
        given = {"targets": Y, **arguments}
        if tracked:
            given = {n: a.requires_grad_(a.is_floating_point()) for n, a in given.items()}
        with pytest.raises(ValueError, match=message):
            losses.cross_entropy(X.clone().requires_grad_(tracked), **given)

    def test_unchecked_labels_are_poisoned(self) -> None:
        x = X.clone().requires_grad_()
        y = torch.tensor([0, 3, -1, 2])
        items = losses.cross_entropy(x, y, reduction="none", validate=False)
        assert items.isnan().tolist() == [False, True, True, False]
        (gradient,) = torch.autograd.grad(items.sum(), x)
        assert gradient.isnan().any(-1).tolist() == [False, True, True, False]


class TestConverted:
    @pytest.mark.parametrize(
        "weight",
        [
            [1.0, 2.0, 0.1],
            (1.0, 2.0, 0.1),
            {2: 0.1, 0: 1.0, 1: 2.0},
            np.array([1.0, 2.0, 0.1]),
            np.array([0.1, 2.0, 1.0])[::-1],
            np.array([1.0, 2.0, 0.1], dtype=">f8"),
            np.array([[1.0, 2.0, 0.1]] * 2).T[:, 1],
            [np.float64(1.0), 2, np.float64(0.1)],
        ],
        ids=["list", "tuple", "mapping", "numpy", "flipped", "big-endian", "column", "scalars"],
    )
    def test_weights_in_full_precision(self, weight: Any) -> None:
        """0.1 is that of float64, not PyTorch's default float32."""
        expected = F.cross_entropy(
            X, Y, weight=torch.tensor([1.0, 2.0, 0.1], dtype=torch.float64), reduction="sum"
        )
        found = losses.cross_entropy(X, Y, class_weight=weight, reduction="sum")
        torch.testing.assert_close(found, expected, rtol=1e-15, atol=0)

    def test_read_only_arrays(self) -> None:
        weights = np.array([1.0, 2.0, 0.1])
        weights.flags.writeable = False
        losses.cross_entropy(X, Y, class_weight=weights)
        losses.CrossEntropy(class_weight=weights)(X, Y)

    def test_bfloat16_of_numpy(self) -> None:
        weights = np.array([1.0, 2.0, 0.1]).astype(ml_dtypes.bfloat16)
        found = losses.cross_entropy(X, Y, class_weight=weights)
        assert torch.equal(
            found, losses.cross_entropy(X, Y, class_weight=torch.tensor([1.0, 2.0, 0.1]).bfloat16())
        )

    def test_targets_masks_and_normalizers(self) -> None:
        expected = F.cross_entropy(X[1:], Y[1:], reduction="sum") / 5
        found = losses.cross_entropy(
            X, Y.tolist(), mask=[False, True, True, True], reduction="sum", normalizer=np.float32(5)
        )
        torch.testing.assert_close(found, expected)
        found = losses.cross_entropy(
            X,
            Y.numpy().astype(np.uint16),
            mask=np.array([False, True, True, True]),
            reduction="sum",
            normalizer=torch.tensor(5),
        )
        torch.testing.assert_close(found, expected)
        assert isinstance(found, torch.Tensor)

    def test_results_stay_on_the_device_of_the_predictions(self) -> None:
        loss = losses.cross_entropy(
            X.to("meta"), Y.numpy(), class_weight=[1, 2, 3], sample_weight=np.ones(4)
        )
        assert loss.device.type == "meta"


def test_description() -> None:
    description = BACKEND.describe()
    assert description.version == torch.__version__
    assert description.devices[0] == "cpu"
    assert description.float64


@pytest.mark.parametrize("name", ["targets", "class_weight", "sample_weight", "mask"])
def test_another_device_is_named(name: str) -> None:
    tensors = {
        "targets": torch.tensor([0, 2]),
        "class_weight": torch.ones(3),
        "sample_weight": torch.ones(2),
        "mask": torch.ones(2, dtype=torch.bool),
    }
    x = torch.zeros(2, 3)
    losses.cross_entropy(x, **tensors)
    with pytest.raises(TypeError, match=f"{name} is on meta, the predictions are on cpu"):
        losses.cross_entropy(x, **{**tensors, name: tensors[name].to("meta")})
    far = {each: tensor.to("meta") for each, tensor in tensors.items()}
    with pytest.raises(TypeError, match=f"{name} is on cpu, the predictions are on meta"):
        losses.cross_entropy(x.to("meta"), **{**far, name: tensors[name]})


def test_options_have_no_gradient() -> None:
    """So one that wants it is refused, and not read."""
    epsilon = torch.tensor(0.1, requires_grad=True)
    with pytest.raises(TypeError, match="label_smoothing is tensor.*; expected a number"):
        losses.cross_entropy(X, torch.tensor([0, 1, 2, 0]), label_smoothing=epsilon)


def test_second_derivatives_are_constants() -> None:
    """Of the closed form, which nothing may differentiate."""
    x = torch.linspace(-2.0, 2.0, 12).reshape(4, 3).sin().requires_grad_()
    w = torch.tensor([1.0, 2.0, 5.0], requires_grad=True)
    y = labels(4, classes=3)
    found = objectives.derivatives(losses.cross_entropy, x, y, class_weight=w)
    assert not any(each.requires_grad for each in found)
    (gradient,) = torch.autograd.grad(
        losses.cross_entropy(x, y, class_weight=w, reduction="sum"), x, create_graph=True
    )
    for row in range(4):
        for k in range(3):
            (second,) = torch.autograd.grad(gradient[row, k], x, retain_graph=True)
            torch.testing.assert_close(found[1][row, k], second[row, k])
