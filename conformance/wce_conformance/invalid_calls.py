"""What must never pass silently: every kind of bad input, and what a framework does with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from wce_conformance.adapters.base import Adapter

INF, NAN = float("inf"), float("nan")
LOGITS = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]], dtype=np.float32)
LABELS = np.array([2, 0])
PROBABILITIES = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], dtype=np.float32)
SHARES = np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]], dtype=np.float32)
BITS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]], dtype=np.float32)


class BadInput(NamedTuple):
    """A call that is wrong in one thing, and the error that says so.

    ``of_values``: shapes and dtypes are right, so only a look at the values can tell.
    """

    name: str
    loss: str
    predictions: Any
    targets: Any
    arguments: Mapping[str, Any]
    error: type[Exception]
    message: str
    of_values: bool = False


def _with(array: np.ndarray, position: Any, value: float) -> np.ndarray:
    changed = array.copy()
    changed[position] = value
    return changed


def _values() -> list[BadInput]:
    def ce(name: str, x: Any, y: Any, message: str, **arguments: Any) -> BadInput:
        return BadInput(name, "cross_entropy", x, y, arguments, ValueError, message, True)

    def bce(name: str, x: Any, y: Any, message: str, **arguments: Any) -> BadInput:
        return BadInput(name, "binary_cross_entropy", x, y, arguments, ValueError, message, True)

    at = "at position"
    return [
        ce("label C", LOGITS, _with(LABELS, 1, 3), rf"targets is 3 {at} \(1,\).*\[0, 3\)"),
        ce("label −1", LOGITS, _with(LABELS, 0, -1), rf"targets is -1 {at} \(0,\)"),
        ce(
            "label −100", LOGITS, _with(LABELS, 1, -100), r"leave such items out.*ignore_index=-100"
        ),
        ce("label of one item", LOGITS[0], np.array(3), r"targets is 3; expected a class index"),
        ce("negative mass", LOGITS, _with(SHARES, (1, 2), -0.5), rf"targets is -0.5 {at} \(1, 2\)"),
        ce("NaN mass", LOGITS, _with(SHARES, (1, 2), NAN), rf"targets is nan {at} \(1, 2\)"),
        bce("target above 1", LOGITS, _with(BITS, (0, 1), 1.5), rf"targets is 1.5 {at} \(0, 1\)"),
        bce(
            "target −1", LOGITS, _with(BITS, (1, 0), -1), "leave such items out.*ignore_index=-1.0"
        ),
        bce("target below 0", LOGITS, _with(BITS, (0, 1), -1), rf"targets is -1.0 {at} \(0, 1\)"),
        ce(
            "negative sample weight",
            LOGITS,
            LABELS,
            rf"sample_weight is -2.0 {at} \(1,\)",
            sample_weight=np.array([1.0, -2.0]),
        ),
        ce(
            "NaN class weight",
            LOGITS,
            LABELS,
            rf"class_weight is nan {at} \(0,\)",
            class_weight=np.array([NAN, 1.0, 2.0]),
        ),
        bce(
            "infinite pos_weight",
            LOGITS,
            BITS,
            rf"pos_weight is inf {at} \(2,\)",
            pos_weight=np.array([1.0, 1.0, INF]),
        ),
        ce(
            "negative cost",
            LOGITS,
            LABELS,
            rf"cost_matrix is -1.0 {at} \(0, 1\)",
            cost_matrix=_with(np.ones((3, 3)), (0, 1), -1.0),
        ),
        ce(
            "probability above 1",
            _with(PROBABILITIES, (0, 0), 1.5),
            LABELS,
            rf"predictions is 1.5 {at} \(0, 0\)",
            form="probabilities",
        ),
        bce(
            "negative probability",
            _with(PROBABILITIES, (1, 1), -0.25),
            BITS,
            rf"predictions is -0.25 {at} \(1, 1\)",
            form="probabilities",
        ),
        bce(
            "log-probability above 0",
            _with(np.log(PROBABILITIES), (1, 1), 0.5),
            BITS,
            rf"predictions is 0.5 {at} \(1, 1\).*log-probability",
            form="log_probabilities",
        ),
    ]


def _shapes() -> list[BadInput]:
    def ce(name: str, error: type[Exception], message: str, **changed: Any) -> BadInput:
        x, y = changed.pop("predictions", LOGITS), changed.pop("targets", LABELS)
        return BadInput(name, "cross_entropy", x, y, changed, error, message)

    def bce(name: str, error: type[Exception], message: str, **changed: Any) -> BadInput:
        x, y = changed.pop("predictions", LOGITS), changed.pop("targets", BITS)
        return BadInput(name, "binary_cross_entropy", x, y, changed, error, message)

    return [
        ce("integer predictions", TypeError, "predictions has dtype int64", predictions=LABELS),
        ce(
            "targets of another length",
            ValueError,
            r"targets has shape \(3,\)",
            targets=np.array([0, 1, 2]),
        ),
        ce(
            "float class indices",
            TypeError,
            "targets has dtype float32",
            targets=np.array([0, 1], np.float32),
        ),
        ce(
            "integer predictions and floating targets",
            TypeError,
            "predictions come first",
            predictions=LABELS,
            targets=LOGITS,
        ),
        ce(
            "labels of two classes for one row",
            TypeError,
            "use binary_cross_entropy",
            predictions=LOGITS[0],
            targets=np.array([0, 1, 1]),
        ),
        ce(
            "booleans for one row",
            TypeError,
            "use binary_cross_entropy",
            predictions=LOGITS[0],
            targets=np.array([False, True, True]),
        ),
        ce(
            "labels in a column",
            ValueError,
            r"targets has shape \(2, 1\).*squeeze axis 1 of targets",
            targets=LABELS[:, None],
        ),
        ce(
            "classes along axis 1",
            ValueError,
            "would fit if the classes stood along axis=1",
            predictions=np.zeros((2, 3, 4), np.float32),
            targets=np.zeros((2, 4), np.int64),
        ),
        ce(
            "class weights along axis 1",
            ValueError,
            "would fit if the classes stood along axis=1",
            predictions=np.zeros((2, 3, 3, 4), np.float32),
            targets=np.zeros((2, 3, 3), np.int64),
            class_weight=np.ones(3),
        ),
        bce(
            "binary predictions in a column",
            ValueError,
            "squeeze axis 1 of predictions",
            predictions=LOGITS[:, :1],
            targets=BITS[:, 0],
        ),
        ce("boolean rows", TypeError, "candidate sets", targets=BITS > 0),
        bce(
            "binary targets of another shape", ValueError, "targets has shape", targets=BITS[:, :2]
        ),
        ce(
            "class weights for other classes",
            ValueError,
            r"class_weight has shape \(2,\)",
            class_weight=np.ones(2),
        ),
        ce("mapping that misses a class", ValueError, ": 2 missing", class_weight={0: 1.0, 1: 2.0}),
        ce(
            "sample weights over classes",
            ValueError,
            r"sample_weight has shape \(3,\)",
            sample_weight=np.ones(3),
        ),
        ce("boolean sample weights", TypeError, "mask=", sample_weight=np.array([True, False])),
        ce("mask of numbers", TypeError, "mask has dtype", mask=np.array([1, 0])),
        bce("pos_weight over items", ValueError, "pos_weight has shape", pos_weight=np.ones(2)),
        ce(
            "cost matrix of another size",
            ValueError,
            "cost_matrix has shape",
            cost_matrix=np.ones((2, 2)),
        ),
        ce(
            "ignore_index with dense targets",
            ValueError,
            "ignore_index",
            targets=SHARES,
            ignore_index=-1,
        ),
        ce("normalizer with a mean", ValueError, "normalizer", normalizer=4),
        ce("clip with logits", ValueError, "clip", clip=1e-7),
        ce("label smoothing above 1", ValueError, "label_smoothing is 1.5", label_smoothing=1.5),
        ce("unknown reduction", ValueError, "reduction is 'average'", reduction="average"),
        ce("axis out of range", ValueError, "axis=2", axis=2),
        ce("no class axis", TypeError, "axis is None", axis=None),
        ce(
            "no classes",
            ValueError,
            "at least one class",
            predictions=np.zeros((2, 0), np.float32),
        ),
        ce(
            "a mapping of sample weights",
            TypeError,
            "sample_weight holds dict",
            sample_weight={0: 1.0},
        ),
        ce("normalizers", ValueError, "expected a scalar", reduction="sum", normalizer=np.ones(2)),
        ce("clip above ½", ValueError, "clip is 0.5", form="probabilities", clip=0.5),
        ce("smoothing that is no number", TypeError, "label_smoothing", label_smoothing=True),
        ce(
            "others of one class",
            ValueError,
            "no others",
            predictions=LOGITS[:, :1],
            targets=LABELS * 0,
            smoothing="others",
            label_smoothing=0.1,
        ),
        bce(
            "class weights per label for other labels",
            ValueError,
            "3 labels",
            class_weight=np.ones((2, 2)),
        ),
        bce(
            "pos_weight per label without labels",
            ValueError,
            "expected one weight.*axis=0",
            predictions=LOGITS[0],
            targets=BITS[0],
            pos_weight=np.ones(3),
        ),
        bce(
            "class weights per label without labels",
            ValueError,
            "no label axis",
            predictions=LOGITS[0],
            targets=BITS[0],
            class_weight=np.ones((3, 2)),
        ),
    ]


BAD_INPUTS = [*_values(), *_shapes()]


def call_of(bad: BadInput, adapter: Adapter) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The bad call as a function of its arrays, and the arrays."""
    arrays = {"predictions": bad.predictions, "targets": bad.targets, **bad.arguments}
    own = {k: adapter.array(v) for k, v in arrays.items() if isinstance(v, np.ndarray)}
    options = {k: v for k, v in bad.arguments.items() if k not in own}
    from wce_core import losses

    loss = getattr(losses, bad.loss)

    def function(predictions: Any, targets: Any, **rest: Any) -> Any:
        return loss(
            predictions,
            targets,
            reduction=options.get("reduction", "none"),
            **rest,
            **{k: v for k, v in options.items() if k != "reduction"},
        )

    return function, own


def effect(bad: BadInput, adapter: Adapter, *, compiled: bool) -> str:
    """The name of the error, or what became of the item: "NaN" or "as the formula stands"."""
    function, arrays = call_of(bad, adapter)
    if compiled:
        function = adapter.compiled(function)
    try:
        value = adapter.numpy(function(**arrays))
    except (ValueError, TypeError) as error:
        return type(error).__name__
    except RuntimeError as error:
        return _wrapped(error)
    return "NaN" if np.isnan(value).any() else "as the formula stands"


def _wrapped(error: RuntimeError) -> str:
    """The error of this library behind that of Dynamo, which lets none pass as it is."""
    found = re.search(r"raised exception (\w+)\(", str(error))
    return f"{found[1]}\\*" if found else type(error).__name__
