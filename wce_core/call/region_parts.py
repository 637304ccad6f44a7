"""``RegionParts``: the sums that a region loss is made of, mergeable."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from wce_core.compilers import do_not_convert
from wce_core.errors import shape_error
from wce_core.evaluation.members import region_of
from wce_core.evaluation.options import Options
from wce_core.evaluation.ratios import Sums, losses_of_sums
from wce_core.evaluation.regions import outputs_of
from wce_core.formulas.regions import Ratio
from wce_core.types import Array

from .arguments import as_predictions
from .describe import described_sums
from .mergeable import Mergeable


class _Fields(NamedTuple):
    mistakes: Any
    """N of section 16 of the specification: Σω·(α·FP + β·FN), or of squares."""
    right: Any
    """S, what is right: Dice's 2·Σω·TP, or Σω·TP."""
    size: Any
    """T, the mass of the targets: Σω·t."""


class RegionParts(Mergeable, _Fields):
    """The sums over a batch of which a region loss is made: of each class or label, or one number.

    Parts of any split of the items, over batches, devices or tiles of an image, added up by ``+``
    or ``sum()``, give the loss of the whole, to rounding. The losses of the parts would not: a
    ratio of sums is no sum of ratios. They are differentiable by PyTorch, JAX and TensorFlow, and
    float32, or float64 for float64 predictions. Parts belong to the loss that made them: others
    have other sums. A NamedTuple passes through ``jax.jit``, ``lax.psum`` and ``tf.function``.

    >>> import numpy as np
    >>> from wce_core import losses
    >>> loss = losses.DiceLoss(per="batch")
    >>> x, y = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0], [0.0, 2.0]]), np.array([0, 1, 1, 1])
    >>> parts = loss.parts(x[:1], y[:1]) + loss.parts(x[1:], y[1:])
    >>> round(float(loss.from_parts(parts)), 6) == round(float(loss(x, y)), 6)
    True
    """

    __slots__ = ()


@do_not_convert
def loss_of_parts(options: Options, parts: Any, class_weight: Any) -> Array:
    """What the loss with these options comes to, of sums that its :class:`RegionParts` hold."""
    if not isinstance(parts, RegionParts):
        raise TypeError(f"parts is {type(parts).__name__}; expected RegionParts")
    be, own = as_predictions(parts.mistakes)
    shape = be.shape(own)
    if len(shape) > 1 or (options.categorical and not shape):
        raise shape_error("parts.mistakes", shape, "a sum for each class or label, or one")
    with be.scope():
        # Sums for each label are of regions that stand apart, one sum of those that do not.
        row = be.xp.reshape(own, (1, *shape))
        options = options._replace(axis=1 if shape else None)
        spec, arrays = described_sums(be, options, row, class_weight)
        sums = Sums(*(be.cast(each, spec.accumulate) for each in parts))
        ratio = cast(Ratio, region_of(spec).measure)
        return outputs_of(be, spec, losses_of_sums(be, spec, arrays, sums, ratio))[0]
