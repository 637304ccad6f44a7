"""Metrics in the manner of clu: ``from_model_output``, ``merge``, ``compute``, ``empty``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from wce_core.metrics.measure import Measure, measure


@partial(jax.tree_util.register_dataclass, data_fields=("sums",), meta_fields=("measure",))
@dataclass(frozen=True)
class Metric:
    """The sums of some batches, and what they come to: immutable. :func:`metric` makes one.

    A pytree whose leaves are the sums: the state of ``lax.scan``, argument and result of
    ``jax.jit``, and in ``shard_map`` added up over devices by ``lax.psum(metric, axis_name)``.
    """

    sums: Any
    """What the function of the metric gives, added up; None: of nothing."""
    measure: Measure
    """What is added up, and what is made of it: static, compared by value."""

    def from_model_output(
        self, logits: ArrayLike, labels: Any, *, sample_weight: Any = None, mask: Any = None
    ) -> Metric:
        """The metric of one batch alone. ``logits``: whatever form the metric reads."""
        given = {"sample_weight": sample_weight, "mask": mask}
        arrays = {name: array for name, array in given.items() if array is not None}
        return Metric(self.measure.sums(jnp.asarray(logits), labels, **arrays), self.measure)

    def merge(self, other: Metric) -> Metric:
        """The metric of the batches of both; a ValueError for another metric."""
        if self.measure != other.measure:
            raise ValueError(f"{self.measure} is merged with {other.measure}; expected the same")
        if self.sums is None or other.sums is None:
            return self if other.sums is None else other
        return Metric(self.sums + other.sums, self.measure)

    def compute(self) -> Any:
        """What the sums come to; a ValueError of nothing, whose shapes are not known."""
        if self.sums is None:
            raise ValueError("nothing was merged into this metric; merge from_model_output(...)")
        return self.measure.of(self.sums)

    def empty(self, *output: Any, **named: Any) -> Metric:
        """The metric of nothing, to begin with.

        Given what :meth:`from_model_output` takes, it holds zeros of the shapes and dtypes that
        such a batch has: the first state of ``lax.scan`` and of every loop that keeps its type.
        """
        if not output and not named:
            return Metric(None, self.measure)
        batch = self.from_model_output(*output, **named)
        zeros: Metric = jax.tree.map(jnp.zeros_like, batch)
        return zeros


def metric(
    function: Callable[..., Any],
    result: str | Callable[..., Any] | None = None,
    **arguments: Any,
) -> Metric:
    """A metric in the manner of clu, of nothing yet: of :mod:`wce_core.metrics`, or of a loss.

    What is added up are weighted sums, never means of batches: of an uneven last batch, and of
    masks, too, :meth:`Metric.compute` gives what the whole data has.

    Parameters
    ----------
    function
        ``metrics.outcomes``, ``metrics.top_k``, ``metrics.log_loss``, and so on; options of it by
        ``functools.partial(metrics.outcomes, ignore_index=-1)``. Or a configured loss, which is
        added up as ``LossParts`` or, of regions with ``per="batch"``, as ``RegionParts``.
    result
        What the sums come to: the name of a method, as ``"accuracy"``, ``"f1"`` or
        ``"weighted_mean"``, or a function of the sums. None: the sums themselves, of a loss what it
        says itself.
    **arguments
        Of the method, as ``average="macro"``.

    Returns
    -------
    Metric
        With ``from_model_output(logits, labels, sample_weight=None, mask=None)``,
        ``merge(other)``, ``compute()`` and ``empty()``.

    Raises
    ------
    TypeError, ValueError
        For what gives no sums: a loss that has none, as those of Lovász, or one without a
        reduction and without ``result``. Calls raise what the function raises.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from wce_core import losses, metrics
    >>> from wce_core.jax import metric
    >>> f1 = metric(metrics.outcomes, "f1", average="macro")
    >>> first = f1.from_model_output(jnp.asarray([[2.0, 0.0], [0.0, 1.0]]), jnp.asarray([0, 1]))
    >>> last = f1.from_model_output(jnp.asarray([[3.0, 1.0]]), jnp.asarray([1]))
    >>> print(first.merge(last).compute().round(4))
    0.6667
    >>> loss = metric(losses.CrossEntropy(class_weight=[1.0, 3.0], reduction="weighted_mean"))
    >>> found = loss.empty()
    >>> for x, y in ([[0.0, 0.0], [1.0, 0.0]], [0, 1]), ([[0.0, 2.0]], [1]):
    ...     found = found.merge(loss.from_model_output(jnp.asarray(x), jnp.asarray(y)))
    >>> print(found.compute().round(4))
    0.7162

    """
    return Metric(None, measure(function, result, arguments))
