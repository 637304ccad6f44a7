"""Sums over an epoch as a ``torchmetrics.Metric``. Importing this module imports torchmetrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torchmetrics

from wce_core.call.mergeable import Mergeable
from wce_core.call.parts import LossParts
from wce_core.metrics.measure import measure


class Accumulated(torchmetrics.Metric):
    """What comes to be of all batches of an epoch, and of all ranks.

    A metric of this library, and a loss with ``reduction="parts"``, gives sums. They are the states
    of this metric, added up over batches and, by torchmetrics, over ranks, and only what they come
    to is divided. So batches may be of any length, the last one too, and a rank may have none.

    Parameters
    ----------
    metric
        Called as ``metric(input, target, …)``, with whatever ``update`` is called with: one of
        :mod:`wce_core.metrics`, whose options ``functools.partial`` fixes, a configured loss, or a
        module with ``reduction="parts"``.
    result
        What the sums come to: the name of a method of theirs, or a function of them. None: the sums
        themselves, and of a configured loss its own reduction.
    arguments
        Of the method or function.
    like
        Input and target like those of ``update``, of no items for instance. They say which sums
        there are, of what shape and dtype, so that ranks without a batch have them too.
    **options
        Those of ``torchmetrics.Metric``.

    Raises
    ------
    TypeError
        For a metric that gives no sums.

    Examples
    --------
    >>> from functools import partial
    >>> import torch
    >>> from wce_core import losses, metrics
    >>> from wce_core.torch.torchmetrics import Accumulated
    >>> none = torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)
    >>> recall = Accumulated(partial(metrics.outcomes, axis=1), "recall", like=none)
    >>> loss = losses.CrossEntropy(class_weight=[1.0, 2.0, 3.0], reduction="weighted_mean")
    >>> mean = Accumulated(loss, like=none)
    >>> x, y = torch.eye(3)[[0, 1, 1, 2]], torch.tensor([0, 1, 0, 2])
    >>> for rows, labels in zip(x.split(3), y.split(3)):
    ...     for each in (recall, mean):
    ...         each.update(rows, labels)
    >>> recall.compute(), mean.compute()
    (tensor([0.5000, 1.0000, 1.0000], dtype=torch.float64), tensor(0.6943))

    """

    is_differentiable = False
    full_state_update = False

    def __init__(
        self,
        metric: Callable[..., Any],
        result: str | Callable[..., Any] | None = None,
        arguments: dict[str, Any] | None = None,
        *,
        like: tuple[Any, ...],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.metric, self.measure = metric, measure(metric, result, arguments)
        with torch.no_grad():
            nothing: Any = self.measure.sums(*like)
        if not isinstance(nothing, (LossParts, Mergeable)):
            raise TypeError(
                f"the metric gives {type(nothing).__name__}; expected sums: those of a metric, "
                "or of a loss with reduction='parts'"
            )
        kind: Any = type(nothing)
        self._kind = kind
        for name, value in zip(kind._fields, nothing, strict=True):
            self.add_state(name, torch.zeros_like(value), dist_reduce_fx="sum")

    def update(self, *args: Any, **kwargs: Any) -> None:
        """One more batch."""
        with torch.no_grad():
            more = self.sums + self.measure.sums(*args, **kwargs)
        for name, value in zip(self._kind._fields, more, strict=True):
            setattr(self, name, value)

    def compute(self) -> Any:
        """What the sums come to."""
        return self.measure.of(self.sums)

    @property
    def sums(self) -> Any:
        """The sums so far: of this rank, or of all while torchmetrics has them together."""
        return self._kind(*(getattr(self, name) for name in self._kind._fields))
