"""Bad input: the same error on every framework, naming the argument and what was expected."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_conformance.invalid_calls import BAD_INPUTS, BadInput, call_of
from wce_core import losses

BY_NAME = {bad.name: bad for bad in BAD_INPUTS}


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=list(BY_NAME))
def test_error(backend: str, bad: BadInput) -> None:
    function, arrays = call_of(bad, adapter(backend))
    with pytest.raises(bad.error, match=bad.message):
        function(**arrays)


VALUES = [bad for bad in BAD_INPUTS if bad.of_values]


@pytest.mark.parametrize("bad", VALUES, ids=[bad.name for bad in VALUES])
def test_not_looked_at_when_told_so(backend: str, bad: BadInput) -> None:
    """``validate=False``: no error, and an invalid target makes its item NaN, no other."""
    own = adapter(backend)
    function, arrays = call_of(bad, own)
    value = own.numpy(function(**arrays, validate=False))
    if "targets" in bad.message:
        wrong = np.isnan(value)
        assert wrong.sum() == 1
        assert not np.isnan(value[~wrong]).any()


def test_values_of_excluded_items_are_not_looked_at(backend: str) -> None:
    own = adapter(backend)
    x = own.array(np.array([[0.0, 1.0], [np.nan, 2.0]], dtype=np.float32))
    y = own.array(np.array([1, 77]))
    mask = own.array(np.array([True, False]))
    weight = own.array(np.array([1.0, np.nan]))
    value = own.numpy(losses.cross_entropy(x, y, mask=mask, sample_weight=weight))
    np.testing.assert_allclose(value, np.log1p(np.exp(-1.0)), rtol=1e-6)


def test_validate_true_looks(backend: str) -> None:
    own = adapter(backend)
    x, y = own.array(np.zeros((2, 3), np.float32)), own.array(np.array([0, 3]))
    with pytest.raises(ValueError, match=r"targets is 3 at position \(1,\)"):
        losses.cross_entropy(x, y, validate=True)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.ma.masked_array([[0.0, 1.0]], mask=[[False, True]]), "masked array"),
        ("text", "str"),
        ({0: 1.0}, "dict"),
        (object(), "object"),
    ],
)
def test_no_predictions(value: object, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        losses.cross_entropy(value, [0])


@pytest.mark.parametrize("value", ["1", object(), [object()], {"a": 1}])
def test_no_weights(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        losses.cross_entropy([[0.0, 1.0]], [0], class_weight=value)


def test_companions_that_are_no_plain_arrays() -> None:
    masked = np.ma.masked_array([0, 1], mask=[False, True])
    with pytest.raises(TypeError, match="targets is a masked array"):
        losses.cross_entropy(np.zeros((2, 2)), masked)
    with pytest.raises(TypeError, match="numpy.matrix"), warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # NumPy's, for making one
        losses.cross_entropy(np.zeros((2, 2)), np.matrix([[0.0, 1.0], [1.0, 0.0]]))
    with pytest.raises(TypeError, match="targets has dtype complex"):
        losses.cross_entropy(np.zeros((2, 2)), np.zeros((2, 2), complex))


def test_ragged_lists(backend: str) -> None:
    with pytest.raises(ValueError, match="predictions is a list of rows of different lengths"):
        losses.cross_entropy([[0.0, 1.0], [0.0]], [0, 0])
    x = adapter(backend).array(np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="targets is a list of rows of different lengths"):
        losses.cross_entropy(x, [[0.0, 1.0], [0.0]])


def test_a_mapping_may_hold_the_frameworks_scalars(backend: str) -> None:
    own = adapter(backend)
    x, y = own.array(np.array([[0.0, 1.0], [2.0, 0.0]])), own.array(np.array([1, 1]))
    weights = {1: own.array(np.array(3.0)), 0: 1.0}
    value = losses.cross_entropy(x, y, class_weight=weights, reduction="sum")
    listed = losses.cross_entropy(x, y, class_weight=[1.0, 3.0], reduction="sum")
    np.testing.assert_array_equal(own.numpy(value), own.numpy(listed))


def test_classes_are_named_by_json_too(backend: str) -> None:
    own = adapter(backend)
    x, y = own.array(np.array([[0.0, 1.0], [2.0, 0.0]])), own.array(np.array([1, 1]))
    named = losses.cross_entropy(x, y, class_weight={"1": 3.0, "0": 1.0}, reduction="sum")
    listed = losses.cross_entropy(x, y, class_weight=[1.0, 3.0], reduction="sum")
    np.testing.assert_array_equal(own.numpy(named), own.numpy(listed))
    with pytest.raises(ValueError, match="each named once"):
        losses.cross_entropy(x, y, class_weight={0: 1.0, 1: 2.0, "1": 3.0})
    many = dict.fromkeys(range(1, 50), 1.0)
    with pytest.raises(ValueError, match=r"9, 10, … \(49\).*: 0, 50, 51.*\(15\) missing"):
        losses.cross_entropy(np.zeros((2, 64)), [0, 1], class_weight=many)


def test_a_row_of_mass_is_floating(backend: str) -> None:
    own = adapter(backend)
    x = own.array(np.array([0.0, 1.0, -1.0]))
    mass = own.array(np.array([0.0, 1.0, 0.0]))
    row = own.numpy(losses.cross_entropy(x, mass))
    np.testing.assert_array_equal(row, own.numpy(losses.cross_entropy(x, 1)))
    with pytest.raises(TypeError, match="binary_cross_entropy"):
        losses.cross_entropy(x, [0, 1, 0])
    whole = own.array(np.array([[0, 1, 0]]))
    batch = losses.cross_entropy(own.array(np.array([[0.0, 1.0, -1.0]])), whole)
    np.testing.assert_array_equal(row, own.numpy(batch))


@pytest.mark.parametrize("axis", [None, 0])
def test_one_positive_weight_for_all(backend: str, axis: int | None) -> None:
    own = adapter(backend)
    x, y = own.array(np.array([0.5, -1.0, 2.0])), own.array(np.array([1.0, 0.0, 1.0]))
    one = own.array(np.array([9.0]))
    given = losses.binary_cross_entropy(x, y, pos_weight=one, axis=axis)
    plain = losses.binary_cross_entropy(x, y, pos_weight=9.0)
    np.testing.assert_array_equal(own.numpy(given), own.numpy(plain))


def test_ignore_index_must_be_a_number() -> None:
    with pytest.raises(TypeError, match="ignore_index"):
        losses.cross_entropy([[0.0, 1.0]], [0], ignore_index=[1])
    with pytest.raises(ValueError, match="NaN"):
        losses.binary_cross_entropy([0.0, 1.0], [0.0, 1.0], ignore_index=float("nan"))


def test_ignore_index_that_the_dtype_lacks_ignores_nothing() -> None:
    y = np.array([0, 255], dtype=np.uint8)
    x = np.zeros((2, 256))
    plain = losses.cross_entropy(x, y, reduction="parts")
    ignoring = losses.cross_entropy(x, y, ignore_index=-100, reduction="parts")
    assert plain == ignoring
    assert losses.cross_entropy(x, y, ignore_index=255, reduction="parts").items == 1


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), 2**70, -(10**400), 0.5])
def test_ignore_index_that_no_target_can_equal(backend: str, value: float) -> None:
    own = adapter(backend)
    x, y = own.array(np.zeros((2, 3), np.float32)), np.array([0, 1])
    labels = losses.cross_entropy(x, own.array(y), ignore_index=value, reduction="parts")
    assert int(own.numpy(labels.items)) == 2
    z = own.array(np.zeros(2, np.float32))
    for dtype in (np.int32, bool):
        bits = own.array(y.astype(dtype))
        parts = losses.binary_cross_entropy(z, bits, ignore_index=value, reduction="parts")
        assert int(own.numpy(parts.items)) == 2


def test_a_wide_label_never_wraps(backend: str) -> None:
    """2³² is 0 in 32 bits; small dtypes cannot be compared with a large number of classes."""
    own = adapter(backend)
    x = own.array(np.zeros((2, 3), np.float32))
    y = own.array(np.array([1, 2**32]))
    assert own.numpy(y).dtype == np.int64
    value = own.numpy(losses.cross_entropy(x, y, reduction="none", validate=False))
    assert np.isnan(value).tolist() == [False, True]
    small = own.array(np.array([1, 2], np.uint8))
    wide = own.array(np.zeros((2, 300), np.float32))
    value = own.numpy(losses.cross_entropy(wide, small, reduction="none", validate=False))
    np.testing.assert_allclose(value, np.log(300.0), rtol=1e-6)


def test_arrays_of_another_framework_are_refused(backend: str) -> None:
    class Foreign:
        __module__ = "elsewhere"

        def __array_namespace__(self, api_version: object = None) -> object:
            return np

    own = adapter(backend)
    x = own.array(np.zeros((2, 3), np.float32))
    with pytest.raises(TypeError, match="elsewhere"):
        losses.cross_entropy(x, Foreign())
    with pytest.raises(TypeError, match="stack them"):
        losses.cross_entropy(x, [Foreign(), Foreign()])


def test_companions_in_any_byte_order(backend: str) -> None:
    own = adapter(backend)
    x = own.array(np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]], np.float32))
    arrays = {"targets": np.array([2, 0]), "class_weight": np.array([1.0, 2.0, 0.5])}
    swapped = {name: array.astype(array.dtype.newbyteorder()) for name, array in arrays.items()}
    found, plain = losses.cross_entropy(x, **swapped), losses.cross_entropy(x, **arrays)
    np.testing.assert_array_equal(own.numpy(found), own.numpy(plain))


def test_a_mask_of_numpys_is_not_lost(backend: str) -> None:
    own = adapter(backend)
    masked = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    with pytest.raises(TypeError, match="class_weight is a masked array"):
        losses.cross_entropy(own.array(np.zeros((2, 2))), [0, 1], class_weight=masked)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (["a", "b"], "class_weight holds str; expected numbers"),
        ([1.0, None], "class_weight holds NoneType; expected numbers"),
        (np.array(["a", "b"]), "class_weight is an array that holds text"),
        (np.array([1.0, None]), "class_weight is an array that holds missing values"),
        (np.array([1.0, 2.0], dtype=object), "class_weight is an array that holds objects"),
        ({0: "a", 1: 1.0}, "class_weight holds str"),
    ],
)
def test_weights_that_are_no_numbers(backend: str, weights: object, message: str) -> None:
    x = adapter(backend).array(np.zeros((2, 2)))
    with pytest.raises(TypeError, match=message):
        losses.cross_entropy(x, [0, 1], class_weight=weights)
    with pytest.raises(TypeError, match=message):
        losses.CrossEntropy(class_weight=weights)


def test_integers_beyond_all_dtypes(backend: str) -> None:
    own = adapter(backend)
    x = own.array(np.zeros((2, 2), np.float32))
    options = {"class_weight": [10**30, 10**30], "reduction": "weighted_mean"}
    value = own.numpy(losses.cross_entropy(x, [0, 1], **options))
    np.testing.assert_allclose(value, np.log(2.0), rtol=1e-6)
    with pytest.raises(ValueError, match="class_weight holds a number that is beyond float64"):
        losses.cross_entropy(x, [0, 1], class_weight=[10**400, 1])


@pytest.mark.parametrize("value", [["a", "b"], [[0.5, None]], [1j, 2.0], np.array(["a", "b"])])
def test_predictions_that_are_no_numbers(value: object) -> None:
    with pytest.raises(TypeError, match=r"predictions .*(holds|complex)"):
        losses.binary_cross_entropy(value, [0, 1])
