"""The metrics of ``wce_core.metrics`` as ``keras.metrics.Metric``, whose states are their sums."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, cast

import keras

from wce_core.call.mergeable import Mergeable
from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.reductions import DENOMINATORS
from wce_core.losses.further import documented_by
from wce_core.types import Array

from . import saved
from .inputs import inputs, laid_out

PACKAGE = "wce_core"
AT_UPDATE = ("predictions", "targets", "candidates", "sample_weight", "mask", "dtype")
"""What Keras passes, and what is Keras' own."""
_DOCUMENTATION = """``wce_core.metrics.{function}`` as a ``keras.metrics.Metric``.

    Called as ``(y_true, y_pred, sample_weight=None)``. The states are the sums of
    ``wce_core.metrics.{sums}``, so the result is that of all items, however they were split into
    batches. ``sample_weight`` and Keras masks count as ``sample_weight`` and ``mask``; Keras passes
    weights to what is in ``compile(weighted_metrics=[…])``.

{formula}

    Parameters
    ----------
    value
        What the sums come to, a method of ``wce_core.metrics.{sums}``, whose arguments are options,
        too: {methods}.
    name
        In Keras, in logs and histories. None: the value's.
    dtype
        Of the result, ``keras.config.floatx()`` if None. Sums are kept in float64 where the backend
        has it.

    See Also
    --------
    KerasMetric : what all of these classes have in common.
    """


class _Matrix(NamedTuple):
    matrix: Any
    """Rows the true class, columns the called one."""


class Matrix(Mergeable, _Matrix):
    """A matrix of sums."""

    __slots__ = ()

    def confusion_matrix(self) -> Any:
        """It, undivided."""
        return self.matrix


