"""JAX's own habits: losses as optax has them, pytrees, metrics. Importing this imports JAX.

The functions are the losses of items in the manner of optax: ``logits``, ``labels``, ``axis`` and
``where``, and a loss for each item unless a reduction is asked for. They have all arguments of
:mod:`wce_core.losses`; optax' own functions, by their names, are in :mod:`wce_core.dialects.optax`.
Configured losses are pytrees as soon as JAX is imported.

>>> import jax.numpy as jnp
>>> from wce_core.jax import cross_entropy
>>> logits, labels = jnp.asarray([[2.0, 0.0], [0.0, 1.0], [9.0, 9.0]]), jnp.asarray([0, 0, 1])
>>> where = jnp.asarray([True, True, False])
>>> print(cross_entropy(logits, labels, where=where, class_weight=[1.0, 5.0]).round(4))
[0.1269 1.3133 0.    ]
"""

from jax import export

from wce_core import metrics as _metrics
from wce_core.call.parts import LossParts
from wce_core.call.region_parts import RegionParts
from wce_core.losses.registry import CONFIGURED, OF_LAYERS

from .item_losses import (
    ItemLoss,
    any_of_cross_entropy,
    asymmetric_loss,
    binary_cross_entropy,
    binary_focal_cross_entropy,
    cross_entropy,
    expected_cost,
    focal_cross_entropy,
    generalized_cross_entropy,
    pairwise_cost,
    poly_cross_entropy,
)
from .metrics import Metric, metric
from .pytrees import register

__all__ = [
    "ItemLoss",
    "Metric",
    "any_of_cross_entropy",
    "asymmetric_loss",
    "binary_cross_entropy",
    "binary_focal_cross_entropy",
    "cross_entropy",
    "expected_cost",
    "focal_cross_entropy",
    "generalized_cross_entropy",
    "metric",
    "pairwise_cost",
    "poly_cross_entropy",
]

for kind in (*CONFIGURED, *OF_LAYERS):
    register(kind, kind._weights, kind.__getstate__, kind._restored)

_SUMS: tuple[type, ...] = (
    LossParts,
    RegionParts,
    _metrics.ClassOutcomes,
    _metrics.BinaryOutcomes,
    _metrics.Hits,
    _metrics.Calibration,
)
for sums in _SUMS:  # so that a program that returns them can be saved by jax.export
    export.register_namedtuple_serialization(sums, serialized_name=f"wce_core.{sums.__name__}")
