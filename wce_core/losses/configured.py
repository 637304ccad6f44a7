"""Losses with their arguments fixed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from wce_core.call.constants import freeze, unfreeze
from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options, ignored_number
from wce_core.formulas.links import SURPRISALS, Logits, Probabilities
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD, AnyTerm
from wce_core.imports import named
from wce_core.losses.binary_cross_entropy import binary_cross_entropy
from wce_core.losses.cross_entropy import cross_entropy
from wce_core.types import (
    Array,
    Empty,
    Form,
    Precision,
    Smoothing,
    SoftWeighting,
)

from .defined import CATEGORICAL
from .held import checked
from .signatures import (
    ArrayT,
    AtCall,
    BinaryOptions,
    CategoricalOptions,
    Numbers,
    ReductionT_co,
    Scalar,
    ToArray,
    ToNumber,
)


def _surprisal() -> AnyTerm:
    return NEGATIVE_LOG_LIKELIHOOD


def _surprisals() -> str:
    return SURPRISALS


def made_by(maker: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Called with those that it has as parameters."""
    return maker(**{name: given[name] for name in signature(maker).parameters if name in given})


@dataclass(frozen=True, kw_only=True)
class Configured(ABC, Generic[ReductionT_co]):
    """What every configured loss is: the arguments of its function, frozen."""

    _categorical: ClassVar[bool]
    _weights: ClassVar[tuple[str, ...]]
    _function: ClassVar[Callable[..., Any]]
    _arguments: ClassVar[dict[str, Any]]

    def __post_init__(self) -> None:
        given = {field.name: unfreeze(getattr(self, field.name)) for field in fields(self)}
        for name in given.keys() - set(self._weights):
            if isinstance(given[name], np.ndarray) and not given[name].ndim:
                given[name] = given[name].item()  # which can be compared and hashed
        if given.get("ignore_index") is not None:
            given["ignore_index"] = ignored_number(given["ignore_index"])
        weights = {name: given[name] for name in self._weights if given[name] is not None}
        self._hold(given | checked(self._options(given), weights))

    @abstractmethod
    def _options(self, given: dict[str, Any]) -> Options:
        """Of fields that are no arrays."""

    def _hold(self, arguments: dict[str, Any]) -> None:
        """Without a look at them: they were looked at, or stand for what JAX puts there."""
        for name, value in arguments.items():
            object.__setattr__(self, name, freeze(value) if name in self._weights else value)
        given_back = {name: unfreeze(getattr(self, name)) for name in arguments}
        object.__setattr__(self, "_arguments", given_back)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self._arguments)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._hold({field.name: field.default for field in fields(self)} | state)

    @classmethod
    def _restored(cls, arguments: dict[str, Any]) -> Self:
        loss = object.__new__(cls)
        loss._hold(arguments)
        return loss

    def __repr__(self) -> str:
        given = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({given})"

    @property
    def terms(self) -> tuple[tuple[float, Any], ...]:
        """What it is the weighted sum of: itself, unless it is combined."""
        return ((1.0, self),)

    def keras(self, name: str | None = None) -> Any:
        """A ``keras.losses.Loss`` for Keras 3, which is called as ``(y_true, y_pred)``.

        Keras passes targets first. The losses of this library take predictions first, and one of
        them passed to ``compile(loss=...)`` would train silently on swapped arguments.

        ``sample_weight`` and Keras masks, as ``fit`` passes them, count as ``sample_weight`` and
        ``mask`` of this loss, in its own reduction. Labels that Keras delivers as floats are taken
        as class indices, and so is a label axis of length 1.

        It is saved with a model if its weights are numbers, and loaded in any process that imports
        ``wce_core``. ``name`` is its name in Keras, ``"cross_entropy"`` and the like if None.
        """
        return named("wce_core.keras.loss:of")(self, name)

    def torch(self, *, persistent: bool = False) -> Any:
        """A ``torch.nn.Module`` of these options, called as ``(input, target)``.

        Its weights are buffers, or parameters where they are such, and ``persistent`` ones are in
        the ``state_dict``. The modules of :mod:`wce_core.torch` themselves have classes along axis
        1, as PyTorch's losses have; this one has them where this loss has them.
        """
        return named("wce_core.torch:Loss").of(self, persistent=persistent)


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredItems(Configured[ReductionT_co]):
    """The fields of every configured loss of items.

    ``_term`` and ``_reading`` make the term, and the name of what is read of rows, of those fields
    that they have as parameters.
    """

    class_weight: Any = None
    negative_weights: bool = False
    form: Form | Probabilities | Logits = "logits"
    reduction: ReductionT_co = "mean"  # type: ignore[assignment]  # what __init__ without it makes of it
    empty: Empty = "zero"
    precision: Precision = "native"
    dtype: Any = None
    validate: bool | None = None
    _term: ClassVar[Callable[..., AnyTerm]] = staticmethod(_surprisal)
    _reading: ClassVar[Callable[..., str]] = staticmethod(_surprisals)

    def _options(self, given: dict[str, Any]) -> Options:
        named = {name: given[name] for name in Options._fields if name in given}
        return Options(
            **{**CATEGORICAL, **named},
            categorical=self._categorical,
            term=made_by(self._term, given),
            reading=made_by(self._reading, given),
        )

    @overload
    def __call__(
        self: ConfiguredItems[Literal["parts"]],
        predictions: Any,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> LossParts: ...
    @overload
    def __call__(
        self: ConfiguredItems[Literal["none"]],
        predictions: Numbers,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> NDArray[Any]: ...
    @overload
    def __call__(
        self: ConfiguredItems[ToNumber],
        predictions: Numbers,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> Scalar: ...
    @overload
    def __call__(
        self: ConfiguredItems[ToArray],
        predictions: ArrayT,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> ArrayT: ...
    @overload
    def __call__(self, predictions: Any, targets: Array, **arrays: Unpack[AtCall]) -> Any: ...
    @do_not_convert
    def __call__(
        self,
        predictions: Array,
        targets: Array,
        *,
        sample_weight: Array | None = None,
        mask: Array | None = None,
        normalizer: Any = None,
    ) -> Any:
        """The loss of these arrays."""
        return self._function(
            predictions,
            targets,
            sample_weight=sample_weight,
            mask=mask,
            normalizer=normalizer,
            **self._arguments,
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredOfMass(ConfiguredItems[ReductionT_co]):
    """The fields of every configured loss whose targets are mass, on one class or on several."""

    ignore_index: Any = None
    label_smoothing: float = 0.0
    soft_weighting: SoftWeighting = "per_class"


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredCategorical(ConfiguredOfMass[ReductionT_co]):
    """The fields of every configured multi-class loss."""

    clip: float | None = None
    cost_matrix: Any = None
    smoothing: Smoothing = "uniform"
    axis: int = -1
    _categorical = True
    _weights = ("class_weight", "cost_matrix")


@dataclass(frozen=True, kw_only=True, repr=False)
class ConfiguredBinary(ConfiguredOfMass[ReductionT_co]):
    """The fields of every configured binary loss."""

    clip: float | None = None
    pos_weight: Any = None
    axis: int | None = None
    _categorical = False
    _weights = ("class_weight", "pos_weight")


@dataclass(frozen=True, kw_only=True, repr=False)
class CrossEntropy(ConfiguredCategorical[ReductionT_co]):
    """:func:`cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    class_weight
        One weight per class: a (C,) array, a list, or a mapping that names every class 0 … C−1.
        NumPy arrays and lists are copied. Arrays of PyTorch, TensorFlow and JAX are held as they
        are, so that gradients flow to them; what is written to them in place, the next call sees.
        ``"balanced"``: those of each batch; of the data set, ``class_weights(labels)``.
    ignore_index
        Index targets equal to it are excluded.
    label_smoothing, smoothing
        ε in [0, 1]: the share of the mass that moves, ``"uniform"`` to all classes or to the
        ``"others"``.
    soft_weighting
        What ``class_weight`` means for soft targets: ``"per_class"`` weighs each class's part of
        the loss, ``"mixture"``, ``"geometric"`` and ``"hard"`` the item as a whole.
    negative_weights
        True: ``sample_weight`` may be negative.
    form
        What the predictions are: ``"logits"``, ``"probabilities"``, ``"log_probabilities"``,
        :class:`Logits` with steps before the softmax, or :class:`Probabilities` with the
        conventions of other libraries.
    clip
        Bounds probabilities to [clip, 1−clip] first.
    reduction
        ``"none"``, ``"sum"``, ``"mean"``, ``"mean_over_all"``, ``"weighted_mean"``,
        ``"absolute_weighted_mean"``, ``"nonzero_mean"``, ``"batch_mean"``, or ``"parts"`` to be
        added up and divided later.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``.
    precision
        ``"native"``: in the predictions' dtype. ``"exact"``: in float64, then rounded.
    dtype
        Of the result; that of the predictions if None.
    validate
        Look for impossible values, in weights already here. None: where they can be read at once.
        True: always. False: never.
    cost_matrix
        A (C, C) array, rows true and columns predicted classes: a factor by both. Held like
        ``class_weight``.
    axis
        The class axis.

    See Also
    --------
    cross_entropy : what each of them means in full.

    Examples
    --------
    >>> import numpy as np
    >>> loss = CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction="weighted_mean")
    >>> loss
    CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction='weighted_mean')
    >>> round(float(loss(np.zeros((4, 2)), np.array([0, 1, 1, 0]))), 6)
    0.693147
    >>> loss == CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction="weighted_mean")
    True

    """

    _function = staticmethod(cross_entropy)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: CrossEntropy[Literal["mean"]], **options: Unpack[CategoricalOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[CategoricalOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryCrossEntropy(ConfiguredBinary[ReductionT_co]):
    """:func:`binary_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    class_weight
        (w₀, w₁) or ``{0: w0, 1: w1}``; or an (L, 2) array, a row for each of L labels. NumPy
        arrays and lists are copied. Arrays of PyTorch, TensorFlow and JAX are held as they are, so
        that gradients flow to them; what is written to them in place, the next call sees.
        ``"balanced"``: those of each batch; of the data set, ``class_weights(labels)``.
    ignore_index
        Targets equal to it are excluded.
    label_smoothing
        ε in [0, 1]: y ← (1−ε)·y + ε/2.
    soft_weighting
        What ``class_weight`` means for soft targets: ``"per_class"`` weighs both parts of the loss,
        ``"mixture"``, ``"geometric"`` and ``"hard"`` the item as a whole.
    negative_weights
        True: ``sample_weight`` may be negative.
    form
        What the predictions are: ``"logits"``, ``"probabilities"``, ``"log_probabilities"``, of
        class 1, :class:`Logits` with steps before the sigmoid, or :class:`Probabilities` with the
        conventions of other libraries.
    clip
        Bounds probabilities to [clip, 1−clip] first.
    reduction
        ``"none"``, ``"sum"``, ``"mean"``, ``"mean_over_all"``, ``"weighted_mean"``,
        ``"absolute_weighted_mean"``, ``"nonzero_mean"``, ``"batch_mean"``, or ``"parts"`` to be
        added up and divided later.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``.
    precision
        ``"native"``: in the predictions' dtype. ``"exact"``: in float64, then rounded.
    dtype
        Of the result; that of the predictions if None.
    validate
        Look for impossible values, in weights already here. None: where they can be read at once.
        True: always. False: never.
    pos_weight
        A factor on w₁: a number, an (L,) array, one per label, or an array of the predictions'
        rank. Held like ``class_weight``.
    axis
        The label axis, along which weights per label stand. None: the last of rank 2 or more.

    See Also
    --------
    binary_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> BinaryCrossEntropy(pos_weight=[1.0, 9.0], reduction="sum")
    BinaryCrossEntropy(reduction='sum', pos_weight=[1.0, 9.0])

    """

    _function = staticmethod(binary_cross_entropy)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BinaryCrossEntropy[Literal["mean"]], **options: Unpack[BinaryOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[BinaryOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
