"""A number that comes of a metric: what is added up, and what is made of the sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from wce_core.call.constants import ConstantMapping, unfreeze
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.losses.configured import Configured, ConfiguredItems

OF_NO_NUMBER = ("none", "parts")
"""Reductions that give no number."""
GREATER_IS_BETTER: dict[str, bool] = {
    **dict.fromkeys(("accuracy", "balanced_accuracy", "precision", "recall"), True),
    **dict.fromkeys(("specificity", "f1", "iou"), True),
    **dict.fromkeys(("expected_error", "maximum_error"), False),
    **dict.fromkeys((name for name in REDUCTIONS if name not in OF_NO_NUMBER), False),
}
"""What sums come to: which way is better. Reductions are those of losses."""


@dataclass(frozen=True)
class Measure:
    """A function that gives sums, its options, and what the sums come to: compared by value."""

    function: Callable[..., Any]
    """Of predictions and targets."""
    options: ConstantMapping
    """Arguments of the function that do not change from batch to batch."""
    result: str | Callable[[Any], Any] | None
    """A method of the sums, a function of them, or None: the sums themselves."""
    arguments: ConstantMapping
    """Of the method or function."""

    def sums(self, predictions: Any, targets: Any, **arrays: Any) -> Any:
        """Of a batch."""
        return self.function(predictions, targets, **{**unfreeze(self.options), **arrays})

    def of(self, sums: Any) -> Any:
        """What sums come to."""
        if self.result is None:
            return sums
        given = unfreeze(self.arguments)
        if callable(self.result):
            return self.result(sums, **given)
        method = getattr(sums, self.result, None)
        if not callable(method):
            raise ValueError(f"{type(sums).__name__} has no method {self.result!r}")
        return method(**given)

    @property
    def greater_is_better(self) -> bool | None:
        """None if it is not known."""
        return GREATER_IS_BETTER.get(self.result) if isinstance(self.result, str) else None


def measure(
    metric: Callable[..., Any],
    result: str | Callable[..., Any] | None = None,
    arguments: dict[str, Any] | None = None,
) -> Measure:
    """What a metric and its result are, from what users write.

    ``metric`` is a function of :mod:`wce_core.metrics`, or any other that gives sums which can be
    added; with its options by ``functools.partial``. Or a configured loss, which is added up in
    parts; then ``result`` is its reduction unless given, and the loss of a ratio of sums itself.
    """
    function: Any = metric
    options: dict[str, Any] = {}
    if isinstance(metric, Configured):
        function, options, result = _of_loss(metric, result)
    elif isinstance(metric, partial):
        function, options = _of_partial(metric)
    if not callable(function):
        raise TypeError(f"metric is {function!r}; expected a function such as metrics.outcomes")
    return Measure(function, ConstantMapping(options), result, ConstantMapping(arguments or {}))


def _of_partial(metric: partial[Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    if metric.args:
        raise TypeError(f"{metric} fixes predictions or targets; expected keyword arguments alone")
    return metric.func, metric.keywords


def _of_loss(loss: Any, result: Any) -> tuple[Callable[..., Any], dict[str, Any], Any]:
    if isinstance(loss, ConfiguredItems):
        if result is None:
            if loss.reduction in OF_NO_NUMBER:
                given = f"reduction={loss.reduction!r}"
                raise ValueError(f"{given} gives no number; say what parts come to")
            result = loss.reduction
        return loss._function, {**loss._arguments, "reduction": "parts"}, result
    if hasattr(loss, "from_parts"):
        return _PartsOf(loss), {}, _LossOf(loss) if result is None else result
    name = type(loss).__name__
    raise TypeError(f"{name} has no parts that can be added up; expected a loss that has")


@dataclass(frozen=True)
class _PartsOf:
    """The sums that a loss of regions is made of."""

    loss: Any

    def __call__(self, predictions: Any, targets: Any, **arrays: Any) -> Any:
        return self.loss.parts(predictions, targets, **arrays)


@dataclass(frozen=True)
class _LossOf:
    """What they come to."""

    loss: Any

    def __call__(self, parts: Any) -> Any:
        return self.loss.from_parts(parts)
