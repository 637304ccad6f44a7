"""Calls on few numbers, replayed: the operations of a call, without the Python around them.

Checks, descriptions and the way through ``wce_core.evaluate`` take several times as long as the
arithmetic of a small batch, and depend on nothing but the options and on dtypes and shapes. So a
call that comes again and again is traced, once, with :class:`Traced` arrays in the place of NumPy
ones, and written down as one function of its operations. What was decided by values (checks, the
absence of NaN) is a guard in it: where one decides otherwise the call takes the usual way, which
also raises all errors. Numbers that cannot change, those of configured losses, are no parameters:
what is made of them alone, checks among it, is done once, in the trace.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from wce_core.backend import Backend
from wce_core.call import described
from wce_core.constants import unchanging
from wce_core.evaluate import Spec
from wce_core.options import Options
from wce_core.types import Array, Arrays

from .tracing import NUMBERS, Trace, Traced, Untraceable

OFTEN = 8
"""Calls after which one is traced, which takes as long as a dozen calls."""
SELDOM = 100
"""Calls after which one is traced again whose values decided otherwise."""
NEVER = -math.inf
FIXED = (type(None), int, float, np.generic)
PLAIN = frozenset((type(None), bool, int, float))
"""Of options that are numbers. To look for a type takes less time than to ask for its bases."""
MANY = 256
"""Kinds of calls that are remembered."""

Outcome = tuple[Spec, tuple[Array, ...], Any]
"""What a call was, its outputs, and the gradient to the predictions if it was asked for."""


class Program(NamedTuple):
    """A traced call. ``run`` returns outputs and gradient; None where a guard fails."""

    spec: Spec
    run: Callable[..., tuple[tuple[Array, ...], Any] | None]
    known: Arrays
    """Arguments that cannot change, kept alive: its key holds their identities."""


class Programs:
    """What has been traced so far; ``backend`` is that of traced arrays, ``evaluated`` its way."""

    def __init__(self, backend: Backend, evaluated: Callable[..., Any]) -> None:
        self._backend, self._evaluated = backend, evaluated
        self._programs: dict[Any, Program] = {}
        self._seen: dict[Any, float] = {}
        """How often a call without a program was seen."""
        self._lock = threading.Lock()
        Traced.wce_backend = backend

    def outcome(
        self, options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool
    ) -> Outcome | None:
        """The outcome of a call on NumPy arrays by its program, if it has one by now."""
        try:
            key = _key(options, arrays, ignore_index, gradient=gradient)
            program = self._programs.get(key)
        except TypeError:  # an option that cannot be hashed
            return None
        if program is None:
            program = self._at_last(key, options, arrays, ignore_index, gradient=gradient)
        if program is None:
            return None
        with np.errstate(all="ignore"):
            found = program.run(*arrays.values())
        if found is None:
            self._forget(key)
            return None
        return program.spec, *found

    def _at_last(
        self, key: Any, options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool
    ) -> Program | None:
        """The program of a call that was seen often enough."""
        with self._lock:
            seen = self._seen.get(key, 0) + 1
            _remember(self._seen, key, seen)
        if seen <= OFTEN:
            return None
        program = self._traced(options, arrays, ignore_index, gradient=gradient)
        with self._lock:
            if program is None:
                self._seen[key] = NEVER
            else:
                self._seen.pop(key, None)
                _remember(self._programs, key, program)
        return program

    def _forget(self, key: Any) -> None:
        """A program whose values were, perhaps, not like those of other calls."""
        with self._lock:
            self._programs.pop(key, None)
            _remember(self._seen, key, -SELDOM)

    def _traced(
        self, options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool
    ) -> Program | None:
        """The program of a call; None if it is in error or needs what is no operation."""
        trace = Trace()
        known = {name: array for name, array in arrays.items() if unchanging(array)}
        own = {
            name: trace.constant(array) if name in known else trace.parameter(array)
            for name, array in arrays.items()
        }
        with np.errstate(all="ignore"):
            try:
                spec, laid = described(
                    self._backend, options, {**own, "ignore_index": ignore_index}
                )
                result = self._evaluated(spec, laid, gradient=gradient)
            except (Untraceable, TypeError, ValueError):
                return None
        return Program(spec, trace.program(own.values(), result), known)


def _key(options: Options, arrays: Arrays, ignore_index: Any, *, gradient: bool) -> Any:
    """All that decides which operations are run. 1, 1.0 and True are equal, but not alike."""
    kinds = [
        (name, a.dtype, a.shape, a.strides, unchanging(a) and id(a)) for name, a in arrays.items()
    ]
    alike = (options.label_smoothing, options.axis, options.clip, options.validate, ignore_index)
    types = tuple(map(type, alike))
    if not PLAIN.issuperset(types) and not all(isinstance(each, FIXED) for each in alike):
        raise TypeError("an option is an array, which may change")
    return options, ignore_index, types, gradient, tuple(kinds)


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    if key not in memory and len(memory) >= MANY:
        del memory[next(iter(memory))]
    memory[key] = value


# Arguments -----------------------------------------------------------------------------------


def as_arrays(given: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The arguments that are arrays; None if one of them is none of NumPy's by a short look."""
    arrays: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None and name != "ignore_index":
            own = value if type(value) is np.ndarray else _from_python(name, value)
            if own is None:
                return None
            arrays[name] = own
    return arrays


def as_constants(given: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The same, of memory that nobody else can change."""
    arrays = as_arrays(given)
    return arrays and {n: a if unchanging(a) else a.copy() for n, a in arrays.items()}


def _from_python(name: str, value: Any) -> Any:
    """Numbers, flat or by class, as ``wce_core.dispatch`` would read them."""
    kind = type(value)
    if name == "class_weight" and kind is dict and list(value) == list(range(len(value))):
        value, kind = list(value.values()), list
    flat = kind in (list, tuple) and all(type(number) in NUMBERS for number in value)
    return np.asarray(value) if flat or kind in NUMBERS else None
