"""What all region losses are: their arguments, as functions and as configured losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict, Unpack

from wce_core.call.region_parts import RegionParts, loss_of_parts
from wce_core.call.run import evaluate
from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options
from wce_core.formulas.links import CHANCES
from wce_core.formulas.regions import Lovasz, Ratio, region
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD
from wce_core.losses.configured import Configured, made_by
from wce_core.losses.defined import BINARY, CATEGORICAL
from wce_core.types import (
    Absent,
    Array,
    ClassWeight,
    Form,
    Per,
    Precision,
    RegionReduction,
    Together,
)

AT_CALL = ("sample_weight", "mask")
ARRAYS = ("class_weight", "ignore_index", *AT_CALL)
REGION = ("per", "classes", "smooth", "absent")


class RegionOptions(TypedDict, total=False):
    """What every configured region loss holds."""

    ignore_index: Any
    per: Per
    classes: Together
    smooth: float
    absent: Absent
    form: Form
    precision: Precision
    dtype: Any
    validate: bool | None


class CategoricalRegionOptions(RegionOptions, total=False):
    """And one of exclusive classes."""

    class_weight: ClassWeight | None
    axis: int


class BinaryRegionOptions(RegionOptions, total=False):
    """And one of labels."""

    axis: int | None


class AtCall(TypedDict, total=False):
    """What a region loss is called with, beside predictions and targets."""

    sample_weight: Array | None
    mask: Array | None


class CategoricalRegion(CategoricalRegionOptions, AtCall, total=False):
    """All of a region loss of exclusive classes."""


class BinaryRegion(BinaryRegionOptions, AtCall, total=False):
    """All of a region loss of labels."""


DEFAULTS: dict[str, Any] = {
    "per": "sample",
    "classes": "apart",
    "smooth": 1e-5,
    "absent": "count",
    "form": "logits",
    "reduction": "mean",
    "precision": "native",
    "dtype": None,
    "validate": None,
}


def of_measure(
    measure: Ratio | Lovasz,
    predictions: Any,
    targets: Any,
    arguments: Mapping[str, Any],
    *,
    categorical: bool,
    reading: str = CHANCES,
) -> Any:
    """The loss of regions by a measure. ``arguments``: those that are given, of its function."""
    arrays = ARRAYS if categorical else ARRAYS[1:]
    taken = {**DEFAULTS, "axis": -1 if categorical else None}
    own = {**taken, **arguments}
    given = {name: own.pop(name, None) for name in arrays}
    if len(own) > len(taken):
        unknown = next(name for name in own if name not in taken)
        expected = ", ".join((*arrays, *taken))
        raise TypeError(f"the loss has no argument {unknown!r}; expected one of {expected}")
    made = options(measure, own, categorical=categorical, reading=reading)
    return evaluate(made, predictions, targets, given)


def options(
    measure: Ratio | Lovasz, own: Mapping[str, Any], *, categorical: bool, reading: str = CHANCES
) -> Options:
    """Of what is no array."""
    family = CATEGORICAL if categorical else {**BINARY, "smoothing": "uniform"}
    known = {name: own[name] for name in (*family, *DEFAULTS) if name in own and name not in REGION}
    return Options(
        **{**family, **known},
        categorical=categorical,
        term=NEGATIVE_LOG_LIKELIHOOD,
        reading=reading,
        region=region(measure, **{name: own[name] for name in REGION}),
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredMeasure(Configured[Any]):
    """The fields of every configured loss of regions."""

    ignore_index: Any = None
    per: Per = "sample"
    reduction: RegionReduction = "mean"
    precision: Precision = "native"
    dtype: Any = None
    validate: bool | None = None
    _weights: ClassVar[tuple[str, ...]] = ()

    @do_not_convert
    def __call__(
        self,
        predictions: Array,
        targets: Array,
        *,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> Any:
        """The loss of these arrays."""
        return self._function(
            predictions, targets, sample_weight=sample_weight, mask=mask, **self._arguments
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredRegion(ConfiguredMeasure):
    """The fields of every one that is a ratio of sums.

    ``_ratio`` makes its ratio of those fields that it has as parameters.
    """

    classes: Together = "apart"
    smooth: float = 1e-5
    absent: Absent = "count"
    form: Form = "logits"
    _ratio: ClassVar[Callable[..., Ratio]]

    def _options(self, given: dict[str, Any]) -> Options:
        return options(made_by(self._ratio, given), given, categorical=self._categorical)

    def parts(self, predictions: Array, targets: Array, **arrays: Unpack[AtCall]) -> RegionParts:
        """The sums of which the loss is made: see :class:`wce_core.RegionParts`.

        The loss is one with ``per="batch"``: samples of other batches are other regions.
        """
        arguments = {**self._arguments, **arrays, "reduction": "parts"}
        made: RegionParts = self._function(predictions, targets, **arguments)
        return made

    def from_parts(self, parts: RegionParts) -> Any:
        """The loss of all that was added up in ``parts``, in this loss's reduction.

        In the dtype of the parts, or in ``dtype``.
        """
        if self.reduction == "parts":
            raise ValueError("from_parts with reduction='parts'; expected one of a number")
        given = dict(self._arguments)
        return loss_of_parts(self._options(given), parts, given.get("class_weight"))


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredCategoricalRegion(ConfiguredRegion):
    """The fields of one of exclusive classes."""

    class_weight: Any = None
    axis: int = -1
    _categorical = True
    _weights = ("class_weight",)


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredBinaryRegion(ConfiguredRegion):
    """The fields of one of labels."""

    axis: int | None = None
    _categorical = False
