"""First and second derivatives of a loss, whichever function or object it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from wce_core.evaluation.curvature import curvature
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.formulas.links import curves
from wce_core.formulas.terms import bends
from wce_core.frameworks.backend import Backend
from wce_core.types import Array

from .arguments import as_predictions
from .describe import described
from .handles import Predictions, Tracked


class _Curving:
    """In the place of a handle's backend: evaluates Σℓ, whatever the reduction, and curves it."""

    def __init__(self, backend: Backend, check: Callable[[Options], None], *, positive: bool):
        self.backend, self.check, self.positive = backend, check, positive
        self.curved: Array = None

    def fast_path(
        self, options: Options, arguments: Mapping[str, Any], *, gradient: bool = False
    ) -> Any:
        """The first thing that a loss does with a handle."""
        del gradient
        self.check(options)
        be = self.backend
        given = {**arguments, "normalizer": None}
        spec, arrays = described(be, options._replace(reduction="sum"), given)
        arrays = {name: be.constant(array) for name, array in arrays.items()}
        _check(options, spec, positive=self.positive)
        outputs, slopes = be.fused(spec, arrays)
        self.curved = curvature(be, spec, arrays, positive=self.positive)
        return spec, outputs, slopes


def first_and_second(
    loss: Callable[..., Any],
    predictions: Any,
    targets: Any,
    arguments: Mapping[str, Any],
    *,
    positive: bool,
    check: Callable[[Options], None] = lambda options: None,
) -> tuple[Array, Array]:
    """∂Σℓ/∂x and the diagonal of ∂²Σℓ/∂x², or its positive surrogate.

    ``check`` may refuse a loss before anything is computed.
    """
    backend, own = as_predictions(predictions)
    curving: Any = _Curving(backend, check, positive=positive)
    with backend.scope(), np.errstate(all="ignore"):
        result = loss(Predictions(curving, own), targets, **arguments)
    if not isinstance(result, Tracked) or result.made is None or curving.curved is None:
        raise TypeError("expected a loss of wce_core, of which nothing else is made")
    return result.made, curving.curved


def _check(options: Options, spec: LossSpec, *, positive: bool) -> None:
    if options.region is not None:
        raise ValueError("second derivatives are those of losses of items, not of regions")
    if options.form_name != "logits":
        raise ValueError(f"form={options.form!r}: second derivatives are those of logits")
    if not curves(spec.link):
        raise ValueError(f"second derivatives are not known of {spec.link}, what this loss reads")
    if not positive and not bends(options.term):
        raise ValueError(
            f"the second derivative of {type(options.term).__name__} is not known; "
            "expected hessian='positive'"
        )
