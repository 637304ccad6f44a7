"""Losses of regions that are nearly right, absent, excluded, or made of one number only."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from wce_conformance.cases.by_hand import INF, NAN, in_turn, of_loss
from wce_conformance.cases.case import Case, Tensor

RIGHT = "nearly_right_region"
ABSENT = "absent_region"
SHAPE = "shape_of_regions"
SIDES = "sides_of_region"
SIZES = "size_of_class"
SORTED = "sorted_region"
CLASSES = ("dice_loss", "jaccard_loss", "tversky_loss", "focal_tversky_loss")
LABELS = ("binary_dice_loss", "binary_jaccard_loss", "binary_tversky_loss")
RULES = ("count", "zero", "skip")


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from _wide(_nearly_right)
    for rule in RULES:
        yield from in_turn(partial(_absent, rule))
        yield from in_turn(partial(_excluded, rule))
    for rule in RULES:
        yield from in_turn(partial(_sorted, rule))
    plain = (_nothing_wrong, _not_numbers, _sizes, _shapes, _weights, _sides)
    for write in (*plain, _infinite, _no_digit_lost):
        yield from in_turn(write)
    yield from _next_to_nothing("float64")
    yield from _more_digits()
    yield from _certain("float32")


def _wide(write: Any) -> Iterator[Case]:
    """In the dtypes that hold the square of e⁻⁴⁰."""
    turns = ("float64", "float32", "bfloat16")
    for number, versions in enumerate(zip(*(write(dtype) for dtype in turns), strict=True)):
        yield versions[number % len(turns)]


def _own(loss: str, turn: int = 0) -> dict[str, Any]:
    """What a loss is called with, for every turn other numbers."""
    if "lovasz" in loss:
        return {"absent": "skip"}
    if "tversky" not in loss:
        return {"squared": bool(turn % 2)} if "generalized" not in loss else {}
    alpha, beta = ((0.25, 0.75), (0.9, 0.1), (0.0, 1.0))[turn % 3]
    gamma = {"gamma": (0.75, 1.5, 2.0)[turn % 3]} if "focal" in loss else {}
    return {"alpha": alpha, "beta": beta, **gamma}


def _nearly_right(dtype: str) -> Iterator[Case]:
    rows = [[[40.0, 0.0, -40.0], [2.0, 38.0, -1.0], [-3.0, 1.0, 39.0], [0.5, 40.0, 0.25]]]
    for loss in (*CLASSES, "generalized_dice_loss"):
        for turn, classes in enumerate(("apart", "together")):
            if "generalized" not in loss or turn:
                together = {"classes": classes} if turn and "generalized" not in loss else {}
                yield of_loss(
                    loss, f"nearly right, {classes}", dtype, rows, [[0, 1, 2, 1]],
                    "1 − p keeps its digits, and so does a loss that is made of it",
                    "region", RIGHT, reduction="none", **_own(loss, turn), **together,
                )  # fmt: skip
    logits = [[40.0, -40.0, 38.0, -39.0], [-20.0, 30.0, -25.0, 24.0]]
    for turn, loss in enumerate((*LABELS, "binary_focal_tversky_loss", "binary_dice_loss")):
        yield of_loss(
            loss, f"nearly right, {turn}", dtype, logits, [[1, 0, 1, 0], [0, 1, 0, 1]],
            "1 − p keeps its digits, and so does a loss that is made of it",
            "region", RIGHT, reduction="none", **_own(loss, turn),
        )  # fmt: skip
    yield of_loss(
        "binary_jaccard_loss", "nearly right probabilities", dtype,
        [[1.0, 0.0, 1.0 - 2.0**-8], [2.0**-30, 1.0, 0.0]], [[1, 0, 1], [0, 1, 0]],
        "next to 1, and next to 0",
        "region", RIGHT, form="probabilities", smooth=0.0, squared=False,
    )  # fmt: skip


def _absent(rule: str, dtype: str) -> Iterator[Case]:
    """Class 2 is nowhere, class 0 not in the second sample."""
    rows = [[[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], [[2.0, 1.5, -3.0], [0.0, 0.25, 1.0]]]
    asked: dict[str, Any] = {} if rule == "count" else {"absent": rule}
    for reduction in ("none", "weighted_mean"):
        yield of_loss(
            "dice_loss", f"absent classes {rule}, {reduction}", dtype, rows, [[0, 1], [1, 1]],
            "a class without targets has a rule of its own",
            "region", ABSENT, class_weight=[0.5, 1.0, 2.0], reduction=reduction, squared=False,
            **asked,
        )  # fmt: skip
    yield of_loss(
        "tversky_loss", f"absent in the batch {rule}", dtype, rows, [[0, 1], [1, 1]],
        "absent from the batch, not from a sample",
        "region", ABSENT, per="batch", smooth=0.0, **_own("tversky_loss"), **asked,
    )  # fmt: skip
    yield of_loss(
        "generalized_dice_loss", f"absent classes {rule}", dtype, rows, [[0, 1], [-1, -1]],
        "a sample without targets is absent, a class without any is weighted",
        "region", ABSENT, "excluded", ignore_index=-1, reduction="none", **asked,
    )  # fmt: skip
    yield of_loss(
        "binary_jaccard_loss", f"an empty mask {rule}", dtype,
        [[0.5, -1.0, 2.0], [-1.0, 0.0, -0.5]], [[0, 0, 0], [1, 0, 0]],
        "a sample without a target, but with predictions",
        "region", ABSENT, reduction="mean", smooth=1.0, squared=False, **asked,
    )  # fmt: skip
    yield of_loss(
        "binary_focal_tversky_loss", f"no targets at all {rule}", dtype,
        [[0.5, -1.0, 2.0], [-1.0, 0.0, -0.5]], [[0, 0, 0], [0, 0, 0]],
        "no region counts, or all do",
        "region", ABSENT, "denominator", **_own("binary_focal_tversky_loss"), **asked,
    )  # fmt: skip


def _excluded(rule: str, dtype: str) -> Iterator[Case]:
    asked: dict[str, Any] = {} if rule == "count" else {"absent": rule}
    rows = [[[NAN, 1.0], [INF, -1.0]], [[0.5, NAN], [2.0, 1.0]]]
    yield of_loss(
        "jaccard_loss", f"a sample under the mask {rule}", dtype, rows, [[5, 0], [-7, 1]],
        "what is excluded reaches nothing, and leaves a region without targets",
        "region", ABSENT, "excluded", "nan", mask=[[False, False], [False, True]],
        squared=False, **asked,
    )  # fmt: skip
    yield of_loss(
        "binary_dice_loss", f"all excluded {rule}", dtype, [[NAN, 1.0], [INF, 0.5]],
        [[255.0, 255.0], [NAN, 0.0]], "nothing is left",
        "region", ABSENT, "excluded", "nan", "denominator", ignore_index=255.0,
        mask=[True, False], squared=True, **asked,
    )  # fmt: skip


def _sorted(rule: str, dtype: str) -> Iterator[Case]:
    """Errors in their order."""
    yield of_loss(
        "lovasz_hinge_loss", f"unequal weights {rule}", dtype,
        [[0.5, -0.25, 2.0, 1.5], [-1.5, 0.25, 0.75, -3.0]], [[1, 1, 0, 0], [0, 0, 0, 1]],
        "pixels beside which all others are next to nothing",
        "region", SORTED, "weight_sum", absent=rule, per="batch",
        sample_weight=[[2.1, 0.3, 1.7, 0.9], [1.0, 1e12, 3.45, 0.7]],
    )  # fmt: skip
    yield of_loss(
        "lovasz_softmax_loss", f"equal errors {rule}", dtype,
        [[[0.0, 0.0], [1.0, 0.5], [0.0, 0.0], [1.0, 0.5]], [[2.0, -1.0], [0.5, 0.5]] * 2],
        [[0, 1, 1, 0], [0, 0, 0, 0]],
        "of equal errors the first is the larger one",
        "region", SORTED, ABSENT, absent=rule, reduction="none",
        sample_weight=[[1.0, 2.0, 0.5, 1.5], [1.0, 1.0, 0.25, 2.0]],
    )  # fmt: skip
    yield of_loss(
        "lovasz_softmax_loss", f"nearly right {rule}", dtype,
        [[[20.0, 0.0, -20.0], [2.0, 18.0, -1.0], [-3.0, 1.0, 19.0], [0.5, 0.0, 0.25]]],
        [[0, 1, -1, 1]], "errors from next to 0 to next to 1, and a class without targets",
        "region", SORTED, "excluded", absent=rule, ignore_index=-1, class_weight=[1.0, 2.0, 0.5],
        reduction="weighted_mean",
    )  # fmt: skip
    yield of_loss(
        "lovasz_hinge_loss", f"margins {rule}", dtype,
        [[0.5, -0.5, 3.0, -2.0, 0.5], [-1.5, 0.25, 0.75, -3.0, NAN], [0.5, -2.0, 2.0, 0.0, -0.5]],
        [[1, 0, 1, 0, 1], [0, 0, 0, 0, 1], [0, 1, 1, 0, 1]],
        "beyond a margin there is no error; equal errors in turn; a mask without targets",
        "region", SORTED, ABSENT, "excluded", absent=rule, reduction="none",
        mask=[[True] * 5, [True] * 4 + [False], [True] * 5],
    )  # fmt: skip


def _nothing_wrong(dtype: str) -> Iterator[Case]:
    exact, half = [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]], [[1, 0, 1], [0, 0, 0]]
    for smooth in (0.0, 0.5):
        yield of_loss(
            "binary_dice_loss", f"nothing wrong, smooth={smooth}", dtype, exact, half,
            "0/0 is 0; a region that is right has a derivative, one without anything has none",
            "region", ABSENT, form="probabilities", smooth=smooth, reduction="none", squared=False,
        )  # fmt: skip
    yield of_loss(
        "binary_focal_tversky_loss", "nothing wrong", dtype, exact, half,
        "a power has no derivative where it is 0",
        "region", ABSENT, form="probabilities", smooth=1.0, reduction="none",
        **_own("focal_tversky"),
    )  # fmt: skip
    yield of_loss(
        "tversky_loss", "nothing wrong", dtype, [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], [[0, 1]],
        "0/0 is 0, forward and backward",
        "region", ABSENT, form="probabilities", smooth=0.0, **_own("tversky"),
    )  # fmt: skip
    yield of_loss(
        "jaccard_loss", "all wrong", dtype, [[[1.0, 0.0], [0.0, 1.0]]], [[1, 0]],
        "no overlap at all, and nothing that would smooth it",
        "region", form="probabilities", smooth=0.0, reduction="none", squared=True,
    )  # fmt: skip


def _not_numbers(dtype: str) -> Iterator[Case]:
    rows = [
        [[NAN, 1.0, 2.0], [0.5, 1.0, 0.0]],
        [[INF, 0.0, 1.0], [0.0, 1.0, 0.0]],
        [[-INF, 0.0, 1.0], [0.25, -INF, -INF]],
        [[-INF, -INF, -INF], [1.0, 2.0, 3.0]],
    ]
    yield of_loss(
        "dice_loss", "infinite logits", dtype, rows, [[0, 1], [0, 1], [2, 0], [0, 2]],
        "NaN in the regions of a sample, in no other; −inf is p = 0",
        "region", "nan", "impossible", reduction="none", squared=False,
    )  # fmt: skip
    yield of_loss(
        "generalized_dice_loss", "impossible classes", dtype, rows[2:3], [[1, 0]],
        "−inf is p = 0, with a gradient of 0",
        "region", "impossible", reduction="sum",
    )  # fmt: skip
    yield of_loss(
        "focal_tversky_loss", "NaN in the batch", dtype, rows[:1], [[0, 1]],
        "one region of everything",
        "region", "nan", per="batch", classes="together", **_own("focal_tversky"),
    )  # fmt: skip
    yield of_loss(
        "binary_tversky_loss", "infinite logits", dtype,
        [[INF, -INF, 0.5], [INF, -INF, -1.0], [NAN, 0.0, 1.0]], [[1, 0, 1], [0, 1, 1], [1, 0, 1]],
        "p is 1 or 0, right or wrong, with a gradient of 0",
        "region", "nan", "impossible", reduction="none", **_own("tversky"),
    )  # fmt: skip
    yield of_loss(
        "binary_jaccard_loss", "log-probabilities of 0", dtype,
        [[-INF, 0.0, -0.5], [-80.0, -0.25, -2.0**-10]], [[1.0, 1.0, 0.0], [0.0, 0.5, 1.0]],
        "p of 0 and of 1, and next to them",
        "region", "impossible", form="log_probabilities", reduction="none", squared=True,
    )  # fmt: skip


def _sizes(dtype: str) -> Iterator[Case]:
    """Weights of generalized Dice by the sizes of classes."""
    rows = [[[2.0, 1.0, 0.0], [1.5, 0.0, 0.5], [2.0, -1.0, 0.0], [0.0, 1.0, 0.25]]]
    for name, targets in (("indices", [[0, 0, 0, 1]]), ("shares", [[[0.5, 0.25, 0.0]] * 4])):
        yield of_loss(
            "generalized_dice_loss", f"classes of unequal size, {name}", dtype, rows, targets,
            "1/T² of each class, and the largest of them for one without targets",
            "region", SIZES, sample_weight=[[2.0, 0.5, 1.0, 4.0]], class_weight=[1.0, 2.0, 0.5],
        )  # fmt: skip
    yield of_loss(
        "generalized_dice_loss", "no mass at all", dtype, rows, [[[0.0, 0.0, 0.0]] * 4],
        "every class has the weight 1",
        "region", SIZES, ABSENT, smooth=1.0,
    )  # fmt: skip


def _shapes(dtype: str) -> Iterator[Case]:
    row = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]]
    yield of_loss(
        "dice_loss", "one class", dtype, [[[0.5], [2.0]], [[1.0], [-3.0]]], [[0, 0], [0, 0]],
        "p is 1, whatever the logit is",
        "region", SHAPE, reduction="none", squared=False,
    )  # fmt: skip
    yield of_loss(
        "jaccard_loss", "one item", dtype, row[0], 2,
        "no axis of samples",
        "region", SHAPE, reduction="none", squared=True,
    )  # fmt: skip
    yield of_loss(
        "tversky_loss", "a class axis in the middle", dtype,
        [[[[0.5, 1.0], [-1.0, 0.0]], [[2.0, -0.5], [0.0, 1.5]], [[1.0, 0.5], [-2.0, 0.0]]]] * 2,
        [[[0, 1], [2, 1]], [[2, 2], [1, 0]]],
        "N × C × H × W",
        "region", SHAPE, axis=1, sample_weight=[1.0, 3.0], reduction="none", **_own("tversky"),
    )  # fmt: skip
    for per in ("sample", "batch"):
        for classes in ("apart", "together"):
            asked = {"per": per, "classes": classes}
            own: dict[str, Any] = {k: v for k, v in asked.items() if v not in ("sample", "apart")}
            yield of_loss(
                "focal_tversky_loss", f"{per}, {classes}", dtype,
                [row, [[2.0, 1.5, -3.0], [0.0, 0.25, 1.0]]], [[2, 0], [1, 1]],
                "classes of the same size in no sample",
                "region", SHAPE, class_weight=[0.5, 1.0, 2.0], **_own("focal_tversky", 1), **own,
            )  # fmt: skip
            yield of_loss(
                "binary_dice_loss", f"{per}, {classes}", dtype,
                [[row, [[2.0, 1.5, -3.0], [0.0, 0.25, 1.0]]]] * 2,
                [[[[1, 0, 1], [0, 0, 1]], [[1, 1, 0], [0, 0, 1]]],
                 [[[0, 0, 0], [1, 0, 0]], [[0, 1, 0], [0, 0, 0]]]],
                "labels along the last axis of four",
                "region", SHAPE, axis=-1, reduction="none", squared=False, **own,
            )  # fmt: skip
    for loss in ("binary_dice_loss", "binary_tversky_loss"):
        deep = "tversky" in loss
        logits: Any = [[0.5, 1.0, -0.5, 2.0], [-1.0, 0.0, 1.5, 0.25], [2.0, -2.0, 1.0, 0.5]]
        masks: Any = [[1, 0, 1, 1], [0, 0, 1, 0], [1, 0, 0, 1]]
        if deep:
            logits, masks = ([[row[:2], row[2:]] for row in rows] for rows in (logits, masks))
        yield of_loss(
            loss, f"labels first, {'three' if deep else 'two'} axes", dtype, logits, masks,
            "samples stand along the first axis that is not that of labels",
            "region", SHAPE, axis=0, reduction="none", **_own(loss),
        )  # fmt: skip
    for name, x, y in (("number", 0.5, 1.0), ("row", [0.5, -1.0, 2.0], [1.0, 0.0, 0.25])):
        yield of_loss(
            "binary_jaccard_loss", f"a {name}", dtype, x, y,
            "each element is a region",
            "region", SHAPE, reduction="none", squared=False,
        )  # fmt: skip
    yield of_loss(
        "binary_tversky_loss", "masks of pixels", dtype,
        [[[[0.5], [-1.0]], [[2.0], [0.25]]], [[[1.0], [0.0]], [[-2.0], [1.5]]]],
        [[[[1], [0]], [[1], [0]]], [[[0], [0]], [[1], [1]]]],
        "N × H × W × 1, with pixels under a mask",
        "region", SHAPE, "excluded", reduction="none", **_own("tversky"),
        mask=[[[[True], [False]], [[True], [True]]], [[[True], [True]], [[False], [True]]]],
    )  # fmt: skip


def _weights(dtype: str) -> Iterator[Case]:
    rows = [[[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], [[2.0, 1.5, -3.0], [0.0, 0.25, 1.0]]]
    yield of_loss(
        "dice_loss", "class weights of 0", dtype, rows, [[0, 1], [1, 1]],
        "a denominator of 0",
        "region", "denominator", class_weight=[0.0, 0.0, 0.0], reduction="weighted_mean",
        squared=False,
    )  # fmt: skip
    yield of_loss(
        "jaccard_loss", "weights far from 1", dtype, rows, [[0, 1], [1, 1]],
        "nothing is smooth beside 1e30, and nothing else beside 1e-30",
        "region", "weight_sum", sample_weight=[[1e30, 3e30], [1e-30, 2e-30]], squared=False,
    )  # fmt: skip
    yield of_loss(
        "generalized_dice_loss", "weights far from 1", dtype, rows, [[0, 1], [1, 1]],
        "1/T² of what is far from 1",
        "region", "weight_sum", sample_weight=[[1e30, 3e30], [1e-30, 2e-30]], smooth=0.0,
    )  # fmt: skip
    yield of_loss(
        "binary_tversky_loss", "weights of 0", dtype, [[0.5, -1.0], [2.0, 0.25]],
        [[1, 0], [0, 1]], "a region of weight 0 is absent, not excluded",
        "region", "zero_weight", sample_weight=[0.0, 2.0], reduction="none", **_own("tversky"),
    )  # fmt: skip


def _sides(dtype: str) -> Iterator[Case]:
    """False alarms and misses that are far from equal."""
    masks, logits = [[1, 1, 1, 0], [1, 0, 0, 0]], [[-1.0, -2.0, 0.5, -3.0], [2.0, 1.0, 0.5, 1.5]]
    for turn in range(3):
        yield of_loss(
            "binary_focal_tversky_loss", f"misses and false alarms, {turn}", dtype, logits, masks,
            "α is of what is no target, β of what is missed",
            "region", SIDES, reduction="none", **_own("focal_tversky", turn),
        )  # fmt: skip


def _infinite(dtype: str) -> Iterator[Case]:
    """Errors without end."""
    for rule in ("count", "skip"):
        yield of_loss(
            "lovasz_hinge_loss", f"infinite errors, {rule}", dtype,
            [[INF, -1.0, 0.5], [INF, 0.0, -INF]], [[0, 1, 0], [1, 0, 0]],
            "infinitely wrong and of weight 0, infinitely right",
            "region", SORTED, "extreme", absent=rule, reduction="none",
            sample_weight=[[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]],
        )  # fmt: skip
    for loss in ("dice_loss", "lovasz_softmax_loss"):
        own = {"squared": False} if loss == "dice_loss" else {}
        yield of_loss(
            loss, "absent and not a number", dtype, [[[NAN, 1.0], [0.5, 2.0]], [[1.0, 0.0]] * 2],
            [[[0, 0], [0, 0]]] * 2, "nothing but exclusion silences NaN",
            "region", ABSENT, "nan", absent="skip", reduction="sum", **own,
        )  # fmt: skip
    yield of_loss(
        "lovasz_hinge_loss", "infinitely wrong", dtype,
        [[-INF, 2.0, 0.25], [0.5, -1.0, 0.25]], [[1, 0, 1], [0, 1, 1]],
        "an infinite loss has a gradient to its predictions",
        "region", SORTED, "extreme", absent="count", reduction="none",
    )  # fmt: skip


def _no_digit_lost(dtype: str) -> Iterator[Case]:
    """p − t of shares next to p."""
    rows = [[0.25, 0.75, 0.5, 0.875], [0.9375, 0.0625, 1.0, 0.0]]
    shares = [[0.2421875, 0.765625, 0.5, 1.0], [0.96875, 0.0625, 0.9921875, 0.015625]]
    for loss in ("binary_dice_loss", "binary_jaccard_loss"):
        yield of_loss(
            loss, "shares next to the probabilities", dtype, rows, shares,
            "a difference of equal digits has none of its own to lose",
            "region", RIGHT, form="probabilities", squared=True, reduction="none",
        )  # fmt: skip


def _next_to_nothing(dtype: str) -> Iterator[Case]:
    """Gradients below the normal numbers of float32, to float64 predictions."""
    rows, mask = [[0.0, 1.0], [-1.0, 0.5]], [[1, 1], [1, 1]]
    common = {"alpha": 1e-60, "beta": 1e-60, "reduction": "sum"}
    yield of_loss(
        "binary_focal_tversky_loss", "next to nothing", dtype, rows, mask,
        "what is missed weighs next to nothing",
        "region", SIDES, gamma=0.75, **common,
    )  # fmt: skip
    yield of_loss(
        "tversky_loss", "next to nothing", dtype, rows, [0, 1],
        "what is missed weighs next to nothing",
        "region", SIDES, classes="apart", **common,
    )  # fmt: skip


def _more_digits() -> Iterator[Case]:
    """p − t of float64 shares that no float32 number is equal to."""
    rows = [[0.4722452461719513, 0.75, 0.96875, 0.0], [0.5, 1.0, 0.125, 0.25]]
    shares = [[0.47224524357611664, 0.7500000001, 0.9687499999, 1e-9], [0.5 + 1e-12, 1.0, 0.0, 0.5]]
    for loss in ("binary_dice_loss", "binary_jaccard_loss"):
        case = of_loss(
            loss, "float64 shares next to the probabilities", "float32", rows, shares,
            "shares are rounded after the probability is taken from them",
            "region", RIGHT, form="probabilities", squared=True, reduction="none",
        )  # fmt: skip
        yield replace(case, targets=Tensor.rounded(shares, "float64"))


def _certain(dtype: str) -> Iterator[Case]:
    """Log-probabilities a little above 0, of which a power of 1 − p would be NaN."""
    rows = [[[2e-7, -40.0]], [[-0.5, 1e-9]]]
    for loss in ("tversky_loss", "focal_tversky_loss", "jaccard_loss", "lovasz_softmax_loss"):
        yield of_loss(
            loss, "more than certain", dtype, rows, [[0], [1]],
            "a log-probability above 0 is certain",
            "region", RIGHT, form="log_probabilities", reduction="none", **_own(loss),
        )  # fmt: skip
    for loss in ("binary_focal_tversky_loss", "binary_dice_loss"):
        yield of_loss(
            loss, "more than certain", dtype, [[2e-7, -40.0], [-0.5, 1e-9]], [[1, 0], [0, 1]],
            "a log-probability above 0 is certain",
            "region", RIGHT, form="log_probabilities", reduction="none", **_own(loss),
        )  # fmt: skip
