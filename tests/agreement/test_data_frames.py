"""Data frames, Series, Arrow, labelled arrays and buffers: read as NumPy arrays, or refused."""

from __future__ import annotations

import array
import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

from wce_conformance.adapters import adapter
from wce_core import dialects, explain, losses, value_and_grad

LOGITS = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5], [0.0, 0.25, 0.5]])
LABELS = np.array([2, 0, 1])
WEIGHTS = np.array([1.0, 2.0, 0.5])
MASK = np.array([True, True, False])
COLUMNS = ("a", "b", "c")


def _pandas(values: np.ndarray) -> Any:
    """With an index that is not in order: rows count by their place."""
    if values.ndim == 2:
        return pd.DataFrame(values, index=[7, 3, 5], columns=COLUMNS)
    return pd.Series(values, index=[7, 3, 5])


def _polars(values: np.ndarray) -> Any:
    return pl.DataFrame(values, schema=COLUMNS) if values.ndim == 2 else pl.Series(values)


def _arrow(values: np.ndarray) -> Any:
    if values.ndim == 2:
        return pa.table(dict(zip(COLUMNS, values.T.copy(), strict=True)))
    return pa.array(values)


FRAMES: dict[str, Callable[[np.ndarray], Any]] = {
    "pandas": _pandas,
    "polars": _polars,
    "pyarrow": _arrow,
    "xarray": xr.DataArray,
    "memoryview": memoryview,
}


