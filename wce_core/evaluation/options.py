"""The arguments of a loss that are not arrays, and what is wrong of them with any arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

from wce_core.dtypes import result_name
from wce_core.errors import choice_error, range_error
from wce_core.formulas.links import (
    CANDIDATES,
    CATEGORICAL_LINKS,
    SURPRISALS,
    Convention,
    Logits,
    Probabilities,
)
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.formulas.regions import REDUCTIONS as REGION_REDUCTIONS
from wce_core.formulas.regions import Region
from wce_core.formulas.terms import AnyTerm
from wce_core.formulas.weightings import SOFT_WEIGHTINGS
from wce_core.scalars import integer, number
from wce_core.types import (
    ChunkBytes,
    Empty,
    Form,
    Precision,
    Reduction,
    Smoothing,
    SoftWeighting,
)

CHOICES: dict[str, tuple[Any, ...]] = {
    "reduction": REDUCTIONS,
    "soft_weighting": SOFT_WEIGHTINGS,
    "smoothing": ("uniform", "others"),
    "form_name": tuple(CATEGORICAL_LINKS),
    "empty": ("zero", "nan"),
    "precision": ("native", "exact"),
    "validate": (None, True, False),
    "negative_weights": (False, True),
}


CHUNK_BYTES = "'auto' or a number of bytes"


class Options(NamedTuple):
    """The arguments of a loss that are not arrays."""

    categorical: bool
    term: AnyTerm
    axis: int | None
    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting
    form: Form | Convention
    clip: float | None
    reduction: Reduction
    empty: Empty
    precision: Precision
    dtype: Any
    validate: bool | None
    negative_weights: bool = False
    balanced: bool = False
    """Are class weights those of the batch?"""
    reading: str = SURPRISALS
    """What is read of predictions: a name in READINGS, or in BINARY_READINGS."""
    region: Region | None = None
    """What regions are, and their loss. None: the loss is of items."""
    chunk_bytes: ChunkBytes | None = None
    """Of logits at a time, where predictions are hidden states; None: a link reads them."""

    @property
    def candidates(self) -> bool:
        """Are targets sets of candidates?"""
        return self.reading in CANDIDATES.values()

    @property
    def targets_name(self) -> str:
        """What the loss calls its targets."""
        return "candidates" if self.candidates else "targets"

    @property
    def form_name(self) -> Form:
        """``form``, or what it is a convention of."""
        return self.form.of if isinstance(self.form, Convention) else self.form

    @property
    def z_loss(self) -> float:
        """The factor of the squared logarithm of a row's normalizer."""
        return self.form.z_loss if isinstance(self.form, Logits) else 0.0


def checked_options(options: Options) -> Options:
    """With Python's own numbers; TypeError or ValueError for what no array can make right."""
    for name, choices in CHOICES.items():
        value = getattr(options, name)
        if value not in choices:
            raise choice_error(name.removesuffix("_name"), value, choices)
    if options.region is not None and options.reduction not in REGION_REDUCTIONS:
        raise choice_error("reduction", options.reduction, REGION_REDUCTIONS)
    if options.region is not None and options.reduction == "parts":
        options.region.check_parts()
    _check_form(options)
    _check_layer(options)
    result_name(options.dtype)
    return options._replace(axis=_axis(options), label_smoothing=_smoothing(options))


def check_classes(options: Options, classes: int) -> None:
    """Smoothing that moves mass to other classes needs some; numbers per class fit their number."""
    if options.label_smoothing and options.smoothing == "others" and classes == 1:
        raise ValueError("smoothing='others' with one class; there are no others")
    if isinstance(options.form, Logits):
        options.form.check_classes(classes)


def ignored_number(ignore_index: Any) -> int | float:
    """``ignore_index`` as a number that a target can be equal to."""
    own = number("ignore_index", ignore_index, "a number")
    if own != own:
        raise ValueError("ignore_index is NaN, which equals no target; use mask=")
    return own


def _axis(options: Options) -> int | None:
    if options.axis is None:
        if options.categorical:
            raise TypeError("axis is None; expected the number of the class axis")
        return None
    return integer("axis", options.axis, "an integer")


def _check_form(options: Options) -> None:
    own = options.clip is None and options.form == options.form_name
    if options.reading != SURPRISALS and not own:
        raise ValueError(
            "conventions, as clip, form=Probabilities(…) and form=Logits(…), belong to "
            "cross-entropies; expected 'logits', 'probabilities' or 'log_probabilities'"
        )
    if isinstance(options.form, Probabilities):
        if options.clip is not None:
            raise ValueError("clip beside form=Probabilities(…); expected Probabilities(clip=…)")
        if options.form.normalize is not None and not options.categorical:
            raise ValueError("normalize is for rows of probabilities, which are cross_entropy's")
    elif isinstance(options.form, Logits):
        _check_logits(options, options.form)
    elif options.form == "probabilities":
        Probabilities(clip=options.clip)  # which looks at it
    elif options.clip is not None:
        raise ValueError(f"clip with form={options.form!r}; expected 'probabilities'")


def _check_layer(options: Options) -> None:
    """What is made of hidden states are logits."""
    count = options.chunk_bytes
    if count is None:
        return
    if count != "auto" and integer("chunk_bytes", count, CHUNK_BYTES) < 1:
        raise range_error("chunk_bytes", count, f"{CHUNK_BYTES} from 1 on")
    if options.form_name != "logits":
        raise ValueError(
            f"form={options.form!r}; a linear layer makes logits: expected 'logits' or Logits(…)"
        )


def _check_logits(options: Options, form: Logits) -> None:
    if options.clip is not None:
        raise ValueError("clip with form=Logits(…); expected 'probabilities'")
    if not options.categorical:
        form.check_classes(2)
        if form.z_loss:
            raise ValueError("z_loss is for rows of logits, which are cross_entropy's")


def _smoothing(options: Options) -> float:
    epsilon = number("label_smoothing", options.label_smoothing, "a number in [0, 1]")
    if not 0.0 <= epsilon <= 1.0:
        raise range_error("label_smoothing", epsilon, "a number in [0, 1]")
    return epsilon
