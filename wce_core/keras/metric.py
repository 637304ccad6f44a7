"""The metrics of ``wce_core.metrics`` as ``keras.metrics.Metric``, whose states are their sums."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from textwrap import fill
from typing import Any, ClassVar, NamedTuple, cast

import keras

from wce_core.call.constants import unfreeze
from wce_core.call.mergeable import Mergeable
from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.reductions import DENOMINATORS
from wce_core.losses.further import documented_by
from wce_core.metrics.measure import measure
from wce_core.types import Array

from . import saved
from .inputs import inputs, laid_out

PACKAGE = "wce_core"
DIRECTIONS = {True: "up", False: "down", None: None}
"""Which way is better, as ``EarlyStopping`` asks for it."""
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
    result
        What the sums come to: a method of ``wce_core.metrics.{sums}``, whose arguments are options,
        too. One of
{methods}
    name
        In Keras, in logs and histories. None: that of the result.
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
    _result: ClassVar[str]

    def __init__(
        self,
        result: str | None = None,
        *,
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        result = self._result if result is None else result
        if result not in results(self._sums):
            raise ValueError(f"result={result!r}; expected one of {results(self._sums)}")
        super().__init__(name=name or result, dtype=dtype)
        own, arguments = self._sorted(result, options)
        self._measure = measure(partial(type(self)._function, **own), result, arguments)
        self._measure.of(self._sums.zero())  # which looks at the arguments
        self._direction = DIRECTIONS[self._measure.greater_is_better]
        self._states: list[Any] = []

    def _sorted(self, result: str, options: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """Options of the sums, and arguments of what becomes of them."""
        taken = [
            tuple(name for name in _defaults(each) if name not in (*AT_UPDATE, "self"))
            for each in (self._function, getattr(self._sums, result))
        ]
        unknown = [name for name in options if not any(name in names for names in taken)]
        if unknown:
            expected, kind = ", ".join(sum(taken, ())), type(self).__name__
            raise TypeError(f"{kind} has no option {unknown[0]!r}; expected one of {expected}")
        return tuple({n: options[n] for n in names if n in options} for names in taken)

    @do_not_convert
    def update_state(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None
    ) -> None:
        """Adds the sums of a batch."""
        found = self._found(y_true, y_pred, sample_weight)
        if not self._states:
            fields = self._sums._fields
            self._states = [self._state(*each) for each in zip(fields, found, strict=True)]
        for state, more in zip(self._states, found, strict=True):
            state.assign(state + more)

    def _found(self, y_true: Array, y_pred: Array, sample_weight: Any) -> tuple[Array, ...]:
        options = _defaults(self._function) | unfreeze(self._measure.options)
        given = inputs(y_true, y_pred, sample_weight)
        given = laid_out(
            given._replace(predictions=keras.ops.stop_gradient(given.predictions)),
            categorical="pos_weight" not in options,
            axis=options["axis"],
            ignored=options.get("ignore_index"),
        )
        found = self._measure.sums(
            given.predictions, given.targets, sample_weight=given.sample_weight, mask=given.mask
        )
        return found if isinstance(found, tuple) else (found,)

    def _state(self, name: str, found: Array) -> Any:
        """A sum of nothing, in the dtype and of the shape of those of batches."""
        dtype = keras.backend.standardize_dtype(found.dtype)
        return self.add_variable(tuple(found.shape), "zeros", dtype=dtype, name=name)

    @do_not_convert
    def result(self) -> Array:
        """That of all items so far; of none, what 0/0 is."""
        states = [keras.ops.convert_to_tensor(state.value) for state in self._states]
        found = self._measure.of(self._sums(*states) if states else self._sums.zero())
        return keras.ops.cast(keras.ops.convert_to_tensor(found), self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The result, the name and the options, as JSON has them."""
        own = {"result": self._measure.result, "name": self.name, "dtype": self.dtype}
        given = unfreeze(self._measure.options) | unfreeze(self._measure.arguments)
        return {**own, **saved.encoded(given)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> KerasMetric:
        """The same metric again, without its states."""
        return cls(**saved.decoded(config))


def metric_class(function: Callable[..., Any], sums: type[Any], result: str) -> type[KerasMetric]:
    """The class of Keras metrics of a function, which returns ``sums``, registered with Keras.

    ``result`` is the method of sums that is taken unless another is asked for.
    """
    name = "".join(map(str.capitalize, function.__name__.split("_")))
    names = {
        "_function": staticmethod(function),
        "_sums": sums,
        "_result": result,
        "__module__": f"{PACKAGE}.keras",
        "__doc__": _documentation(function, sums),
        "__signature__": _signature(function, sums, result),  # which inspect looks for
    }
    made = cast(type[KerasMetric], type(name, (KerasMetric,), names))
    documented_by(function, without=AT_UPDATE)(made)
    keras.saving.register_keras_serializable(package=PACKAGE)(made)
    return made


def results(sums: type[Any]) -> tuple[str, ...]:
    """The methods of sums that divide them."""
    if sums is LossParts:
        return tuple(name for name, under in DENOMINATORS.items() if under)
    own = [name for name in dir(sums) if name not in dir(Mergeable) and name[0] != "_"]
    return tuple(name for name in own if callable(getattr(sums, name)))


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: own.default for name, own in inspect.signature(function).parameters.items()}


def _documentation(function: Callable[..., Any], sums: type[Any]) -> str:
    formula = (inspect.getdoc(function) or "").partition("\nParameters\n")[0].rstrip()
    return _DOCUMENTATION.format(
        function=function.__name__,
        sums=sums.__name__,
        formula="\n".join(f"    {line}".rstrip() for line in formula.splitlines()),
        methods=fill(
            ", ".join(f'``"{name}"``' for name in results(sums)) + ".",
            width=100,
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
        ),
    )


def _signature(function: Callable[..., Any], sums: type[Any], result: str) -> inspect.Signature:
    """The result, name and dtype, and the options of a function and of what becomes of its sums."""
    first = inspect.Parameter("result", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=result)
    named = dict.fromkeys(("name", "dtype"))
    for each in (function, *(getattr(sums, name) for name in results(sums))):
        named |= {n: d for n, d in _defaults(each).items() if n not in (*AT_UPDATE, "self")}
    rest = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d) for n, d in named.items()
    ]
    return inspect.Signature([first, *rest])