@pytest.mark.parametrize("library", list(FRAMES))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_predictions(library: str, dtype: Any) -> None:
    """The result is NumPy's, in the dtype that the frame has, differentiable like NumPy's."""
    logits, frame = LOGITS.astype(dtype), FRAMES[library]
    for loss, targets in (
        (losses.CrossEntropy(reduction="none"), LABELS),
        (losses.BinaryCrossEntropy(reduction="none"), (LOGITS > 0).astype(dtype)),
    ):
        plain, found = loss(logits, targets), loss(frame(logits), frame(targets))
        assert (type(found), found.dtype) == (np.ndarray, plain.dtype)
        np.testing.assert_array_equal(found, plain)
    both = value_and_grad(losses.cross_entropy)
    for mine, theirs in zip(both(frame(logits), LABELS), both(logits, LABELS), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("library", list(FRAMES))
def test_companions(backend: str, library: str) -> None:
    own, frame = adapter(backend), FRAMES[library]
    x = own.array(LOGITS.astype(np.float32))
    for targets in (LABELS, (LOGITS > 0).astype(np.float32)):
        arrays = {"targets": targets, "sample_weight": WEIGHTS, "mask": MASK}
        plain = losses.cross_entropy(x, **arrays, reduction="none")
        found = losses.cross_entropy(
            x, **{n: frame(a) for n, a in arrays.items()}, reduction="none"
        )
        np.testing.assert_array_equal(own.numpy(found), own.numpy(plain))


@pytest.mark.parametrize("library", list(FRAMES))
def test_weights_of_configured_losses(library: str) -> None:
    costs = np.abs(LOGITS)
    held = losses.CrossEntropy(cost_matrix=FRAMES[library](costs))
    assert held == losses.CrossEntropy(cost_matrix=costs)
    assert hash(held) == hash(losses.CrossEntropy(cost_matrix=costs))
    np.testing.assert_array_equal(
        held(LOGITS, LABELS), losses.cross_entropy(LOGITS, LABELS, cost_matrix=costs)
    )


@pytest.mark.parametrize("numbers", [array.array("q", LABELS), (ctypes.c_int64 * 3)(*LABELS)])
def test_buffers(numbers: Any) -> None:
    assert losses.cross_entropy(LOGITS, numbers) == losses.cross_entropy(LOGITS, LABELS)


def test_what_offers_dlpack_alone() -> None:
    class Numbers:
        def __dlpack__(self, **options: Any) -> Any:
            return LABELS.__dlpack__(**options)

        def __dlpack_device__(self) -> Any:
            return LABELS.__dlpack_device__()

    assert losses.cross_entropy(LOGITS, Numbers()) == losses.cross_entropy(LOGITS, LABELS)


def test_nullable_dtypes_without_missing_values() -> None:
    for dtype in ("Int64", "int32[pyarrow]", "UInt8"):
        labels = pd.Series(LABELS, dtype=dtype)
        assert losses.cross_entropy(LOGITS, labels) == losses.cross_entropy(LOGITS, LABELS)
    mask = pd.Series(MASK, dtype="boolean")
    plain = losses.cross_entropy(LOGITS, LABELS, mask=MASK)
    assert losses.cross_entropy(LOGITS, LABELS, mask=mask) == plain


MISSING = {
    "Int64": pd.Series([2, None, 1], dtype="Int64"),
    "Float64": pd.Series([1.0, None, 1.0], dtype="Float64"),
    "pandas, of Arrow": pd.Series([2, None, 1], dtype="int64[pyarrow]"),
    "boolean": pd.Series([True, None, True], dtype="boolean"),
    "objects": pd.Series([1.0, None, 1.0], dtype=object),
    "a frame": pd.DataFrame({"a": [1.0, None, 1.0]}),
    "Polars": pl.Series([2, None, 1]),
    "Polars, nested": pl.Series([[1.0, None]] * 3, dtype=pl.Array(pl.Float64, 2)),
    "a Polars frame": pl.DataFrame({"a": [1.0, None, 1.0]}),
    "Arrow": pa.array([2, None, 1]),
    "an Arrow table": pa.table({"a": [1.0, None, 1.0]}),
}


@pytest.mark.parametrize("name", ["targets", "sample_weight", "mask"])
@pytest.mark.parametrize("kind", list(MISSING))
def test_missing_values(backend: str, name: str, kind: str) -> None:
    """Never NaN in silence, whether values are looked at or not."""
    x = adapter(backend).array(LOGITS.astype(np.float32))
    arrays = {"targets": LABELS, name: MISSING[kind]}
    for validate in (None, False):
        with pytest.raises(TypeError, match=f"{name} .*missing values.*fill them"):
            losses.cross_entropy(x, **arrays, validate=validate)


def test_missing_predictions() -> None:
    for kind in ("Float64", "a frame", "a Polars frame", "an Arrow table"):
        with pytest.raises(TypeError, match="predictions holds missing values"):
            losses.binary_cross_entropy(MISSING[kind], LABELS)


def test_nan_of_numpy_is_a_number() -> None:
    """As in any NumPy array: in an excluded item it is nobody's business."""
    weights = pd.Series([1.0, 2.0, np.nan])
    plain = losses.cross_entropy(LOGITS[:2], LABELS[:2], sample_weight=[1.0, 2.0])
    assert losses.cross_entropy(LOGITS, LABELS, sample_weight=weights, mask=MASK) == plain
    with pytest.raises(ValueError, match=r"sample_weight is nan at position \(2,\)"):
        losses.cross_entropy(LOGITS, LABELS, sample_weight=weights)


NO_NUMBERS = {
    "a category": (pd.Series([2, 0, 1], dtype="category"), "categories.*cat.codes.*LabelEncoder"),
    "a column of categories": (pd.DataFrame({"a": pd.Categorical([2, 0, 1])}), "categories"),
    "Arrow's dictionary": (pa.array([2, 0, 1]).dictionary_encode(), "categories"),
    "a column of a dictionary": (
        pa.table({"a": pa.array([2, 0, 1]).dictionary_encode()}),
        "categories",
    ),
    "Polars' category": (pl.Series(["c", "a", "b"], dtype=pl.Categorical), "text.*LabelEncoder"),
    "strings": (pd.Series(["c", "a", "b"]), "text.*LabelEncoder.*cat.codes"),
    "Polars' strings": (pl.Series(["c", "a", "b"]), "text.*LabelEncoder"),
    "Arrow's strings": (pa.array(["c", "a", "b"]), "text.*LabelEncoder"),
    "NumPy's strings": (np.array(["c", "a", "b"]), "text.*LabelEncoder"),
    "a list of strings": (["c", "a", "b"], "holds str.*LabelEncoder"),
    "objects": (np.array([2, 0, 1], dtype=object), "objects.*dtype=float"),
    "dates": (pd.to_datetime(pd.Series(["2020-01-01"] * 3)), "dates.*convert them"),
    "a data set": (xr.Dataset({"a": ("x", [2, 0, 1])}), "xarray.Dataset.*NumPy cannot read"),
    "a plan": (pl.LazyFrame({"a": [2, 0, 1]}), "holds LazyFrame; expected numbers"),
}


@pytest.mark.parametrize("kind", list(NO_NUMBERS))
def test_what_is_no_number(backend: str, kind: str) -> None:
    values, message = NO_NUMBERS[kind]
    x = adapter(backend).array(LOGITS.astype(np.float32))
    with pytest.raises(TypeError, match=f"targets .*{message}"):
        losses.cross_entropy(x, values)
    for name in ("sample_weight", "mask"):
        with pytest.raises(TypeError, match=f"{name} .*{message}"):
            losses.cross_entropy(x, LABELS, **{name: values})
    if isinstance(values, pd.Series):
        with pytest.raises(TypeError, match=f"class_weight .*{message}"):
            losses.cross_entropy(x, LABELS, class_weight=values)
        with pytest.raises(TypeError, match=f"class_weight .*{message}"):
            losses.CrossEntropy(class_weight=values)


def test_class_weights_count_by_their_index(backend: str) -> None:
    """As ``value_counts`` gives them: the most frequent class first."""
    own = adapter(backend)
    x = own.array(LOGITS.astype(np.float32))
    counts = pd.Series([1, 1, 1, 0, 2, 2]).value_counts()
    assert list(counts.index) == [1, 2, 0]
    found = losses.cross_entropy(x, LABELS, class_weight=1 / counts)
    plain = losses.cross_entropy(x, LABELS, class_weight=[1.0, 1 / 3, 0.5])
    np.testing.assert_array_equal(own.numpy(found), own.numpy(plain))
    held = losses.CrossEntropy(class_weight=1 / counts)
    np.testing.assert_array_equal(own.numpy(held(x, LABELS)), own.numpy(plain))
    with pytest.raises(ValueError, match="names a class twice"):
        losses.cross_entropy(x, LABELS, class_weight=pd.Series(WEIGHTS, index=[0, 1, 1]))
    with pytest.raises(ValueError, match=r"'cat', 'dog', 'cow'.*: 0, 1, 2 missing"):
        losses.cross_entropy(x, LABELS, class_weight=pd.Series(WEIGHTS, ["cat", "dog", "cow"]))


def test_what_else_reads_predictions() -> None:
    """Explanations and dialects, by the same way in."""
    explained = explain(losses.cross_entropy, _pandas(LOGITS), _polars(LABELS))
    plain = explain(losses.cross_entropy, LOGITS, LABELS)
    np.testing.assert_array_equal(explained.losses, plain.losses)
    found = dialects.torch.cross_entropy(_pandas(LOGITS), _arrow(LABELS))
    assert found == dialects.torch.cross_entropy(LOGITS, LABELS)


def test_tensors_are_found_first() -> None:
    """Those of frameworks offer NumPy's protocols too: two frameworks stay two."""
    for name in ("torch", "jax", "tensorflow", "array_api_strict"):
        with pytest.raises(TypeError, match=r"the predictions are of numpy; convert one of them"):
            losses.cross_entropy(LOGITS, adapter(name).array(LABELS))


def test_what_stands_for_a_tensor_is_not_read() -> None:
    """NumPy would lose its gradient."""

    class Variable:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return WEIGHTS

        def __jax_array__(self) -> Any:
            return WEIGHTS

    with pytest.raises(TypeError, match="class_weight holds Variable"):
        losses.cross_entropy(LOGITS, LABELS, class_weight=Variable())
