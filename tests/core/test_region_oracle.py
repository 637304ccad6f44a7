"""The oracle of region losses, held against numbers of others, the definition, and differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import mpmath
import pytest

from wce_conformance.oracle import LOSSES, Grid, Nested, Result, map_nested

mp: Any = mpmath.mp
pytestmark = pytest.mark.no_cover  # nothing of wce_core runs
NAN, INF = float("nan"), float("inf")
REGIONS = [name for name, loss in LOSSES.items() if "smooth" in loss.of_regions]
"""Those that are quotients; Lovász losses are not."""
CLASSES = [name for name in REGIONS if LOSSES[name].categorical]
LABELS = [name for name in REGIONS if not LOSSES[name].categorical]
FORMS = ("logits", "probabilities", "log_probabilities")


def loss_of(name: str, *arrays: Nested, **options: Any) -> Result:
    return LOSSES[name].function(*arrays, **options)


def flat(nested: Nested) -> list[Any]:
    return list(Grid.of(nested).flat)


@pytest.fixture(autouse=True)
def many_digits() -> Iterator[None]:
    """What tests compute themselves must not be what limits them."""
    with mp.workdps(60):
        yield


# --- Numbers worked out elsewhere -----------------------------------------------------------

MASK = [[[[1.0, -1.0], [-1.0, 1.0]]]], [[[[1.0, 0.0], [1.0, 1.0]]]]
MASKS = [[[[1.0, -1.0], [-1.0, 1.0]]]] * 2, [[[[1.0] * 2] * 2], [[[1.0, 0.0], [1.0, 0.0]]]]
PAIRS = [[[-1.0, 0.0, 1.0], [1.0, 0.0, -1.0]], [[0.0] * 3] * 2]
LABELLED = [[1, 0, 0], [1, 1, 0]]
HOT = [[[0, 1, 1], [1, 0, 0]], [[0, 0, 1], [1, 1, 0]]]


@pytest.mark.parametrize(
    ("loss", "arrays", "options", "expected"),
    [
        ("binary_dice_loss", MASK, {"smooth": 1e-6}, 0.307576),
        ("binary_dice_loss", MASKS, {"smooth": 1e-4}, 0.416657),
        ("binary_dice_loss", MASK, {"squared": True}, 0.178337),
        ("binary_jaccard_loss", MASK, {"smooth": 5e-6}, 0.470451),
        ("binary_tversky_loss", MASK, {"alpha": 0.3, "beta": 0.7, "smooth": 1e-6}, 0.3589),
        ("binary_tversky_loss", MASK, {"alpha": 0.7, "beta": 0.3, "smooth": 1e-6}, 0.247366),
        ("binary_tversky_loss", (PAIRS, HOT), {"axis": 1, "per": "batch"}, 0.422979),
        ("dice_loss", (PAIRS, LABELLED), {"axis": 1, "smooth": 1e-4}, 0.383713),
        ("dice_loss", (PAIRS, LABELLED), {"axis": 1, "smooth": 1e-4, "reduction": "sum"}, 1.534853),
    ],
)
def test_values_in_the_tests_of_monai(
    loss: str, arrays: tuple[Nested, Nested], options: dict[str, Any], expected: float
) -> None:
    """Those of its Dice and Tversky losses, in single precision and to the digits there."""
    assert float(loss_of(loss, *arrays, **options).value) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "arrays", "expected"),
    [
        ("binary_dice_loss", (PAIRS, HOT), [[0.296529, 0.415136], [0.599976, 0.428559]]),
        ("tversky_loss", (PAIRS, LABELLED), [[0.210961, 0.295339], [0.599952, 0.428547]]),
    ],
)
def test_regions_in_the_tests_of_monai(
    loss: str, arrays: tuple[Nested, Nested], expected: Nested
) -> None:
    value = loss_of(loss, *arrays, axis=1, smooth=1e-4, reduction="none").value
    for own, published in zip(value, expected, strict=True):
        assert list(map(float, own)) == pytest.approx(published, rel=1e-5)


def test_values_in_the_documentation_of_keras() -> None:
    targets = [[[[1.0], [1.0]], [[0.0], [0.0]]]] * 2
    predictions = [[[[0.0], [1.0]], [[0.0], [1.0]]], [[[0.4], [0.0]], [[0.0], [0.9]]]]
    options: dict[str, Any] = {"form": "probabilities", "smooth": 1e-7}
    own = loss_of("binary_dice_loss", predictions, targets, reduction="none", **options).value
    assert list(map(float, own)) == pytest.approx([0.5, 0.75757575], abs=1e-7)
    whole = loss_of("binary_dice_loss", predictions, targets, per="batch", **options).value
    assert float(whole) == pytest.approx(0.6164384, abs=1e-7)


def test_generalized_dice_by_hand() -> None:
    """Sizes 3 and 1; one pixel of the larger class is taken for the smaller: N = 1/9 + 1."""
    p = [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]]
    loss = loss_of("generalized_dice_loss", p, [[0, 0, 0, 1]], form="probabilities", smooth=0.0)
    wrong, right = Fraction(1, 9) + 1, 2 * (Fraction(2, 9) + 1)
    assert abs(loss.value - as_real(wrong / (wrong + right))) < mp.mpf("1e-50")


def test_lovasz_by_hand() -> None:
    """Of J after errors of 1.5 at a target and 1.25 elsewhere: 1/2, and 2/3."""
    z, y = [[3.0, -0.5, -2.0, 0.25]], [[1, 1, 0, 0]]
    loss = loss_of("lovasz_hinge_loss", z, y, absent="count")
    assert abs(loss.value - (mp.mpf(3) / 4 + mp.mpf(5) / 24)) < mp.mpf("1e-50")
    assert flat(loss.gradient)[:3] == [0, -0.5, 0]
    assert abs(loss.gradient[0][3] - mp.mpf(1) / 6) < mp.mpf("1e-50")


def test_the_first_of_equal_errors_is_the_larger_one() -> None:
    p = [[[0.5, 0.5], [0.5, 0.5]]]
    found = {
        tuple(labels): loss_of(
            "lovasz_softmax_loss", p, [labels], absent="skip", form="probabilities"
        ).gradient[0]
        for labels in ([0, 1], [1, 0])
    }
    assert found[0, 1] == [[-0.5, 0.25], [0, -0.25]]
    assert found[1, 0] == [[0.25, -0.5], [-0.25, 0]]


@pytest.mark.parametrize("name", ["lovasz_softmax_loss", "lovasz_hinge_loss"])
def test_of_hard_decisions_lovasz_is_jaccard(name: str) -> None:
    """Right beyond the margin, or wrong by 1, which of a hinge is z = 0."""
    random, labels = Random(name), [[0, 1, 1, 2, 0]]
    wrong = [random.random() < 0.5 for _ in range(5)]
    decided = [[(label + 1) % 3 if w else label for label, w in zip(labels[0], wrong, strict=True)]]
    hot = [[[float(k == label) for k in range(3)] for label in row] for row in (*decided, *labels)]
    options: dict[str, Any] = {"reduction": "none", "sample_weight": [[1.0, 2.0, 0.5, 3.0, 1.5]]}
    if name == "lovasz_softmax_loss":
        options |= {"form": "probabilities"}
        own = loss_of(name, hot[:1], labels, absent="count", **options).value
        ratio = loss_of("jaccard_loss", hot[:1], labels, smooth=0.0, **options).value
    else:
        p, t = [[row[1] for row in hot[0]]], [[row[1] for row in hot[1]]]
        z = [[0.0 if a != b else 2 * b - 1 for a, b in zip(p[0], t[0], strict=True)]]
        own = loss_of(name, z, t, absent="count", **options).value
        options |= {"form": "probabilities", "smooth": 0.0}
        ratio = loss_of("binary_jaccard_loss", p, t, **options).value
    pairs = zip(flat(own), flat(ratio), strict=True)
    assert all(abs(a - b) < mp.mpf("1e-50") for a, b in pairs)


# --- The definition, 1 − index, in fractions -------------------------------------------------


def as_real(number: Fraction) -> Any:
    return mp.mpf(number.numerator) / number.denominator


def index_of(name: str, cells: list[tuple[Fraction, ...]], options: dict[str, Any]) -> Any:
    """1 − index of (weight, p, t) with a factor each: TP, FP and FN as everybody writes them."""
    kind = name.removeprefix("binary_").removesuffix("_loss")
    hits = sum((c * w * p * t for c, w, p, t in cells), Fraction(0))
    false = sum((c * w * p * (1 - t) for c, w, p, t in cells), Fraction(0))
    missed = sum((c * w * (1 - p) * t for c, w, p, t in cells), Fraction(0))
    smooth = Fraction(options["smooth"])
    if options.get("squared"):
        both = sum((c * w * (p * p + t * t) for c, w, p, t in cells), Fraction(0))
        below = both if kind == "dice" else both - hits
    else:
        alpha, beta = (Fraction(options.get(side, 1)) for side in ("alpha", "beta"))
        below = (2 if "dice" in kind else 1) * hits + alpha * false + beta * missed
    above = (2 if "dice" in kind else 1) * hits
    power = mp.mpf(options.get("gamma", 1))
    return as_real(1 - (above + smooth) / (below + smooth)) ** power


def shares(random: Random, *shape: int) -> Nested:
    """Multiples of 1/64, so that fractions of them are short."""
    if not shape:
        return random.randint(1, 63) / 64
    return [shares(random, *shape[1:]) for _ in range(shape[0])]


OWN: dict[str, list[dict[str, Any]]] = {
    "dice": [{"squared": False}, {"squared": True}],
    "jaccard": [{"squared": False}, {"squared": True}],
    "tversky": [{"alpha": 0.25, "beta": 0.75}, {"alpha": 1.5, "beta": 0.0}],
    "focal_tversky": [{"alpha": 0.25, "beta": 0.75, "gamma": 0.5}],
    "generalized_dice": [{}],
}


def own_of(name: str) -> list[dict[str, Any]]:
    return OWN[name.removeprefix("binary_").removesuffix("_loss")]


def settings() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in REGIONS:
        for own, per, classes in product(own_of(name), ("sample", "batch"), ("apart", "together")):
            if "classes" in LOSSES[name].of_regions or classes == "apart":
                shared = {"classes": classes} if "classes" in LOSSES[name].of_regions else {}
                yield name, {**own, **shared, "per": per, "smooth": 0.125}


@pytest.mark.parametrize(("name", "options"), list(settings()))
def test_one_minus_the_index(name: str, options: dict[str, Any]) -> None:
    """Each region of 2 samples, 3 classes or labels, and 4 items, as it is defined."""
    random = Random(f"{name} {options}")
    p, t = shares(random, 2, 3, 4), shares(random, 2, 3, 4)
    weights, class_weights = shares(random, 2, 4), shares(random, 3)
    categorical = LOSSES[name].categorical
    given: dict[str, Any] = {"class_weight": class_weights} if categorical else {}
    samples = [[row] * 3 for row in weights] if not categorical else weights
    result = loss_of(
        name, p, t, form="probabilities", axis=1, sample_weight=samples, reduction="none",
        **given, **options,
    )  # fmt: skip
    w = [Fraction(class_weights[k]) if categorical else Fraction(1) for k in range(3)]
    generalized = name == "generalized_dice_loss"
    together = generalized or options.get("classes") == "together"
    expected = []
    for batch in [[0], [1]] if options["per"] == "sample" else [[0, 1]]:
        factors = w if together else [Fraction(1)] * 3
        if generalized:
            sizes = [
                sum(Fraction(weights[n][i]) * Fraction(t[n][k][i]) for n in batch for i in range(4))
                for k in range(3)
            ]
            factors = [own / size**2 for own, size in zip(w, sizes, strict=True)]
        cells = [
            [
                (factors[k], *map(Fraction, (weights[n][i], p[n][k][i], t[n][k][i])))
                for n in batch
                for i in range(4)
            ]
            for k in range(3)
        ]
        if together:
            expected.append(index_of(name, [cell for own in cells for cell in own], options))
        else:
            expected += [as_real(w[k]) * index_of(name, cells[k], options) for k in range(3)]
    found = flat(result.value)
    assert len(found) == len(expected)
    assert all(abs(a - b) < mp.mpf("1e-50") for a, b in zip(found, expected, strict=True))


# --- Gradients against finite differences ---------------------------------------------------

STEP = mpmath.mpf(10) ** -18


def predictions(form: str, random: Random, *shape: int) -> Nested:
    scale: Callable[[float], float] = {
        "logits": lambda u: 6 * u - 3,
        "probabilities": lambda u: u,
        "log_probabilities": lambda u: -3 * u,
    }[form]
    return map_nested(scale, shares(random, *shape))


@pytest.mark.parametrize("reduction", ["sum", "weighted_mean"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", REGIONS)
def test_gradients(name: str, form: str, reduction: str) -> None:
    """In a random direction, of the predictions and of whatever else is no constant."""
    random = Random(f"{name} {form} {reduction}")
    categorical, generalized = LOSSES[name].categorical, name == "generalized_dice_loss"
    for number, own in enumerate(own_of(name)):
        options: dict[str, Any] = {"form": form, "reduction": reduction, "axis": 1, **own}
        if not generalized:
            options["classes"] = ("apart", "together")[number % 2]
        arrays = {
            "predictions": predictions(form, random, 2, 3, 2),
            "targets": shares(random, 2, 3, 2),
            "sample_weight": shares(random, 2),
        }
        if categorical:
            arrays["class_weight"] = shares(random, 3)
        constant = {"targets", "sample_weight"} if generalized else set()
        agree(name, arrays, options, [n for n in arrays if n not in constant], random)


def agree(
    name: str,
    arrays: dict[str, Nested],
    options: dict[str, Any],
    wrt: list[str],
    random: Random,
) -> None:
    further = [own for own in wrt if own != "predictions"]
    result = loss_of(name, **arrays, **options, wrt=further)
    for own, gradient in {"predictions": result.gradient, **result.gradients}.items():
        grid = Grid.of(arrays[own])
        direction = [random.randint(-9, 9) for _ in grid.flat]
        values = []
        for step in (STEP, -STEP):
            moved = [v + step * d for v, d in zip(grid.flat, direction, strict=True)]
            changed = {**arrays, own: Grid(grid.shape, tuple(moved))}
            values.append(loss_of(name, **changed, **options).value)
        terms = [g * d for g, d in zip(flat(gradient), direction, strict=True)]
        difference = (values[0] - values[1]) / (2 * STEP)
        assert abs(difference - sum(terms)) <= mp.mpf("1e-27") * sum(map(abs, terms)), own


@pytest.mark.parametrize("form", FORMS)
def test_gradients_of_lovasz_losses(form: str) -> None:
    random = Random(form)
    hard = [[[float(random.random() < 0.4) for _ in range(2)] for _ in range(3)] for _ in range(2)]
    arrays = {
        "predictions": predictions(form, random, 2, 3, 2),
        "targets": hard,
        "sample_weight": shares(random, 2, 2),
    }
    options: dict[str, Any] = {"axis": 1, "absent": "count", "reduction": "weighted_mean"}
    weights = {"class_weight": shares(random, 3)}
    softmax = {**options, "form": form}
    wrt = ["predictions", "sample_weight"]
    agree("lovasz_softmax_loss", {**arrays, **weights}, softmax, [*wrt, "class_weight"], random)
    if form == "logits":
        arrays["sample_weight"] = shares(random, 2, 3, 2)
        agree("lovasz_hinge_loss", arrays, options, wrt, random)


@pytest.mark.parametrize("name", CLASSES)
def test_what_rounded_differences_of_logits_come_to(name: str) -> None:
    """Each difference moved by half a spacing, at random, moves nothing by more than is said."""
    random, eps = Random(name), mp.mpf(2) ** -60
    for own in own_of(name):
        x = map_nested(lambda u: 24 * u - 12, shares(random, 2, 4, 3))
        labels = [[random.randrange(3) for _ in range(4)] for _ in range(2)]
        right = loss_of(name, x, labels, reduction="none", **own)
        assert right.lost is not None
        for _ in range(8):
            moved = [
                [[v + random.choice((-1, 1)) * (max(row) - v) * eps / 2 for v in row] for row in s]
                for s in x
            ]
            other = loss_of(name, moved, labels, reduction="none", **own)
            pairs = zip(flat(right.value), flat(other.value), flat(right.lost.items), strict=True)
            assert all(abs(a - b) <= 4.001 * eps * lost for a, b, lost in pairs)
            rows = [lost for lost in flat(right.lost.gradient) for _ in range(3)]
            pairs = zip(flat(right.gradient), flat(other.gradient), rows, strict=True)
            assert all(abs(a - b) <= 4.001 * eps * lost for a, b, lost in pairs)


# --- Laws ---------------------------------------------------------------------------------------


def same(left: Result, right: Result) -> None:
    for name in ("value", "gradient"):
        pairs = zip(flat(getattr(left, name)), flat(getattr(right, name)), strict=True)
        assert all(abs(a - b) <= mp.mpf("1e-40") for a, b in pairs), name


@pytest.mark.parametrize("prefix", ["", "binary_"])
def test_each_is_another_tversky_loss(prefix: str) -> None:
    random = Random(7)
    arrays = predictions("logits", random, 2, 3, 4), shares(random, 2, 3, 4)
    options: dict[str, Any] = {"axis": 1, "reduction": "none"}
    tversky = {
        (a, b): loss_of(prefix + "tversky_loss", *arrays, alpha=a, beta=b, smooth=0.25, **options)
        for a, b in ((0.5, 0.5), (1.0, 1.0), (0.25, 0.75))
    }
    same(tversky[0.5, 0.5], loss_of(prefix + "dice_loss", *arrays, smooth=0.5, **options))
    same(tversky[1.0, 1.0], loss_of(prefix + "jaccard_loss", *arrays, smooth=0.25, **options))
    sides: dict[str, Any] = {"alpha": 0.25, "beta": 0.75, "gamma": 1.0, "smooth": 0.25}
    same(tversky[0.25, 0.75], loss_of(prefix + "focal_tversky_loss", *arrays, **sides, **options))


@pytest.mark.parametrize("name", CLASSES)
def test_an_index_is_its_one_hot_row(name: str) -> None:
    x, labels = predictions("logits", Random(3), 2, 3, 3), [[0, 2, 1], [1, 1, 0]]
    hot = [[[float(k == label) for k in range(3)] for label in row] for row in labels]
    same(loss_of(name, x, labels), loss_of(name, x, hot))


@pytest.mark.parametrize("name", REGIONS)
def test_what_is_excluded_reaches_nothing(name: str) -> None:
    random = Random(5)
    x = predictions("logits", random, 2, 4, 3)
    t: Nested = [[[1.0, 0.0, 0.5]] * 4, [[0.0, 1.0, 0.25]] * 4]
    fewer = [[row for i, row in enumerate(s) if i != 1] for s in x], [rows[1:] for rows in t]
    for s in range(2):
        x[s][1], t[s][1] = [NAN, INF, -INF], [NAN, 7.0, -1.0]
    hidden = loss_of(name, x, t, mask=[[True, False, True, True]] * 2, reduction="none")
    left = loss_of(name, *fewer, reduction="none")
    same(left, loss_of(name, *fewer, reduction="none"))
    pairs = zip(flat(hidden.value), flat(left.value), strict=True)
    assert all(abs(a - b) < mp.mpf("1e-40") for a, b in pairs)
    assert all(g == 0 for s in range(2) for g in hidden.gradient[s][1])


@pytest.mark.parametrize("name", REGIONS)
def test_a_region_of_nothing(name: str) -> None:
    """All of the second sample is excluded: 0, and counted or not."""
    x, t = [[[1.0, 2.0]] * 3] * 2, [[[1.0, 0.0]] * 3] * 2
    mask = [[True] * 3, [False] * 3]
    values = {
        absent: loss_of(name, x, t, mask=mask, absent=absent, classes="together").value
        if "classes" in LOSSES[name].of_regions
        else loss_of(name, x, t, mask=mask, absent=absent).value
        for absent in ("count", "zero", "skip")
    }
    assert values["count"] == values["zero"] > 0
    assert values["skip"] == 2 * values["zero"]
    empty = loss_of(name, x, t, mask=False, absent="skip")
    assert empty.value == 0
    assert not any(flat(empty.gradient))


def test_an_empty_class() -> None:
    """Without predictions it is right; with some the formula's, or 0."""
    p, y = [[0.5, 0.25, 0.0]], [[0, 0, 0]]
    options: dict[str, Any] = {"form": "probabilities", "reduction": "none", "smooth": 0.25}
    assert float(loss_of("binary_dice_loss", p, y, **options).value[0]) == 0.75
    assert loss_of("binary_dice_loss", p, y, absent="zero", **options).value == [0]
    nothing = loss_of("binary_dice_loss", [[0.0] * 3], y, **options)
    assert nothing.value == [0]
    assert nothing.gradient == [[4, 4, 4]]  # 1/σ, which a step away it is
    options["smooth"] = 0.0
    assert loss_of("binary_dice_loss", p, y, **options).value == [1]
    nothing = loss_of("binary_dice_loss", [[0.0] * 3], y, **options)
    assert nothing.value == [0]
    assert nothing.gradient == [[0, 0, 0]]