class KerasMetric(keras.metrics.Metric):  # type: ignore[misc]  # no py.typed: Metric is Any
    """What all metrics for Keras are: sums over the items that take part, divided at the end.

    A mean of the values of batches is not the value of the whole; a quotient of sums is. Under
    ``tf.distribute`` the sums of replicas are added up before they are divided.

    >>> import numpy as np
    >>> import wce_core.keras
    >>> metric = wce_core.keras.Outcomes("f1", average="macro", ignore_index=-1)
    >>> logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0]], np.float32)
    >>> metric.update_state(np.array([0, 1, 1]), logits)
    >>> metric.update_state(np.array([1, -1, -1]), logits)
    >>> round(float(metric.result()), 4), metric.name
    (0.5, 'f1')
    """

    _function: ClassVar[Callable[..., Any]]
    _sums: ClassVar[type[Any]]
    _value: ClassVar[str]

    def __init__(
        self,
        value: str | None = None,
        *,
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        self.value = value = self._value if value is None else value
        if value not in values(self._sums):
            raise ValueError(f"value={value!r}; expected one of {values(self._sums)}")
        super().__init__(name=name or value, dtype=dtype)
        self._given = options
        self._sort(options)
        self._states: list[Any] = []

    def _sort(self, options: Mapping[str, Any]) -> None:
        """Options of the sums, and of what becomes of them."""
        later = _names(getattr(self._sums, self.value))
        at_once = [name for name in _names(self._function) if name not in AT_UPDATE]
        for name in options:
            if name not in (*later, *at_once):
                expected = ", ".join((*at_once, *later))
                kind = type(self).__name__
                raise TypeError(f"{kind} has no option {name!r}; expected one of {expected}")
        self._later = {name: option for name, option in options.items() if name in later}
        getattr(self._sums.zero(), self.value)(**self._later)  # which looks at them
        self._at_once = {name: option for name, option in options.items() if name in at_once}

    @do_not_convert
    def update_state(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None
    ) -> None:
        """Adds the sums of a batch."""
        found = self._found(y_true, y_pred, sample_weight)
        if not self._states:
            self._states = [self._state(*each) for each in zip(self._fields, found, strict=True)]
        for state, more in zip(self._states, found, strict=True):
            state.assign(state + more)

    def _found(self, y_true: Array, y_pred: Array, sample_weight: Any) -> tuple[Array, ...]:
        options = _defaults(self._function) | self._at_once
        given = inputs(y_true, y_pred, sample_weight)
        given = laid_out(
            given._replace(predictions=keras.ops.stop_gradient(given.predictions)),
            categorical="pos_weight" not in options,
            axis=options["axis"],
            ignored=options.get("ignore_index"),
        )
        found = type(self)._function(
            given.predictions,
            given.targets,
            sample_weight=given.sample_weight,
            mask=given.mask,
            **self._at_once,
        )
        return found if isinstance(found, tuple) else (found,)

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        return tuple(self._sums._fields)

    def _state(self, name: str, found: Array) -> Any:
        """A sum of nothing, in the dtype and of the shape of those of batches."""
        dtype = keras.backend.standardize_dtype(found.dtype)
        return self.add_variable(tuple(found.shape), "zeros", dtype=dtype, name=name)

    @do_not_convert
    def result(self) -> Array:
        """The value of all items so far; of none, what 0/0 is."""
        states = [keras.ops.convert_to_tensor(state.value) for state in self._states]
        sums = self._sums(*states) if states else self._sums.zero()
        found = getattr(sums, self.value)(**self._later)
        return keras.ops.cast(keras.ops.convert_to_tensor(found), self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The value, the name and the options, as JSON has them."""
        own = {"value": self.value, "name": self.name, "dtype": self.dtype}
        return {**own, **saved.encoded(self._given)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> KerasMetric:
        """The same metric again, without its states."""
        return cls(**saved.decoded(config))


def metric_class(function: Callable[..., Any], sums: type[Any], value: str) -> type[KerasMetric]:
    """The class of Keras metrics of a function, which returns ``sums``, registered with Keras.

    ``value`` is the method of sums that is taken unless another is asked for.
    """
    name = "".join(map(str.capitalize, function.__name__.split("_")))
    names = {
        "_function": staticmethod(function),
        "_sums": sums,
        "_value": value,
        "__module__": f"{PACKAGE}.keras",
        "__doc__": _documentation(function, sums),
    }
    made = cast(type[KerasMetric], type(name, (KerasMetric,), names))
    made.__signature__ = _signature(function, sums, value)  # for inspect
    documented_by(function, without=AT_UPDATE)(made)
    keras.saving.register_keras_serializable(package=PACKAGE)(made)
    return made


def values(sums: type[Any]) -> tuple[str, ...]:
    """The methods of sums that divide them."""
    if sums is LossParts:
        return tuple(name for name, under in DENOMINATORS.items() if under)
    own = [name for name in dir(sums) if name not in dir(Mergeable) and name[0] != "_"]
    return tuple(name for name in own if callable(getattr(sums, name)))


def _names(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name for name in _defaults(function) if name != "self")


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: own.default for name, own in inspect.signature(function).parameters.items()}


def _documentation(function: Callable[..., Any], sums: type[Any]) -> str:
    formula = (inspect.getdoc(function) or "").partition("\nParameters\n")[0].rstrip()
    return _DOCUMENTATION.format(
        function=function.__name__,
        sums=sums.__name__,
        formula="\n".join(f"    {line}".rstrip() for line in formula.splitlines()),
        methods=("\n" + " " * 8).join(f'``"{name}"``' for name in values(sums)),
    )


def _signature(function: Callable[..., Any], sums: type[Any], value: str) -> inspect.Signature:
    """The value, name and dtype, and the options of a function and of what becomes of its sums."""
    first = inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=value)
    named = dict.fromkeys(("name", "dtype"))
    for each in (function, *(getattr(sums, name) for name in values(sums))):
        named |= {n: d for n, d in _defaults(each).items() if n not in (*AT_UPDATE, "self")}
    rest = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d) for n, d in named.items()
    ]
    return inspect.Signature([first, *rest])
