"""Second derivatives in closed form, where no framework differentiates twice."""

from __future__ import annotations

from wce_core.arrays.ops import ArrayOps
from wce_core.dtypes import at_least_float32
from wce_core.evaluation.balancing import with_balance
from wce_core.evaluation.items import rows_of, scale_of
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import weigh
from wce_core.types import Array, Arrays


def curvature(ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, positive: bool) -> Array:
    """∂²Σℓ/∂x_j², the diagonal; float32, or float64 for float64 predictions.

    ``positive``: with slopes and bends that are negative left out, which is not below the diagonal,
    and never below 0.
    """
    arrays = with_balance(ops, spec, arrays)
    weighed = weigh(ops, spec, arrays)
    rows = rows_of(ops, spec, arrays, weighed)
    scale = scale_of(ops, spec, weighed, None, arrays)
    found = weighed.mass.curvature(spec.term, rows, scale, positive=positive)
    return ops.cast(found, at_least_float32(ops.dtype_name(arrays["predictions"])))