@pytest.mark.parametrize("name", REGIONS)
def test_nan_and_infinite_logits(name: str) -> None:
    x = [[[NAN, 1.0], [0.0, 2.0]], [[-INF, 0.5], [1.0, 0.0]]]
    t = [[[1.0, 0.0], [0.0, 1.0]]] * 2
    result = loss_of(name, x, t, reduction="none")
    assert all(map(mp.isnan, flat(result.value[0])))
    assert all(map(mp.isnan, flat(result.gradient[0])))
    assert all(map(mp.isfinite, flat(result.value[1])))
    assert result.gradient[1][0][0] == 0


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "options", "error"),
    [
        ("dice_loss", {"per": "pixel"}, ValueError),
        ("dice_loss", {"classes": "alone"}, ValueError),
        ("dice_loss", {"absent": "nan"}, ValueError),
        ("dice_loss", {"smooth": -1.0}, ValueError),
        ("dice_loss", {"smooth": INF}, ValueError),
        ("dice_loss", {"reduction": "parts"}, ValueError),
        ("dice_loss", {"reduction": "batch_mean"}, ValueError),
        ("tversky_loss", {"alpha": 0.0, "beta": 0.0}, ValueError),
        ("tversky_loss", {"alpha": -0.5}, ValueError),
        ("focal_tversky_loss", {"gamma": 0.0}, ValueError),
        ("generalized_dice_loss", {"classes": "together"}, TypeError),
        ("dice_loss", {"class_weight": [1.0, 2.0]}, ValueError),
        ("dice_loss", {"sample_weight": [1.0, 2.0, 3.0]}, ValueError),
    ],
)
def test_refused(loss: str, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        loss_of(loss, [[[0.0, 1.0, 2.0]]], [[1]], **options)
