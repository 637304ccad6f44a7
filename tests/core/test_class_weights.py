"""Class weights: each scheme by its formula, counts in parts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_conformance.cases import Tensor
from wce_core import class_weights as module
from wce_core import losses
from wce_core.class_weights import SCHEMES, ClassCounts, class_weights
from wce_core.class_weights.weights import NORMALIZATIONS

RNG = np.random.default_rng(5)
LABELS = RNG.choice(4, size=500, p=[0.6, 0.25, 0.1, 0.05])
COUNTS = np.bincount(LABELS)
FORMULAS: dict[str, Any] = {
    "balanced": lambda n: sum(n) / (len(n) * n),
    "inverse_frequency": lambda n: sum(n) / n,
    "sqrt_inverse": lambda n: (sum(n) / n) ** 0.5,
    "log": lambda n: 1 / np.log(1.02 + n / sum(n)),
    "median_frequency": lambda n: np.median(n) / n,
    "effective_number": lambda n: (1 - 0.999) / (1 - 0.999 ** n.astype(float)),
    "power": lambda n: (sum(n) / n) ** 0.5,
    "max_ratio": lambda n: max(n) / n,
}


def test_every_scheme_has_its_formula_here() -> None:
    assert FORMULAS.keys() == SCHEMES.keys()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_scheme(scheme: str) -> None:
    want = FORMULAS[scheme](COUNTS)
    np.testing.assert_allclose(class_weights(LABELS, scheme), want, rtol=1e-12)
    by_name = getattr(module, scheme)
    np.testing.assert_array_equal(by_name(LABELS), class_weights(LABELS, scheme))
    assert SCHEMES[scheme].__doc__.split("\n")[0] in by_name.__doc__


@pytest.mark.parametrize(
    ("scheme", "option", "value"),
    [("log", "c", 1.5), ("effective_number", "beta", 0.9), ("power", "alpha", 0.25)],
)
def test_options_change_the_weights(scheme: str, option: str, value: float) -> None:
    changed = class_weights(LABELS, scheme, **{option: value})
    assert not np.allclose(changed, class_weights(LABELS, scheme))


def test_options_by_formula() -> None:
    f = COUNTS / COUNTS.sum()
    np.testing.assert_allclose(class_weights(LABELS, "log", c=1.5), 1 / np.log(1.5 + f))
    np.testing.assert_allclose(class_weights(LABELS, "power", alpha=0.25), f**-0.25)
    beta = 0.9
    want = (1 - beta) / (1 - beta ** COUNTS.astype(float))
    np.testing.assert_allclose(class_weights(LABELS, "effective_number", beta=beta), want)


def test_an_effective_number_near_one_keeps_its_digits() -> None:
    """1 − β^n for β^n near 1 would lose them."""
    (weight, _) = class_weights([0, 1, 1], "effective_number", beta=1 - 2.0**-40)
    assert weight == 1.0


def test_normalizations() -> None:
    sums = {
        "sum_to_one": lambda w: w.sum(),
        "sum_to_classes": lambda w: w.mean(),
        "mean_one": lambda w: (w * COUNTS).sum() / COUNTS.sum(),
        "smallest_one": lambda w: w.min(),
    }
    assert set(sums) == set(NORMALIZATIONS)
    for name in NORMALIZATIONS:
        weights = class_weights(LABELS, "sqrt_inverse", normalize=name)
        np.testing.assert_allclose(sums[name](weights), 1.0, rtol=1e-12)
        ratio = weights / class_weights(LABELS, "sqrt_inverse")
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


@pytest.mark.parametrize("normalize", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_missing_class_changes_no_other_weight(scheme: str, normalize: Any) -> None:
    alone = class_weights(LABELS, scheme, normalize=normalize)
    for missing, weight in (("zero", 0.0), ("one", 1.0), (7.5, 7.5)):
        found = class_weights(LABELS, scheme, classes=6, normalize=normalize, missing=missing)
        np.testing.assert_array_equal(found, [*alone, weight, weight])


def test_missing_classes_are_named() -> None:
    with pytest.raises(ValueError, match="classes 1 and 3 never occur|classes 1, 3 never occur"):
        class_weights([0, 2, 4], classes=5)
    with pytest.raises(ValueError, match="label 1 has no positives"):
        class_weights([[1, 0], [0, 0]], kind="multi_label")
    with pytest.raises(ValueError, match="no labels"):
        class_weights(np.zeros(0, int))


def test_labels_of_every_framework(backend: str) -> None:
    framework = adapter(backend)
    labels = framework.tensor(Tensor("int64", (LABELS.size,), tuple(LABELS.tolist())))
    np.testing.assert_array_equal(class_weights(labels), class_weights(LABELS))


def test_kinds_of_labels() -> None:
    rows = np.eye(4)[LABELS]
    one_hot = class_weights(rows, kind="one_hot")
    np.testing.assert_allclose(one_hot, class_weights(LABELS))
    np.testing.assert_allclose(class_weights(rows.T, kind="one_hot", axis=0), one_hot)
    several = class_weights(rows, kind="multi_label")
    assert several.shape == (4, 2)
    for label in range(4):
        np.testing.assert_allclose(several[label], class_weights(label == LABELS))
    pixels = LABELS.reshape(5, 10, 10)
    np.testing.assert_array_equal(class_weights(pixels), class_weights(LABELS))
    np.testing.assert_array_equal(class_weights(LABELS.astype(np.float32)), class_weights(LABELS))
    np.testing.assert_array_equal(class_weights(LABELS.tolist()), class_weights(LABELS))


def test_what_could_be_two_things_is_refused() -> None:
    with pytest.raises(ValueError, match="say which with kind="):
        class_weights(np.array([[0, 1], [1, 0]]))
    mask = np.zeros((2, 3, 3), int)
    mask[0, 0, 0] = 1
    np.testing.assert_allclose(class_weights(mask, kind="index"), [18 / 34, 9.0])


def test_the_losses_take_them() -> None:
    logits = RNG.normal(size=(LABELS.size, 4))
    loss = losses.cross_entropy(logits, LABELS, class_weight=class_weights(LABELS))
    assert np.isfinite(loss)
    bits = np.eye(4)[LABELS]
    weights = class_weights(bits, kind="multi_label")
    assert np.isfinite(losses.binary_cross_entropy(logits, bits, class_weight=weights))
    two = class_weights(LABELS > 0)
    assert np.isfinite(losses.binary_cross_entropy(logits[:, 0], LABELS > 0, class_weight=two))


def test_weights_masks_and_ignored_labels() -> None:
    kept = RNG.random(LABELS.size) < 0.7
    want = class_weights(LABELS[kept])
    np.testing.assert_allclose(class_weights(LABELS, mask=kept), want)
    np.testing.assert_allclose(class_weights(LABELS, sample_weight=kept.astype(float)), want)
    ignored = np.where(kept, LABELS, -100)
    np.testing.assert_allclose(class_weights(ignored, ignore_index=-100), want)
    weights = RNG.random(LABELS.size)
    n = np.bincount(LABELS, weights)
    np.testing.assert_allclose(class_weights(LABELS, sample_weight=weights), n.sum() / (4 * n))
    pixels, rows = LABELS.reshape(5, 10, 10), RNG.random(5)
    by_image = class_weights(pixels, sample_weight=rows)
    np.testing.assert_allclose(by_image, class_weights(LABELS, sample_weight=np.repeat(rows, 100)))


def test_a_weight_of_an_excluded_item_is_no_error() -> None:
    weights = class_weights([0, 1, 1], sample_weight=[1.0, 1.0, np.nan], mask=[True, True, False])
    np.testing.assert_array_equal(weights, [1.0, 1.0])


def test_labels_of_unsigned_integers() -> None:
    np.testing.assert_array_equal(ClassCounts(3).counts, [0, 0, 0])
    counts = ClassCounts(3)
    counts.update(np.array([0, 2, 2], np.uint64))
    np.testing.assert_array_equal(counts.counts, [1, 0, 2])


def test_median_frequency_of_images_counts_those_where_a_class_occurs() -> None:
    """Eigen and Fergus: pixels of a class over all pixels of the images that have it."""
    images = np.array([[[0, 0], [0, 1]], [[0, 0], [0, 0]], [[2, 0], [2, 0]]])
    frequency = np.array([9 / 12, 1 / 4, 2 / 4])
    want = np.median(frequency) / frequency
    np.testing.assert_allclose(class_weights(images, "median_frequency"), want)
    counts = ClassCounts(per_image=True)
    for image in images:
        counts.update(image[None])
    np.testing.assert_allclose(class_weights(counts, "median_frequency"), want)


def test_counting_in_parts_is_counting_at_once(tmp_path: Path) -> None:
    whole = ClassCounts(classes=4)
    whole.update(LABELS)
    parts = [ClassCounts(classes=4) for _ in range(3)]
    for part, own in zip(parts, np.array_split(LABELS, 3), strict=True):
        part.update(own)
    assert sum(parts) == whole
    assert parts[2] + parts[0] + parts[1] == whole
    path = tmp_path / "counts.json"
    whole.save(path)
    assert ClassCounts.load(path) == whole
    assert [p.name for p in tmp_path.iterdir()] == ["counts.json"]
    np.testing.assert_array_equal(whole.counts, COUNTS)
    assert whole.items == LABELS.size


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
def test_any_chunk_gives_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, pixels = np.eye(4)[LABELS], LABELS.reshape(5, 10, 10)
    weights = np.round(RNG.random(500) * 8)
    want = [
        class_weights(LABELS, sample_weight=weights),
        class_weights(rows, kind="multi_label", mask=weights > 2),
        class_weights(pixels, "median_frequency"),
    ]
    monkeypatch.setattr("wce_core.class_weights.counting.CHUNK", chunk)
    found = [
        class_weights(LABELS, sample_weight=weights),
        class_weights(rows, kind="multi_label", mask=weights > 2),
        class_weights(pixels, "median_frequency"),
    ]
    for a, b in zip(found, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_classes_may_come_later() -> None:
    counts = ClassCounts()
    counts.update([0, 0])
    counts.update([3])
    np.testing.assert_array_equal(counts.counts, [2, 0, 0, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "another"}, "expected wce-core class counts"),
        ({"version": 2}, "version 2"),
        ({"counts": "x"}, "expected wce-core class counts"),
        ({"counts": [1, -1]}, r"counts is -1 at position \(1,\)"),
        ({"counts": [1, 2, 3]}, r"counts of shape \(3,\)"),
        ({"counts": [[1, 2]]}, r"counts of shape \(1, 2\)"),
        ({"counts": [0.5, 1]}, "counts is 0.5"),
        ({"counts": [2**70, 1]}, "expected wce-core class counts"),
        ({"dtype": "float64", "counts": [float("nan"), 1]}, "counts is nan"),
        ({"dtype": "float64", "counts": [float("inf"), 1]}, "counts is inf"),
        ({"dtype": "complex128"}, "dtype is 'complex128'"),
        ({"items": -1}, "items is -1"),
        ({"around": [0, 0, 0]}, r"around of shape \(3,\)"),
    ],
)
def test_a_file_that_holds_no_counts(change: dict[str, Any], message: str) -> None:
    state = json.loads(ClassCounts(classes=2).to_json()) | change
    with pytest.raises(ValueError, match=message):
        ClassCounts.from_json(json.dumps(state))


BAD: list[tuple[str, Any, dict[str, Any], type[Exception], str]] = [
    ("scheme", LABELS, {"scheme": "ballanced"}, ValueError, "scheme is 'ballanced'"),
    ("option", LABELS, {"scheme": "balanced", "beta": 0.5}, TypeError, "options none; got beta"),
    ("beta", LABELS, {"scheme": "effective_number", "beta": 1.0}, ValueError, "beta is 1.0"),
    ("c", LABELS, {"scheme": "log", "c": 1.0}, ValueError, "c is 1.0"),
    ("alpha", LABELS, {"scheme": "power", "alpha": -1.0}, ValueError, "alpha is -1.0"),
    ("normalize", LABELS, {"normalize": "sum"}, ValueError, "normalize is 'sum'"),
    ("missing", LABELS, {"missing": "two"}, ValueError, "missing is 'two'"),
    ("negative missing", LABELS, {"missing": -1.0}, ValueError, "missing is -1.0"),
    ("NaN missing", LABELS, {"missing": float("nan")}, ValueError, "missing is nan"),
    ("kind", LABELS, {"kind": "masks"}, ValueError, "kind is 'masks'"),
    ("range", [0, 3], {"classes": 3}, ValueError, "3 at flat position 1"),
    ("negative", [0, -1], {}, ValueError, "ignore_index=-1"),
    ("names", ["cat", "dog"], {}, TypeError, "return_inverse"),
    ("fractions", [0.5, 1.0], {}, ValueError, "0.5 at position"),
    ("mass", [[0.5, -0.5]], {"kind": "one_hot"}, ValueError, "row 0, column 1"),
    ("NaN mass", [[0.5, float("nan")]], {"kind": "one_hot"}, ValueError, "row 0, column 1"),
    ("label above 1", [[2, 0]], {"kind": "multi_label"}, ValueError, r"in \[0, 1\]"),
    ("length", [[1, 0]], {"kind": "one_hot", "classes": 3}, ValueError, "expected 3"),
    (
        "weight",
        [0, 1],
        {"sample_weight": [1.0, -1.0]},
        ValueError,
        r"sample_weight is -1.0 at position \(1,\)",
    ),
    (
        "NaN weight",
        [0, 1],
        {"sample_weight": [1.0, float("nan")]},
        ValueError,
        "sample_weight is nan",
    ),
    ("infinite weight", [0, 1], {"sample_weight": [1.0, np.inf]}, ValueError, "weight is inf"),
    ("weight shape", [0, 1], {"sample_weight": [1.0] * 3}, ValueError, r"shape \(3,\)"),
    ("mask dtype", [0, 1], {"mask": [1, 0]}, TypeError, "mask has dtype"),
    ("ignored rows", [[1, 0]], {"kind": "one_hot", "ignore_index": 0}, ValueError, "use mask="),
    ("no axis", 1, {"kind": "one_hot"}, ValueError, "an axis of classes for kind"),
    ("axis", [[1, 0]], {"kind": "one_hot", "axis": 2}, ValueError, "axis=2"),
    ("names in rows", [["a", "b"]], {"kind": "one_hot"}, TypeError, "expected numbers"),
    ("complex weight", [0, 1], {"sample_weight": [1j, 1]}, TypeError, "sample_weight has dtype"),
    ("masked", np.ma.array([0, 1]), {}, TypeError, "masked array"),
    ("lists", [[0, 1], [1]], {}, ValueError, "different lengths"),
    ("nothing", None, {}, TypeError, "no numbers"),
    ("infinity", [0.0, np.inf], {}, ValueError, "labels is inf"),
    ("beyond", [2**40], {}, ValueError, "below 16777216"),
    ("unsigned", np.array([0, 2**64 - 1], np.uint64), {}, ValueError, "18446744073709551615"),
    ("ignored", [0, 1], {"ignore_index": "x"}, TypeError, "ignore_index is 'x'"),
    ("no scheme", [0, 1], {"scheme": ["log"]}, ValueError, r"scheme is \['log'\]"),
    (
        "steep",
        [0, 0, 1],
        {"scheme": "power", "alpha": 3e3},
        ValueError,
        "class 0 is inf by 'power'",
    ),
    ("little", [[1e-320, 1.0]], {"kind": "one_hot"}, ValueError, "class 0 is inf by 'balanced'"),
    ("much", [0, 1], {"sample_weight": [1e308, 1e308]}, ValueError, "class 0 is nan"),
    (
        "steep labels",
        [[1, 0], [0, 0], [0, 1], [0, 1]],
        {"kind": "multi_label", "scheme": "power", "alpha": 3e3},
        ValueError,
        "label 0, class 0, is inf",
    ),
    ("counts", ClassCounts(2), {"mask": [True]}, ValueError, r"update\(\)"),
]


@pytest.mark.parametrize(
    ("labels", "options", "error", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_input(
    labels: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        class_weights(labels, **options)


def test_counts_that_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="kind is 'rows'"):
        ClassCounts(kind="rows")
    with pytest.raises(ValueError, match="expected pixel masks"):
        ClassCounts(kind="one_hot", per_image=True)
    with pytest.raises(ValueError, match="expected images"):
        ClassCounts(per_image=True).update([0, 1])
    known, open_ended = ClassCounts(2), ClassCounts()
    open_ended.update([0, 5])
    with pytest.raises(ValueError, match="different numbers of classes"):
        known.merge(open_ended)


def test_a_beta_of_0_weighs_all_alike() -> None:
    assert class_weights(LABELS, "effective_number", beta=0.0).tolist() == [1.0] * 4


def test_counts_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="different numbers of classes"):
        ClassCounts(2).merge(ClassCounts(3))
    with pytest.raises(ValueError, match="different things"):
        ClassCounts(2).merge(ClassCounts(2, "one_hot"))
    with pytest.raises(TypeError):
        ClassCounts(2) + 1
    for classes, error in ((0, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error):
            ClassCounts(classes)
    with pytest.raises(ValueError, match="were not counted by image"):
        _ = ClassCounts(2).around
